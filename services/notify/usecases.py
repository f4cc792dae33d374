"""Subscribing, and the life of a digest: each step is one transaction.

    due -> claimed -> rendered -> submitting -> accepted | unknown
                                             -> failed-temporarily (tried again) | failed-for-good
        -> suppressed (nothing to say)

`submitting` is committed before the first byte goes out. A worker that dies in it leaves `unknown`:
that mail is reconciled with the way out's own record, never sent again blindly.
"""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import structlog
from pydantic import BaseModel
from sqlalchemy import select

from services.notify import store
from services.notify.domain import (
    EXPIRY_MONTHS,
    Item,
    Subscriber,
    due_at,
    is_news,
    nearest_missed,
    period_before,
    reminders_of,
    why,
)
from services.notify.events import (
    DigestSent,
    Interest,
    PeriodKind,
    SubscriberChanged,
    SubscriberRegistered,
    SubscriberUnsubscribed,
)
from services.notify.gateways import Outcome, WayOut
from services.notify.rendering import Renderer, address_of, units_of
from services.notify.settings import MailSettings
from services.notify.store import Claimed
from shared.database import Database, Transaction
from shared.dates import add_months
from shared.errors import Rejected, Transient
from shared.facts import Fact
from shared.failpoints import failpoint
from shared.identity import new_id
from shared.observing import metrics

__all__ = ["Mailer", "PutSubscriber", "put_subscriber", "remind", "unsubscribe"]

log = structlog.get_logger()

_ACTOR = "notify"
_FINISH_SECONDS = 10.0
_SETTLED_BY = {
    "accepted": ("submitting", "unknown", "failed-temporarily"),
    "failed-temporarily": ("submitting", "unknown"),
    "failed-for-good": ("submitting", "unknown"),
    "unknown": ("submitting",),
}
"""What an attempt's own outcome may overrule, as long as there is no later attempt."""


class PutSubscriber(BaseModel):
    """Who gets mail, about what, how often."""

    ref: str
    email: str
    name: str
    units: tuple[str, ...]
    period: PeriodKind
    zone: str
    interests: tuple[Interest, ...]
    sources: tuple[str, ...] = ()


async def put_subscriber(tx: Transaction, command: PutSubscriber) -> tuple[Subscriber, bool]:
    """Subscribe somebody, or change what they get. Also: whether they are new.

    Raises Rejected("header-unsafe", 422), ("email-invalid", 422), ("unit-unknown", 422).
    """
    address_of(command.name, command.email)
    for unit in command.units:
        if unit != "*":
            tx.reference.unit(unit, field="units")
    found = await store.subscribers.find(tx, ref=command.ref, for_update=True)
    subscriber = found or Subscriber(id=new_id("subscriber"))
    fields = command.model_dump(exclude={"email", "name"}) | {"status": "active"}
    wanted = SubscriberChanged.model_validate(fields)
    if found is None:
        facts: list[Fact] = [SubscriberRegistered(**fields)]
    elif subscriber.after(wanted).model_dump(exclude={"version"}) != found.model_dump(
        exclude={"version"}
    ):
        facts = [wanted]
    else:
        facts = []
    saved = await store.subscribers.save(tx, subscriber.after(*facts), *facts)
    known = await store.addresses.row(tx, saved.id)
    token = known["unsubscribe_token"] if known else secrets.token_urlsafe(24)
    address = {"email": command.email, "name": command.name}
    await store.addresses.keep(tx, saved.id, address, unsubscribe_token=token)
    return saved, found is None


async def unsubscribe(tx: Transaction, token: str) -> None:
    """No more mail for whom this token was sent to. Raises Rejected("token-unknown", 404)."""
    of = store.addresses.table.c
    subscriber = await tx.connection.scalar(select(of.ref).where(of.unsubscribe_token == token))
    if subscriber is None:
        raise Rejected("token-unknown", "this link is not known, or not any more", status=404)
    state = await store.subscribers.load(tx, subscriber)
    if state.status != "unsubscribed":
        fact = SubscriberUnsubscribed(status="unsubscribed")
        await store.subscribers.save(tx, state.after(fact), fact)


async def erase_address(tx: Transaction, ref: str) -> None:
    """Forget who a subscriber is; that there was one stays. Raises Rejected("...-unknown", 404)."""
    state = await store.subscribers.find(tx, ref=ref, for_update=True)
    if state is None:
        raise Rejected("subscriber-unknown", f"there is no subscriber {ref!r}", status=404)
    if state.status != "unsubscribed":
        fact = SubscriberUnsubscribed(status="unsubscribed")
        await store.subscribers.save(tx, state.after(fact), fact)
    await store.addresses.forget(tx, state.id)


