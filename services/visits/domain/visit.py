"""A visit's state, and what is asked of every visit.

What cannot be true is always refused (`refuse_the_impossible`). What an office asks of a visit
that it plans is refused in the request form and only warned about when the past is recorded
(`asked_of`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.visits.domain.places import must_be_a_country
from services.visits.events import Leg, Member, Status, VisitFields, VisitPartner
from shared.errors import Rejected
from shared.facts import Fact, State

__all__ = [
    "BEFORE_UNDER_WAY",
    "MOVED_BY_THE_CLOCK",
    "OVER",
    "Decided",
    "Policy",
    "Problem",
    "Visit",
    "asked_of",
    "decided",
    "may_start",
    "refuse_the_impossible",
    "report_due_on",
    "warnings_about",
]


class Visit(State, VisitFields):
    """The present state of one visit."""


Decided = tuple[Visit, tuple[Fact, ...]]
"""The visit after a decision, and the facts that led to it."""

BEFORE_UNDER_WAY: frozenset[Status] = frozenset(
    ("requested", "accepted", "planned", "approved", "confirmed", "postponed")
)
OVER: frozenset[Status] = frozenset(("completed", "reported", "closed"))
MOVED_BY_THE_CLOCK: frozenset[Status] = frozenset(("planned", "approved", "confirmed", "under-way"))
"""Where the dates alone may carry a visit on; the first two only if it is a meeting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the office asks, in days."""

    lead_days: int = 21
    """Between the request for an inbound visit and its first day."""
    report_days: int = 7
    """Between the return from a trip and its report."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that the office asks for and the visit does not have."""

    code: str
    message: str
    field: str


def decided(visit: Visit, *facts: Fact, today: date) -> Decided:
    """The visit after the facts. Raises Rejected if it would be an impossible one."""
    after = visit.after(*facts)
    refuse_the_impossible(after, today=today)
    return after, facts


def may_start(visit: VisitFields) -> bool:
    """True if nothing but the day is missing: a meeting needs no approval, the others do."""
    return visit.status == "confirmed" or (
        visit.direction == "meeting" and visit.status in ("planned", "approved")
    )


def report_due_on(visit: VisitFields, policy: Policy) -> date | None:
    """The last day for the report of a trip that was made; None where none is asked for."""
    if visit.direction != "outbound" or visit.status not in OVER:
        return None
    return visit.ends_on.last + timedelta(days=policy.report_days)


def refuse_the_impossible(visit: VisitFields, *, today: date) -> None:
    """Raises Rejected for what no visit can be, planned or past."""
    if visit.ends_on.last < visit.starts_on.first:
        raise Rejected(
            "ends-before-start",
            f"it ends ({visit.ends_on}) before it begins ({visit.starts_on})",
            field="ends_on",
            status=422,
        )
    for index, leg in enumerate(visit.legs):
        if leg.starts_on and leg.ends_on and leg.ends_on.last < leg.starts_on.first:
            raise Rejected(
                "ends-before-start",
                f"the leg to {leg.city} ends ({leg.ends_on}) before it begins ({leg.starts_on})",
                field=f"legs.{index}.ends_on",
                status=422,
            )
    _refuse_unknown_countries(visit)
    ids = [each.id for each in visit.follow_ups]
    if len(set(ids)) != len(ids):
        raise Rejected(
            "follow-up-twice",
            "two follow-ups have the same id; leave the ids out to have them given",
            field="follow_ups",
            status=422,
        )
    for field, day in (
        ("requested_on", visit.requested_on),
        ("decision.on", visit.decision.on if visit.decision else None),
        ("report.on", visit.report.on if visit.report else None),
    ):
        if day is not None and day.first > today:
            raise Rejected(
                "date-in-future",
                f"{day} has not come yet (today is {today})",
                field=field,
                status=422,
            )
    if visit.status in {"under-way", *OVER} and visit.starts_on.first > today:
        raise Rejected(
            "visit-lies-ahead",
            f"it cannot be {visit.status} before it begins ({visit.starts_on})",
            field="status",
        )


