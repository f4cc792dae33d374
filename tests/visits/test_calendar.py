"""A visit in other people's calendars: days, states, parts, and whatever people write."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.visits.domain import Visit
from services.visits.gateways.calendar import Entry, calendar_of
from tests.visits.making import a_visit
from tests.visits.rfc5545 import understood

MADE = datetime(2025, 11, 1, 8, tzinfo=UTC)
CHANGED = datetime(2025, 11, 17, 1, tzinfo=UTC)
ITEM = {"title": "Welcome", "at": "2025-12-15T09:30", "until": "2025-12-15T10:15", "place": "C2"}


def calendar(*visits: Visit, zone: str = "Asia/Ho_Chi_Minh", title: str = "A unit") -> Any:
    entries = [
        Entry(
            visit=visit,
            zone=zone,
            hosts=("School of Mechanical Engineering",),
            link=f"http://rapport.test/reporting/records/{visit.id}",
            made_at=MADE,
            changed_at=CHANGED,
        )
        for visit in visits
    ]
    return understood(calendar_of(entries, title=title))


def events(*args: Any, zone: str = "Asia/Ho_Chi_Minh", **fields: Any) -> list[Any]:
    found: list[Any] = calendar(a_visit(*args, **fields), zone=zone).events
    return found


def test_a_visit_is_an_all_day_event_that_ends_before_the_day_after_its_last() -> None:
    visit = a_visit("inbound", "confirmed", place="C2", purpose="Mechatronics")
    (event,) = calendar(visit).events
    assert (event["uid"], event["sequence"]) == (f"{visit.id}@rapport", 1)
    assert (event.start, event.end) == (date(2025, 12, 15), date(2025, 12, 17))
    assert event["dtstart"].params["VALUE"] == "DATE"
    assert (event["summary"], event["location"]) == ("Visit of Da Nang City", "C2")
    assert (event.DTSTAMP, event["created"].dt) == (CHANGED, MADE)
    assert str(event["description"]).split("\n") == [
        "Inbound visit, confirmed",
        "Mechatronics",
        "With Da Nang City",
        "Hosts: School of Mechanical Engineering",
    ]
    assert str(event["url"]).endswith(visit.id)


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("requested", "TENTATIVE"),
        ("accepted", "TENTATIVE"),
        ("planned", "TENTATIVE"),
        ("approved", "TENTATIVE"),
        ("postponed", "TENTATIVE"),
        ("confirmed", "CONFIRMED"),
        ("under-way", "CONFIRMED"),
        ("completed", "CONFIRMED"),
        ("reported", "CONFIRMED"),
        ("closed", "CONFIRMED"),
        ("declined", "CANCELLED"),
        ("cancelled", "CANCELLED"),
    ],
)
def test_each_status_is_shown_as_tentative_confirmed_or_cancelled(status: str, shown: str) -> None:
    found = events("inbound", status, agenda=[ITEM])
    assert {str(event["status"]) for event in found} == {shown}
    assert len(found) == 2


def test_moved_to_other_days_it_is_the_same_event_later_on_with_a_higher_sequence() -> None:
    visit = a_visit(version=3)
    left = {"starts_on": "2025-12-15", "ends_on": "2025-12-16", "on": "2025-11-17", "reason": "Ice"}
    moved = visit.model_copy(update={"version": 4, "status": "postponed"}).model_dump()
    moved |= {"postponements": [left], "starts_on": "2026-01-12", "ends_on": "2026-01-12"}
    (before,), (after,) = calendar(visit).events, calendar(Visit.model_validate(moved)).events
    assert after["uid"] == before["uid"]
    assert after["sequence"] > before["sequence"]
    assert (after.start, str(after["status"])) == (date(2026, 1, 12), "TENTATIVE")
    assert "Moved from 2025-12-15: Ice" in after["description"]


def test_moved_to_days_not_known_yet_it_is_off_the_days_that_it_had() -> None:
    left = {"starts_on": "2025-12-15", "ends_on": "2025-12-16", "on": "2025-11-17", "reason": "Ice"}
    (event,) = events("inbound", "postponed", postponements=[left])
    assert str(event["status"]) == "CANCELLED"
    assert "New days are not known yet" in event["description"]


def test_days_known_to_the_month_take_the_month_and_say_so() -> None:
    (event,) = events("inbound", "planned", starts_on="2026-02", ends_on="2026-02")
    assert (event.start, event.end) == (date(2026, 2, 1), date(2026, 3, 1))
    assert "The days are known as 2026-02 to 2026-02" in event["description"]


def test_the_lines_of_a_programme_are_events_in_the_zone_of_the_unit() -> None:
    whole, item = events("inbound", "confirmed", agenda=[ITEM], zone="America/New_York")
    zone = ZoneInfo("America/New_York")
    assert item.start == datetime(2025, 12, 15, 9, 30, tzinfo=zone)
    assert item.end == datetime(2025, 12, 15, 10, 15, tzinfo=zone)
    assert item["dtstart"].params["TZID"] == "America/New_York"
    assert (item["summary"], item["location"]) == ("Welcome", "C2")
    assert item["related-to"] == whole["uid"]
    assert item["uid"] != whole["uid"]


@pytest.mark.parametrize("zone", ["Asia/Ho_Chi_Minh", "America/New_York", "Pacific/Pago_Pago"])
def test_every_zone_that_is_named_is_described(zone: str) -> None:
    found = calendar(a_visit(agenda=[ITEM]), zone=zone)
    assert [str(each["tzid"]) for each in found.timezones] == [zone]
    described = found.timezones[0].to_tz()
    at = datetime(2025, 12, 15, 9, 30)  # noqa: DTZ001 - local
    assert described.utcoffset(at) == ZoneInfo(zone).utcoffset(at)
    assert calendar(a_visit()).timezones == [], "days have no zone"


def test_times_on_a_trip_are_local_to_wherever_it_leads() -> None:
    legs = [{"city": "Bangi", "country": "MY", "starts_on": "2025-12-15"}]
    found = events("outbound", "approved", agenda=[ITEM], legs=legs)
    item = found[-1]
    assert item.start == datetime(2025, 12, 15, 9, 30)  # noqa: DTZ001 - floating
    assert "TZID" not in item["dtstart"].params


def test_the_legs_of_a_trip_with_days_of_their_own_are_events() -> None:
    legs = [
        {"city": "Bangi", "country": "MY", "starts_on": "2025-12-15", "ends_on": "2025-12-15"},
        {"city": "Penang", "country": "MY", "starts_on": "2025-12-16"},
        {"city": "Ipoh", "country": "MY"},
    ]
    whole, bangi, penang = events("outbound", "confirmed", legs=legs)
    assert whole["location"] == "Bangi, MY; Penang, MY; Ipoh, MY"
    assert (bangi.start, bangi.end) == (date(2025, 12, 15), date(2025, 12, 16))
    assert (penang["summary"], penang["location"]) == ("Trip to Malaysia: Penang", "Penang, MY")


@pytest.mark.parametrize(
    "at", ["half past nine", "2025-12-14T09:30", "2025-12-17", None, "2025-12-15T09:30Z"]
)
def test_a_line_without_a_time_in_the_visit_is_in_no_calendar(at: str | None) -> None:
    assert len(events(agenda=[{"title": "Welcome", "at": at}])) == 1


@pytest.mark.parametrize("until", ["2025-12-15T09:30", "2025-12-15T09:00", "2025-12-15", "late"])
def test_an_end_that_is_none_is_left_out(until: str) -> None:
    _, item = events(agenda=[ITEM | {"until": until}])
    assert "dtend" not in item


def test_a_line_with_a_day_takes_the_day() -> None:
    _, item = events(agenda=[{"title": "Free", "at": "2025-12-15", "until": "2025-12-16"}])
    assert (item.start, item.end) == (date(2025, 12, 15), date(2025, 12, 17))


def test_parts_keep_their_uid_when_others_come_before_them_and_namesakes_differ() -> None:
    tour = {"title": "Tour", "at": "2025-12-16T09:00"}
    first = events(id="visit-1", agenda=[ITEM, tour, tour])
    second = events(id="visit-1", agenda=[tour | {"at": "2025-12-15T14:00"}, tour, ITEM])
    uids = [str(event["uid"]) for event in first]
    assert len(set(uids)) == 4
    assert {str(event["uid"]) for event in second} == set(uids)


@pytest.mark.parametrize(
    "text",
    [
        "a, b; c\\d : e \"f\" 'g'",
        "line one\nBEGIN:VALARM\nEND:VEVENT",
        "Đại học Bách khoa Hà Nội " * 12,
        "东京科学大学代表团访问" * 20,
        "زيارة وفد جامعة القاهرة " * 10,
        "วิทยาลัย" * 30,
        "👩‍👩‍👧‍👦" * 40,
        "\\n \\, \\; ^n ^'",
        "x" * 74 + "é" * 74,
    ],
)
def test_whatever_is_written_is_read_back_as_it_was(text: str) -> None:
    agenda = [ITEM | {"title": text, "place": text}]
    whole, item = calendar(a_visit(title=text, purpose=text, agenda=agenda), title=text).events
    assert str(whole["summary"]) == str(item["summary"]) == str(item["location"]) == text.strip()
    assert text.strip() in str(whole["description"])


def test_the_first_and_the_last_day_that_can_be_written_break_nothing() -> None:
    agenda = [
        {"title": "First", "at": "0001-01-01T00:00"},
        {"title": "Last", "at": "9999-12-31T23:59"},
        {"title": "Whole", "at": "9999-12-31"},
    ]
    found = events(starts_on="0001", ends_on="9999", agenda=agenda, zone="America/New_York")
    assert len(found) == 4


def test_the_same_records_are_the_same_bytes() -> None:
    visit = a_visit("outbound", agenda=[ITEM])
    assert calendar(visit).to_ical() == calendar(visit).to_ical()