async def remind(database: Database) -> None:
    """Make the reminders that the calendar asks for: for each end, only the nearest one."""
    async with database.begin(actor=_ACTOR, correlation_id=new_id("remind")) as tx:
        horizon = add_months(tx.now.date(), 2 * max(EXPIRY_MONTHS)) + timedelta(days=1)
        ending = await store.expiring(tx, before=horizon.isoformat())
        found = []
        for subject, state in ending.items():
            today = _today(tx, state)
            item = nearest_missed(subject, state, today=today, known_on=tx.now)
            if item is not None:
                found.append(item)
        for subject, state in (await store.still_to_come(tx)).items():
            today = _today(tx, state)
            found += reminders_of(subject, state, today=today, known_on=tx.now)
        await store.add_items(tx.connection, found)


def _today(tx: Transaction, state: Mapping[str, Any]) -> date:
    try:
        return tx.clock.today(tx.reference.zone(str(state.get("unit", ""))))
    except Rejected:  # a unit that is no longer in the reference file
        return tx.now.date()


class Mailer:
    """Makes digests due and sends them; any number of processes may."""

    def __init__(self, *, renderer: Renderer, out: WayOut | None, settings: MailSettings) -> None:
        self._renderer = renderer
        self._out = out
        self._settings = settings

    async def run(self, database: Database) -> None:
        """One round: what is due becomes due, and all that can be sent is."""
        await self._make_due(database)
        while await self._send_one(database):
            pass
        await self._reconcile(database)

    async def _make_due(self, database: Database) -> None:
        """The newest period that has ended, for each subscriber: missed ones coalesce into it."""
        async with _begin(database) as tx:
            active = store.subscribers.table.c.status == "active"
            for subscriber in await store.subscribers.all(tx, active):
                period = period_before(subscriber.period, tx.clock.today(subscriber.zone))
                due = due_at(period, subscriber.zone)
                if due <= tx.now:
                    await store.ensure_digest(
                        tx,
                        subscriber.id,
                        period=period.label,
                        due_at=due,
                        last_day=period.last,
                    )
        failpoint("digest.due", Transient)

    async def _send_one(self, database: Database) -> bool:
        """Take one digest through its life. False: there is none to take."""
        if self._out is None:
            return False
        lease = timedelta(seconds=self._settings.lease_seconds)
        async with _begin(database) as tx:
            claimed = await store.claim_digest(tx, lease_until=tx.now + lease)
        if claimed is None:
            return False
        failpoint("digest.claimed", Transient)
        message = claimed.message
        if message is None:
            message = await self._render(database, claimed)
        if message is None:
            return True
        failpoint("digest.rendered", Transient)
        sending = asyncio.create_task(self._submit(database, claimed, message, self._out))
        try:
            await asyncio.shield(sending)
        except asyncio.CancelledError:  # a process that stops still hears what the server says
            await asyncio.wait({sending}, timeout=_FINISH_SECONDS)
            sending.cancel()
            raise
        return True

    async def _submit(
        self, database: Database, claimed: Claimed, message: bytes, out: WayOut
    ) -> None:
        """Say that it is about to go out, send it within the lease, note what became of it."""
        until = asyncio.get_running_loop().time() + self._settings.lease_seconds
        async with _begin(database) as tx:
            lease_until = tx.now + timedelta(seconds=self._settings.lease_seconds)
            if not await store.move(tx, claimed, "submitting", lease_until=lease_until):
                return
        failpoint("digest.submitting", Transient)
        outcome = await out.send(message, until=until)
        failpoint("digest.sent", Transient)
        await self._settle(database, claimed, outcome)

    async def _render(self, database: Database, claimed: Claimed) -> bytes | None:
        """Claim the items, write the mail, keep it. None: nothing to say, or not ours any more."""
        async with _begin(database) as tx:
            if not await store.move(tx, claimed, "claimed"):
                return None  # items that were claimed now would be in no mail
            subscriber = await store.subscribers.load(tx, claimed.subscriber)
            address = await store.addresses.row(tx, subscriber.id)
            if address is None or subscriber.status != "active":
                await store.move(tx, claimed, "suppressed")
                return None
            items, states = await self._items(tx, subscriber, claimed)
            if not items:
                await store.move(tx, claimed, "suppressed")
                return None
            rendered = self._renderer.digest(
                subscriber,
                period=claimed.period,
                due_at=claimed.due_at,
                email=address["said"]["email"],
                name=address["said"]["name"],
                unsubscribe_token=address["unsubscribe_token"],
                items=items,
                states=states,
            )
            sealed = tx.cipher.seal_bytes(rendered.message)
            await store.move(
                tx, claimed, "rendered", message=sealed, message_id=rendered.message_id
            )
            return rendered.message

    async def _items(
        self, tx: Transaction, subscriber: Subscriber, claimed: Claimed
    ) -> tuple[Sequence[Item], dict[str, dict[str, Any]]]:
        """This digest's items, claimed now if they were not before, and what they tell of."""
        items: Sequence[Item] = await store.items_of(tx, subscriber.id, claimed.period)
        if not items:
            since = claimed.last_day - timedelta(days=400)
            candidates = await store.unclaimed(
                tx, subscriber.id, until=claimed.last_day, since=since
            )
            states = await store.states(tx.connection, {item.subject for item in candidates})
            items = [item for item in candidates if _wanted(subscriber, item, states)]
            await store.claim_items(tx, subscriber.id, claimed.period, items)
            failpoint("digest.items-claimed", OSError)
        states = await store.states(tx.connection, {item.subject for item in items})
        partners = {
            str(each.get("party") or each.get("partner"))
            for state in states.values()
            for each in [*(state.get("parties") or ()), *(state.get("partners") or ())]
        } | {str(state["partner"]) for state in states.values() if state.get("partner")}
        return items, states | await store.states(tx.connection, partners)

    async def _settle(self, database: Database, claimed: Claimed, outcome: Outcome) -> None:
        """Write down what became of an attempt.

        Others may have taken this process for dead meanwhile. While nobody has tried again, what it
        heard from the server is worth more than their guess.
        """
        state = outcome.state
        if state == "failed-temporarily" and claimed.attempt >= self._settings.attempts:
            state = "failed-for-good"
        async with _begin(database) as tx:
            again = {}
            if state == "failed-temporarily":
                again["lease_until"] = tx.now + self._pause(claimed.attempt)
            moved = await store.move(
                tx, claimed, state, of=_SETTLED_BY[state], answer=outcome.answer, **again
            )
            if moved and state == "accepted":
                await _record_sent(tx, claimed.subscriber, claimed.period)
        failpoint("digest.settled", Transient)
        if moved:
            metrics.mails.labels(state).inc()
            log.info("digest-settled", subscriber=claimed.subscriber, state=state)

    def _pause(self, attempt: int) -> timedelta:
        """After a refusal for now: twice as long each time. A mail server may be away for days."""
        first, most = self._settings.retry_seconds, self._settings.retry_most_seconds
        return timedelta(seconds=min(most, first * 2 ** min(attempt - 1, 16)))

    async def _reconcile(self, database: Database) -> None:
        """Ask the way out whether it took what we do not know of; an operator decides the rest."""
        if self._out is None:
            return
        async with _begin(database) as tx:
            unknown = await tx.connection.execute(
                select(
                    store.digests.c.subscriber, store.digests.c.period, store.digests.c.message_id
                )
                .where(store.digests.c.state == "unknown")
                .with_for_update(skip_locked=True)
            )
            for row in unknown.all():
                taken = await self._out.has(row.message_id)
                if taken is not None:
                    await settle_unknown(tx, row.subscriber, row.period, taken=taken)


