"""What reporting publishes about annual reports."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, NewType

from pydantic import Field, StringConstraints

from shared.facts import Fact, Value
from shared.texts import UnitPath

ReportId = NewType("ReportId", str)
EditorsText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000)]
Format = Literal["html", "pdf", "json"]


class Publication(Value):
    """One frozen edition of a report: what it says is as known at `known`."""

    number: int = Field(ge=1)
    published_at: datetime
    known: datetime
    on: date
    digests: dict[Format, str] = Field(description="SHA-256 of the bytes, by format.")


class ReportTextWritten(Fact):
    """The editor wrote what stands around the drafted text."""

    type: ClassVar[str] = "rapport.reporting.report-text-written.v1"
    unit: UnitPath
    year: int = Field(ge=1950, le=2200)
    foreword: EditorsText
    closing: EditorsText


class ReportPublished(Fact):
    """An edition was frozen."""

    type: ClassVar[str] = "rapport.reporting.report-published.v1"
    unit: UnitPath
    year: int = Field(ge=1950, le=2200)
    number: int
    publications: tuple[Publication, ...]
