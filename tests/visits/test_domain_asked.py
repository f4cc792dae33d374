"""What the office asks of a visit: its programme's times, and what is overdue."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.visits import domain
from services.visits.domain import Policy
from tests.visits.making import TODAY, a_visit

POLICY = Policy()


def codes(visit: domain.Visit, *, today: date = TODAY) -> list[str]:
    warnings = domain.warnings_about(visit, POLICY, today=today)
    return [warning.partition(":")[0] for warning in warnings]


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"at": "2025-12-15T09:30", "until": "2025-12-15T10:15"}, None),
        ({"at": "2025-12-15 09:30:00"}, None),
        ({"at": "2025-12-16"}, None),
        ({}, None),
        ({"at": "half past nine"}, "agenda-time-unreadable"),
        ({"at": "2025-12-15T24:30"}, "agenda-time-unreadable"),
        ({"at": "٢٠٢٥-12-15T09:30"}, "agenda-time-unreadable"),
        ({"at": "2025-12-15T09:30+07:00"}, "agenda-time-unreadable"),
        ({"at": "2025-12-15T09:30", "until": "late"}, "agenda-time-unreadable"),
        ({"at": "2025-12-14T23:59"}, "agenda-outside-visit"),
        ({"at": "2025-12-17"}, "agenda-outside-visit"),
        ({"at": "2025-12-15T09:30", "until": "2025-12-15T09:00"}, "agenda-ends-before-start"),
        ({"at": "2025-12-15T09:30", "until": "2025-12-15"}, "agenda-ends-before-start"),
    ],
)
def test_the_programme_has_times_that_a_calendar_can_show_within_the_visit(
    item: dict[str, str], code: str | None
) -> None:
    visit = a_visit(agenda=[{"title": "Welcome"} | item])
    assert codes(visit) == ([code] if code else [])


def test_a_report_is_overdue_from_the_eighth_day_after_the_return() -> None:
    trip = a_visit("outbound", "completed", starts_on="2025-11-05", ends_on="2025-11-09")
    assert domain.report_due_on(trip, POLICY) == date(2025, 11, 16)
    assert codes(trip, today=date(2025, 11, 16)) == []
    assert codes(trip, today=date(2025, 11, 17)) == ["report-overdue"]
    reported = trip.model_copy(update={"status": "reported"})
    assert codes(reported) == ["report-missing"]


@pytest.mark.parametrize(
    ("follow_up", "overdue"),
    [
        ({"due_on": "2025-11-16"}, True),
        ({"due_on": "2025-11-17"}, False),
        ({"due_on": "2025-11"}, False),
        ({"due_on": "2025-10", "status": "done"}, False),
        ({}, False),
    ],
)
def test_a_follow_up_that_is_open_after_its_day_is_overdue(
    follow_up: dict[str, Any], overdue: bool
) -> None:
    visit = a_visit(follow_ups=[{"id": "1", "text": "Draft it"} | follow_up])
    assert codes(visit) == (["follow-up-overdue"] if overdue else [])
    assert "follow-up-overdue" not in codes(visit, today=TODAY - timedelta(days=90))
