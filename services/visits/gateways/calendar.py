"""Visits as iCalendar (RFC 5545): the same bytes for the same records.

A visit is an all-day event; its legs and the lines of its programme are events of their own. Times
are local to the unit, and on a trip local to wherever it leads ("floating"). Nobody is named.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vText

from services.visits.domain import Visit, moment
from services.visits.events import AgendaItem, Leg

__all__ = ["Entry", "calendar_of"]

_PRODUCT = "-//Rapport//Visits//EN"
_POLL = timedelta(hours=1)
_ZONES_FROM, _ZONES_UNTIL = 1970, 2100
"""Years for which changes of clocks are written; none is known before or decided after."""
_WORDS = {
    "inbound": "Inbound visit",
    "outbound": "Trip",
    "hosted-event": "Hosted event",
    "meeting": "Meeting",
}
_FIRM = frozenset(("confirmed", "under-way", "completed", "reported", "closed"))
_OFF = frozenset(("cancelled", "declined"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A visit, and what its record does not say itself."""

    visit: Visit
    zone: str
    hosts: tuple[str, ...]
    """Names of the host units."""
    link: str
    made_at: datetime
    changed_at: datetime


def calendar_of(entries: Iterable[Entry], *, title: str | None = None) -> bytes:
    """One calendar. With a title it is a feed, and says how often to look again."""
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    if title is not None:
        for name in ("name", "x-wr-calname"):
            calendar.add(name, vText(title))  # the library does not know them for texts
        calendar.add("refresh-interval", _POLL, parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", "PT1H")
    years: list[int] = []
    for entry in entries:
        for event in _events(entry):
            calendar.add_component(event)
            years.append(min(max(event.start.year, _ZONES_FROM), _ZONES_UNTIL))
    if years:
        calendar.add_missing_timezones(date(min(years), 1, 1), date(max(years) + 1, 1, 1))
    content: bytes = calendar.to_ical()
    return content


def _events(entry: Entry) -> Iterator[Event]:
    visit = entry.visit
    first, last = visit.starts_on.first, visit.ends_on.last
    whole = _event(entry, visit.title, start=first, end=_day_after(last))
    _add(whole, "location", _place(visit))
    whole.add("description", _description(entry))
    whole.add("url", entry.link)
    whole.add("categories", [_WORDS[visit.direction], visit.theme])
    yield whole
    for index, leg in enumerate(visit.legs):
        if leg.starts_on is not None and first <= leg.starts_on.first <= last:
            yield _leg(entry, leg, leg.starts_on.first, again=visit.legs[:index].count(leg))
    for index, item in enumerate(visit.agenda):
        at = moment(item.at)
        if at is not None and first <= _day(at) <= last:
            earlier = [each.title for each in visit.agenda[:index]]
            yield _item(entry, item, at, again=earlier.count(item.title))


def _leg(entry: Entry, leg: Leg, first: date, *, again: int) -> Event:
    last = min(leg.ends_on.last if leg.ends_on else first, entry.visit.ends_on.last)
    event = _event(
        entry,
        f"{entry.visit.title}: {leg.city}",
        start=first,
        end=_day_after(max(first, last)),
        part=f"leg {leg.city} {leg.country} {again}",
    )
    event.add("location", f"{leg.city}, {leg.country}")
    return event


def _item(entry: Entry, item: AgendaItem, at: datetime | date, *, again: int) -> Event:
    until = moment(item.until)
    end: datetime | date | None
    if isinstance(at, datetime):
        end = until if isinstance(until, datetime) and at <= until else None
        end = end and _local(entry, end)
        at = _local(entry, at)
    else:
        known = until is not None and not isinstance(until, datetime) and at <= until
        end = _day_after(until if known and until else at)
    event = _event(entry, item.title, start=at, end=end, part=f"item {item.title} {again}")
    _add(event, "location", item.place or _place(entry.visit))
    event.add("description", entry.visit.title)
    return event


def _event(
    entry: Entry, summary: str, *, start: date, end: date | None, part: str | None = None
) -> Event:
    """An event of the visit, or of a part of it, which keeps its UID as long as its name."""
    visit = entry.visit
    event = Event()
    uid = f"{visit.id}@rapport"
    if part is not None:
        digest = hashlib.sha256(part.encode()).hexdigest()[:16]
        event.add("related-to", uid)
        uid = f"{visit.id}.{digest}@rapport"
    event.add("uid", uid)
    event.add("sequence", visit.version)
    event.add("dtstamp", entry.changed_at)
    event.add("created", entry.made_at)
    event.add("last-modified", entry.changed_at)
    event.add("summary", summary)
    event.add("status", _status(visit))
    event.add("dtstart", start)
    if end is not None and end > start:
        event.add("dtend", end)
    if not isinstance(start, datetime):
        event.add("transp", "TRANSPARENT")
    return event


def _status(visit: Visit) -> str:
    """Moved to days not known yet, it does not take place on those that it had."""
    if visit.status in _OFF or _adrift(visit):
        return "CANCELLED"
    return "CONFIRMED" if visit.status in _FIRM else "TENTATIVE"


def _adrift(visit: Visit) -> bool:
    if visit.status != "postponed" or not visit.postponements:
        return False
    left = visit.postponements[-1]
    return (left.starts_on, left.ends_on) == (visit.starts_on, visit.ends_on)


def _place(visit: Visit) -> str:
    return visit.place or "; ".join(f"{leg.city}, {leg.country}" for leg in visit.legs)


def _description(entry: Entry) -> str:
    visit = entry.visit
    lines = [f"{_WORDS[visit.direction]}, {visit.status.replace('-', ' ')}"]
    if _adrift(visit):
        lines.append("New days are not known yet")
    elif {visit.starts_on.precision, visit.ends_on.precision} != {"day"}:
        lines.append(f"The days are known as {visit.starts_on} to {visit.ends_on}")
    if visit.purpose:
        lines.append(visit.purpose)
    if visit.partners:
        lines.append("With " + "; ".join(partner.name for partner in visit.partners))
    if entry.hosts:
        lines.append("Hosts: " + "; ".join(entry.hosts))
    lines += [f"Moved from {each.starts_on}: {each.reason}" for each in visit.postponements]
    return "\n".join(lines)


def _add(event: Event, name: str, text: str) -> None:
    if text:
        event.add(name, text)


def _local(entry: Entry, at: datetime) -> datetime:
    """A time at home is of the unit's zone; one on a trip of whatever zone the traveller is in."""
    return at if entry.visit.direction == "outbound" else at.replace(tzinfo=ZoneInfo(entry.zone))


def _day_after(day: date) -> date:
    """An all-day event ends before this day."""
    return day if day == date.max else day + timedelta(days=1)


def _day(at: datetime | date) -> date:
    return at.date() if isinstance(at, datetime) else at
