"""What this service reads from its environment: the plumbing's settings, and one of its own."""

from typing import Annotated, Final

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from shared.settings import Settings as Plumbing

__all__ = ["HEI_IDS", "Settings"]

HEI_IDS: Final = "hei-ids"
"""Under which handlers find the setting."""


class Settings(Plumbing):
    """The plumbing's settings, and what Erasmus Without Paper calls us."""

    hei_ids: Annotated[dict[str, str], NoDecode] = Field(
        default_factory=dict, validation_alias="AGREEMENTS_HEI_IDS"
    )
    """The SCHAC id of each unit that is an institution: `hust=hust.example,nist=nist.example`."""

    @field_validator("hei_ids", mode="before")
    @classmethod
    def _pairs(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
        if not all(unit.strip() and hei.strip() for unit, _, hei in pairs):
            raise ValueError("write unit=id,unit=id")
        return {unit.strip(): hei.strip() for unit, _, hei in pairs}
