"""The life cycle: given a visit, when something is asked, then these facts or this refusal."""

from typing import Any

import pytest

from services.visits import domain
from services.visits.domain import Decided, Policy, Visit
from services.visits.events import (
    AgendaItem,
    Decision,
    Member,
    Report,
    VisitCompleted,
    VisitFields,
    VisitId,
    VisitRequested,
)
from shared.dates import PartialDate
from shared.errors import Rejected
from tests.visits.making import TODAY, a_visit, types

POLICY = Policy()
ON = PartialDate.of(TODAY)


def refused(code: str, *, field: str | None = None) -> Any:
    """The block is refused with this code (and for this field)."""
    return pytest.raises(
        Rejected, check=lambda error: error.code == code and field in (None, error.field)
    )


def asked(direction: str = "inbound", *, late: bool = False, **fields: Any) -> Decided:
    visit = a_visit(direction, **({"requested_on": ON, "decision": None} | fields))
    form = VisitFields.model_validate(visit.model_dump(include=set(VisitFields.model_fields)))
    return domain.request(form, visit=VisitId(visit.id), late=late, today=TODAY, policy=POLICY)


# --- asking for a visit


@pytest.mark.parametrize("direction", ["inbound", "outbound", "hosted-event", "meeting"])
def test_a_form_that_says_what_the_office_asks_begins_a_visit(direction: str) -> None:
    visit, (fact,) = asked(direction)
    assert isinstance(fact, VisitRequested)
    assert (visit.status, visit.version, visit.direction) == ("requested", 1, direction)


@pytest.mark.parametrize(
    ("direction", "without", "code"),
    [
        ("inbound", {"partners": []}, "visitors-missing"),
        ("outbound", {"legs": []}, "legs-missing"),
        ("hosted-event", {"hosts": []}, "organizers-missing"),
        ("meeting", {"partners": []}, "counterpart-missing"),
    ],
)
def test_a_form_without_what_makes_the_visit_is_refused(
    direction: str, without: dict[str, Any], code: str
) -> None:
    with refused(code):
        asked(direction, **without)


def test_our_own_members_alone_are_no_inbound_visitors() -> None:
    ours = Member(role="Dean", organization="HUST", ours=True)
    with refused("visitors-missing"):
        asked(partners=[], members=[ours])


def test_members_from_outside_are_visitors_even_without_a_partner() -> None:
    students = Member(role="student", organization="TU/e", country="NL", count=20)
    assert asked(partners=[], members=[students])[0].members == (students,)


def test_an_inbound_visit_within_three_weeks_is_refused_unless_meant() -> None:
    tomorrow: dict[str, Any] = {"starts_on": "2025-11-18", "ends_on": "2025-11-18"}
    with refused("lead-time-too-short", field="late"):
        asked(**tomorrow)
    visit, _ = asked(late=True, **tomorrow)
    assert "lead-time-too-short" in domain.warnings_about(visit, POLICY)[0]


def test_exactly_three_weeks_are_time_enough() -> None:
    assert asked(starts_on="2025-12-08", ends_on="2025-12-08")[0].status == "requested"
    with refused("lead-time-too-short"):
        asked(starts_on="2025-12-07", ends_on="2025-12-08")


def test_no_lead_time_is_asked_of_what_we_undertake_ourselves() -> None:
    tomorrow: dict[str, Any] = {"starts_on": "2025-11-18", "ends_on": "2025-11-18"}
    for direction in ("outbound", "hosted-event", "meeting"):
        assert asked(direction, **tomorrow)[0].status == "requested"


def test_a_visit_cannot_end_before_it_begins() -> None:
    with refused("ends-before-start", field="ends_on"):
        asked(starts_on="2025-12-20", ends_on="2025-12-19")


def test_a_leg_outside_the_days_of_the_trip_is_refused() -> None:
    leg = {"city": "Delhi", "country": "IN", "ends_on": "2025-12-20"}
    with refused("leg-outside-trip", field="legs.0"):
        asked("outbound", legs=[leg])


def test_a_country_that_iso_does_not_know_is_refused() -> None:
    with refused("country-unknown", field="legs.0.country"):
        asked("outbound", legs=[{"city": "Nowhere", "country": "QQ"}])


# --- screening, planning, approving, confirming


def test_declining_says_why() -> None:
    with refused("reason-missing", field="reason"):
        domain.screen(a_visit(), accepted=False, on=ON, reason=None, today=TODAY)
    decided = domain.screen(a_visit(), accepted=False, on=ON, reason="No room", today=TODAY)
    assert (decided[0].status, types(decided)) == ("declined", ["visit-screened"])


def test_a_declined_visit_cannot_be_planned() -> None:
    with refused("visit-not-accepted"):
        planned(a_visit(status="declined"))