def _refuse_unknown_countries(visit: VisitFields) -> None:
    lists: dict[str, Sequence[VisitPartner | Member | Leg]] = {
        "partners": visit.partners,
        "members": visit.members,
        "legs": visit.legs,
    }
    for name, entries in lists.items():
        for index, entry in enumerate(entries):
            if entry.country is not None:
                must_be_a_country(entry.country, field=f"{name}.{index}.country")


def _visitors(visit: VisitFields, _: Policy) -> Iterator[Problem]:
    outside = visit.partners or [member for member in visit.members if not member.ours]
    if visit.direction == "inbound" and not outside:
        yield Problem("visitors-missing", "say which partners or members come", "members")
    if visit.direction == "meeting" and not outside:
        yield Problem("counterpart-missing", "say with whom we meet", "partners")


def _organizers(visit: VisitFields, _: Policy) -> Iterator[Problem]:
    organizers = [partner for partner in visit.partners if partner.role == "organizer"]
    if visit.direction == "hosted-event" and not organizers and not visit.hosts:
        yield Problem("organizers-missing", "say which units or partners organize it", "hosts")


def _legs(visit: VisitFields, _: Policy) -> Iterator[Problem]:
    if visit.direction == "outbound" and not visit.legs:
        yield Problem("legs-missing", "say where the trip goes: at least one city", "legs")
    for index, leg in enumerate(visit.legs):
        early = leg.starts_on is not None and leg.starts_on.last < visit.starts_on.first
        late = leg.ends_on is not None and leg.ends_on.first > visit.ends_on.last
        if early or late:
            yield Problem(
                "leg-outside-trip",
                f"the leg to {leg.city} lies outside {visit.starts_on} to {visit.ends_on}",
                f"legs.{index}",
            )


def _lead_time(visit: VisitFields, policy: Policy) -> Iterator[Problem]:
    if visit.direction != "inbound" or visit.requested_on is None:
        return
    days = (visit.starts_on.last - visit.requested_on.first).days
    if days < policy.lead_days:
        yield Problem(
            "lead-time-too-short",
            f"an inbound visit is to be requested {policy.lead_days} days before it begins, this"
            f" one was requested {max(days, 0)} days before",
            "starts_on",
        )


def _decision(visit: VisitFields, _: Policy) -> Iterator[Problem]:
    if visit.direction != "outbound":
        return
    if visit.decision is None:
        if visit.status in {"approved", "confirmed", "under-way", *OVER}:
            yield Problem(
                "decision-missing", "a trip needs a decision before departure", "decision"
            )
    elif visit.decision.on.first > visit.starts_on.last:
        yield Problem(
            "decision-after-departure",
            f"decision {visit.decision.number} of {visit.decision.on} came after the departure"
            f" ({visit.starts_on})",
            "decision.on",
        )


def _report(visit: VisitFields, policy: Policy) -> Iterator[Problem]:
    if visit.report is None:
        if visit.status == "reported":
            yield Problem("report-missing", "it is said to be reported, without a report", "report")
        return
    due = report_due_on(visit, policy)
    if due is not None and visit.report.on.first > due:
        yield Problem(
            "report-late",
            f"the report was due on {due} ({policy.report_days} days after the return) and came"
            f" on {visit.report.on}",
            "report.on",
        )


_ASKED: Sequence[Callable[[VisitFields, Policy], Iterator[Problem]]] = (
    _visitors,
    _organizers,
    _legs,
    _lead_time,
    _decision,
    _report,
)


def asked_of(visit: VisitFields, policy: Policy) -> list[Problem]:
    """What the office asks of such a visit and it does not have."""
    return [problem for rule in _ASKED for problem in rule(visit, policy)]


def warnings_about(visit: VisitFields, policy: Policy) -> list[str]:
    """The same, as sentences for the coordinator."""
    return [f"{problem.code}: {problem.message}" for problem in asked_of(visit, policy)]
