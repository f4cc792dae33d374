"""Recording the past, mending records, and taking in a spreadsheet row that changed.

A row that comes again is applied as what it implies: another status is the step that leads to it,
other members are members changed, a new follow-up is one added, and plain fields are corrected.
"""

from collections.abc import Set as AbstractSet
from datetime import date
from typing import Any

from pydantic import ValidationError

from services.visits.domain.follow_ups import replaced
from services.visits.domain.steps import by_the_dates
from services.visits.domain.visit import BEFORE_UNDER_WAY, Decided, Visit, decided
from services.visits.events import (
    FollowUp,
    Postponement,
    Status,
    VisitApproved,
    VisitCancelled,
    VisitClosed,
    VisitCompleted,
    VisitConfirmed,
    VisitCorrected,
    VisitFields,
    VisitFollowUpAdded,
    VisitFollowUpClosed,
    VisitFollowUpLinked,
    VisitId,
    VisitMembersChanged,
    VisitPlanned,
    VisitPostponed,
    VisitRecorded,
    VisitReported,
    VisitScreened,
    VisitStarted,
)
from shared.dates import PartialDate
from shared.errors import Rejected
from shared.facts import Fact

__all__ = ["RE_IMPORTED", "correct", "implied_status", "reconcile", "record"]

RE_IMPORTED = "re-imported"
"""The reason given for what a row that came again changed."""

_ALONG: tuple[Status, ...] = (
    "requested",
    "accepted",
    "planned",
    "approved",
    "confirmed",
    "under-way",
    "completed",
    "reported",
    "closed",
)
_CARRIED: dict[Status, frozenset[str]] = {
    "planned": frozenset(("starts_on", "ends_on", "place", "hosts", "agenda", "legs", "partners")),
    "approved": frozenset(("decision",)),
    "under-way": frozenset(("starts_on",)),
    "completed": frozenset(("ends_on",)),
    "reported": frozenset(("report", "outcomes")),
    "postponed": frozenset(("starts_on", "ends_on", "postponements")),
}
"""The fields that the fact of a step carries itself."""


def implied_status(*, starts_on: PartialDate, ends_on: PartialDate, today: date) -> Status:
    """The status of a recorded visit that states none: what its days say."""
    if ends_on.last < today:
        return "completed"
    return "under-way" if starts_on.last <= today else "planned"


def record(fields: VisitFields, *, visit: VisitId, today: date) -> Decided:
    """Enter a visit in its present state, and let the dates carry it on from there."""
    fact = VisitRecorded.model_validate(fields.model_dump() | {"documents": ()})
    before = Visit.model_validate(fact.model_dump() | {"id": visit, "version": 0})
    recorded, facts = decided(before, fact, today=today)
    after, moved = by_the_dates(recorded, today=today)
    return after, (*facts, *moved)


def correct(visit: Visit, *, field: str, value: Any, reason: str, today: date) -> Decided:
    """Mend one field. Days that lie ahead take a visit back that the clock had moved on.

    `value` is JSON. Raises Rejected if the record has no such field, or cannot hold the value.
    """
    if field not in VisitFields.model_fields:
        raise Rejected(
            "field-not-correctable",
            f"a visit has no field {field!r} that can be corrected",
            field="field",
            status=422,
        )
    try:
        mended = visit.after(VisitCorrected(changes={field: value}, reason=reason))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"][1:]))
        raise Rejected(
            "value-invalid",
            f"{field} cannot be that{f' (at {place})' if place else ''}: {first['msg']}",
            field="value",
            status=422,
        ) from None
    changes = mended.model_dump(mode="json", include={field})
    if changes == visit.model_dump(mode="json", include={field}):
        raise Rejected("correction-changes-nothing", f"{field} is that already", field="value")
    if field in ("starts_on", "ends_on"):
        changes |= _status_by_corrected_days(mended, today=today)
    corrected = decided(visit, VisitCorrected(changes=changes, reason=reason), today=today)
    if field == "status" and by_the_dates(corrected[0], today=today)[1]:
        raise Rejected(
            "status-contradicts-days",
            f"the days ({visit.starts_on} to {visit.ends_on}) have come: correct them, or say that"
            " it was postponed or cancelled",
            field="value",
        )
    return corrected


def reconcile(
    visit: Visit, wanted: VisitFields, *, fields: AbstractSet[str], today: date
) -> Decided:
    """Apply what a row that came again implies; `fields` are those whose cells changed.

    Raises Rejected, and nothing is applied, where a change cannot have happened.
    """
    wants = {
        field: getattr(wanted, field)
        for field in fields
        if getattr(wanted, field) != getattr(visit, field)
    }
    target = visit.model_copy(update=wants)
    # A row that lags behind the days is no change: they will have carried it here by themselves.
    goal = by_the_dates(target, today=today)[0].status
    steps: list[Fact] = []
    if "status" in wants and goal != visit.status:
        steps = _steps(visit, target, today=today)
    carried = {"status", "members", "follow_ups"}
    for step in steps:
        carried |= _CARRIED.get(step.model_dump()["status"], frozenset())
    plain = {name: value for name, value in wants.items() if name not in carried}
    facts: list[Fact] = []
    if plain:
        changes = target.model_dump(mode="json", include=set(plain))
        facts.append(VisitCorrected(changes=changes, reason=RE_IMPORTED))
    if "members" in wants:
        facts.append(VisitMembersChanged(members=target.members))
    facts += steps
    if "follow_ups" in wants:
        facts += _follow_ups(visit, target, today=today)
    after, _ = decided(visit, *facts, today=today)
    settled, moved = by_the_dates(after, today=today)
    return settled, (*facts, *moved)


