"""The steps of a visit's life: load, bring up to the date, decide, save; one transaction each."""

from collections.abc import Callable
from datetime import date

from services.visits import domain
from services.visits.domain import Decided, Policy, Visit
from services.visits.events import FollowUpId, VisitFields, VisitId
from services.visits.store import visits
from services.visits.usecases.commands import (
    AddFollowUp,
    ApproveVisit,
    CancelVisit,
    ChangeMembers,
    CloseFollowUp,
    CloseVisit,
    CompleteVisit,
    ConfirmVisit,
    LinkFollowUp,
    PlanVisit,
    PostponeVisit,
    ReportVisit,
    RequestVisit,
    ScreenVisit,
    StartVisit,
)
from services.visits.usecases.following import today_of, with_what_it_led_to
from services.visits.usecases.resolving import (
    agenda_of,
    follow_ups_of,
    legs_of,
    members_of,
    must_be_units,
    partners_known_to,
    partners_of,
    what_it_became,
    with_partners_of_legs,
)
from shared.database import Transaction
from shared.dates import PartialDate
from shared.facts import Fact
from shared.identity import new_id

__all__ = [
    "Allow",
    "add_follow_up",
    "approve_visit",
    "cancel_visit",
    "change_members",
    "close_follow_up",
    "close_visit",
    "complete_visit",
    "confirm_visit",
    "link_follow_up",
    "plan_visit",
    "postpone_visit",
    "report_visit",
    "request_visit",
    "screen_visit",
    "start_visit",
    "take",
]

Allow = Callable[[str], None]
"""Raises Rejected("unit-not-allowed", 403) unless the caller may change what the unit owns."""


async def take(
    tx: Transaction,
    visit: VisitId,
    allow: Allow,
    decide: Callable[[Visit, date], Decided],
    *,
    dates_first: bool = True,
) -> Visit:
    """The step that all others are: what the dates imply comes first, then what is asked."""
    present = await visits.load(tx, visit)
    allow(present.unit)
    today = today_of(tx, present.unit)
    moved: tuple[Fact, ...] = ()
    if dates_first:
        present, moved = domain.by_the_dates(present, today=today)
    after, facts = decide(present, today)
    return await visits.save(tx, after, *moved, *facts)


async def request_visit(
    tx: Transaction, command: RequestVisit, *, allow: Allow, policy: Policy
) -> Visit:
    """Take the form in."""
    must_be_units(tx, command)
    allow(command.unit)
    today = today_of(tx, command.unit)
    known = await partners_known_to(
        tx,
        day=command.starts_on.first,
        partners=command.partners,
        members=command.members,
        legs=command.legs,
        agenda=command.agenda,
    )
    members = members_of(tx, command.members, known, unit=command.unit)
    legs = legs_of(command.legs, known)
    said = command.model_dump(exclude={"partners", "members", "legs", "late"})
    fields = VisitFields.model_validate(
        said
        | {
            "status": "requested",
            "ends_on": command.ends_on or command.starts_on,
            "requested_on": command.requested_on or PartialDate.of(today),
            "members": members,
            "legs": legs,
            "agenda": agenda_of(tx, command.agenda, known),
            "partners": partners_of(
                command.partners, known, direction=command.direction, members=members, legs=legs
            ),
        }
    )
    visit, facts = domain.request(
        fields, visit=VisitId(new_id("visit")), late=command.late, today=today, policy=policy
    )
    return await visits.save(tx, visit, *facts)


async def screen_visit(
    tx: Transaction, visit: VisitId, command: ScreenVisit, *, allow: Allow
) -> Visit:
    """Accept or decline a request."""
    return await take(
        tx,
        visit,
        allow,
        lambda present, today: domain.screen(
            present,
            accepted=command.accepted,
            on=command.on or PartialDate.of(today),
            reason=command.reason,
            today=today,
        ),
    )


async def plan_visit(tx: Transaction, visit: VisitId, command: PlanVisit, *, allow: Allow) -> Visit:
    """Set the programme."""
    for index, unit in enumerate(command.hosts or ()):
        tx.reference.unit(unit, field=f"hosts.{index}")
    present = await visits.load(tx, visit)
    day = (command.starts_on or present.starts_on).first
    known = await partners_known_to(
        tx, day=day, legs=command.legs or (), agenda=command.agenda or ()
    )
    agenda = None if command.agenda is None else agenda_of(tx, command.agenda, known)
    legs = partners = None
    if command.legs is not None:
        legs = legs_of(command.legs, known)
        partners = with_partners_of_legs(present, legs, known)
    return await take(
        tx,
        visit,
        allow,
        lambda present, today: domain.plan(
            present,
            starts_on=command.starts_on,
            ends_on=command.ends_on,
            place=command.place,
            hosts=command.hosts,
            agenda=agenda,
            legs=legs,
            partners=partners,
            today=today,
        ),
    )