def planned(visit: Visit, **parts: Any) -> Decided:
    nothing: dict[str, Any] = dict.fromkeys(
        ("starts_on", "ends_on", "place", "hosts", "agenda", "legs", "partners")
    )
    return domain.plan(visit, **(nothing | parts), today=TODAY)


def test_an_inbound_visit_is_screened_before_it_is_planned() -> None:
    with refused("visit-not-accepted"):
        planned(a_visit(status="requested"))
    assert planned(a_visit(status="accepted"))[0].status == "planned"


@pytest.mark.parametrize("direction", ["outbound", "hosted-event", "meeting"])
def test_what_we_undertake_ourselves_is_planned_without_screening(direction: str) -> None:
    assert planned(a_visit(direction))[0].status == "planned"


def test_a_new_programme_leaves_alone_what_it_does_not_say() -> None:
    visit = a_visit(status="accepted", place="Room 101")
    line = AgendaItem(at="2025-12-15T09:00", title="Welcome", place="C2")
    after, _ = planned(visit, agenda=[line])
    assert (after.agenda, after.place, after.starts_on) == ((line,), "Room 101", "2025-12-15")


def test_a_trip_is_not_approved_without_a_decision() -> None:
    with refused("decision-missing", field="decision"):
        domain.approve(a_visit("outbound", "planned"), decision=None, on=ON, today=TODAY)
    inbound = domain.approve(a_visit(status="planned"), decision=None, on=ON, today=TODAY)
    assert inbound[0].status == "approved"


def test_a_decision_after_the_departure_is_refused() -> None:
    trip = a_visit("outbound", "planned", starts_on="2025-11-10", ends_on="2025-11-20")
    after = Decision(number="99/QD", on=PartialDate("2025-11-11"))
    with refused("decision-after-departure", field="decision.on"):
        domain.approve(trip, decision=after, on=ON, today=TODAY)


def test_a_decision_of_tomorrow_is_not_a_decision_yet() -> None:
    tomorrow = Decision(number="99/QD", on=PartialDate("2025-11-18"))
    with refused("date-in-future", field="decision.on"):
        domain.approve(a_visit("outbound", "planned"), decision=tomorrow, on=ON, today=TODAY)


def test_only_days_that_are_known_are_confirmed() -> None:
    with refused("day-not-known", field="starts_on"):
        domain.confirm(
            a_visit(status="approved", starts_on="2025-12", ends_on="2025-12"), on=ON, today=TODAY
        )
    assert domain.confirm(a_visit(status="approved"), on=ON, today=TODAY)[0].status == "confirmed"


def test_planning_is_not_approval() -> None:
    with refused("visit-not-approved"):
        domain.confirm(a_visit(status="planned"), on=ON, today=TODAY)


# --- under way and over


def days(first: str, last: str) -> dict[str, str]:
    return {"starts_on": first, "ends_on": last}


@pytest.mark.parametrize(
    ("when", "facts"),
    [
        (days("2025-11-18", "2025-11-20"), []),
        (days("2025-11-17", "2025-11-17"), ["visit-started"]),
        (days("2025-11-15", "2025-11-16"), ["visit-started", "visit-completed"]),
        (days("2025-11", "2025-11"), []),
        (days("2025-10", "2025-10"), ["visit-started", "visit-completed"]),
    ],
)
def test_a_confirmed_visit_follows_the_dates(when: dict[str, str], facts: list[str]) -> None:
    assert types(domain.by_the_dates(a_visit(status="confirmed", **when), today=TODAY)) == facts


def test_a_visit_under_way_is_completed_the_day_after_its_last() -> None:
    visit = a_visit(status="under-way", **days("2025-11-10", "2025-11-16"))
    after, (fact,) = domain.by_the_dates(visit, today=TODAY)
    assert isinstance(fact, VisitCompleted)
    assert (after.status, fact.completed_on) == ("completed", "2025-11-16")


@pytest.mark.parametrize(
    "status", ["requested", "accepted", "planned", "approved", "postponed", "cancelled", "closed"]
)
def test_what_was_never_confirmed_does_not_begin_by_itself(status: str) -> None:
    visit = a_visit(status=status, **days("2025-11-10", "2025-11-16"))
    assert domain.by_the_dates(visit, today=TODAY) == (visit, ())


def test_a_meeting_needs_no_more_than_a_plan_to_take_place() -> None:
    meeting = a_visit("meeting", "planned", **days("2025-11-16", "2025-11-16"))
    assert domain.by_the_dates(meeting, today=TODAY)[0].status == "completed"


def test_someone_may_say_that_it_ended_earlier_than_planned() -> None:
    visit = a_visit(status="under-way", **days("2025-11-10", "2025-11-30"))
    after, _ = domain.complete(visit, on=PartialDate("2025-11-14"), today=TODAY)
    assert (after.status, after.ends_on) == ("completed", "2025-11-14")


def test_nothing_is_over_on_a_day_that_has_not_come() -> None:
    visit = a_visit(status="under-way", **days("2025-11-10", "2025-11-30"))
    with refused("date-in-future"):
        domain.complete(visit, on=None, today=TODAY)


