"""What is asked in a request -> a question, its records, an answer."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from services.reporting import store
from services.reporting.domain.measures import Answer, Measure, Question, ask
from services.reporting.domain.records import Records
from shared.database import Transaction
from shared.dates import PartialDate, Period
from shared.errors import Rejected

__all__ = ["Asked", "ask_measure", "asked", "records_for", "years_of"]

_YEARS = re.compile(r"(\d{4})(?:[-/](\d{4}|\d{2}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question and the instant by which its records were known."""

    question: Question
    known: datetime


def asked(
    tx: Transaction,
    *,
    unit: str,
    year: str | None = None,
    on: str | None = None,
    known: str | None = None,
    where: Mapping[str, tuple[str, ...]] | None = None,
) -> Asked:
    """`year` is 2019, or 2018-2019; without it the year that `on` lies in. `on` is by default the
    last day of the period, or today if that comes first; `known` by default now.

    Raises Rejected("unit-unknown" | "year-invalid" | "date-invalid", 422).
    """
    own = tx.reference.unit(unit)
    instant = _instant(known, zone=own.zone) if known else tx.now
    today = instant.astimezone(ZoneInfo(own.zone)).date()
    day = _day(on, field="on") if on else None
    period = years_of(tx, unit, year) if year else _year_around(tx, unit, day or today)
    assert period.last is not None  # noqa: S101 - years end
    question = Question(
        unit=unit,
        units=tx.reference.below(unit),
        country=own.country,
        period=period,
        on=day or min(today, period.last),
        where=where or {},
    )
    return Asked(question=question, known=instant)


async def records_for(
    tx: Transaction,
    asking: Asked,
    kinds: Collection[str],
    *,
    whole_past: bool = False,
    days: Period | None = None,
) -> Records:
    """The records that a question needs, of the days that it is about (or `days`)."""
    question = asking.question
    period = days or question.days or question.period
    return await store.records(
        tx,
        kinds,
        units=question.units,
        known=asking.known,
        first=None if whole_past else period.first,
        last=period.last,
    )


async def ask_measure(tx: Transaction, measure: Measure, asking: Asked) -> Answer:
    """Raises Rejected("narrowing-unknown", 422)."""
    records = await records_for(tx, asking, measure.reads, whole_past=measure.whole_past)
    return ask(measure, asking.question, records)


def years_of(tx: Transaction, unit: str, text: str) -> Period:
    """2019: the unit's year; 2018-2019: two years, or one where the unit's years begin in between.

    Raises Rejected("year-invalid", 422).
    """
    shape = _YEARS.fullmatch(text.strip())
    if shape is None or not 1950 <= int(shape[1]) <= 2200:
        raise Rejected(
            "year-invalid", "write a year as 2019, or years as 2018-2019", field="year", status=422
        )
    first = int(shape[1])
    last = int(shape[2]) if shape[2] else first
    last = last if last > 99 else first // 100 * 100 + last
    if not first <= last <= first + 50:
        raise Rejected("year-invalid", f"{text} is no span of years", field="year", status=422)
    if last == first + 1 and tx.reference.unit(unit).year_starts_in != 1:
        last = first
    return Period(tx.reference.year(unit, first).first, tx.reference.year(unit, last).last)


def _year_around(tx: Transaction, unit: str, day: date) -> Period:
    period = tx.reference.year(unit, day.year)
    return period if day in period else tx.reference.year(unit, day.year - 1)


def _day(text: str, *, field: str) -> date:
    try:
        return PartialDate(text).last
    except (ValueError, ValidationError):
        raise Rejected(
            "date-invalid", "write a day as 2024-06-30", field=field, status=422
        ) from None


def _instant(text: str, *, zone: str) -> datetime:
    """An instant; of a mere day, its end in the unit's zone."""
    try:
        if "T" not in text:
            day = PartialDate(text).last + timedelta(days=1)
            return datetime.combine(day, time(), ZoneInfo(zone))
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise Rejected(
            "date-invalid",
            "write an instant as 2024-06-30T18:00:00+07:00, or a day as 2024-06-30",
            field="known",
            status=422,
        )
    return instant
