"""Facts of named programmes, which group stays, and of headcounts, which rates are divided by."""

from typing import ClassVar

from pydantic import Field

from services.mobility.events.values import Kind, Level, Mobile, Reference, Source, Text
from shared.facts import Correction, Fact


class ProgrammeFields(Mobile):
    """Everything public about a named programme but its id."""

    name: Text = Field(examples=["GPBL"])
    title: Text | None = Field(default=None, examples=["Global Project-Based Learning"])
    partners: tuple[Reference, ...] = ()
    kind: Kind | None = None


class ProgrammeRecorded(Fact, ProgrammeFields):
    """A named programme was entered."""

    type: ClassVar[str] = "rapport.mobility.programme-recorded.v1"


class ProgrammeCorrected(Correction):
    """The record was wrong or incomplete, and is mended."""

    type: ClassVar[str] = "rapport.mobility.programme-corrected.v1"


class HeadcountFields(Mobile):
    """How many students a unit had in a year, and how many of them graduated."""

    year: int = Field(ge=1950, le=2200)
    level: Level | None = Field(default=None, description="null: all levels together.")
    graduates: int | None = Field(default=None, ge=0, le=1_000_000)
    students: int | None = Field(default=None, ge=0, le=1_000_000)
    source: Source = "direct"


class HeadcountReported(Fact, HeadcountFields):
    """A headcount was reported for the first time."""

    type: ClassVar[str] = "rapport.mobility.headcount-reported.v1"


class HeadcountCorrected(Correction):
    """The headcount was wrong, and is mended."""

    type: ClassVar[str] = "rapport.mobility.headcount-corrected.v1"
