"""Our own facts take effect: exactly once, in the order of their subject.

One transaction per batch: positions first, then the projection, then what is held and parked.
"""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.consumer import holding
from shared.consumer.batches import Batch, Rewind, reason_of
from shared.consumer.deciding import Condemned, Plan, decide
from shared.consumer.foresight import Foresight
from shared.consumer.gaps import Gaps
from shared.consumer.patience import Fuse
from shared.consumer.positions import Moved, Positions
from shared.consumer.subscriptions import Subscription
from shared.database import Database
from shared.envelope import FactRecord, RawRecord, read_fact
from shared.errors import Poisoned, Transient
from shared.failpoints import failpoint
from shared.observing import metrics
from shared.parking import (
    BUG,
    EQUIVOCATION,
    KILLED,
    ParkedRecord,
    Parking,
    ToPark,
    audit,
    lock_subject,
)

__all__ = ["Facts"]

log = structlog.get_logger()


class Facts:
    """The facts of one subscription; see `Work`."""

    def __init__(
        self, *, consumer: str, subscription: Subscription, database: Database, parking: Parking
    ) -> None:
        self._consumer = consumer
        self._subscription = subscription
        self._database = database
        self._parking = parking
        self._positions = Positions(consumer)
        labels = (consumer, subscription.topic)
        self._applied = metrics.consumer_applied.labels(*labels)
        self._duplicates = metrics.consumer_duplicates.labels(*labels)
        self._gaps_found = metrics.consumer_gaps.labels(*labels)
        self._equivocations = metrics.consumer_equivocations.labels(*labels)
        self._blocked: set[str] | None = None
        """Subjects with something parked; None: not read yet. May name some that are free again."""
        self.gaps = Gaps(consumer)
        self._foresight = Foresight(
            subscription=subscription, database=database, positions=self._positions
        )

    def read(
        self, records: Sequence[RawRecord], epochs: Mapping[int, int], batch: Batch[FactRecord]
    ) -> None:
        for record in records:
            partition = record.partition
            if batch.rewinds and partition in batch.rewinds:
                continue
            try:
                fact = read_fact(record)
            except Poisoned as poisoned:
                epoch = epochs.get(partition, 0)
                batch.poisoned.append(
                    ToPark(raw=record, reason=poisoned.code, path=poisoned.path, epoch=epoch)
                )
                continue
            if fact.epoch > epochs.get(partition, 0):
                batch.rewinds[partition] = Rewind(fact.epoch, record.offset)
            else:
                batch.events.append(fact)

    @property
    def foresees(self) -> bool:
        return self._foresight.certain

    async def prepare(self, batch: Batch[FactRecord]) -> None:
        if self._blocked is None:
            return
        subjects = {fact.subject for fact in batch.events}
        if self._blocked.isdisjoint(subjects) and self.gaps.isdisjoint(subjects):
            batch.ahead = await self._foresight.look(batch.events, subjects)

    async def together(self, batch: Batch[FactRecord]) -> None:
        ahead = batch.ahead
        if ahead is None or not self._foresight.came_true(ahead):
            await self._transact(batch.events, batch.poisoned)
            return
        async with self._database.connect() as connection:
            await self._positions.advance(connection, ahead.before, ahead.reached)
            if ahead.plan.apply:
                await ahead.write(connection)
                failpoint("consumer.foreseen", OSError)
            await self._park(connection, batch.poisoned)
        failpoint("consumer.foreseen-committed", Transient)
        self._positions.remember(ahead.reached)
        self._note(ahead.plan, ())

    async def apart(self, batch: Batch[FactRecord], fuse: Fuse) -> None:
        if batch.poisoned:
            await self._transact((), batch.poisoned)
        subjects: dict[str, list[FactRecord]] = {}
        for fact in batch.events:
            subjects.setdefault(fact.subject, []).append(fact)
        for facts in subjects.values():
            try:
                await self._transact(facts)
            except (Transient, Moved):
                raise
            except Exception:  # noqa: BLE001 - any class: the last line finds the fact it is in
                self.forget()
                await self._one_by_one(facts, fuse)

    async def quarantine(self, record: RawRecord, *, epoch: int) -> None:
        log.error("record-quarantined", consumer=self._consumer, offset=record.offset)
        subject, version = None, None
        with contextlib.suppress(Poisoned):  # headers only: the data stays untouched
            subject, version, *_ = read_fact(record)
        quarantined = ToPark(
            raw=record, reason=KILLED, epoch=epoch, subject=subject, version=version
        )
        await self._transact((), [quarantined])
        self._blocked = None  # else its owner would be asked for it, and it would kill again

    async def missing(self) -> dict[str, int]:
        now = self._database.clock.now()
        due = self.gaps.due(now)
        if not due:
            return {}
        async with self._database.connect() as connection:
            self._positions.forget(due)  # another instance, or an operator, may have been here
            positions = await self._positions.of(connection, due)
        for subject, after in list(due.items()):
            if positions[subject].version > after:
                self.gaps.close(subject)
                del due[subject]
        return due

    async def tidy(self) -> None:
        async with self._database.connect() as connection:
            await holding.tidy(connection, self._consumer)

    def forget(self) -> None:
        self._positions.forget()
        self._blocked = None
        self._subscription.forget()
        self._foresight.lose()

    async def _one_by_one(self, facts: Sequence[FactRecord], fuse: Fuse) -> None:
        """Park the first of a subject's facts that fails, and the rest behind it."""
        for index, fact in enumerate(facts):
            try:
                await self._transact([fact])
            except (Transient, Moved):
                raise
            except Exception as error:  # any class: parked with its code, or as our own bug
                why = reason_of(error)
                self.forget()  # it may be discarded, and never have an effect
                log.exception(
                    "fact-parked",
                    consumer=self._consumer,
                    subject=fact.subject,
                    version=fact.version,
                    reason=why.code,
                )
                condemned = {(fact.subject, fact.version): why}
                await self._transact(facts[index:], condemned=condemned)
                if why.code == BUG:
                    fuse.count()
                return

    async def _transact(
        self,
        facts: Sequence[FactRecord],
        poisoned: Sequence[ToPark] = (),
        *,
        condemned: Condemned | None = None,
    ) -> None:
        subjects = dict.fromkeys(fact.subject for fact in facts)
        self._foresight.lose()
        async with self._database.connect() as connection:
            blocked = await self._blocked_of(connection, subjects)
            before = await self._positions.of(connection, subjects)
            waiting = [subject for subject in subjects if subject in self.gaps]
            held = await holding.held_of(connection, self._consumer, waiting) if waiting else []
            plan = decide(
                facts,
                positions=before,
                reads=self._subscription.reads,
                topic=self._subscription.topic,
                blocked=blocked,
                held=held,
                condemned=condemned,
            )
            reached = {subject: plan.positions[subject] for subject in plan.moved}
            if reached or plan.park or plan.hold or poisoned:
                await self._positions.advance(connection, before, reached)
            await self._write(connection, plan, poisoned, waiting)
        failpoint("consumer.committed", Transient)
        self._positions.remember(reached)
        self._note(plan, waiting)

    async def _write(
        self,
        connection: AsyncConnection,
        plan: Plan,
        poisoned: Sequence[ToPark],
        waiting: Sequence[str],
    ) -> None:
        """The batch's effect, once its positions are ours."""
        if plan.apply:
            await self._subscription.apply(connection, plan.apply)
            failpoint("consumer.projected", OSError)
        if plan.park or poisoned:
            parks = [
                ToPark(
                    raw=park.fact.raw,
                    reason=park.reason,
                    path=park.path,
                    epoch=park.fact.epoch,
                    subject=park.fact.subject,
                    version=park.fact.version,
                )
                for park in plan.park
            ]
            await self._park(connection, [*poisoned, *parks])
        if plan.hold:
            now = self._database.clock.now()
            await holding.hold(connection, self._consumer, plan.hold, now)
        if waiting:
            versions = {subject: plan.positions[subject].version for subject in waiting}
            await holding.release(connection, self._consumer, versions)

    async def _park(self, connection: AsyncConnection, records: Sequence[ToPark]) -> None:
        await self._parking.park(
            connection, records, consumer=self._consumer, topic=self._subscription.topic
        )

    def _note(self, plan: Plan, waiting: Sequence[str]) -> None:
        """Remember, count and say what a committed plan has found out."""
        self._applied.inc(len(plan.apply))
        self._duplicates.inc(plan.duplicates)
        for fact, reason, _ in plan.park:
            if reason == EQUIVOCATION:
                self._equivocations.inc()
                log.error(
                    "equivocation",
                    consumer=self._consumer,
                    subject=fact.subject,
                    version=fact.version,
                )
        if plan.park and self._blocked is not None:
            self._blocked |= plan.stopped
        gaps = plan.gaps
        for subject in waiting:
            if subject not in gaps:
                self.gaps.close(subject)
        if gaps:
            now = self._database.clock.now()
            for subject, after in gaps.items():
                self._gaps_found.inc(subject not in self.gaps)
                self.gaps.note(subject, after=after, now=now)

    async def _blocked_of(
        self, connection: AsyncConnection, subjects: Mapping[str, None]
    ) -> set[str]:
        """Which of these have something parked. An operator may have freed them meanwhile, so
        those that seem to have are asked for again, and locked until this batch is done."""
        if self._blocked is None:
            rows = await connection.exec_driver_sql(
                "select distinct subject from parked where consumer = $1 and subject is not null",
                (self._consumer,),
            )
            self._blocked = {row.subject for row in rows}
            stored = await holding.waiting(connection, self._consumer)
            self.gaps.load({s: gap for s, gap in stored.items() if s not in self._blocked})
        suspects = sorted(self._blocked.intersection(subjects)) if self._blocked else []
        if not suspects:
            return set()
        for subject in suspects:
            await lock_subject(connection, self._consumer, subject)
        rows = await connection.exec_driver_sql(
            "select distinct subject from parked where consumer = $1 and subject = any($2)",
            (self._consumer, suspects),
        )
        blocked = {row.subject for row in rows}
        freed = set(suspects) - blocked
        self._blocked -= freed
        self._positions.forget(freed)
        return blocked

    # --- what operators ask for ------------------------------------------------------------------

    async def replay(
        self, records: Sequence[ParkedRecord], *, actor: str, dry_run: bool
    ) -> list[dict[str, Any]]:
        outcomes: list[dict[str, Any]] = []
        for subject in dict.fromkeys(each.subject for each in records if each.subject is not None):
            outcomes += await self._replay_subject(subject, actor=actor, dry_run=dry_run)
        for record in records:
            if record.subject is None:
                outcomes.append(await self._replay_unread(record, actor=actor, dry_run=dry_run))
        return outcomes

    async def _replay_subject(
        self, subject: str, *, actor: str, dry_run: bool
    ) -> list[dict[str, Any]]:
        """All that is parked of a subject, in order, until one fails again."""
        outcomes = []
        async with self._database.connect() as connection:
            await lock_subject(connection, self._consumer, subject)
            self.forget()  # another instance, or a rebuild, may have been here
            parked = await self._parking.of_subject(connection, self._consumer, subject)
            for index, record in enumerate(parked):
                savepoint = await connection.begin_nested()
                outcome = await self._try_again(connection, record)
                done = outcome in ("applied", "duplicate")
                await (savepoint.commit() if done else savepoint.rollback())
                outcomes.append(record.summary() | {"outcome": outcome})
                if not done:
                    rest = parked[index + 1 :]
                    outcomes += [each.summary() | {"outcome": "still behind"} for each in rest]
                    break
            failpoint("parking.tried", OSError)
            if dry_run:
                await connection.rollback()
            else:
                await audit(
                    connection, self._database, actor, "parked-replayed", {"records": outcomes}
                )
        failpoint("parking.replayed", Transient)
        self.forget()  # not all that was tried was kept
        return outcomes

    async def _try_again(self, connection: AsyncConnection, record: ParkedRecord) -> str:
        """Apply one parked record of a subject that is locked; what became of it."""
        assert record.raw is not None  # noqa: S101 - `of_subject` opens them
        fact = read_fact(record.raw)
        self._positions.forget([fact.subject])
        before = await self._positions.of(connection, [fact.subject])
        plan = decide(
            [fact],
            positions=before,
            reads=self._subscription.reads,
            topic=self._subscription.topic,
            held=await holding.held_of(connection, self._consumer, [fact.subject]),
        )
        if plan.park:
            return f"still parked: {plan.park[0].reason} at {plan.park[0].path}"
        if fact.version > plan.positions[fact.subject].version:
            return "still parked: the version before it is missing"
        reached = {subject: plan.positions[subject] for subject in plan.moved}
        try:
            await self._positions.advance(connection, before, reached)
            await self._write(connection, plan, (), [fact.subject])
        except Transient:
            raise
        except Exception as error:  # noqa: BLE001 - any class: that is why it was parked
            return f"still parked: {reason_of(error).code}"
        await self._parking.remove(connection, [record.id])
        return "applied" if plan.moved else "duplicate"

    async def _replay_unread(
        self, record: ParkedRecord, *, actor: str, dry_run: bool
    ) -> dict[str, Any]:
        """A record whose envelope could not be read, or that was never read."""
        async with self._database.connect() as connection:
            opened = await self._parking.opened(connection, [record.id])
        if not opened or opened[0].raw is None:
            return record.summary() | {"outcome": "gone"}
        try:
            fact = read_fact(opened[0].raw)
        except Poisoned as poisoned:
            why = f"still parked: {poisoned.code} at {poisoned.path}"
            return record.summary() | {"outcome": why}
        if not dry_run:
            await self._transact([fact])
            failpoint("parking.unread-applied", Transient)
            async with self._database.connect() as connection:
                await self._parking.remove(connection, [record.id])
                await audit(connection, self._database, actor, "parked-replayed", record.summary())
        return record.summary() | {"outcome": "applied"}
