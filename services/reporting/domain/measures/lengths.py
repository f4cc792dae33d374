"""How long a stay is, and in which days it lies: the arithmetic that measures share.

Both ends count. Actual dates go before planned ones. A date known to the month or year means its
first possible day as a beginning and its last as an end. Interruptions are subtracted. "3 months"
is calendar months.
"""

from datetime import date, timedelta
from functools import lru_cache

from services.reporting.incoming.mobility import Stay
from shared.dates import PartialDate, Period, days_inclusive, half_years, months_between

__all__ = ["HAPPENED", "begin", "days", "has_begun", "lasts_months", "semesters", "span"]

HAPPENED = frozenset({"under-way", "completed", "transcript-received", "recognised"})
"""Statuses of a stay that has begun."""


def begin(stay: Stay) -> PartialDate | None:
    """The day it began, or is to begin."""
    return stay.actual_from or stay.planned_from


def span(stay: Stay) -> Period:
    """From its first possible day to its last; open where no date is known."""
    return _between(begin(stay), stay.actual_until or stay.planned_until)


@lru_cache(maxsize=50_000)
def _between(start: PartialDate | None, end: PartialDate | None) -> Period:
    """Many stays begin and end on the same days, so they are reckoned once."""
    first = start.first if start else None
    last = end.last if end else None
    if start and first and last and last < first:  # came home before it was to begin
        last = start.last
    return Period(first, last)


def has_begun(stay: Stay, on: date) -> bool:
    """True if the person was there by that day. One who is confirmed has gone when the day has
    come, unless someone says otherwise; a nomination, a withdrawal and a no-show never count."""
    if stay.status not in HAPPENED and stay.status != "confirmed":
        return False
    first = span(stay).first
    return first is not None and first <= on


def is_in(stay: Stay, asked: Period, on: date) -> bool:
    """True if the stay has begun by `on`, and has at least a day in the asked days."""
    return has_begun(stay, on) and span(stay).overlaps(asked)


def days(stay: Stay) -> int:
    """Days of the stay without interruptions and virtual days; 0 where an end is not known."""
    period = span(stay)
    if period.first is None or period.last is None:
        return 0
    gaps = [Period(gap.from_.first, gap.until.last) for gap in stay.interruptions]
    return max(0, period.days(without=gaps) - stay.virtual_days)


def lasts_months(stay: Stay, months: int) -> bool:
    """True if it lasts that many calendar months; what was interrupted is made up at its end."""
    period = span(stay)
    if period.first is None or period.last is None:
        return False
    lost = days_inclusive(period.first, period.last) - days(stay)
    end = period.last - timedelta(days=lost)
    return end >= period.first and months_between(period.first, end) >= months


def semesters(stay: Stay) -> int:
    """Student-semesters: half a year is one, a full year two. Under 75 days is none."""
    first = span(stay).first
    return half_years(first, days(stay)) if first is not None else 0
