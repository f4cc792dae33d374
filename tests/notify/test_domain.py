"""Periods, news and reminders, by the calendar of whoever reads."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain import (
    Item,
    Subscriber,
    current_period,
    due_at,
    is_news,
    nearest_missed,
    news_of,
    period_before,
    why,
)
from services.notify.events import PeriodKind

MONDAY = datetime(2025, 11, 17, 1, 0, tzinfo=UTC)  # 08:00 in Hanoi
HANOI = "Asia/Ho_Chi_Minh"
SIGNED = {"unit": "hust/me", "status": "in-force", "signed_on": "2025-11-12"}


def item(happened_on: date, known_on: datetime = MONDAY) -> Item:
    return Item(
        id="agreement-1/agreement-signed",
        subject="agreement-1",
        interest="agreements",
        what="agreement-signed",
        happened_on=happened_on,
        known_on=known_on,
    )


def test_a_week_of_december_can_belong_to_the_next_year() -> None:
    assert current_period("weekly", date(2024, 12, 30)).label == "2025-W01"
    assert current_period("weekly", date(2021, 1, 3)).label == "2020-W53"


@pytest.mark.parametrize(
    ("kind", "label", "first", "last"),
    [
        ("daily", "2025-11-16", date(2025, 11, 16), date(2025, 11, 16)),
        ("weekly", "2025-W46", date(2025, 11, 10), date(2025, 11, 16)),
        ("monthly", "2025-10", date(2025, 10, 1), date(2025, 10, 31)),
    ],
)
def test_the_period_before_is_the_newest_that_has_ended(
    kind: PeriodKind, label: str, first: date, last: date
) -> None:
    before = period_before(kind, date(2025, 11, 17))
    assert (before.label, before.first, before.last) == (label, first, last)


@given(
    st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.sampled_from(["daily", "weekly", "monthly"])
)
def test_periods_follow_each_other_without_a_gap(day: date, kind: PeriodKind) -> None:
    now, before = current_period(kind, day), period_before(kind, day)
    assert now.first <= day <= now.last
    assert (now.first - before.last).days == 1
    assert now.label != before.label


@pytest.mark.parametrize("day", [date(2025, 3, 29), date(2025, 10, 25)])
def test_a_night_of_changing_clocks_has_one_due_instant(day: date) -> None:
    due = due_at(current_period("daily", day), "Europe/Berlin")
    assert due.astimezone(UTC).date() == date(day.year, day.month, day.day + 1)
    assert due.hour == 8


def test_what_happened_last_week_is_news_and_the_week_before_is_past() -> None:
    assert is_news(item(date(2025, 11, 10)), kind="weekly", zone=HANOI)
    assert not is_news(item(date(2025, 11, 9)), kind="weekly", zone=HANOI)
    assert not is_news(item(date(2019, 5, 14)), kind="monthly", zone=HANOI)


def test_a_recorded_signature_is_an_item_of_the_day_it_was_signed() -> None:
    found = news_of("agreement-1", SIGNED, known_on=MONDAY, changed=["status", "signed_on"])
    assert [(each.what, each.happened_on) for each in found] == [
        ("agreement-signed", date(2025, 11, 12))
    ]


def test_a_change_of_something_else_is_no_news() -> None:
    assert news_of("agreement-1", SIGNED, known_on=MONDAY, changed=["title"]) == []


def test_a_day_known_to_the_month_is_no_news() -> None:
    vague = SIGNED | {"signed_on": "2025-11"}
    assert news_of("agreement-1", vague, known_on=MONDAY, changed=["signed_on"]) == []


def test_a_visit_is_completed_when_its_status_says_so() -> None:
    visit = {"unit": "hust", "ends_on": "2025-11-14", "status": "confirmed"}
    assert news_of("visit-1", visit, known_on=MONDAY, changed=visit) == []
    done = visit | {"status": "completed"}
    found = news_of("visit-1", done, known_on=MONDAY, changed=["status"])
    assert [each.id for each in found] == ["visit-1/visit-completed"]


def test_of_the_thresholds_missed_only_the_nearest_reminds() -> None:
    ending = {"status": "in-force", "valid_until": "2025-12-31"}
    reminder = nearest_missed("agreement-1", ending, today=date(2025, 11, 17), known_on=MONDAY)
    assert reminder is not None
    assert reminder.id == "agreement-1/agreement-expiring/3/2025-12-31"


def test_a_reminder_precedes_the_day_of_notice() -> None:
    tacit = {
        "status": "in-force",
        "valid_until": "2026-12-31",
        "renewal": {"rule": "tacit", "months": 60, "notice_months": 6},
    }
    reminder = nearest_missed("agreement-1", tacit, today=date(2026, 5, 30), known_on=MONDAY)
    assert reminder is not None
    assert reminder.id == "agreement-1/agreement-expiring/1/2026-06-30"


@pytest.mark.parametrize(
    "state",
    [
        {"status": "in-force", "valid_until": None},
        {"status": "terminated", "valid_until": "2025-12-31"},
        {"status": "in-force", "valid_until": "2030-12-31"},
        {"status": "in-force", "valid_until": "2025-11-16"},
    ],
)
def test_what_does_not_end_soon_reminds_nobody(state: dict[str, object]) -> None:
    today = date(2025, 11, 17)
    assert nearest_missed("agreement-1", state, today=today, known_on=MONDAY) is None


def test_a_reader_is_told_which_subscription_it_was() -> None:
    reader = Subscriber(id="subscriber-1", units=("hust",), interests=("agreements",))
    assert why(reader, ["hust/me"], "agreements") == "you follow agreements of hust"
    assert why(reader, ["hustle"], "agreements") is None
    assert why(reader, ["nist", "hust/me"], "agreements") is not None
    assert why(reader, ["hust/me"], "visits") is None
