"""Periods, news and reminders: which item is due for whom, by the local calendar."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

from services.notify.events import Interest, PeriodKind
from shared.dates import PartialDate, add_months
from shared.facts import State

__all__ = [
    "DigestPeriod",
    "Item",
    "Subscriber",
    "current_period",
    "due_at",
    "is_news",
    "nearest_missed",
    "news_of",
    "period_before",
    "reminders_of",
    "why",
]

DUE_HOUR = 8
"""Digests are due at eight in the morning, local time, on the day after their period."""
EXPIRY_MONTHS = (12, 6, 3, 1)
"""Months before an agreement's end (or its day of notice) on which the office is reminded."""
STAY_DAYS = 30
"""Days before the last day of a stay that is under way."""
PERMIT_DAYS = (60, 30)
"""Days before the last day of a guest's visa or permit."""
RECOGNITION = timedelta(weeks=5)
"""After the transcript, credits that are not recognised yet are outstanding."""
VISIT_DAYS = (21, 7, 1)
"""Days before the first day of a visit, a trip, an event or a meeting."""
REPORT = timedelta(days=7)
"""After the return from a trip its report is due; whoever enters what is past is not reminded."""
_REPORT_SAID = timedelta(days=30)
_AHEAD = frozenset(("requested", "accepted", "planned", "approved", "confirmed"))


Matter: TypeAlias = Interest | Literal["refusals"]
"""What an item is about: something that a reader is interested in, or a system they look after."""


class Subscriber(State):
    """Somebody who gets mail, without name and address."""

    ref: str = ""
    units: tuple[str, ...] = ()
    period: PeriodKind = "weekly"
    zone: str = "UTC"
    interests: tuple[Interest, ...] = ("agreements", "visits", "reminders")
    sources: tuple[str, ...] = ()
    status: Literal["active", "unsubscribed"] = "active"


