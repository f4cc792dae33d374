"""Recording the past, corrections, rows that come again, and follow-ups."""

from typing import Any

import pytest

from services.visits import domain
from services.visits.domain import Decided, Policy, Visit
from services.visits.events import (
    FollowUp,
    FollowUpId,
    VisitCorrected,
    VisitFields,
    VisitFollowUpLinked,
    VisitId,
    VisitPostponed,
    VisitRecorded,
)
from shared.dates import PartialDate
from shared.errors import Rejected
from tests.visits.making import TODAY, a_visit, types

POLICY = Policy()
ON = PartialDate.of(TODAY)
PAST = {"starts_on": "2019-05", "ends_on": "2019-05"}


def refused(code: str) -> Any:
    return pytest.raises(Rejected, check=lambda error: error.code == code)


def fields_of(visit: Visit) -> VisitFields:
    return VisitFields.model_validate(visit.model_dump(include=set(VisitFields.model_fields)))


def recorded(direction: str = "inbound", status: str = "completed", **fields: Any) -> Decided:
    visit = a_visit(direction, status, **fields)
    return domain.record(fields_of(visit), visit=VisitId(visit.id), today=TODAY)


# --- recording the past


def test_what_the_office_asks_is_only_warned_about_when_the_past_is_recorded() -> None:
    visit, (fact,) = recorded(
        "outbound",
        legs=[],
        decision={"number": "1", "on": "2019-06-30"},
        report={"on": "2019-07", "text": "Late"},
        **PAST,
    )
    assert isinstance(fact, VisitRecorded)
    codes = [warning.partition(":")[0] for warning in domain.warnings_about(visit, POLICY)]
    assert codes == ["legs-missing", "decision-after-departure", "report-late"]


def test_a_recorded_visit_known_to_the_month_keeps_that_precision() -> None:
    assert recorded(**PAST)[0].starts_on == "2019-05"


def test_a_confirmed_visit_of_the_past_is_carried_on_by_its_dates_at_once() -> None:
    decided = recorded(status="confirmed", **PAST)
    assert types(decided) == ["visit-recorded", "visit-started", "visit-completed"]
    assert (decided[0].status, decided[0].version) == ("completed", 3)


def test_a_cancelled_visit_of_the_past_stays_cancelled() -> None:
    assert types(recorded(status="cancelled", **PAST)) == ["visit-recorded"]


def test_a_visit_of_next_year_cannot_be_recorded_as_completed() -> None:
    with refused("visit-lies-ahead"):
        recorded(starts_on="2026-01-10", ends_on="2026-01-11")


@pytest.mark.parametrize(
    "ahead",
    [
        {"requested_on": "2025-11-18"},
        {"decision": {"number": "1", "on": "2026"}},
        {"report": {"on": "2025-12", "text": "Early"}},
    ],
)
def test_what_is_said_to_have_happened_does_not_lie_ahead(ahead: dict[str, Any]) -> None:
    with refused("date-in-future"):
        recorded("outbound", **PAST | ahead)


@pytest.mark.parametrize(
    ("first", "last", "status"),
    [
        ("2019", "2019", "completed"),
        ("2025-11-16", "2025-11-20", "under-way"),
        ("2025-12-01", "2025-12-02", "planned"),
    ],
)
def test_a_record_without_a_status_has_the_one_of_its_days(
    first: str, last: str, status: str
) -> None:
    implied = domain.implied_status(
        starts_on=PartialDate(first), ends_on=PartialDate(last), today=TODAY
    )
    assert implied == status


# --- corrections


def corrected(visit: Visit, field: str, value: Any) -> Decided:
    return domain.correct(visit, field=field, value=value, reason="Typing error", today=TODAY)


