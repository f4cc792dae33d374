"""All that one service reads, as one part of its process."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import structlog
from aiokafka.errors import KafkaError
from faststream.kafka import KafkaBroker

from shared.cluster import Kafka
from shared.consumer.batches import Work
from shared.consumer.counting import Counting
from shared.consumer.facts import Facts
from shared.consumer.marks import Marks
from shared.consumer.patience import Backoff
from shared.consumer.reader import Reader
from shared.consumer.subscriber import RawBatches, broker_for, subscribe
from shared.consumer.subscriptions import Subscription, UpstreamSubscription
from shared.consumer.upstream import Upstream
from shared.control import Counts
from shared.database import Database
from shared.errors import Transient
from shared.observing import metrics
from shared.parking import Parking

__all__ = ["Consumer", "Owners"]

log = structlog.get_logger()

_TICK_SECONDS = 5.0


class Owners(Protocol):
    """How the owners of topics are asked for what is missing (`shared.control`)."""

    async def ask_for_replay(self, topic: str, subject: str, after: int) -> None:
        """Ask for the facts of a subject after a version. Raises Transient."""

    async def ask_for_bucket(self, topic: str, bucket: int) -> None:
        """Ask for all facts of a bucket. Raises Transient."""

    def on_counts(self, listener: Callable[[Counts], Awaitable[None]]) -> None:
        """Be told what owners have published."""


class Consumer:
    """Reads the topics of one service; see docs/architecture.md, "The consumer".

    Each subscription is a Kafka group of its own, `<service>.<topic>`, which is also the name of
    its rows in `positions`, `held`, `parked` and `inbox`.
    """

    def __init__(
        self,
        *,
        name: str,
        database: Database,
        kafka_servers: str | Kafka,
        topic_prefix: str,
        subscriptions: Sequence[Subscription | UpstreamSubscription],
        parking: Parking,
        control: Owners,
    ) -> None:
        self._database = database
        self._parking = parking
        self._control = control
        self._kafka = Kafka.at(kafka_servers)
        self._broker: KafkaBroker = broker_for(service=name, kafka=self._kafka)
        self._parts = [
            self._part(name, topic_prefix, subscription) for subscription in subscriptions
        ]
        self._stopping = asyncio.Event()
        control.on_counts(self._hear)

    def _part(
        self, name: str, prefix: str, subscription: Subscription | UpstreamSubscription
    ) -> "_Part":
        topic, consumer = subscription.topic, f"{name}.{subscription.topic}"
        work: Work[Any]
        if isinstance(subscription, Subscription):
            work = Facts(
                consumer=consumer,
                subscription=subscription,
                database=self._database,
                parking=self._parking,
            )
        else:
            work = Upstream(
                consumer=consumer,
                subscription=subscription,
                database=self._database,
                parking=self._parking,
            )

        reader = Reader(
            consumer=consumer,
            topic=f"{prefix}{topic}",
            work=work,
            marks=Marks(self._database, consumer=consumer, topic=topic),
            ask=partial(self._control.ask_for_replay, topic),
        )
        counting = Counting(
            self._database,
            consumer=consumer,
            reached=reader.reached,
            ask=partial(self._control.ask_for_bucket, topic),
        )
        return _Part(
            topic=topic,
            consumer=consumer,
            work=work,
            reader=reader,
            counting=counting,
            stream=subscribe(self._broker, reader, group=f"{prefix}{consumer}"),
        )

    async def run(self) -> None:
        """Read until `stop`; waits for brokers that are away."""
        async with asyncio.TaskGroup() as group:
            for part in self._parts:
                group.create_task(self._run(part))
            group.create_task(self._remind())

    async def stop(self) -> None:
        """Finish what is in hand, commit it, leave the groups."""
        self._stopping.set()
        await asyncio.gather(*(part.stop() for part in self._parts))

    def not_ready(self) -> str | None:
        """What the first waiting subscription waits for; None if all of them work."""
        waits = (part.reader.waits_for for part in self._parts)
        return next((why for why in waits if why is not None), None)

    async def status(self) -> list[dict[str, Any]]:
        """By topic: lag in events (None: cannot be said now) and seconds, held, parked, epoch."""
        counts = await self._counts()
        lags = await asyncio.gather(*(part.reader.lag() for part in self._parts))
        return [
            {
                "topic": part.topic,
                "consumer": part.consumer,
                "lag": lag,
                "lag_seconds": round(part.reader.lag_seconds(), 3),
                "waits_for": part.reader.waits_for,
            }
            | counts[part.consumer]
            for part, lag in zip(self._parts, lags, strict=True)
        ]

    async def _counts(self) -> dict[str, dict[str, int]]:
        async with self._database.connect() as connection:
            rows = await connection.exec_driver_sql(
                """
                select c.consumer,
                    (select count(*) from held h where h.consumer = c.consumer) as held,
                    (select count(*) from parked p where p.consumer = c.consumer) as parked,
                    (select coalesce(max(epoch), 0) from partitions p
                        where p.consumer = c.consumer) as epoch
                from unnest($1::text[]) as c(consumer)
                """,
                ([part.consumer for part in self._parts],),
            )
            return {
                row.consumer: {"held": row.held, "parked": row.parked, "epoch": row.epoch}
                for row in rows
            }

    async def replay(
        self,
        *,
        actor: str,
        id: int | None = None,  # noqa: A002 - the parked record's
        subject: str | None = None,
        reason: str | None = None,
        since: datetime | None = None,
        dry_run: bool = False,
        rate: float | None = None,
    ) -> list[dict[str, Any]]:
        """Try again what fits every given condition: each record, and all of its subject that waits
        with it, in order, until one fails again. Says what became of each (`outcome`).

        `dry_run` does it and takes it back. `rate`: at most so many subjects a second.
        """
        outcomes: list[dict[str, Any]] = []
        for part in self._parts:
            records = await self._parking.list(
                id=id,
                consumer=part.consumer,
                subject=subject,
                reason=reason,
                since=since,
                limit=100_000,
            )
            tried: set[str] = set()
            for record in records:
                if record.subject in tried:
                    continue
                if record.subject is not None:
                    tried.add(record.subject)
                outcomes += await part.work.replay([record], actor=actor, dry_run=dry_run)
                if rate:
                    await asyncio.sleep(1 / rate)
        return outcomes

    async def _run(self, part: "_Part") -> None:
        """Start one subscription, as soon as Kafka is there; stop it when it halts."""
        starting = asyncio.create_task(self._start(part))
        stopping = asyncio.create_task(self._stopping.wait())
        halted = asyncio.create_task(part.reader.halted.wait())
        try:
            await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()  # a bug in it ends this process
                await asyncio.wait((halted, stopping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (starting, stopping, halted):
                task.cancel()  # who joins a group may wait long: `stop` must not
            await asyncio.gather(starting, stopping, halted, return_exceptions=True)
            await part.stop()

    async def _start(self, part: "_Part") -> None:
        backoff = Backoff(first=0.5, most=5.0)
        while True:
            try:
                await self._broker.connect()
                await part.stream.start()
            except (KafkaError, OSError) as away:
                part.reader.say_away(self._kafka.why(away))
                await part.stream.stop()
                await backoff.wait()
            else:
                return

    async def _hear(self, counts: Counts) -> None:
        for part in self._parts:
            if part.topic == counts.topic:
                await part.reader.doubt(counts.epoch)
                part.counting.hear(counts)

    async def _remind(self) -> None:
        """What no further event would bring up: gaps of silent subjects, lost last events."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _TICK_SECONDS)
                return
            for part in self._parts:
                with contextlib.suppress(Transient):
                    await part.reader.ask_for_missing()
                    await part.counting.compare()
                    await part.work.tidy()
            with contextlib.suppress(Transient):
                self._measure(await self.status())

    def _measure(self, status: Sequence[dict[str, Any]]) -> None:
        for each in status:
            labels = (each["consumer"], each["topic"])
            metrics.consumer_held.labels(*labels).set(each["held"])
            metrics.consumer_parked.labels(*labels).set(each["parked"])
            metrics.consumer_lag_seconds.labels(*labels).set(each["lag_seconds"])
            if each["lag"] is not None:
                metrics.consumer_lag.labels(*labels).set(each["lag"])


class _Part:
    """One subscription at work."""

    def __init__(
        self,
        *,
        topic: str,
        consumer: str,
        work: Work[Any],
        reader: Reader,
        counting: Counting,
        stream: RawBatches,
    ) -> None:
        self.topic = topic
        self.consumer = consumer
        self.work = work
        self.reader = reader
        self.counting = counting
        self.stream = stream

    async def stop(self) -> None:
        """Finish what is in hand, leave the group. May be called again."""
        await self.reader.stop()
        await self.stream.stop()
