"""A plan's life, and a plan judged as a whole."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from services.reporting.domain.plans import plan as plans
from services.reporting.domain.plans.judging import judge
from services.reporting.domain.plans.plan import Plan
from services.reporting.domain.records import Records
from services.reporting.events.plans import Approval, Baseline, Note, PlanContent
from shared.errors import Rejected
from tests.reporting.making import agreement, named, partner, question, stay

CONTENT: dict[str, Any] = {
    "title": "Work plan",
    "issued_by": "International Office",
    "issued_on": "2018-12-11",
    "published_on": "2019-07-15",
    "country_groups": [
        {"id": "asean", "name": "ASEAN", "as_of": "2019", "countries": ["TH", "LA", "MY"]}
    ],
}


def issued(*targets: dict[str, Any]) -> Plan:
    told = [
        {"id": f"t{n}", "dimension": "students", "text": "Aim"} | each
        for n, each in enumerate(targets)
    ]
    content = PlanContent.model_validate(CONTENT | {"targets": told})
    plan, _ = plans.issue(content, id="plan-1", unit="hust/me", year=2019)
    return plan


def counting(measure: str, number: int = 1, form: str = "at-least", **where: Any) -> dict[str, Any]:
    return {"form": form, "number": number, "counts": {"measure": measure, "where": where}}


def test_the_same_plan_again_changes_nothing() -> None:
    plan = issued(counting("visits.trips"))
    assert plans.revise(plan, plan.content) == (plan, [])


def test_a_revision_keeps_what_was_recorded_of_its_targets() -> None:
    plan = issued(counting("visits.trips") | {"gate": "a vote"})
    plan, _ = plans.approve(plan, Approval(target="t0", on=date(2019, 2, 1)))
    content = PlanContent.model_validate(plan.content.model_dump() | {"title": "Another title"})
    revised, facts = plans.revise(plan, content)
    assert [fact.type for fact in facts] == ["rapport.reporting.plan-revised.v1"]
    assert (revised.title, revised.approved_on("t0"), revised.version) == (
        "Another title",
        date(2019, 2, 1),
        3,
    )


def test_what_is_recorded_twice_is_recorded_once() -> None:
    plan = issued(counting("visits.trips") | {"gate": "a vote"}, {"form": "qualitative"})
    approval = Approval(target="t0", on=date(2019, 2, 1))
    entry = Note(target="t1", on=date(2019, 2, 1), text="Begun.")
    for _ in range(2):
        plan, _ = plans.approve(plan, approval)
        plan, _ = plans.note(plan, entry)
    assert (plan.approvals, plan.notes, plan.version) == ((approval,), (entry,), 3)


def test_an_approval_of_nothing_a_claimed_state_and_a_needless_baseline_are_refused() -> None:
    plan = issued(counting("visits.trips"))
    decisions: tuple[tuple[str, Callable[[], object]], ...] = (
        (
            "target-not-gated",
            lambda: plans.approve(plan, Approval(target="t0", on=date(2019, 2, 1))),
        ),
        (
            "state-is-computed",
            lambda: plans.note(
                plan, Note(target="t0", on=date(2019, 2, 1), text="Done.", state="met")
            ),
        ),
        (
            "target-not-a-rate",
            lambda: plans.give_baseline(
                plan,
                Baseline.model_validate(
                    {"target": "t0", "value": 0.1, "year": 2018, "source": "x"}
                ),
            ),
        ),
        ("target-unknown", lambda: plans.approve(plan, Approval(target="t9", on=date(2019, 2, 1)))),
    )
    for code, decide in decisions:
        with pytest.raises(Rejected, match=code):
            decide()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (counting("visits.lunches"), "targets.0.counts.0.measure"),
        (counting("visits.trips", colour="red"), "targets.0.counts.0.where"),
    ],
)
def test_a_target_that_cannot_be_counted_is_refused_with_its_place(
    wrong: dict[str, Any], field: str
) -> None:
    with pytest.raises(Rejected) as refused:
        issued(wrong)
    assert refused.value.field == field


def test_a_union_counts_each_person_once() -> None:
    plan = issued(
        {
            "form": "union",
            "number": 3,
            "counts": [
                {"measure": "mobility.students-out", "where": {"kind": "internship", "paid": True}},
                {"measure": "mobility.students-out", "where": {"kind": "camp"}},
            ],
        }
    )
    records = Records(
        stays=named(
            "stay",
            stay(person_ref="a", kind="internship", paid=True),
            stay(person_ref="a", kind="camp"),
            stay(person_ref="b", kind="camp"),
            stay(person_ref="c", kind="internship", paid=False),
        )
    )
    (judged,) = judge(plan, question(), records)
    assert judged.number == 2
    assert judged.standing.state == "missed"
    assert len(judged.records) == 3


def test_a_country_group_stands_for_its_countries() -> None:
    plan = issued(counting("mobility.students-out", country="group:asean"))
    records = Records(stays=named("stay", stay(host_country="TH"), stay(host_country="MY"), stay()))
    (judged,) = judge(plan, question(), records)
    assert judged.number == 2


def test_keynotes_are_counted_beside_and_not_added() -> None:
    conference = {"who": "lecturer", "kind": "conference"}
    beside = {
        "label": "keynotes",
        "measure": "mobility.staff-out",
        "where": {"kind": "conference", "keynote": True},
    }
    aimed = counting("mobility.staff-out", 2, "attribute", kind="conference") | {"beside": beside}
    records = Records(
        stays=named("stay", stay(keynote=True, **conference), stay(keynote=False, **conference))
    )
    (judged,) = judge(issued(aimed), question(), records)
    assert judged.number == 2
    assert judged.beside == {"keynotes": 1}
    assert judged.standing.state == "met"


def test_what_came_after_the_due_day_is_too_late() -> None:
    aimed = counting("mobility.students-out") | {"due_on": "2019-06-30"}
    records = Records(
        stays=named("stay", stay(planned_from="2019-09-01", planned_until="2019-12-01"))
    )
    (judged,) = judge(issued(aimed), question(), records)
    assert judged.number == 0
    assert judged.standing.state == "missed"
    assert judged.due == date(2019, 6, 30)


def test_a_rate_is_divided_by_what_was_reported() -> None:
    rate = {
        "form": "rate",
        "counts": {"measure": "mobility.students-out"},
        "of": {"measure": "headcount.graduates"},
    }
    plan = issued(rate)
    (without,) = judge(plan, question(), Records())
    assert (without.number, without.standing.state) == (None, "not measurable")


def test_a_stock_is_counted_on_the_day() -> None:
    aimed = counting("partners.under-agreement", 1, "stock", agreement_kind="exchange")
    records = Records(
        agreements=named("agreement", agreement(valid_until="2019-08-31")),
        partners={"partner-1": partner()},
    )
    (early,) = judge(issued(aimed), question(on=date(2019, 6, 30)), records)
    (late,) = judge(issued(aimed), question(), records)
    assert (early.standing.state, late.standing.state) == ("on track", "missed")
