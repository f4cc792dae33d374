"""What this service reads from its environment, beside the plumbing's settings."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from shared.settings import Settings as Plumbing

__all__ = ["Settings"]


class Settings(Plumbing):
    """The plumbing's settings, and what reports are typeset with."""

    fonts: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(), validation_alias="REPORTING_FONTS"
    )
    """More folders of fonts, comma separated. The typesetter has Latin (with Vietnamese), Greek and
    Cyrillic itself and finds what the system has; Chinese, Japanese and Korean need Noto CJK."""

    @field_validator("fonts", mode="before")
    @classmethod
    def _folders(cls, value: object) -> object:
        return tuple(filter(None, value.split(","))) if isinstance(value, str) else value
