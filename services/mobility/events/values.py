"""The words that mobility's facts are made of."""

from typing import Annotated, Literal, NewType

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from shared.dates import PartialDate
from shared.facts import Value
from shared.texts import Cleaned, UnitPath

StayId = NewType("StayId", str)
ApplicationId = NewType("ApplicationId", str)
AppointmentId = NewType("AppointmentId", str)
ProgrammeId = NewType("ProgrammeId", str)
HeadcountId = NewType("HeadcountId", str)

# Stricter than the shared Line and Text: a line has no line break, and no sign sets a direction.
# The patterns are published, so that HR and the registrar can check before they send.
_LINE = r"^[^\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+$"
_LINES = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+$"
Text = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=_LINE), Cleaned]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=8000, pattern=_LINES), Cleaned]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_LINE)]
PersonRef = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"),
    Field(description="Stands for a person; never a name or an address."),
]
Ref = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_LINE)]

Direction = Literal["in", "out"]
Who = Literal["student", "lecturer", "researcher", "administrative"]
Kind = Literal[
    "exchange-study",
    "joint-programme",
    "dual-degree",
    "full-degree",
    "internship",
    "camp",
    "project-based",
    "conference",
    "research",
    "postdoc",
    "teaching",
    "training",
]
Level = Literal["bachelor", "master", "doctoral"]
Degree = Literal["none", "bachelor", "master", "doctoral"]
HostKind = Literal["university", "company", "own-campus", "other"]
Source = Literal["direct", "upstream.hr", "upstream.registrar"]
StayStatus = Literal[
    "nominated",
    "approved",
    "rejected",
    "confirmed",
    "under-way",
    "completed",
    "transcript-received",
    "recognised",
    "withdrawn",
    "no-show",
]
ApplicationStatus = Literal["submitted", "admitted", "declined", "departed", "withdrawn"]
AppointmentStatus = Literal["appointed", "ended", "withdrawn"]
Term = Literal["long", "short"]


class Interruption(Value):
    """Days in the middle of a stay that were not part of it, both ends included."""

    model_config = ConfigDict(
        serialize_by_alias=True, validate_by_name=True, validate_by_alias=True
    )

    from_: PartialDate = Field(alias="from")
    until: PartialDate

    @model_validator(mode="after")
    def _in_order(self) -> "Interruption":
        if self.until.last < self.from_.first:
            raise ValueError("an interruption cannot end before it begins")
        return self


class Credits(Value):
    """ECTS credits, or the office's own: as agreed before, as awarded there, as recognised here."""

    planned: float | None = Field(default=None, ge=0, le=1000)
    awarded: float | None = Field(default=None, ge=0, le=1000)
    recognised: float | None = Field(default=None, ge=0, le=1000)


class Mobile(Value):
    """What every public record of this service has: whose it is, and where it came from."""

    unit: UnitPath = Field(description="The unit that owns the record.", examples=["hust/me"])
    shared_with: tuple[UnitPath, ...] = ()
    ref: Ref | None = Field(default=None, description="The office's own id.")
    illustrative: bool = Field(default=False, description="Invented for demonstration.")
    note: LongText | None = None
