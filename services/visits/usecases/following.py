"""What happens without being asked for: the dates pass, and agreements name their follow-ups."""

from collections.abc import Sequence
from datetime import date, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from services.visits import domain
from services.visits.domain import Decided, Visit
from services.visits.events import FollowUpId
from services.visits.projections import Origin, agreements_from, apply_agreements
from services.visits.store import ids_that_the_clock_may_move, visits
from shared import journal
from shared.clock import Clock
from shared.consumer import Projection, Received
from shared.database import Database, Transaction
from shared.errors import Rejected, Transient
from shared.facts import Fact
from shared.identity import new_id
from shared.reference import Reference

__all__ = ["follow_the_clock", "reads_agreements", "today_of", "with_what_it_led_to"]

log = structlog.get_logger()


def today_of(tx: Transaction, unit: str) -> date:
    """The unit's local date: deadlines fall at its midnight."""
    return tx.clock.today(tx.reference.zone(unit))


async def follow_the_clock(database: Database) -> None:
    """Let every visit be under way from its first day and completed after its last."""
    async with database.read() as tx:
        # the day after UTC's: somewhere on earth it has begun
        latest = tx.now.date() + timedelta(days=1)
        due = await ids_that_the_clock_may_move(tx, latest=latest)
    for subject in due:
        async with database.begin(actor="clock", correlation_id=new_id("clock")) as tx:
            visit = await visits.load(tx, subject)
            after, facts = domain.by_the_dates(visit, today=today_of(tx, visit.unit))
            await visits.save(tx, after, *facts)


async def with_what_it_led_to(tx: Transaction, visit: Visit) -> Decided:
    """The visit with its follow-ups linked to the agreements that name them."""
    facts: list[Fact] = []
    for origin in await agreements_from(tx, visit=visit.id, ref=visit.ref):
        visit, linked = _linked(visit, origin, today=today_of(tx, visit.unit))
        facts += linked
    return visit, tuple(facts)


def reads_agreements(*, service: str, clock: Clock, reference: Reference) -> Projection:
    """What the consumer applies: rows first, then links of the follow-ups that were named."""

    async def apply(connection: AsyncConnection, facts: Sequence[Received]) -> None:
        named = await apply_agreements(connection, facts)
        if not named:
            return
        if await journal.closed(connection) is not None:
            raise Transient("this service is closed, it can link nothing")
        by_agreement = {fact.subject: fact for fact in facts}
        for origin in sorted(named, key=lambda each: each.visit):
            cause = by_agreement[origin.agreement]
            tx = Transaction(
                connection=connection,
                service=service,
                clock=clock,
                reference=reference,
                now=clock.now(),
                actor=cause.actor,
                correlation_id=cause.correlation_id,
            )
            await _link(tx, origin)

    return apply


async def _link(tx: Transaction, origin: Origin) -> None:
    """Link the follow-up that an agreement names, if its visit is here already."""
    named = {"ref": origin.visit[4:]} if origin.visit.startswith("ref:") else {"id": origin.visit}
    visit = await visits.find(tx, for_update=True, **named)
    if visit is None:
        # it will be linked when it is recorded
        log.info("visit-of-agreement-unknown", agreement=origin.agreement, visit=origin.visit)
        return
    linked, facts = _linked(visit, origin, today=today_of(tx, visit.unit))
    await visits.save(tx, linked, *facts)


def _linked(visit: Visit, origin: Origin, *, today: date) -> Decided:
    """An agreement that names a follow-up wrongly is not this service's to refuse: it is said."""
    try:
        return domain.link_follow_up(
            visit,
            follow_up=FollowUpId(origin.follow_up),
            became=origin.agreement,
            today=today,
        )
    except Rejected as refused:
        log.warning(
            "follow-up-not-linked", visit=visit.id, agreement=origin.agreement, why=refused.code
        )
        return visit, ()
