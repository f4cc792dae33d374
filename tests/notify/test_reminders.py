"""Reminders of stays and guests: once for each threshold, and only what is still to come."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.notify.domain import reminders_of
from services.notify.usecases import remind
from tests.notify.test_digests import read
from tests.support.desk import Desk

NOW = datetime(2025, 11, 17, tzinfo=UTC)
TODAY = NOW.date()
STAY: dict[str, Any] = {"unit": "hust/me", "status": "under-way", "planned_until": "2025-12-10"}
GUEST: dict[str, Any] = {"unit": "hust/me", "status": "appointed", "role": "lecturer"}


def found(subject: str, state: dict[str, Any], today: date = TODAY) -> list[str]:
    return [each.id for each in reminders_of(subject, state, today=today, known_on=NOW)]


def test_a_stay_that_ends_within_thirty_days_is_said() -> None:
    assert found("stay-1", STAY) == ["stay-1/stay-ending/30/2025-12-10"]
    assert found("stay-1", STAY | {"planned_until": "2025-12-18"}) == []
    assert found("stay-1", STAY | {"actual_until": "2025-11-20"}) == [
        "stay-1/stay-ending/30/2025-11-20"
    ]


@pytest.mark.parametrize(("days", "threshold"), [(60, 60), (31, 60), (30, 30), (0, 30)])
def test_a_visa_and_a_permit_are_said_sixty_and_thirty_days_before(
    days: int, threshold: int
) -> None:
    last = (TODAY + timedelta(days=days)).isoformat()
    for subject, state in (("appointment-1", GUEST), ("stay-1", STAY | {"planned_until": None})):
        guest = state | {"visa_until": last, "permit_until": last}
        assert found(subject, guest) == [
            f"{subject}/visa-ending/{threshold}/{last}",
            f"{subject}/permit-ending/{threshold}/{last}",
        ]


def test_credits_that_are_not_recognised_five_weeks_after_the_transcript_are_said() -> None:
    graded = {"status": "transcript-received", "received_on": "2025-10-13"}
    assert found("stay-1", graded) == ["stay-1/recognition-outstanding/2025-10-13"]
    assert found("stay-1", graded | {"received_on": "2025-10-14"}) == []
    assert found("stay-1", graded | {"received_on": "2023-10-14"}) == []
    assert found("stay-1", graded | {"status": "recognised"}) == []


@pytest.mark.parametrize(
    ("subject", "state"),
    [
        ("stay-1", STAY | {"status": "withdrawn"}),
        ("stay-1", STAY | {"planned_until": "2025-11-16"}),
        ("appointment-1", GUEST | {"visa_until": "2025-11-16"}),
        ("appointment-1", GUEST | {"status": "ended", "visa_until": "2025-12-01"}),
        ("appointment-1", GUEST),
    ],
)
def test_what_is_over_or_not_known_reminds_nobody(subject: str, state: dict[str, Any]) -> None:
    assert found(subject, state) == []


@pytest.mark.parametrize(
    ("days", "threshold"),
    [(22, None), (21, 21), (8, 21), (7, 7), (2, 7), (1, 1), (0, 1), (-1, None)],
)
def test_a_visit_is_said_three_weeks_one_week_and_one_day_before(
    days: int, threshold: int | None
) -> None:
    first = (TODAY + timedelta(days=days)).isoformat()
    said = [f"visit-1/visit-coming/{threshold}/{first}"] if threshold else []
    for status in ("requested", "accepted", "planned", "approved", "confirmed"):
        visit = {"status": status, "direction": "inbound", "starts_on": first, "ends_on": first}
        assert found("visit-1", visit) == said
        assert found("visit-1", visit | {"starts_on": first[:7]}) == [], "no day, no reminder"
    for status in ("declined", "postponed", "cancelled", "under-way", "completed"):
        assert found("visit-1", {"status": status, "starts_on": first}) == []


@pytest.mark.parametrize(
    ("returned", "said"),
    [("2025-11-11", False), ("2025-11-10", True), ("2025-10-11", True), ("2025-10-10", False)],
)
def test_the_report_of_a_trip_is_missed_a_week_after_the_return(returned: str, said: bool) -> None:
    trip = {"status": "completed", "direction": "outbound", "ends_on": returned}
    due = (date.fromisoformat(returned) + timedelta(days=7)).isoformat()
    assert found("visit-1", trip) == ([f"visit-1/report-outstanding/{due}"] if said else [])
    assert found("visit-1", trip | {"direction": "inbound"}) == []
    assert found("visit-1", trip | {"status": "reported"}) == []


async def test_the_digest_says_which_visits_come_and_which_reports_are_due(desk: Desk) -> None:
    await desk.subscribe(period="daily")
    common: dict[str, Any] = {"unit": "hust/me", "requested_on": "2025-01-10"}
    coming: dict[str, Any] = {
        "status": "confirmed",
        "starts_on": "2025-11-24",
        "ends_on": "2025-11-24",
    }
    await desk.fact(
        "visit-1", "rapport.visits.visit-recorded.v1", title="Delegation", **common | coming
    )
    trip: dict[str, Any] = {"status": "completed", "direction": "outbound"}
    trip |= {"ends_on": "2025-11-08"}
    await desk.fact("visit-2", "rapport.visits.visit-recorded.v1", title="Trip", **common | trip)
    for _ in range(2):
        await remind(desk.service.database)
    desk.service.clock.advance(timedelta(days=1))
    await desk.send()
    _, text = read(desk.mails()[0])
    assert "Begins on 24 November 2025, within 7 days: Delegation" in text
    assert "The report was due on 15 November 2025: Trip" in text


async def test_the_digest_says_what_ends_and_names_nobody(desk: Desk) -> None:
    await desk.subscribe(period="daily")
    await desk.fact("partner-1", "rapport.agreements.partner-recorded.v1", name="Shibaura")
    stay = STAY | {"direction": "out", "who": "student", "kind": "exchange-study"}
    await desk.fact("stay-1", "rapport.mobility.stay-recorded.v1", partner="partner-1", **stay)
    guest = GUEST | {"visa_until": "2025-12-01"}
    await desk.fact("appointment-1", "rapport.mobility.appointment-made.v1", **guest)
    for _ in range(2):
        await remind(desk.service.database)
    desk.service.clock.advance(timedelta(days=1))
    await desk.send()
    _, text = read(desk.mails()[0])
    assert (
        "Stay ends on 10 December 2025, within 30 days: exchange study, outgoing student (Shibaura)"
    ) in text
    assert "Visa ends on 1 December 2025, within 30 days: appointment of a lecturer" in text


async def test_who_looks_after_a_system_is_told_daily_what_was_refused_of_it(desk: Desk) -> None:
    await desk.subscribe("hr", period="daily", units=[], interests=[], sources=["/hust/hr"])
    await desk.subscribe("registrar", period="daily", units=["*"], sources=["/hust/registrar"])
    reason = {"type": "upstream.hr.leave-approved.v1", "code": "data-invalid", "path": "$.data.on"}
    await desk.fact(
        "refused-1",
        "rapport.mobility.upstream-refused.v1",
        source="/hust/hr",
        refused_on=desk.service.clock.now().date().isoformat(),
        count=2,
        reasons=[reason | {"count": 2}],
        events=["hr-1", "hr-2"],
    )
    desk.service.clock.advance(timedelta(days=1))
    await desk.send()
    [mail] = desk.mails()
    _, text = read(mail)
    assert "2 refused by 17 November 2025 of /hust/hr." in text
    assert "2 of upstream.hr.leave-approved.v1: data-invalid at $.data.on. " in text
    assert "The first ids: hr-1, hr-2. " in text
    assert "/mobility/upstream/refusals Why: you look after /hust/hr." in text


async def test_a_subscriber_who_wants_nothing_is_refused(desk: Desk) -> None:
    await desk.subscribe("nobody", 422, units=[], sources=[])
