"""What owners and readers of topics say to one another: the topic `rapport.control`.

A reader that misses facts asks their owner to publish them again. Once a minute each owner says
how many facts every bucket of its topic holds, which finds what no gap can show: that the *last*
fact of a subject was lost. Nothing here is needed for a fact to arrive, and nothing is kept: who
was away asks again, or hears the next count. So every process reads the topic by itself, without
a group, from now on.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from sqlalchemy import Integer, text
from sqlalchemy.dialects.postgresql import JSONB

from shared import journal
from shared.cluster import Kafka
from shared.database import Database
from shared.errors import Transient
from shared.failpoints import failpoint
from shared.observing import metrics
from shared.relay.topic import look_at

__all__ = ["TOPIC", "Control", "Counts"]

log = structlog.get_logger()

TOPIC: Final = "rapport.control"

_COUNT_SECONDS: Final = 60.0
_SEND_SECONDS: Final = 5.0
_AGAIN_SECONDS: Final = 5.0
"""Readers repeat themselves, and there are many of them: one answer serves all for that long."""
_MAX_BYTES: Final = 64 * 1024
_MAX_WANTED: Final = 10_000
"""Requests beyond that are dropped: who still misses something asks again."""

_Subject = Annotated[str, Field(min_length=1, max_length=200)]
_Bucket = Annotated[int, Field(ge=0, lt=journal.BUCKETS)]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class ReplayRequested(_Message):
    """Somebody lacks facts of `topic`: those of a subject behind `after`, or of a whole bucket."""

    type: Literal["rapport.control.replay-requested.v1"] = "rapport.control.replay-requested.v1"
    topic: str
    subject: _Subject | None = None
    bucket: _Bucket | None = None
    after: int = Field(default=0, ge=0)


class Counts(_Message):
    """How many facts of `topic` were published, by bucket, once its log reached `offsets`.

    At least: facts that are just being published again are not counted. A reader may compare
    when it has read each partition up to its offset (the last one that belongs to the count) in
    this epoch.
    """

    type: Literal["rapport.control.counts.v1"] = "rapport.control.counts.v1"
    topic: str
    epoch: int
    offsets: Mapping[int, int]
    buckets: Mapping[_Bucket, int]


_MESSAGE: Final[TypeAdapter[ReplayRequested | Counts]] = TypeAdapter(
    Annotated[ReplayRequested | Counts, Field(discriminator="type")]
)

# one statement, one snapshot: what is not waiting was sent, at or before the recorded offsets
_COUNT: Final = text("""
select publication.epoch, publication.offsets,
       (select jsonb_object_agg(bucket, events) from (
            select bucket, sum(events) as events from (
                select bucket, count(*) as events from journal group by bucket
                union all
                select bucket, -count(*) from unpublished group by bucket
            ) both_ways group by bucket
        ) by_bucket) as buckets
from publication where topic = :topic and closed_reason is null
""").columns(epoch=Integer, offsets=JSONB, buckets=JSONB)
# whatever changes the counts changes one of these
_CHANGED: Final = text("""
select (select max(id) from journal) as last, offsets,
       epoch, (select count(*) from unpublished) as unpublished