def test_a_correction_carries_the_new_value_and_the_reason() -> None:
    visit, (fact,) = corrected(a_visit(), "title", "  Visit of Hội An ")
    assert isinstance(fact, VisitCorrected)
    assert (fact.changes, fact.reason) == ({"title": "Visit of Hội An"}, "Typing error")
    assert visit.title == "Visit of Hội An"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("version", 7, "field-not-correctable"),
        ("theme", "sports", "value-invalid"),
        ("members", [{"role": "dean"}], "value-invalid"),
        ("ends_on", "2025-12-01", "ends-before-start"),
        ("title", "Visit of Da Nang City", "correction-changes-nothing"),
    ],
)
def test_a_correction_to_what_cannot_be_is_refused(field: str, value: Any, code: str) -> None:
    with refused(code):
        corrected(a_visit(), field, value)


def test_a_visit_that_never_took_place_is_corrected_to_cancelled() -> None:
    visit = a_visit(status="completed", starts_on="2025-11-10", ends_on="2025-11-10")
    assert corrected(visit, "status", "cancelled")[0].status == "cancelled"


def test_a_status_that_the_days_contradict_is_refused() -> None:
    visit = a_visit(status="completed", starts_on="2025-11-10", ends_on="2025-11-10")
    with refused("status-contradicts-days"):
        corrected(visit, "status", "confirmed")


def test_days_corrected_into_the_future_take_back_what_the_clock_did() -> None:
    visit = a_visit(status="completed", starts_on="2025-11-10", ends_on="2025-12-10")
    longer, (fact,) = corrected(visit, "ends_on", "2025-12-12")
    assert isinstance(fact, VisitCorrected)
    assert (longer.status, fact.changes["status"]) == ("under-way", "under-way")
    later, _ = corrected(longer, "starts_on", "2025-12-10")
    assert later.status == "confirmed"


# --- a row that comes again


def again(visit: Visit, **changes: Any) -> Decided:
    """The row says this now, and said nothing new about the rest."""
    wanted = Visit.model_validate(visit.model_dump(mode="json") | changes)
    return domain.reconcile(visit, fields_of(wanted), fields=frozenset(changes), today=TODAY)


def test_plain_fields_that_changed_are_corrected_as_reimported() -> None:
    visit, (fact,) = again(a_visit(status="planned"), title="Another title", place="Hanoi")
    assert isinstance(fact, VisitCorrected)
    assert (set(fact.changes), fact.reason) == ({"title", "place"}, "re-imported")
    assert visit.title == "Another title"


def test_a_row_that_says_nothing_new_is_no_change() -> None:
    visit = a_visit(status="planned")
    assert again(visit) == (visit, ())
    assert again(visit, title=visit.title) == (visit, ())


@pytest.mark.parametrize(
    ("direction", "before", "then", "facts"),
    [
        ("inbound", "requested", "accepted", ["visit-screened"]),
        ("inbound", "requested", "declined", ["visit-screened"]),
        ("inbound", "accepted", "planned", ["visit-planned"]),
        ("outbound", "planned", "approved", ["visit-approved"]),
        ("inbound", "planned", "cancelled", ["visit-cancelled"]),
        ("inbound", "confirmed", "postponed", ["visit-postponed"]),
        ("inbound", "postponed", "confirmed", ["visit-confirmed"]),
    ],
)
def test_another_status_before_the_visit_is_the_step_that_leads_to_it(
    direction: str, before: str, then: str, facts: list[str]
) -> None:
    decided = again(a_visit(direction, before), status=then)
    assert types(decided) == facts
    assert decided[0].status == then


def test_a_row_that_is_over_now_implies_that_it_began() -> None:
    visit = a_visit(status="planned", starts_on="2025-11-10", ends_on="2025-11-11")
    decided = again(
        visit, status="reported", report={"on": "2025-11-13", "text": "Good"}, outcomes=["A plan"]
    )
    assert types(decided) == ["visit-started", "visit-completed", "visit-reported"]
    assert decided[0].outcomes == ("A plan",)


def test_a_row_that_lags_behind_the_days_changes_nothing() -> None:
    visit = a_visit(status="completed", starts_on="2025-11-10", ends_on="2025-11-11")
    assert again(visit, status="confirmed") == (visit, ())


def test_other_members_are_members_changed_and_no_correction() -> None:
    students = [{"role": "student", "organization": "TU/e", "count": 20}]
    assert types(again(a_visit(), members=students)) == ["visit-members-changed"]


