"""Day arithmetic: the rules that every count leans on."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from shared.dates import PartialDate, Period, add_months, days_inclusive, months_between

days = st.dates(date(1950, 1, 1), date(2100, 12, 31))


class Holder(BaseModel):
    on: PartialDate


def test_both_ends_of_a_period_count() -> None:
    assert days_inclusive(date(2019, 5, 14), date(2019, 5, 14)) == 1
    assert Period(date(2019, 5, 14), date(2019, 5, 16)).days() == 3


def test_fifteen_january_to_fourteen_april_is_three_months() -> None:
    assert months_between(date(2019, 1, 15), date(2019, 4, 14)) == 3
    assert months_between(date(2019, 1, 15), date(2019, 4, 13)) == 2


def test_a_month_added_to_the_last_of_january_ends_in_february() -> None:
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(2024, 3, 31), -1) == date(2024, 2, 29)
    assert add_months(date(2024, 12, 1), 1) == date(2025, 1, 1)


@given(days, st.integers(0, 60))
def test_months_added_are_months_between(day: date, months: int) -> None:
    if day.day <= 28:
        end = add_months(day, months)
        assert months_between(day, date.fromordinal(end.toordinal() - 1)) == months


@pytest.mark.parametrize(
    ("text", "first", "last", "precision"),
    [
        ("2019", date(2019, 1, 1), date(2019, 12, 31), "year"),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29), "month"),
        ("2019-05-14", date(2019, 5, 14), date(2019, 5, 14), "day"),
    ],
)
def test_a_partial_date_knows_which_days_it_may_mean(
    text: str, first: date, last: date, precision: str
) -> None:
    partial = PartialDate(text)
    assert (partial.first, partial.last, partial.precision) == (first, last, precision)


@pytest.mark.parametrize("text", ["", "19", "2019-13", "2019-02-30", "2019-5-1", "14.5.2019"])
def test_what_is_not_a_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"date|month|day"):
        PartialDate(text)
    with pytest.raises(ValidationError):
        Holder.model_validate({"on": text})


def test_a_partial_date_travels_as_the_text_it_was() -> None:
    assert Holder.model_validate_json('{"on": "2019-05"}').model_dump_json() == '{"on":"2019-05"}'
    assert Holder(on=date(2019, 5, 1)).on.precision == "day"  # type: ignore[arg-type]


def test_an_open_end_overlaps_everything_after_it() -> None:
    standing = Period(date(2019, 1, 1), None)
    assert standing.overlaps(Period.year(2050))
    assert not standing.overlaps(Period.year(2018))
    assert date(2018, 12, 31) not in standing


def test_an_interruption_is_subtracted_once() -> None:
    stay = Period(date(2019, 1, 1), date(2019, 1, 31))
    gap = Period(date(2019, 1, 10), date(2019, 1, 19))
    assert stay.days(without=[gap, gap]) == 21


def test_an_interruption_outside_the_stay_subtracts_nothing() -> None:
    stay = Period(date(2019, 1, 1), date(2019, 1, 31))
    assert stay.days(without=[Period.year(2020)]) == 31


def test_a_period_cannot_end_before_it_begins() -> None:
    with pytest.raises(ValueError, match="before it begins"):
        Period(date(2019, 2, 1), date(2019, 1, 1))


@given(days, days, days, days)
def test_overlapping_is_having_a_day_in_both(a: date, b: date, c: date, d: date) -> None:
    one, other = Period(min(a, b), max(a, b)), Period(min(c, d), max(c, d))
    common = one.shared_with(other)
    assert (common is not None) == one.overlaps(other) == other.overlaps(one)
    if common is not None and common.first and common.last:
        assert common.first in one
        assert common.first in other
        assert common.last in one
        assert common.last in other
