"""Places: how many may go each way in a year, what stays have taken of them, and what is left.

A year is the owning unit's: 2025 is the one that begins in 2025. A stay takes a place in the year
in which it begins, from the day it is accepted; a nomination only asks for one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple, TypeAlias

from pydantic import BaseModel, Field

from services.agreements.domain.agreements import (
    BEFORE_LAST_SIGNATURE,
    HOLDING,
    Agreement,
    must_be,
    must_be_shown,
    sound,
)
from services.agreements.domain.decisions import Decided, decide, must_not_lie_ahead
from services.agreements.events.agreements import AgreementPlacesChanged
from services.agreements.events.values import Places
from services.agreements.incoming import Stay
from shared.dates import PartialDate, Period
from shared.errors import Rejected

TAKING = frozenset(
    {"approved", "confirmed", "under-way", "completed", "transcript-received", "recognised"}
)
"""Statuses of a stay that has a place."""
ASKING = "nominated"
_EQF: Mapping[str | None, int] = {"bachelor": 6, "master": 7, "doctoral": 8}

YearOf: TypeAlias = Callable[[date], int]
"""The year of the owning unit that a day lies in."""


# --- the step ------------------------------------------------------------------------------------


def change_places(
    agreement: Agreement,
    *,
    places: Sequence[Places],
    from_year: int,
    on: PartialDate,
    evidence: str | None,
    today: date,
    this_year: int,
) -> Decided[Agreement]:
    """Other numbers from a year on: what was agreed for the years before stays as it was.

    Nobody has approved a proposal yet, so its places change at will; afterwards both sides must
    have agreed, and the year that is under way is left alone.
    """
    must_be(
        agreement, *BEFORE_LAST_SIGNATURE, "signed", *HOLDING, code="agreement-places-are-settled"
    )
    must_not_lie_ahead(on, today=today)
    if agreement.approvals or agreement.status in ("approved", "signed", *HOLDING):
        must_be_shown("theirs", evidence)
        if from_year <= this_year:
            raise Rejected(
                "agreement-places-too-early",
                f"places change from the next academic year on: the earliest is {this_year + 1}",
                field="from_year",
                status=422,
            )
    changed = (*_before(agreement.places, from_year), *_from(places, from_year))
    fact = AgreementPlacesChanged(on=on, evidence=evidence, from_year=from_year, places=changed)
    sound(agreement.after(fact))
    return decide(agreement, fact)


def _before(places: Iterable[Places], year: int) -> list[Places]:
    """The lines of the years before `year`, ending there at the latest."""
    return [
        each.model_copy(update={"until_year": min(each.until_year or year - 1, year - 1)})
        for each in places
        if each.from_year is None or each.from_year < year
    ]


def _from(places: Iterable[Places], year: int) -> list[Places]:
    return [
        each.model_copy(update={"from_year": max(each.from_year or year, year)}) for each in places
    ]


# --- taken and left ------------------------------------------------------------------------------


class StayInPlace(BaseModel):
    """A stay that takes a place, or asks for one."""

    stay: str
    ref: str | None
    kind: str
    level: str | None
    begins: PartialDate
    status: str


class PlacesLine(BaseModel):
    """One line of the agreement in one year."""

    direction: str
    kind: str | None
    levels: tuple[int, ...]
    maximum: int
    taken: int = Field(description="By stays that were accepted, or have begun")
    nominated: int = Field(description="Asked for by nominations that are not decided yet")
    left: int = Field(description="The maximum less what is taken; below zero: too many were taken")
    stays: list[StayInPlace]


class PlacesOfYear(BaseModel):
    """All lines of a year, and the stays under the agreement that no line foresees."""

    year: int = Field(description="The academic year that begins in it", examples=[2025])
    first_day: date | None
    last_day: date | None
    lines: list[PlacesLine]
    unforeseen: list[StayInPlace]


class PlacesTaken(BaseModel):
    """Year by year: what may be taken, what was, and what is left."""

    agreement: str
    years: list[PlacesOfYear]


class Known(NamedTuple):
    """A stay under the agreement, with its id."""

    id: str
    stay: Stay

    @property
    def begins(self) -> PartialDate | None:
        return self.stay.actual_from or self.stay.planned_from

    @property
    def counts(self) -> bool:
        return self.begins is not None and self.stay.status in (*TAKING, ASKING)


def years_of(agreement: Agreement, stays: Iterable[Known], *, now: int, of: YearOf) -> range:
    """From the first year that has places or stays to the last one; the next one is in it."""
    begun = [of(each.begins.first) for each in stays if each.begins and each.counts]
    told = [year for each in agreement.places for year in (each.from_year, each.until_year)]
    known = [now, now + 1, *begun, *(year for year in told if year is not None)]
    return range(min(known), max(known) + 1)


def places_of_year(
    agreement: Agreement, stays: Iterable[Known], *, year: int, days: Period, of: YearOf
) -> PlacesOfYear:
    """What is taken and left in a year. A stay that several lines foresee takes a place of the one
    that says most about it: its kind before its level."""
    lines = sorted(in_year(agreement.places, year), key=_says, reverse=True)
    taken: list[list[Known]] = [[] for _ in lines]
    unforeseen: list[Known] = []
    for each in stays:
        if not each.counts or each.begins is None or of(each.begins.first) != year:
            continue
        line = next((n for n, places in enumerate(lines) if _foresees(places, each.stay)), None)
        (unforeseen if line is None else taken[line]).append(each)
    return PlacesOfYear(
        year=year,
        first_day=days.first,
        last_day=days.last,
        lines=[_line(places, known) for places, known in zip(lines, taken, strict=True)],
        unforeseen=[_shown(each) for each in unforeseen],
    )


def in_year(places: Iterable[Places], year: int) -> list[Places]:
    """The lines that hold in a year."""
    return [each for each in places if _first(each) <= year <= _last(each)]


def _first(places: Places) -> int:
    return places.from_year or date.min.year


def _last(places: Places) -> int:
    return places.until_year or date.max.year


def _says(places: Places) -> tuple[bool, bool]:
    return places.kind is not None, bool(places.levels)


def _foresees(places: Places, stay: Stay) -> bool:
    return (
        places.direction == stay.direction
        and places.kind in (None, stay.kind)
        and (not places.levels or _EQF.get(stay.level) in places.levels)
    )


def _line(places: Places, stays: Sequence[Known]) -> PlacesLine:
    taken = sum(each.stay.status in TAKING for each in stays)
    return PlacesLine(
        direction=places.direction,
        kind=places.kind,
        levels=places.levels,
        maximum=places.maximum,
        taken=taken,
        nominated=len(stays) - taken,
        left=places.maximum - taken,
        stays=[_shown(each) for each in stays],
    )


def _shown(known: Known) -> StayInPlace:
    stay = known.stay
    assert known.begins is not None  # noqa: S101 - `counts` has seen to it
    return StayInPlace(
        stay=known.id,
        ref=stay.ref,
        kind=stay.kind,
        level=stay.level,
        begins=known.begins,
        status=stay.status,
    )
