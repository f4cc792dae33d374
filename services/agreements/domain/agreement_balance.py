"""The balance of exchanges under an agreement: who owes whom how much, stay by stay.

It is in the agreement's own unit: student-semesters (a full year is two), or heads. Students count
once they have come, in the year in which they came; what is owed at the end of a year is carried
over to the next. Reporting's measure `mobility.balance` says the same number of the same stays.
"""

from collections.abc import Iterable
from datetime import date

from pydantic import BaseModel, Field

from services.agreements.domain.agreement_places import Known, YearOf
from services.agreements.domain.agreements import Agreement
from services.agreements.events.values import BalanceUnit
from services.agreements.incoming import Stay
from shared.dates import PartialDate, Period, half_years

CAME = frozenset({"confirmed", "under-way", "completed", "transcript-received", "recognised"})
"""One who is confirmed has come when the day has, unless someone says otherwise."""


class BalanceEntry(BaseModel):
    """A stay, and what it weighs."""

    stay: str
    ref: str | None
    direction: str
    kind: str
    begins: PartialDate
    ends: PartialDate | None
    days: int = Field(description="Without interruptions and virtual days")
    weight: int = Field(description="In the agreement's unit; in counts for us, out against us")


class BalanceOfYear(BaseModel):
    """One year: what was carried over, what came to it, and what is carried on."""

    year: int = Field(description="The academic year that begins in it", examples=[2025])
    carried: int = Field(description="What the years before left")
    incoming: int
    outgoing: int
    balance: int = Field(description="carried + incoming - outgoing: above zero they owe us")
    stays: list[BalanceEntry]


class BalanceStatement(BaseModel):
    """All years, the first one first."""

    agreement: str
    unit: BalanceUnit
    on: date
    balance: int
    years: list[BalanceOfYear]


def balance_of(
    agreement: Agreement, stays: Iterable[Known], *, on: date, of: YearOf
) -> BalanceStatement:
    """The statement of all stays that have begun by a day."""
    by_year: dict[int, list[BalanceEntry]] = {}
    for each in stays:
        entry = _entry(each, unit=agreement.balance_unit, on=on)
        if entry is not None:
            by_year.setdefault(of(entry.begins.first), []).append(entry)
    balance, years = 0, []
    for year in range(min(by_year), max(by_year) + 1) if by_year else ():
        entries = by_year.get(year, [])
        incoming = sum(each.weight for each in entries if each.weight > 0)
        outgoing = -sum(each.weight for each in entries if each.weight < 0)
        after = balance + incoming - outgoing
        years.append(
            BalanceOfYear(
                year=year,
                carried=balance,
                incoming=incoming,
                outgoing=outgoing,
                balance=after,
                stays=entries,
            )
        )
        balance = after
    return BalanceStatement(
        agreement=agreement.id, unit=agreement.balance_unit, on=on, balance=balance, years=years
    )


def _entry(known: Known, *, unit: BalanceUnit, on: date) -> BalanceEntry | None:
    """None for what does not count: staff, who has not come by then, and what weighs nothing."""
    stay, begins = known.stay, known.begins
    if stay.who != "student" or stay.status not in CAME or begins is None or begins.first > on:
        return None
    length = _days(stay, begins)
    weight = half_years(begins.first, length) if unit == "student-semesters" else min(length, 1)
    if not weight:
        return None
    return BalanceEntry(
        stay=known.id,
        ref=stay.ref,
        direction=stay.direction,
        kind=stay.kind,
        begins=begins,
        ends=stay.actual_until or stay.planned_until,
        days=length,
        weight=weight if stay.direction == "in" else -weight,
    )


def _days(stay: Stay, begins: PartialDate) -> int:
    end = stay.actual_until or stay.planned_until
    if end is None:
        return 0
    last = end.last if end.last >= begins.first else begins.last  # home before it was to begin
    gaps = [Period(gap.from_.first, gap.until.last) for gap in stay.interruptions]
    return max(0, Period(begins.first, last).days(without=gaps) - stay.virtual_days)
