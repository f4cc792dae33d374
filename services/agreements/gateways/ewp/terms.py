"""The words of the format and ours: which condition is which place, which year is which.

A condition says more than our places do (languages, months, fields of its own, units): its
*particulars*. They are kept beside the agreement, at this edge, and are written again on export.
"""

from decimal import Decimal
from typing import Literal

from pydantic import Field

from services.agreements.events.values import EqfLevel, Places, Year
from shared.dates import PartialDate
from shared.facts import Value

__all__ = [
    "KINDS",
    "Area",
    "Linked",
    "Particulars",
    "Skill",
    "first_day",
    "last_day",
    "written_year",
    "year_of_first",
    "year_of_last",
    "year_starts_in_january",
]

Kind = Literal["exchange-study", "internship", "teaching", "training"]

KINDS: dict[str, Kind] = {
    "student-studies-mobility-spec": "exchange-study",
    "student-traineeship-mobility-spec": "internship",
    "staff-teacher-mobility-spec": "teaching",
    "staff-training-mobility-spec": "training",
}
"""By the name of the condition; in the order of the format."""


class Area(Value):
    """A field of ISCED-F, and what is said of it."""

    code: str
    note: str | None = None


class Skill(Value):
    """A language, and how well; perhaps in one field only."""

    language: str
    level: str | None = None
    area: Area | None = None


class Particulars(Value):
    """What a condition says beyond the places: of which places, and what."""

    direction: Literal["in", "out"]
    kind: Kind
    levels: tuple[EqfLevel, ...] = ()
    from_year: Year
    until_year: Year
    maximum: int | None = Field(default=None, description="null: not yet defined")
    skills: tuple[Skill, ...] = ()
    areas: tuple[Area, ...] = ()
    other: str | None = None
    total: Decimal | None = Field(default=None, description="Months of students, days of staff")
    blended: bool = False
    sending_unit: str | None = None
    receiving_unit: str | None = None

    @property
    def places(self) -> Places | None:
        """What it gives places for; None: it does not say how many."""
        if self.maximum is None:
            return None
        shared = {"direction", "kind", "levels", "from_year", "until_year", "maximum"}
        return Places(**self.model_dump(include=shared))

    def is_of(self, places: Places) -> int:
        """How well it goes with places: 0 not at all, 3 the very same."""
        if (self.direction, self.kind) != (places.direction, places.kind):
            return 0
        years = (self.from_year, self.until_year) == (places.from_year, places.until_year)
        return 1 + (set(self.levels) == set(places.levels)) + years


class Linked(Value):
    """An agreement of ours in the network: the ids that both sides know it by."""

    hei: str = Field(description="The partner's")
    iia_id: str | None = Field(default=None, description="The partner's id of it")
    iia_code: str | None = None
    our_hei: str
    our_iia_id: str
    our_iia_code: str | None = None
    particulars: tuple[Particulars, ...] = ()


# --- years ---------------------------------------------------------------------------------------

_FROM_JANUARY = frozenset({
    "AO", "AR", "AU", "BO", "BR", "BW", "CL", "CR", "FJ", "GT", "HN", "LS", "MW", "MZ", "NA", "NI",
    "NZ", "PA", "PE", "PG", "PY", "SV", "SZ", "UY", "VE", "ZA", "ZM", "ZW",
})  # fmt: skip
"""Countries whose academic year is the calendar year, or nearly."""
_SEPTEMBER = 9


def year_starts_in_january(country: str) -> bool:
    """Where it does, an academic year is one calendar year: `2026/2026`."""
    return country in _FROM_JANUARY


def written_year(year: int, *, january: bool) -> str:
    """The year that begins in `year`, as whoever receives writes it."""
    return f"{year}/{year}" if january else f"{year}/{year + 1}"


def first_day(written: str) -> PartialDate:
    """Of an academic year, to the month: `2025/2026` begins in September 2025."""
    first, last = written.split("/")
    return PartialDate(f"{first}-01" if first == last else f"{first}-09")


def last_day(written: str) -> PartialDate:
    """Of an academic year, to the month: `2025/2026` ends in August 2026."""
    first, last = written.split("/")
    return PartialDate(f"{last}-12" if first == last else f"{last}-08")


def year_of_first(day: PartialDate, *, january: bool) -> int:
    """The academic year that begins with this day, or around it."""
    begins_before = not january and day.precision != "year" and day.first.month < _SEPTEMBER - 2
    return day.first.year - begins_before


def year_of_last(day: PartialDate, *, january: bool) -> int:
    """The academic year that ends with this day, or around it."""
    ends_after = not january and (day.precision == "year" or day.last.month < _SEPTEMBER)
    return day.last.year - ends_after