@dataclass(frozen=True, slots=True)
class DigestPeriod:
    """A day, an ISO week or a month on the subscriber's calendar."""

    label: str
    """`2025-11-14`, `2025-W46` or `2025-11`: what a digest is known by."""
    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One piece of news: at most one for each thing that can happen once to a record."""

    id: str
    """`<subject>/<what>`, for a reminder `<subject>/<what>/<threshold>/<date>`."""
    subject: str
    interest: Matter
    what: str
    happened_on: date
    known_on: datetime


def current_period(kind: PeriodKind, day: date) -> DigestPeriod:
    """The period of that kind that a day lies in."""
    if kind == "daily":
        return DigestPeriod(day.isoformat(), day, day)
    if kind == "weekly":
        year, week, weekday = day.isocalendar()
        monday = day - timedelta(days=weekday - 1)
        return DigestPeriod(f"{year}-W{week:02}", monday, monday + timedelta(days=6))
    first = day.replace(day=1)
    return DigestPeriod(f"{day:%Y-%m}", first, add_months(first, 1) - timedelta(days=1))


def period_before(kind: PeriodKind, day: date) -> DigestPeriod:
    """The period that had ended when the one with `day` in it began."""
    return current_period(kind, current_period(kind, day).first - timedelta(days=1))


def due_at(period: DigestPeriod, zone: str) -> datetime:
    """The instant a period's digest is due: the morning after its last day, by the local clock.

    A local time that a change of clocks skips or repeats is taken at its first occurrence, so each
    period is due exactly once.
    """
    return datetime.combine(period.last + timedelta(days=1), time(DUE_HOUR), ZoneInfo(zone))


def is_news(item: Item, *, kind: PeriodKind, zone: str) -> bool:
    """True if it became known in the period it happened in, or in the next one.

    What an office enters of its past is older than that, and sends no mail.
    """
    known = item.known_on.astimezone(ZoneInfo(zone)).date()
    return item.happened_on >= period_before(kind, known).first


def news_of(
    subject: str, state: Mapping[str, Any], *, known_on: datetime, changed: Iterable[str]
) -> list[Item]:
    """What a record's state says has happened to it, of the fields that a fact changed.

    `state` is the folded public state of an agreement or a visit. Dates that are known to the
    month or the year only are no news.
    """
    kind = subject.partition("-")[0]
    touched = set(changed)
    found = []
    for what, (field, interest, statuses) in _NEWS.get(kind, {}).items():
        day = _day(state.get(field))
        if day is None or not touched & {field, "status"}:
            continue
        if statuses and state.get("status") not in statuses:
            continue
        found.append(
            Item(
                id=f"{subject}/{what}",
                subject=subject,
                interest=interest,
                what=what,
                happened_on=day,
                known_on=known_on,
            )
        )
    return found


_News = Mapping[str, tuple[str, Matter, frozenset[str]]]
_NEWS: Mapping[str, _News] = {
    "agreement": {
        "agreement-proposed": (
            "proposed_on",
            "agreements",
            frozenset({"proposed", "under-review", "approved"}),
        ),
        "agreement-signed": ("signed_on", "agreements", frozenset({"signed", "in-force"})),
        "agreement-ended": (
            "ended_on",
            "agreements",
            frozenset({"lapsed", "terminated", "withdrawn", "superseded"}),
        ),
    },
    "visit": {
        "visit-requested": ("requested_on", "visits", frozenset({"requested", "accepted"})),
        "visit-completed": (
            "ends_on",
            "visits",
            frozenset({"completed", "reported", "closed"}),
        ),
        "visit-cancelled": ("starts_on", "visits", frozenset({"cancelled"})),
    },
    "refused": {"upstream-refused": ("refused_on", "refusals", frozenset())},
}
"""By kind of record: the item, the day it happened on, and the states in which it has happened."""


def nearest_missed(
    subject: str, state: Mapping[str, Any], *, today: date, known_on: datetime
) -> Item | None:
    """The reminder that an agreement's end asks for: of all thresholds passed, the nearest one.

    Reminders precede the day by which notice must be given, where a renewal is tacit.
    """
    until = _day(state.get("valid_until"), last=True)
    if until is None or state.get("status") not in {"signed", "in-force", "suspended"}:
        return None
    renewal = state.get("renewal") or {}
    notice = renewal.get("notice_months") if renewal.get("rule") == "tacit" else None
    deadline = add_months(until, -notice) if notice else until
    if deadline < today:
        return None
    passed = [months for months in EXPIRY_MONTHS if add_months(deadline, -months) <= today]
    if not passed:
        return None
    months = min(passed)
    return Item(
        id=f"{subject}/agreement-expiring/{months}/{deadline.isoformat()}",
        subject=subject,
        interest="reminders",
        what=f"agreement-expiring-in-{months}",
        happened_on=add_months(deadline, -months),
        known_on=known_on,
    )


def reminders_of(
    subject: str, state: Mapping[str, Any], *, today: date, known_on: datetime
) -> list[Item]:
    """What is to be remembered of a visit, a stay or an appointment: of each matter the nearest
    threshold that has passed, as long as its day has not."""
    found = []
    for what, deadline, days in _matters(subject, state):
        passed = [each for each in days if deadline - timedelta(days=each) <= today]
        if deadline < today or not passed:
            continue
        nearest = min(passed)
        found.append(
            Item(
                id=f"{subject}/{what}/{nearest}/{deadline.isoformat()}",
                subject=subject,
                interest="reminders",
                what=f"{what}-in-{nearest}",
                happened_on=deadline - timedelta(days=nearest),
                known_on=known_on,
            )
        )
    outstanding = _recognition_outstanding(subject, state, today=today, known_on=known_on)
    report = _report_outstanding(subject, state, today=today, known_on=known_on)
    return [*found, *outstanding, *report]


def _matters(subject: str, state: Mapping[str, Any]) -> Iterable[tuple[str, date, tuple[int, ...]]]:
    """What ends, on which day, and how many days before that it is said."""
    is_stay = subject.startswith("stay-")
    status = state.get("status")
    if subject.startswith("visit-"):
        begins = _day(state.get("starts_on"))
        if begins is not None and status in _AHEAD:
            yield "visit-coming", begins, VISIT_DAYS
        return
    if is_stay and status == "under-way":
        until = _day(state.get("actual_until") or state.get("planned_until"), last=True)
        if until is not None:
            yield "stay-ending", until, (STAY_DAYS,)
    if status in ("confirmed", "under-way", "appointed"):
        for field, what in (("visa_until", "visa-ending"), ("permit_until", "permit-ending")):
            until = _day(state.get(field), last=True)
            if until is not None:
                yield what, until, PERMIT_DAYS


def _recognition_outstanding(
    subject: str, state: Mapping[str, Any], *, today: date, known_on: datetime
) -> list[Item]:
    """Five weeks after the transcript came, and only for a year: older ones are the past."""
    received = _day(state.get("received_on"), last=True)
    if received is None or state.get("status") != "transcript-received":
        return []
    due = received + RECOGNITION
    if not due <= today <= due + timedelta(days=365):
        return []
    return [
        Item(
            id=f"{subject}/recognition-outstanding/{received.isoformat()}",
            subject=subject,
            interest="reminders",
            what="recognition-outstanding",
            happened_on=due,
            known_on=known_on,
        )
    ]


def _report_outstanding(
    subject: str, state: Mapping[str, Any], *, today: date, known_on: datetime
) -> list[Item]:
    """A week after the return from a trip that has not been reported."""
    returned = _day(state.get("ends_on"), last=True)
    is_trip = subject.startswith("visit-") and state.get("direction") == "outbound"
    if returned is None or not is_trip or state.get("status") != "completed":
        return []
    due = returned + REPORT
    if not due <= today <= due + _REPORT_SAID:
        return []
    return [
        Item(
            id=f"{subject}/report-outstanding/{due.isoformat()}",
            subject=subject,
            interest="reminders",
            what="report-outstanding",
            happened_on=due,
            known_on=known_on,
        )
    ]


def why(
    subscriber: Subscriber, units: Iterable[str], interest: Matter, *, source: str | None = None
) -> str | None:
    """Why this reader gets an item of a record with these units, or None if they do not."""
    if interest == "refusals":
        looks_after = subscriber.status == "active" and source in subscriber.sources
        return f"you look after {source}" if looks_after else None
    if interest not in subscriber.interests or subscriber.status != "active":
        return None
    for wanted in subscriber.units:
        for unit in units:
            if wanted in ("*", unit) or unit.startswith(f"{wanted}/"):
                return f"you follow {interest} of {wanted}"
    return None


def _day(value: Any, *, last: bool = False) -> date | None:
    if not isinstance(value, str):
        return None
    known = PartialDate(value)
    if last:
        return known.last
    return known.first if known.precision == "day" else None
