"""Day arithmetic, fixed once: both ends of every period are inclusive.

Dates of the past are known to the day, the month or the year ("2019-05-14", "2019-05", "2019");
`PartialDate` keeps what is known and says which days it may mean. "3 months" is calendar months:
15 January to 14 April is 3 months.
"""

import calendar
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

__all__ = [
    "Day",
    "Instant",
    "PartialDate",
    "Period",
    "add_months",
    "days_inclusive",
    "half_years",
    "months_between",
    "written",
]

_SHAPE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


def written(value: Any) -> Any:
    """The value, unless it is a number: pydantic takes one for the seconds since 1970.

    Raises ValueError.
    """
    if isinstance(value, (int, float)) or (isinstance(value, str) and value[4:5] != "-"):
        raise ValueError("a date is written YYYY-MM-DD, an instant YYYY-MM-DDThh:mm:ss+00:00")
    return value


Day = Annotated[date, BeforeValidator(written)]
Instant = Annotated[AwareDatetime, BeforeValidator(written)]


class PartialDate(str):
    """A date known to the day, the month or the year, written as ISO 8601 writes it."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Raises ValueError on anything but YYYY, YYYY-MM or YYYY-MM-DD of a real date."""
        shape = _SHAPE.fullmatch(text)
        if shape is None:
            raise ValueError("a date is YYYY, YYYY-MM or YYYY-MM-DD")
        year, month, day = shape.groups()
        date(int(year), int(month or 1), int(day or 1))
        return super().__new__(cls, text)

    @classmethod
    def of(cls, day: date) -> Self:
        return cls(day.isoformat())

    @property
    def precision(self) -> Literal["year", "month", "day"]:
        return {4: "year", 7: "month", 10: "day"}[len(self)]  # type: ignore[return-value]

    @property
    def first(self) -> date:
        """The earliest day it can mean."""
        year, month, day = [*map(int, self.split("-")), 1, 1][:3]
        return date(year, month, day)

    @property
    def last(self) -> date:
        """The latest day it can mean."""
        first = self.first
        if self.precision == "day":
            return first
        month = first.month if self.precision == "month" else 12
        return date(first.year, month, calendar.monthrange(first.year, month)[1])

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.union_schema(
                [
                    core_schema.str_schema(max_length=10),
                    core_schema.no_info_after_validator_function(
                        date.isoformat, core_schema.date_schema(strict=True)
                    ),
                ]
            ),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {
            "type": "string",
            "pattern": r"^\d{4}(-\d{2}(-\d{2})?)?$",
            "description": "A date known to the day, the month or the year.",
            "examples": ["2019-05-14", "2019-05", "2019"],
        }


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both included; either end may be open (None)."""

    first: date | None
    last: date | None

    def __post_init__(self) -> None:
        if self.first and self.last and self.last < self.first:
            raise ValueError(f"a period cannot end ({self.last}) before it begins ({self.first})")

    @classmethod
    def year(cls, year: int) -> Self:
        return cls(date(year, 1, 1), date(year, 12, 31))

    @classmethod
    def spanning(cls, start: PartialDate | None, end: PartialDate | None) -> Self:
        """From the first day `start` can mean to the last day `end` can mean."""
        return cls(start.first if start else None, end.last if end else None)

    def __contains__(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def overlaps(self, other: "Period") -> bool:
        """True if at least one day lies in both."""
        return (self.first is None or other.last is None or self.first <= other.last) and (
            other.first is None or self.last is None or other.first <= self.last
        )

    def shared_with(self, other: "Period") -> "Period | None":
        """The days that lie in both, or None."""
        if not self.overlaps(other):
            return None
        firsts = [day for day in (self.first, other.first) if day]
        lasts = [day for day in (self.last, other.last) if day]
        return Period(max(firsts, default=None), min(lasts, default=None))

    def days(self, *, without: Iterable["Period"] = ()) -> int:
        """Days in a closed period, less the days of the interruptions `without`."""
        if self.first is None or self.last is None:
            raise ValueError("an open period has no number of days")
        interrupted: set[date] = set()
        for gap in without:
            within = self.shared_with(gap)
            if within is not None and within.first and within.last:
                interrupted.update(
                    within.first + timedelta(days=n)
                    for n in range(days_inclusive(within.first, within.last))
                )
        return days_inclusive(self.first, self.last) - len(interrupted)


def days_inclusive(first: date, last: date) -> int:
    """Days from `first` to `last`, both counted: a day trip is 1."""
    return (last - first).days + 1


def add_months(day: date, months: int) -> date:
    """The same day `months` later, or the last day of that month where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def half_years(first: date, length: int) -> int:
    """Into how many half years of study that many days from `first` on come: under 75 days none, a
    year two.

    Half a year of study is four to six months, so what lies between is rounded by fives; but never
    more than two begun in twelve months.
    """
    if length < 75:
        return 0
    month_days = days_inclusive(first, add_months(first, 12) - timedelta(days=1)) / 12
    months = length / month_days
    return min(max(1, math.floor(months / 5 + 0.5)), max(1, math.ceil((months - 0.5) / 6)))


def months_between(first: date, last: date) -> int:
    """Whole calendar months from `first` to `last`, both counted: 15 Jan to 14 Apr is 3."""
    end = last + timedelta(days=1)
    months = (end.year - first.year) * 12 + end.month - first.month
    return months - 1 if add_months(first, months) > end else months