async def settle_unknown(tx: Transaction, subscriber: str, period: str, *, taken: bool) -> None:
    """Say what became of a digest of unknown fate: it arrived, or it is sent again, the same bytes.
    One that was given up can be sent again in the same way.

    Raises Rejected("digest-not-unknown") if its fate is known.
    """
    settles = ["unknown"] if taken else ["unknown", "failed-for-good"]
    changed = await tx.connection.execute(
        store.digests.update()
        .where(
            store.digests.c.subscriber == subscriber,
            store.digests.c.period == period,
            store.digests.c.state.in_(settles),
        )
        .values(
            state="accepted" if taken else "failed-temporarily",
            lease_until=tx.now,
            changed_at=tx.now,
        )
    )
    if changed.rowcount != 1:
        raise Rejected("digest-not-unknown", f"what became of digest {period} is known")
    metrics.mails.labels("found-accepted" if taken else "sent-again").inc()
    if taken:
        await _record_sent(tx, subscriber, period)


async def _record_sent(tx: Transaction, subscriber: str, period: str) -> None:
    state = await store.subscribers.load(tx, subscriber)
    items = await store.items_of(tx, subscriber, period)
    message_id = await tx.connection.scalar(
        select(store.digests.c.message_id).where(
            store.digests.c.subscriber == subscriber, store.digests.c.period == period
        )
    )
    fact = DigestSent(
        digest=period, items=len(items), message_id=str(message_id), accepted_at=tx.now
    )
    await store.subscribers.save(tx, state.after(fact), fact)


def _wanted(subscriber: Subscriber, item: Item, states: dict[str, dict[str, Any]]) -> bool:
    state = states.get(item.subject, {})
    reminds = item.interest == "reminders"
    news = reminds or is_news(item, kind=subscriber.period, zone=subscriber.zone)
    reason = why(subscriber, units_of(state), item.interest, source=state.get("source"))
    return news and reason is not None


def _begin(database: Database) -> Any:
    return database.begin(actor=_ACTOR, correlation_id=new_id("digest"))
