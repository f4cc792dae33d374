"""What an office asks of a visit.

Refused in the request form, and only warned about when the past is recorded or things change.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.visits.domain.agenda import moment
from services.visits.domain.visit import OVER
from services.visits.events import VisitFields

__all__ = ["Policy", "Problem", "asked_of", "report_due_on", "warnings_about"]


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


def report_due_on(visit: VisitFields, policy: Policy) -> date | None:
    """The last day for the report of a trip that was made; None where none is asked for."""
    if visit.direction != "outbound" or visit.status not in OVER:
        return None
    return visit.ends_on.last + timedelta(days=policy.report_days)


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
        days = [day for day in (leg.starts_on, leg.ends_on) if day is not None]
        if any(day.last < visit.starts_on.first or day.first > visit.ends_on.last for day in days):
            yield Problem(
                "leg-outside-trip",
                f"the leg to {leg.city} lies outside {visit.starts_on} to {visit.ends_on}",
                f"legs.{index}",
            )


def _agenda(visit: VisitFields, _: Policy) -> Iterator[Problem]:
    for index, item in enumerate(visit.agenda):
        field = f"agenda.{index}"
        at, until = moment(item.at), moment(item.until)
        for name, said, read in (("at", item.at, at), ("until", item.until, until)):
            if said is not None and read is None:
                yield Problem(
                    "agenda-time-unreadable",
                    f"{name} of {item.title!r} is no YYYY-MM-DDTHH:MM and no YYYY-MM-DD: no"
                    " calendar shows it",
                    f"{field}.{name}",
                )
        if at is None:
            continue
        day = at.date() if isinstance(at, datetime) else at
        if not visit.starts_on.first <= day <= visit.ends_on.last:
            yield Problem(
                "agenda-outside-visit",
                f"{item.title!r} ({item.at}) lies outside {visit.starts_on} to {visit.ends_on}",
                f"{field}.at",
            )
        if until is not None and (type(until) is not type(at) or until < at):
            yield Problem(
                "agenda-ends-before-start",
                f"{item.title!r} ends ({item.until}) before it begins ({item.at})",
                f"{field}.until",
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
    _agenda,
    _lead_time,
    _decision,
    _report,
)


def asked_of(visit: VisitFields, policy: Policy) -> list[Problem]:
    """What the office asks of such a visit and it does not have."""
    return [problem for rule in _ASKED for problem in rule(visit, policy)]


def warnings_about(visit: VisitFields, policy: Policy, *, today: date | None = None) -> list[str]:
    """The same and, if `today` is given, what is overdue: as sentences for the coordinator."""
    problems = asked_of(visit, policy)
    if today is not None:
        problems += _overdue(visit, policy, today)
    return [f"{problem.code}: {problem.message}" for problem in problems]


def _overdue(visit: VisitFields, policy: Policy, today: date) -> Iterator[Problem]:
    due = report_due_on(visit, policy)
    awaited = visit.report is None and visit.status == "completed"
    if awaited and due is not None and due < today:
        yield Problem("report-overdue", f"the report was due on {due}", "report")
    for index, each in enumerate(visit.follow_ups):
        if each.status == "open" and each.due_on is not None and each.due_on.last < today:
            yield Problem(
                "follow-up-overdue",
                f"follow-up {each.id} was due on {each.due_on}",
                f"follow_ups.{index}.due_on",
            )
