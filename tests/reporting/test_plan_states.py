"""How far a target has come: one sentence for each rule."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from services.reporting.domain.plans.states import Standing, Time, standing
from services.reporting.events.plans import Baseline, Note, Target

JUNE = date(2024, 6, 30)
DECEMBER = date(2024, 12, 31)


def target(form: str = "at-least", **fields: Any) -> Target:
    told: dict[str, Any] = {
        "id": "t",
        "dimension": "staff",
        "text": "Something",
        "form": form,
        "counts": {"measure": "mobility.staff-out"},
    }
    if form not in ("rate", "qualitative", "milestone", "named"):
        told["number"] = 10
    if form == "qualitative":
        del told["counts"]
    return Target.model_validate(told | fields)


def at(on: date, aimed: Target, number: float | None = None, **fields: Any) -> Standing:
    time = Time(first=date(2024, 1, 1), due=DECEMBER, on=on)
    counted = None if number is None else Decimal(str(number))
    return standing(aimed, number=counted, time=time, **fields)


@pytest.mark.parametrize(
    ("number", "state"),
    [
        (0, "not started"),
        (3, "behind"),  # 182 of 366 days ask for 4.97; three quarters of that are 3.73
        (4, "at risk"),
        (5, "on track"),
        (10, "met"),
        (11, "exceeded"),
    ],
)
def test_half_way_through_the_year_half_of_the_target_is_on_track(number: int, state: str) -> None:
    assert at(JUNE, target(), number).state == state


@pytest.mark.parametrize(("number", "state"), [(0, "missed"), (9, "missed"), (10, "met")])
def test_on_the_due_day_it_is_met_or_missed(number: int, state: str) -> None:
    assert at(DECEMBER, target(), number).state == state
    assert at(date(2025, 3, 1), target(), number).state == state


def test_the_projection_goes_on_at_the_pace_so_far() -> None:
    assert at(JUNE, target(), 4).projection == Decimal("8.0")
    assert at(DECEMBER, target(), 4).projection == Decimal(4)
    assert at(date(2023, 12, 1), target(), 0).projection is None


def test_a_gate_closes_a_target_until_the_day_of_its_approval() -> None:
    gated = target("gated", gate="university approval")
    assert at(JUNE, gated, 12).state == "gated"
    assert at(JUNE, gated, 12, approved_on=date(2024, 7, 1)).state == "gated"
    assert at(JUNE, gated, 4, approved_on=JUNE).state == "at risk"
    assert at(DECEMBER, gated, 20).state == "gated"


def test_any_form_may_be_subject_to_an_approval() -> None:
    assert at(JUNE, target("range", number_until=12, gate="a vote"), 11).state == "gated"


@pytest.mark.parametrize(("number", "state"), [(3, "met"), (5, "met"), (6, "exceeded")])
def test_six_signed_of_three_to_five_is_exceeded_and_not_failed(number: int, state: str) -> None:
    signing = target("range", number=3, number_until=5)
    assert at(JUNE, signing, number).state == state
    assert at(DECEMBER, signing, number).state == state


def test_over_twenty_is_not_reached_with_twenty() -> None:
    over = target("over", number=20)
    assert at(DECEMBER, over, 20).state == "missed"
    assert at(DECEMBER, over, 21).state == "met"
    assert at(JUNE, over, 20).state == "on track"


def test_more_than_exactly_so_many_is_exceeded() -> None:
    exact = target("exactly")
    assert [at(DECEMBER, exact, each).state for each in (9, 10, 11)] == [
        "missed",
        "met",
        "exceeded",
    ]


def test_a_stock_can_fall_so_only_the_due_day_meets_it() -> None:
    stock = target("stock", number=14)
    found = [at(JUNE, stock, each).state for each in (14, 11, 10)]
    assert found == ["on track", "at risk", "behind"]
    assert at(DECEMBER, stock, 14).state == "met"
    assert at(DECEMBER, stock, 13).state == "missed"
    assert at(JUNE, stock, 11).projection == 11


def test_a_milestone_is_there_or_not_and_its_preparation_is_compared_with_the_time() -> None:
    stone = target("milestone")
    assert at(JUNE, stone, 0).state == "not started"
    assert at(JUNE, stone, 0, stage=Decimal("0.5")).state == "on track"
    assert at(date(2024, 8, 31), stone, 0, stage=Decimal("0.5")).state == "at risk"
    assert at(date(2024, 11, 30), stone, 0, stage=Decimal("0.5")).state == "behind"
    assert at(DECEMBER, stone, 0, stage=Decimal("0.5")).state == "missed"
    assert at(JUNE, stone, 1).state == "met"


def test_an_increase_is_not_measurable_until_a_baseline_is_given() -> None:
    rate = target("rate")
    assert at(DECEMBER, rate, 0.05).state == "not measurable"
    baseline = Baseline(target="t", value=Decimal("0.042"), year=2023, source="Annual statistics")
    assert at(DECEMBER, rate, None, baseline=baseline).state == "not measurable"
    assert at(DECEMBER, rate, 0.042, baseline=baseline).state == "missed"
    assert at(DECEMBER, rate, 0.043, baseline=baseline).state == "met"
    assert at(JUNE, rate, 0.022, baseline=baseline).state == "on track"


def noted(on: str, state: str | None = None) -> Note:
    return Note.model_validate({"target": "t", "on": on, "text": f"as of {on}", "state": state})


def test_prose_is_as_far_as_its_last_note_says_and_somebody_must_say_how_it_ended() -> None:
    prose = target("qualitative")
    assert at(JUNE, prose).state == "not started"
    assert at(JUNE, prose, notes=[noted("2024-07-01")]).state == "not started"
    assert at(JUNE, prose, notes=[noted("2024-03-01")]).state == "on track"
    assert at(JUNE, prose, notes=[noted("2024-03-01", "at risk")]).state == "at risk"
    assert at(DECEMBER, prose, notes=[noted("2024-03-01", "at risk")]).state == "not measurable"
    ended = [noted("2024-03-01", "at risk"), noted("2024-12-20", "met")]
    assert at(DECEMBER, prose, notes=ended).state == "met"


@pytest.mark.parametrize(
    ("form", "fields", "says"),
    [
        ("at-least", {"number": None}, "needs a `number`"),
        ("range", {}, "number_until"),
        ("range", {"number_until": 3}, "smaller"),
        ("union", {}, "two or more"),
        ("attribute", {}, "beside"),
        ("gated", {}, "gate"),
        ("at-least", {"counts": []}, "what is counted"),
        ("qualitative", {"counts": {"measure": "visits.trips"}}, "what is counted"),
        ("at-least", {"of": {"measure": "headcount.graduates"}}, "only the form 'rate'"),
    ],
)
def test_a_form_says_what_it_lacks(form: str, fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        target(form, **fields)