def _status_by_corrected_days(mended: Visit, *, today: date) -> dict[str, Any]:
    if mended.status in ("under-way", "completed") and mended.starts_on.first > today:
        return {"status": "planned" if mended.direction == "meeting" else "confirmed"}
    if mended.status == "completed" and mended.ends_on.first > today:
        return {"status": "under-way"}
    return {}


def _steps(visit: Visit, target: Visit, *, today: date) -> list[Fact]:
    """The facts that lead from the present status to the one a row states."""
    now, then = visit.status, target.status
    if now in ("declined", "cancelled"):
        raise Rejected(
            "visit-ended",
            f"it was {now}: it cannot become {then}; correct its status if that was wrong",
            field="status",
        )
    if then in ("cancelled", "postponed") and now not in BEFORE_UNDER_WAY:
        raise Rejected(
            "visit-began",
            f"it is {now}: only what has not begun can be {then}. If it did not take place,"
            " correct its status and say why",
            field="status",
        )
    if then == "declined" and now != "requested":
        raise Rejected("visit-not-requested", f"it is {now}: too late to decline", field="status")
    if then in ("declined", "cancelled", "postponed"):
        return [_step(then, visit, target, today=today)]
    here = _ALONG.index("accepted" if now == "postponed" else now)
    there = _ALONG.index(then)
    if there <= here:
        raise Rejected(
            "status-went-back",
            f"it is {now} and cannot become {then} again; correct its status, saying why, if it"
            " never was",
            field="status",
        )
    # What lies between is implied only where every visit passes it: it began, and it was over.
    passed = [
        status
        for status in _ALONG[here + 1 : there]
        if status in ("under-way", "completed")
        or (status == "reported" and target.report is not None)
    ]
    return [_step(status, visit, target, today=today) for status in (*passed, then)]


def _step(status: Status, visit: Visit, target: Visit, *, today: date) -> Fact:
    # The office is told late: what precedes a visit happened by its first day at the latest.
    on = PartialDate.of(min(today, target.starts_on.last))
    reason = target.note or RE_IMPORTED
    match status:
        case "accepted":
            return VisitScreened(status="accepted", screened_on=on)
        case "declined":
            return VisitScreened(status="declined", screened_on=on, reason=reason)
        case "planned":
            return VisitPlanned(
                status="planned",
                starts_on=target.starts_on,
                ends_on=target.ends_on,
                place=target.place,
                hosts=target.hosts,
                agenda=target.agenda,
                legs=target.legs,
                partners=target.partners,
                planned_on=on,
            )
        case "approved":
            decided_on = target.decision.on if target.decision else on
            return VisitApproved(
                status="approved", decision=target.decision, approved_on=decided_on
            )
        case "confirmed":
            return VisitConfirmed(status="confirmed", confirmed_on=on)
        case "under-way":
            return VisitStarted(status="under-way", starts_on=target.starts_on)
        case "completed":
            return VisitCompleted(
                status="completed", ends_on=target.ends_on, completed_on=target.ends_on
            )
        case "reported":
            reported_on = target.report.on if target.report else target.ends_on
            return VisitReported(
                status="reported",
                report=target.report,
                outcomes=target.outcomes,
                reported_on=reported_on,
            )
        case "postponed":
            moved = Postponement(
                starts_on=visit.starts_on, ends_on=visit.ends_on, on=on, reason=reason
            )
            return VisitPostponed(
                status="postponed",
                starts_on=target.starts_on,
                ends_on=target.ends_on,
                postponements=(*visit.postponements, moved),
                postponed_on=on,
                reason=reason,
            )
        case "cancelled":
            return VisitCancelled(status="cancelled", cancelled_on=on, reason=reason)
        case _:
            return VisitClosed(status="closed", closed_on=PartialDate.of(today))


def _follow_ups(visit: Visit, target: Visit, *, today: date) -> list[Fact]:
    """What happened to the follow-ups, as far as a row can tell; the rest is corrected."""
    facts: list[Fact] = []
    present = {each.id: each for each in visit.follow_ups}
    seen = visit
    for wanted in target.follow_ups:
        fact = _follow_up(seen, present.get(wanted.id), wanted, today=today)
        if fact is not None:
            facts.append(fact)
            seen = seen.after(fact)
    if seen.follow_ups != target.follow_ups:
        changes = target.model_dump(mode="json", include={"follow_ups"})
        facts.append(VisitCorrected(changes=changes, reason=RE_IMPORTED))
    return facts


def _follow_up(
    visit: Visit, before: FollowUp | None, wanted: FollowUp, *, today: date
) -> Fact | None:
    if before is None:
        return VisitFollowUpAdded(follow_up=wanted.id, follow_ups=(*visit.follow_ups, wanted))
    if before.became is None and wanted.became is not None:
        linked = before.model_copy(update={"became": wanted.became, "status": wanted.status})
        return VisitFollowUpLinked(
            follow_up=wanted.id, became=wanted.became, follow_ups=replaced(visit, linked)
        )
    if before.status == "open" and wanted.status == "done":
        return VisitFollowUpClosed(
            follow_up=wanted.id,
            closed_on=PartialDate.of(today),
            follow_ups=replaced(visit, before.model_copy(update={"status": "done"})),
        )
    return None