async def approve_visit(
    tx: Transaction, visit: VisitId, command: ApproveVisit, *, allow: Allow
) -> Visit:
    """Allow it, by a decision where it is a trip."""
    return await take(
        tx,
        visit,
        allow,
        lambda present, today: domain.approve(
            present,
            decision=command.decision,
            on=command.on or PartialDate.of(today),
            today=today,
        ),
    )


async def confirm_visit(
    tx: Transaction, visit: VisitId, command: ConfirmVisit, *, allow: Allow
) -> Visit:
    """Say that it takes place."""
    return await take(
        tx,
        visit,
        allow,
        lambda present, today: domain.confirm(
            present, on=command.on or PartialDate.of(today), today=today
        ),
    )


async def start_visit(
    tx: Transaction, visit: VisitId, command: StartVisit, *, allow: Allow
) -> Visit:
    """Say that it began."""
    return await take(
        tx,
        visit,
        allow,
        lambda present, today: domain.start(
            present, on=command.on or PartialDate.of(today), today=today
        ),
        dates_first=False,
    )


async def complete_visit(
    tx: Transaction, visit: VisitId, command: CompleteVisit, *, allow: Allow
) -> Visit:
    """Say that it is over."""
    return await take(
        tx,
        visit,
        allow,
        lambda present, today: domain.complete(present, on=command.on, today=today),
        dates_first=False,
    )


async def report_visit(
    tx: Transaction, visit: VisitId, command: ReportVisit, *, allow: Allow
) -> Visit:
    """Hand in the report."""
    return await take(
        tx,
        visit,
        allow,
        lambda present, today: domain.report(
            present,
            on=command.on or PartialDate.of(today),
            text=command.text,
            outcomes=command.outcomes,
            today=today,
        ),
    )


async def close_visit(
    tx: Transaction, visit: VisitId, command: CloseVisit, *, allow: Allow
) -> Visit:
    """Expect nothing more of it."""
    return await take(
        tx,
        visit,
        allow,
        lambda present, today: domain.close(
            present, on=command.on or PartialDate.of(today), today=today
        ),
    )


async def postpone_visit(
    tx: Transaction, visit: VisitId, command: PostponeVisit, *, allow: Allow
) -> Visit:
    """Move it to other days, or to days not known yet."""
    return await take(
        tx,
        visit,
        allow,
        lambda present, today: domain.postpone(
            present,
            starts_on=command.starts_on,
            ends_on=command.ends_on,
            on=command.on or PartialDate.of(today),
            reason=command.reason,
            today=today,
        ),
    )


async def cancel_visit(
    tx: Transaction, visit: VisitId, command: CancelVisit, *, allow: Allow
) -> Visit:
    """Call it off."""
    return await take(
        tx,
        visit,
        allow,
        lambda present, today: domain.cancel(
            present,
            on=command.on or PartialDate.of(today),
            reason=command.reason,
            today=today,
        ),
    )


async def change_members(
    tx: Transaction, visit: VisitId, command: ChangeMembers, *, allow: Allow
) -> Visit:
    """Say who comes along."""
    present = await visits.load(tx, visit)
    known = await partners_known_to(tx, day=present.starts_on.first, members=command.members)
    members = members_of(tx, command.members, known, unit=present.unit)
    return await take(
        tx,
        visit,
        allow,
        lambda present, today: domain.change_members(present, members=members, today=today),
    )


async def add_follow_up(
    tx: Transaction, visit: VisitId, command: AddFollowUp, *, allow: Allow
) -> Visit:
    """Note what is to be done next; an agreement that names it already is linked at once."""
    present = await visits.load(tx, visit)
    allow(present.unit)
    (noted,) = await follow_ups_of(tx, [command], present=present.follow_ups)
    after = await take(
        tx,
        visit,
        allow,
        lambda present, today: domain.add_follow_up(present, follow_up=noted, today=today),
    )
    linked, facts = await with_what_it_led_to(tx, after)
    return await visits.save(tx, linked, *facts)


async def link_follow_up(
    tx: Transaction, visit: VisitId, follow_up: FollowUpId, command: LinkFollowUp, *, allow: Allow
) -> Visit:
    """Say what a follow-up led to."""
    became = await what_it_became(tx, command.became, field="became")
    return await take(
        tx,
        visit,
        allow,
        lambda present, today: domain.link_follow_up(
            present, follow_up=follow_up, became=became, today=today
        ),
    )


async def close_follow_up(
    tx: Transaction, visit: VisitId, follow_up: FollowUpId, command: CloseFollowUp, *, allow: Allow
) -> Visit:
    """Say that a follow-up is done, or no longer pursued."""
    return await take(
        tx,
        visit,
        allow,
        lambda present, today: domain.close_follow_up(
            present,
            follow_up=follow_up,
            on=command.on or PartialDate.of(today),
            result=command.result,
            today=today,
        ),
    )
