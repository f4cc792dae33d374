"""That events of HR or the registrar were refused: for the mail to the owner of that system."""

from datetime import date
from typing import ClassVar

from pydantic import Field

from shared.facts import Fact, Value


class Reason(Value):
    """Why some of them were, and where they were wrong."""

    type: str = Field(description='"" where it is none of ours.')
    code: str = Field(examples=["data-invalid:extra_forbidden"])
    path: str = Field(examples=["$.data.name"])
    count: int = Field(ge=1)


class RefusedFields(Value):
    """What is told of a source; nothing of what was in its events."""

    source: str = Field(examples=["/hust/hr"])
    refused_on: date = Field(description="The last of the days that it tells of (UTC).")
    count: int = Field(ge=1)
    reasons: tuple[Reason, ...]
    events: tuple[str, ...] = Field(default=(), description="Ids of the first of them.")


class UpstreamRefused(Fact, RefusedFields):
    """Events of a source were refused. Once a day and source, if any were."""

    type: ClassVar[str] = "rapport.mobility.upstream-refused.v1"