def test_a_postponed_row_moves_the_days_and_keeps_the_old_ones() -> None:
    visit, (fact,) = again(
        a_visit(status="planned"), status="postponed", starts_on="2026-03", ends_on="2026-03"
    )
    assert isinstance(fact, VisitPostponed)
    assert (visit.starts_on, visit.postponements[0].starts_on) == ("2026-03", "2025-12-15")


@pytest.mark.parametrize(
    ("before", "then", "code"),
    [
        ("completed", "cancelled", "visit-began"),
        ("reported", "accepted", "status-went-back"),
        ("planned", "declined", "visit-not-requested"),
        ("cancelled", "planned", "visit-ended"),
    ],
)
def test_a_row_that_says_what_cannot_have_happened_is_refused(
    before: str, then: str, code: str
) -> None:
    visit = a_visit(status=before, starts_on="2025-11-10", ends_on="2025-11-11")
    with refused(code):
        again(visit, status=then)


def test_follow_ups_of_a_row_are_added_linked_and_closed() -> None:
    visit = a_visit(
        follow_ups=[
            {"id": "1", "text": "Draft an agreement"},
            {"id": "2", "text": "Send thanks"},
        ]
    )
    decided = again(
        visit,
        follow_ups=[
            {"id": "1", "text": "Draft an agreement", "became": "agreement-1", "status": "done"},
            {"id": "2", "text": "Send thanks", "status": "done"},
            {"id": "3", "text": "Invite the dean"},
        ],
    )
    assert types(decided) == [
        "visit-follow-up-linked",
        "visit-follow-up-closed",
        "visit-follow-up-added",
    ]
    assert [each.status for each in decided[0].follow_ups] == ["done", "done", "open"]


def test_a_follow_up_that_a_row_drops_is_corrected_away() -> None:
    visit = a_visit(follow_ups=[{"id": "1", "text": "Draft an agreement"}])
    decided = again(visit, follow_ups=[])
    assert types(decided) == ["visit-corrected"]
    assert decided[0].follow_ups == ()


# --- follow-ups


DRAFT = FollowUp(id=FollowUpId("1"), text="Draft", owner="Cooperation office", due_on=ON)


def test_a_follow_up_that_became_an_agreement_is_settled() -> None:
    visit, _ = domain.add_follow_up(a_visit(), follow_up=DRAFT, today=TODAY)
    linked, (fact,) = domain.link_follow_up(
        visit, follow_up=DRAFT.id, became="agreement-1", today=TODAY
    )
    assert isinstance(fact, VisitFollowUpLinked)
    assert (linked.follow_ups[0].became, linked.follow_ups[0].status) == ("agreement-1", "done")


def test_linking_again_changes_nothing_and_linking_otherwise_is_refused() -> None:
    visit = a_visit(follow_ups=[DRAFT.model_copy(update={"became": "agreement-1"})])
    same = domain.link_follow_up(visit, follow_up=DRAFT.id, became="agreement-1", today=TODAY)
    assert same == (visit, ())
    with refused("follow-up-already-linked"):
        domain.link_follow_up(visit, follow_up=DRAFT.id, became="agreement-2", today=TODAY)


def test_a_follow_up_that_the_visit_does_not_have_is_unknown() -> None:
    with refused("follow-up-unknown"):
        domain.link_follow_up(
            a_visit(), follow_up=FollowUpId("9"), became="agreement-1", today=TODAY
        )


def test_a_follow_up_is_closed_once() -> None:
    visit = a_visit(follow_ups=[DRAFT])
    closed, _ = domain.close_follow_up(visit, follow_up=DRAFT.id, on=ON, result="Sent", today=TODAY)
    assert closed.follow_ups[0].status == "done"
    with refused("follow-up-already-done"):
        domain.close_follow_up(closed, follow_up=DRAFT.id, on=ON, result=None, today=TODAY)


def test_nothing_follows_from_a_declined_visit() -> None:
    with refused("visit-ended"):
        domain.add_follow_up(a_visit(status="declined"), follow_up=DRAFT, today=TODAY)