def test_a_start_on_another_day_moves_the_first_day() -> None:
    visit = a_visit(status="confirmed", **days("2025-11-20", "2025-11-30"))
    after, _ = domain.start(visit, on=ON, today=TODAY)
    assert (after.status, after.starts_on) == ("under-way", ON)


# --- reporting and closing


def reported(visit: Visit, **parts: Any) -> Decided:
    return domain.report(
        visit, **({"on": ON, "text": "We met.", "outcomes": []} | parts), today=TODAY
    )


def test_only_what_is_over_is_reported() -> None:
    with refused("visit-not-completed"):
        reported(a_visit("outbound", "under-way", **days("2025-11-10", "2025-11-20")))


def test_a_report_keeps_the_outcomes_noted_before() -> None:
    visit = a_visit(status="completed", outcomes=["An offer"], **days("2025-11-10", "2025-11-12"))
    after, _ = reported(visit, outcomes=["An offer", "A plan"])
    assert after.outcomes == ("An offer", "A plan")
    assert after.report == Report(on=ON, text="We met.")


def test_a_report_later_than_a_week_after_the_return_is_taken_with_a_warning() -> None:
    in_time = a_visit("outbound", "completed", **days("2025-11-05", "2025-11-10"))
    late = a_visit("outbound", "completed", **days("2025-11-05", "2025-11-09"))
    assert domain.warnings_about(reported(in_time)[0], POLICY) == []
    assert "report-late" in domain.warnings_about(reported(late)[0], POLICY)[0]


def test_a_trip_is_not_closed_without_its_report() -> None:
    over = days("2025-11-05", "2025-11-09")
    with refused("visit-not-reported"):
        domain.close(a_visit("outbound", "completed", **over), on=ON, today=TODAY)
    for visit in (a_visit("outbound", "reported", **over), a_visit(status="completed", **over)):
        assert domain.close(visit, on=ON, today=TODAY)[0].status == "closed"


# --- postponing and cancelling


def postponed(visit: Visit, **parts: Any) -> Decided:
    return domain.postpone(
        visit,
        **({"starts_on": None, "ends_on": None, "on": ON, "reason": "Typhoon"} | parts),
        today=TODAY,
    )


def test_postponing_keeps_the_days_it_was_moved_from() -> None:
    visit, _ = postponed(a_visit(), starts_on=PartialDate("2026-01-12"))
    visit, _ = postponed(
        visit, starts_on=PartialDate("2026-03-02"), ends_on=PartialDate("2026-03-04")
    )
    assert (visit.status, visit.starts_on, visit.ends_on) == (
        "postponed",
        "2026-03-02",
        "2026-03-04",
    )
    assert [each.starts_on for each in visit.postponements] == ["2025-12-15", "2026-01-12"]


def test_postponed_until_further_notice_is_planned_again_with_days() -> None:
    visit, _ = postponed(a_visit(status="confirmed"))
    again, _ = planned(visit, starts_on=PartialDate("2026-05-04"))
    assert (again.status, again.starts_on, again.ends_on) == ("planned", "2026-05-04", "2026-05-04")


@pytest.mark.parametrize("status", ["under-way", "completed", "reported", "closed"])
def test_what_has_begun_is_neither_postponed_nor_cancelled(status: str) -> None:
    visit = a_visit(status=status, **days("2025-11-10", "2025-11-30"))
    with refused("visit-began"):
        postponed(visit)
    with refused("visit-began"):
        domain.cancel(visit, on=ON, reason="No", today=TODAY)


def test_cancelling_twice_is_refused() -> None:
    cancelled, _ = domain.cancel(a_visit(status="planned"), on=ON, reason="Strike", today=TODAY)
    with refused("visit-ended"):
        domain.cancel(cancelled, on=ON, reason="Strike", today=TODAY)


# --- members


def test_a_group_counts_its_members_and_a_named_person_counts_once() -> None:
    assert Member(role="student", organization="TU/e", count=20).count == 20
    with pytest.raises(ValueError, match="counts once"):
        Member(person_ref="p-1", role="student", organization="TU/e", count=2)


def test_a_name_or_an_address_is_no_person_ref() -> None:
    for told in ("Nguyen Van A", "a@example.org"):
        with pytest.raises(ValueError, match="person_ref"):
            Member(person_ref=told, role="dean", organization="TU/e")


def test_the_same_members_again_are_no_change() -> None:
    member = Member(role="rector", organization="Da Nang City")
    visit, _ = domain.change_members(a_visit(), members=[member], today=TODAY)
    assert domain.change_members(visit, members=[member], today=TODAY) == (visit, ())


def test_nobody_joins_a_cancelled_visit() -> None:
    with refused("visit-ended"):
        domain.change_members(a_visit(status="cancelled"), members=[], today=TODAY)
