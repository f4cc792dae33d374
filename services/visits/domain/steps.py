"""The life cycle of a visit.

    requested -> accepted | declined -> planned -> approved -> confirmed -> under way -> completed
    -> reported -> closed;  postponed and cancelled at any point before under way

What we undertake ourselves (trips, events, meetings) needs no screening, a meeting no approval.
Under way and completed follow the dates (`by_the_dates`) unless someone says otherwise.
"""

from collections.abc import Iterable
from datetime import date

from services.visits.domain.asked import Policy, asked_of
from services.visits.domain.visit import (
    BEFORE_UNDER_WAY,
    OVER,
    Decided,
    Visit,
    decided,
    may_start,
)
from services.visits.events import (
    AgendaItem,
    Decision,
    Leg,
    Member,
    Postponement,
    Report,
    Status,
    VisitApproved,
    VisitCancelled,
    VisitClosed,
    VisitCompleted,
    VisitConfirmed,
    VisitFields,
    VisitId,
    VisitMembersChanged,
    VisitPartner,
    VisitPlanned,
    VisitPostponed,
    VisitReported,
    VisitRequested,
    VisitScreened,
    VisitStarted,
)
from shared.dates import PartialDate
from shared.errors import Rejected
from shared.facts import Fact

__all__ = [
    "approve",
    "by_the_dates",
    "cancel",
    "change_members",
    "close",
    "complete",
    "confirm",
    "plan",
    "postpone",
    "report",
    "request",
    "screen",
    "start",
]


def request(
    fields: VisitFields, *, visit: VisitId, late: bool, today: date, policy: Policy
) -> Decided:
    """Ask for a visit by the form. `late` says that the short lead time is meant so.

    Raises Rejected for whatever the office asks of such a visit and the form does not say.
    """
    for problem in asked_of(fields, policy):
        if problem.code == "lead-time-too-short":
            if late:
                continue
            raise Rejected(
                problem.code,
                f"{problem.message}; send `late: true` if it is to be asked for all the same",
                field="late",
            )
        raise Rejected(problem.code, problem.message, field=problem.field, status=422)
    fact = VisitRequested.model_validate(
        fields.model_dump() | {"status": "requested", "documents": ()}
    )
    before = Visit.model_validate(fact.model_dump() | {"id": visit, "version": 0})
    return decided(before, fact, today=today)


def screen(
    visit: Visit, *, accepted: bool, on: PartialDate, reason: str | None, today: date
) -> Decided:
    """Say whether the unit will receive the visit. Declining states the reason."""
    _only_from(visit, "requested", to="screened")
    _not_ahead(on, today=today)
    if not accepted and reason is None:
        raise Rejected(
            "reason-missing", "say why the visit is declined", field="reason", status=422
        )
    fact = VisitScreened(
        status="accepted" if accepted else "declined", screened_on=on, reason=reason
    )
    return decided(visit, fact, today=today)


def plan(
    visit: Visit,
    *,
    starts_on: PartialDate | None,
    ends_on: PartialDate | None,
    place: str | None,
    hosts: Iterable[str] | None,
    agenda: Iterable[AgendaItem] | None,
    legs: Iterable[Leg] | None,
    partners: Iterable[VisitPartner] | None,
    today: date,
) -> Decided:
    """Set the programme; None leaves a part as it is. Again as long as it is not approved."""
    own = visit.direction != "inbound"
    unscreened: tuple[Status, ...] = ("requested",) if own else ()
    _only_from(visit, "accepted", *unscreened, "planned", "postponed", to="planned")
    first = starts_on or visit.starts_on
    last = ends_on or (starts_on if starts_on and starts_on.first > visit.ends_on.last else None)
    fact = VisitPlanned(
        status="planned",
        starts_on=first,
        ends_on=last or visit.ends_on,
        place=visit.place if place is None else place,
        hosts=visit.hosts if hosts is None else tuple(hosts),
        agenda=visit.agenda if agenda is None else tuple(agenda),
        legs=visit.legs if legs is None else tuple(legs),
        partners=visit.partners if partners is None else tuple(partners),
        planned_on=PartialDate.of(today),
    )
    return decided(visit, fact, today=today)


def approve(visit: Visit, *, decision: Decision | None, on: PartialDate, today: date) -> Decided:
    """Allow the visit. A trip needs the number and date of a decision made before departure."""
    _only_from(visit, "planned", to="approved")
    _not_ahead(on, today=today)
    if visit.direction == "outbound":
        if decision is None:
            raise Rejected(
                "decision-missing",
                "a trip needs a decision, with its number and date, before departure",
                field="decision",
                status=422,
            )
        if decision.on.first > visit.starts_on.last:
            raise Rejected(
                "decision-after-departure",
                f"the decision ({decision.on}) must come before the departure"
                f" ({visit.starts_on}); what happened otherwise can be recorded",
                field="decision.on",
            )
    if decision is not None:
        _not_ahead(decision.on, today=today, field="decision.on")
    fact = VisitApproved(status="approved", decision=decision, approved_on=on)
    return decided(visit, fact, today=today)


def confirm(visit: Visit, *, on: PartialDate, today: date) -> Decided:
    """Say that it takes place. From here on its days must be known."""
    _only_from(visit, "approved", to="confirmed")
    _not_ahead(on, today=today)
    for name, day in (("starts_on", visit.starts_on), ("ends_on", visit.ends_on)):
        if day.precision != "day":
            raise Rejected(
                "day-not-known",
                f"{name} is only known as {day}: correct it to the day before confirming",
                field=name,
            )
    return decided(visit, VisitConfirmed(status="confirmed", confirmed_on=on), today=today)