from publication where topic = :topic
""")


class Control:
    """One process's ear and mouth on the control topic.

    Topics are named without the installation's prefix, in calls and in messages alike.
    """

    def __init__(
        self, *, service: str, database: Database, kafka_servers: str | Kafka, topic_prefix: str
    ) -> None:
        self._source = f"/rapport/{service}"
        self._own = f"{service}.events"
        self._own_with_prefix = f"{topic_prefix}{service}.events"
        self._topic = f"{topic_prefix}{TOPIC}"
        self._database = database
        self._kafka = Kafka.at(kafka_servers)
        self._producer: AIOKafkaProducer | None = None
        self._listeners: list[Callable[[Counts], Awaitable[None]]] = []
        self._wanted: dict[str | int, int] = {}
        self._is_wanted = asyncio.Event()
        self._given: dict[str | int, float] = {}
        self._said: tuple[Any, Counts] | None = None
        self._stopping = asyncio.Event()
        self._stopped = asyncio.Event()
        self._stopped.set()

    async def ask_for_replay(self, topic: str, subject: str, after: int) -> None:
        """Ask the owner of `topic` for the facts of `subject` behind version `after`.

        They come over the topic, to every reader, or not: ask again while they are missing.
        Raises Transient if the request cannot be sent now.
        """
        metrics.replays_asked.labels(topic).inc()
        await self._say(ReplayRequested(topic=topic, subject=subject, after=after))

    async def ask_for_bucket(self, topic: str, bucket: int) -> None:
        """Ask for all facts of a bucket, after its count differed. Raises Transient."""
        metrics.replays_asked.labels(topic).inc()
        await self._say(ReplayRequested(topic=topic, bucket=bucket))

    def on_counts(self, listener: Callable[[Counts], Awaitable[None]]) -> None:
        """Call `listener` with every count of every owner; it may raise Transient, and is told
        again with the next count. Any other exception is a bug and ends `run`."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Listen, answer and count until `stop`; while Kafka or database is away, wait."""
        self._stopped.clear()
        failures = 0
        try:
            while not self._stopping.is_set():
                try:
                    await self._talk()
                    failures = 0
                except (Transient, KafkaError, TimeoutError) as away:
                    failures += 1
                    if failures == 1:
                        log.warning("control-waits", topic=self._topic, error=type(away).__name__)
                    await self._pause(random.uniform(0, min(5.0, 0.2 * 2 ** min(failures, 8))))
        finally:
            self._stopped.set()

    async def stop(self) -> None:
        """End `run`; what was asked and not answered is asked again by whoever needs it."""
        self._stopping.set()
        await self._stopped.wait()

    def not_ready(self) -> str | None:
        """What is missing for talking, or None. A service works without: it need not be said."""
        return None if self._producer is not None else "the control topic cannot be reached"

    async def _talk(self) -> None:
        await look_at(self._topic, kafka=self._kafka)
        producer = AIOKafkaProducer(
            **self._kafka.client,
            acks="all",
            request_timeout_ms=int(_SEND_SECONDS * 1000),
        )
        reader = AIOKafkaConsumer(
            self._topic,
            **self._kafka.client,
            auto_offset_reset="latest",
            request_timeout_ms=int(_SEND_SECONDS * 1000),
            enable_auto_commit=False,
        )
        tasks: list[asyncio.Task[None]] = []
        try:
            async with asyncio.timeout(10):
                await producer.start()
                await reader.start()
            self._producer = producer
            log.info("control-ready", topic=self._topic)
            tasks = [
                asyncio.create_task(self._listen(reader)),
                asyncio.create_task(self._count()),
                asyncio.create_task(self._answer()),
                asyncio.create_task(self._until_stopping()),
            ]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self._producer = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.wait(
                {asyncio.create_task(reader.stop()), asyncio.create_task(producer.stop())},
                timeout=_SEND_SECONDS,
            )

    async def _until_stopping(self) -> None:
        await self._stopping.wait()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    # --- saying ---------------------------------------------------------------------------------

    async def _say(self, message: ReplayRequested | Counts) -> None:
        producer = self._producer
        if producer is None:
            raise Transient("the control topic cannot be reached")
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                await producer.send_and_wait(
                    self._topic,
                    message.model_dump_json(exclude={"type"}).encode(),
                    key=message.topic.encode(),
                    headers=[
                        ("content-type", b"application/json"),
                        ("ce_specversion", b"1.0"),
                        ("ce_id", f"{time.time_ns():x}".encode()),
                        ("ce_source", self._source.encode()),
                        ("ce_type", message.type.encode()),
                        ("ce_subject", message.topic.encode()),
                    ],
                )
            failpoint("control.said", KafkaConnectionError)
        except (KafkaError, TimeoutError) as away:
            raise Transient("the control topic cannot be reached") from away

    async def _count(self) -> None:
        """Say the counts of our own topic once a minute; replicas each do."""
        while True:
            # spread over the minute, so that replicas and services do not speak in chorus
            await asyncio.sleep(_COUNT_SECONDS * random.uniform(0.8, 1.2))
            await self.say_counts()

    async def say_counts(self) -> None:
        """Tell every reader what we have published. Raises Transient."""
        counts = await self.counts()
        if counts is not None:
            await self._say(counts)

    async def counts(self) -> Counts | None:
        """What we have published, by bucket; None if nothing was, or while we are closed."""
        async with self._database.connect() as connection:
            marks = (
                await connection.execute(_CHANGED, {"topic": self._own_with_prefix})
            ).one_or_none()
            if self._said is not None and self._said[0] == marks:
                return self._said[1]
            row = (
                (await connection.execute(_COUNT, {"topic": self._own_with_prefix}))
                .mappings()
                .one_or_none()
            )
        if row is None or not row["buckets"]:
            return None
        counts = Counts(
            topic=self._own, epoch=row["epoch"], offsets=row["offsets"], buckets=row["buckets"]
        )
        self._said = (marks, counts)
        return counts

    # --- hearing --------------------------------------------------------------------------------

    async def _listen(self, reader: AIOKafkaConsumer) -> None:
        while True:
            batches: Mapping[Any, Sequence[Any]] = await reader.getmany(timeout_ms=1000)
            for records in batches.values():
                for record in records:
                    message = _parse(record)
                    if isinstance(message, Counts):
                        await self._tell(message)
                    elif message is not None:
                        self._want(message)

    async def _tell(self, counts: Counts) -> None:
        for listener in self._listeners:
            try:
                await listener(counts)
            except Transient as away:
                log.info("counts-not-compared", topic=counts.topic, why=str(away))

    def _want(self, request: ReplayRequested) -> None:
        what = request.subject if request.subject is not None else request.bucket
        if request.topic != self._own or what is None or len(self._wanted) >= _MAX_WANTED:
            return
        self._wanted[what] = min(request.after, self._wanted.get(what, request.after))
        self._is_wanted.set()

    async def _answer(self) -> None:
        """Publish again what was asked for, each subject or bucket at most every few seconds."""
        while True:
            await self._is_wanted.wait()
            self._is_wanted.clear()
            now = time.monotonic()
            self._given = {
                what: when for what, when in self._given.items() if now - when < _AGAIN_SECONDS
            }
            wanted, self._wanted = self._wanted, {}
            for what, after in wanted.items():
                if what in self._given:
                    continue
                self._given[what] = now
                async with self._database.connect() as connection:
                    count = await (
                        journal.republish(connection, subject=what, after=after)
                        if isinstance(what, str)
                        else journal.republish(connection, bucket=what)
                    )
                    failpoint("control.republished", OSError)
                metrics.replays_given.labels(self._own).inc(count)
                log.info("published-again", topic=self._own, what=what, after=after, facts=count)


def _parse(record: Any) -> ReplayRequested | Counts | None:
    """The message, or None for what is not ours to understand."""
    if record.value is None or len(record.value) > _MAX_BYTES:
        return None
    headers = dict(record.headers)
    try:
        kind = headers.get("ce_type", b"").decode()
        return _MESSAGE.validate_python(
            {**TypeAdapter(dict[str, Any]).validate_json(record.value), "type": kind}
        )
    except (UnicodeDecodeError, ValidationError):
        log.warning("control-not-understood", partition=record.partition, offset=record.offset)
        return None
