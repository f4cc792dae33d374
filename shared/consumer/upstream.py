"""Events of others take effect once each: inbox and effect in one transaction.

They have no dense versions and come in any order, so nothing waits behind what is parked.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import structlog

from shared import inbox
from shared.consumer.batches import Batch, reason_of
from shared.consumer.patience import Fuse
from shared.consumer.subscriptions import UpstreamEvent, UpstreamSubscription
from shared.database import Database, Transaction
from shared.envelope import CloudEvent, RawRecord, fit, read_event
from shared.errors import Poisoned, Rejected, Transient
from shared.failpoints import failpoint
from shared.parking import BUG, KILLED, ParkedRecord, Parking, ToPark, audit

__all__ = ["Upstream"]

log = structlog.get_logger()


class Incoming(NamedTuple):
    """An upstream event, fit for its handler, and the record it came in."""

    envelope: CloudEvent
    event: UpstreamEvent
    raw: RawRecord


class Upstream:
    """The events of one upstream subscription; see `Work`."""

    def __init__(
        self,
        *,
        consumer: str,
        subscription: UpstreamSubscription,
        database: Database,
        parking: Parking,
    ) -> None:
        self._consumer = consumer
        self._subscription = subscription
        self._database = database
        self._parking = parking

    def read(
        self, records: Sequence[RawRecord], epochs: Mapping[int, int], batch: Batch[Incoming]
    ) -> None:
        del epochs  # others have none
        for record in records:
            try:
                batch.events.append(self._read_one(record))
            except Poisoned as poisoned:
                batch.poisoned.append(ToPark(raw=record, reason=poisoned.code, path=poisoned.path))

    foresees = True

    async def prepare(self, batch: Batch[Incoming]) -> None:
        """Nothing: these are few, and each is handled by a use case of its own."""

    def _read_one(self, record: RawRecord) -> Incoming:
        envelope = read_event(record)
        model = self._subscription.reads.get(envelope.type)
        if model is None:
            raise Poisoned("type-unknown", "$.type")
        event = UpstreamEvent(
            id=envelope.id,
            source=envelope.source,
            type=envelope.type,
            subject=envelope.subject,
            time=envelope.time,
            extensions=envelope.extensions,
            data=fit(model, envelope),
            topic=self._subscription.topic,
        )
        return Incoming(envelope, event, record)

    async def together(self, batch: Batch[Incoming]) -> None:
        await self._transact(batch.events, batch.poisoned)

    async def apart(self, batch: Batch[Incoming], fuse: Fuse) -> None:
        await self._transact((), batch.poisoned)
        for incoming in batch.events:
            try:
                await self._transact([incoming])
            except Transient:
                raise
            except Exception as error:  # any class: parked with its code, or as our own bug
                why = reason_of(error)
                event = incoming.event
                log.exception(
                    "event-parked",
                    consumer=self._consumer,
                    type=event.type,
                    partition=incoming.raw.partition,
                    offset=incoming.raw.offset,
                    reason=why.code,
                )
                park = ToPark(raw=incoming.raw, reason=why.code, path=why.path)
                await self._transact((), [park])
                if why.code == BUG:
                    fuse.count()

    async def quarantine(self, record: RawRecord, *, epoch: int) -> None:
        log.error("record-quarantined", consumer=self._consumer, offset=record.offset)
        await self._transact((), [ToPark(raw=record, reason=KILLED, epoch=epoch)])

    async def missing(self) -> dict[str, int]:
        return {}  # nobody can know

    async def tidy(self) -> None:
        """The inbox is kept."""

    def forget(self) -> None:
        """Nothing is remembered outside the inbox."""

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[Transaction]:
        async with AsyncExitStack() as stack:
            beginning = self._database.begin(actor=self._subscription.topic, correlation_id="")
            try:
                tx = await stack.enter_async_context(beginning)
            except Rejected as closed:  # this service takes nothing in now: no fault of the event
                raise Transient(closed.message) from closed
            yield tx

    async def _transact(self, events: Sequence[Incoming], poisoned: Sequence[ToPark] = ()) -> None:
        if not events and not poisoned:
            return
        async with self._begin() as tx:
            await self._effect(tx, events)
            await self._parking.park(
                tx.connection,
                poisoned,
                consumer=self._consumer,
                topic=self._subscription.topic,
            )
        failpoint("upstream.committed", Transient)

    async def _effect(self, tx: Transaction, events: Sequence[Incoming]) -> int:
        """Handle those that are new to the inbox; how many were."""
        by_envelope = {id(each.envelope): each for each in events}
        new = await inbox.receive(
            tx.connection,
            consumer=self._consumer,
            events=[each.envelope for each in events],
            now=tx.now,
        )
        failpoint("upstream.received", OSError)
        for envelope in new:
            incoming = by_envelope[id(envelope)]
            await self._subscription.handle(
                replace(tx, actor=self._subscription.topic, correlation_id=envelope.id),
                incoming.event,
            )
            failpoint("upstream.handled", OSError)
        return len(new)

    # --- what operators ask for ------------------------------------------------------------------

    async def replay(
        self, records: Sequence[ParkedRecord], *, actor: str, dry_run: bool
    ) -> list[dict[str, Any]]:
        return [await self._replay_one(each, actor=actor, dry_run=dry_run) for each in records]

    async def _replay_one(
        self, record: ParkedRecord, *, actor: str, dry_run: bool
    ) -> dict[str, Any]:
        async with self._begin() as tx:
            opened = await self._parking.opened(tx.connection, [record.id])
            if not opened or opened[0].raw is None:
                return record.summary() | {"outcome": "gone"}
            savepoint = await tx.connection.begin_nested()
            try:
                new = await self._effect(tx, [self._read_one(opened[0].raw)])
            except Transient:
                raise
            except Exception as error:  # noqa: BLE001 - any class: that is why it was parked
                await savepoint.rollback()
                why = reason_of(error)
                outcome = {"outcome": f"still parked: {why.code} at {why.path}"}
            else:
                await self._parking.remove(tx.connection, [record.id])
                outcome = {"outcome": "applied" if new else "duplicate"}
            if dry_run:
                await tx.connection.rollback()
            else:
                details = record.summary() | outcome
                await audit(tx.connection, self._database, actor, "parked-replayed", details)
        failpoint("upstream.replayed", Transient)
        return record.summary() | outcome