def start(visit: Visit, *, on: PartialDate, today: date) -> Decided:
    """Say that it began on a day, which need not be the planned one."""
    if not may_start(visit):
        wanted: Status = "planned" if visit.direction == "meeting" else "confirmed"
        _only_from(visit, wanted, to="under way")
    _not_ahead(on, today=today)
    return decided(visit, _started(on), today=today)


def complete(visit: Visit, *, on: PartialDate | None, today: date) -> Decided:
    """Say that it is over, on a day that need not be the planned one (None: as planned)."""
    facts: list[Fact] = []
    if may_start(visit):
        facts.append(_started(visit.starts_on))
    else:
        _only_from(visit, "under-way", to="completed")
    ends = on or visit.ends_on
    _not_ahead(ends, today=today)
    facts.append(_completed(ends, on=on or PartialDate.of(today)))
    return decided(visit, *facts, today=today)


def by_the_dates(visit: Visit, *, today: date) -> Decided:
    """Under way from the first day on, completed after the last: no facts if neither is due.

    A visit known to the month or year only is completed when that is over.
    """
    facts: list[Fact] = []
    over = today > visit.ends_on.last
    begun = visit.starts_on.precision == "day" and today >= visit.starts_on.first
    if may_start(visit) and (begun or over):
        facts.append(_started(visit.starts_on))
    if over and (facts or visit.status == "under-way"):
        facts.append(_completed(visit.ends_on, on=visit.ends_on))
    return decided(visit, *facts, today=today)


def report(
    visit: Visit, *, on: PartialDate, text: str, outcomes: Iterable[str], today: date
) -> Decided:
    """Hand in the report. A late one is taken, with a warning."""
    _only_from(visit, "completed", to="reported")
    _not_ahead(on, today=today)
    fact = VisitReported(
        status="reported",
        report=Report(on=on, text=text),
        outcomes=(*visit.outcomes, *(each for each in outcomes if each not in visit.outcomes)),
        reported_on=on,
    )
    return decided(visit, fact, today=today)


def close(visit: Visit, *, on: PartialDate, today: date) -> Decided:
    """Nothing more is expected. A trip must have been reported, the others need not."""
    unreported: tuple[Status, ...] = ("completed",) if visit.direction != "outbound" else ()
    _only_from(visit, *unreported, "reported", to="closed")
    _not_ahead(on, today=today)
    return decided(visit, VisitClosed(status="closed", closed_on=on), today=today)


def postpone(
    visit: Visit,
    *,
    starts_on: PartialDate | None,
    ends_on: PartialDate | None,
    on: PartialDate,
    reason: str,
    today: date,
) -> Decided:
    """Move it to other days, or (None) to days not known yet; the old days stay in its history."""
    _before_under_way(visit, to="postponed")
    _not_ahead(on, today=today)
    if starts_on is None and ends_on is not None:
        raise Rejected("start-missing", "say when it begins, too", field="starts_on", status=422)
    moved = Postponement(starts_on=visit.starts_on, ends_on=visit.ends_on, on=on, reason=reason)
    fact = VisitPostponed(
        status="postponed",
        starts_on=starts_on or visit.starts_on,
        ends_on=ends_on or starts_on or visit.ends_on,
        postponements=(*visit.postponements, moved),
        postponed_on=on,
        reason=reason,
    )
    return decided(visit, fact, today=today)


def cancel(visit: Visit, *, on: PartialDate, reason: str, today: date) -> Decided:
    """Say that it does not take place."""
    _before_under_way(visit, to="cancelled")
    _not_ahead(on, today=today)
    fact = VisitCancelled(status="cancelled", cancelled_on=on, reason=reason)
    return decided(visit, fact, today=today)


def change_members(visit: Visit, *, members: Iterable[Member], today: date) -> Decided:
    """Replace the list of who comes along; the same list again changes nothing."""
    if visit.status in ("declined", "cancelled"):
        raise Rejected("visit-ended", f"the visit was {visit.status}: nobody comes along")
    wanted = tuple(members)
    if wanted == visit.members:
        return visit, ()
    return decided(visit, VisitMembersChanged(members=wanted), today=today)


def _started(on: PartialDate) -> VisitStarted:
    return VisitStarted(status="under-way", starts_on=on)


def _completed(ends_on: PartialDate, *, on: PartialDate) -> VisitCompleted:
    return VisitCompleted(status="completed", ends_on=ends_on, completed_on=on)


def _only_from(visit: Visit, *statuses: Status, to: str) -> None:
    """The first of the statuses names the refusal."""
    if visit.status not in statuses:
        raise Rejected(
            f"visit-not-{statuses[0]}",
            f"only a visit that is {' or '.join(statuses)} can be {to}; this one is {visit.status}",
            field="status",
        )


def _before_under_way(visit: Visit, *, to: str) -> None:
    if visit.status == "under-way" or visit.status in OVER:
        raise Rejected(
            "visit-began",
            f"it is {visit.status}: only what has not begun can be {to}. If it did not take place,"
            " correct its status and say why",
            field="status",
        )
    if visit.status not in BEFORE_UNDER_WAY:
        raise Rejected("visit-ended", f"it was {visit.status} already", field="status")


def _not_ahead(on: PartialDate, *, today: date, field: str = "on") -> None:
    if on.first > today:
        raise Rejected(
            "date-in-future",
            f"{on} has not come yet (today is {today})",
            field=field,
            status=422,
        )
