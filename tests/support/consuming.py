"""What tests of the way in need: a topic they write themselves, a projection without any guard, and
readers of the result that share no code with the consumer."""

import asyncio
import contextlib
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from cryptography.fernet import Fernet
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import Clock
from shared.cluster import Kafka
from shared.consumer import Consumer, Received, Subscription, UpstreamSubscription
from shared.consumer.consumer import Owners
from shared.control import Counts
from shared.database import Database
from shared.parking import Parking
from shared.reference import Reference

TYPE = "rapport.tests.noted.v1"
KEY = Fernet.generate_key().decode()
TOPIC = "tests.events"
CONSUMER = f"readers.{TOPIC}"


class NotedRead(BaseModel):
    """The part of a test's fact that its reader reads."""

    n: int


@dataclass(frozen=True)
class Sent:
    """A record as a test sends it."""

    subject: str
    version: int
    data: bytes
    digest: bytes
    type: str = TYPE
    epoch: int = 1
    extra: tuple[tuple[str, bytes], ...] = ()
    without: tuple[str, ...] = ()

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        headers = [
            ("content-type", b"application/json"),
            ("ce_specversion", b"1.0"),
            ("ce_id", f"{self.subject}:{self.version}".encode()),
            ("ce_source", b"/rapport/tests"),
            ("ce_type", self.type.encode()),
            ("ce_subject", self.subject.encode()),
            ("ce_time", b"2025-11-17T01:00:00Z"),
            ("ce_sequence", str(self.version).encode()),
            ("ce_digest", self.digest.hex().encode()),
            ("ce_epoch", str(self.epoch).encode()),
            ("ce_actor", b"tester"),
            ("ce_correlationid", b"c-1"),
        ]
        kept = [(name, value) for name, value in headers if name not in self.without]
        replaced = {name for name, _ in self.extra}
        return [(n, v) for n, v in kept if n not in replaced] + list(self.extra)

    def but(self, **changes: Any) -> "Sent":
        return replace(self, **changes)


def history(
    subject: str, versions: int, *, type_: str = TYPE, epoch: int = 1, first_n: int = 1
) -> list[Sent]:
    """The facts of one subject: versions from 1, digests chained, `n` counts up."""
    digest, sent = b"", []
    for version in range(1, versions + 1):
        data = json.dumps({"n": first_n + version - 1, "more": "not read"}).encode()
        digest = hashlib.sha256(digest + type_.encode() + b"\0" + data).digest()
        sent.append(Sent(subject, version, data, digest, type_, epoch))
    return sent


def rechained(facts: Sequence[Sent], previous: bytes = b"") -> list[Sent]:
    """The same facts with digests that fit their (changed) data."""
    result = []
    for fact in facts:
        previous = hashlib.sha256(previous + fact.type.encode() + b"\0" + fact.data).digest()
        result.append(fact.but(digest=previous))
    return result


class NotUtf8(str):
    """A header's name as a careless client writes it."""

    __slots__ = ()

    def encode(self, *_: Any, **__: Any) -> bytes:
        return b"\xff\xfe"


class Asked:
    """Stands where `shared.control` does: notes for what a replay was asked."""

    def __init__(self) -> None:
        self.replays: list[tuple[str, str, int]] = []
        self.buckets: list[tuple[str, int]] = []
        self.tell: Callable[[Counts], Awaitable[None]] | None = None

    async def ask_for_replay(self, topic: str, subject: str, after: int) -> None:
        self.replays.append((topic, subject, after))

    async def ask_for_bucket(self, topic: str, bucket: int) -> None:
        self.buckets.append((topic, bucket))

    def on_counts(self, listener: Callable[[Counts], Awaitable[None]]) -> None:
        self.tell = listener


@dataclass
class Bench:
    """A topic, a database with plumbing and a table `effects`, and the consumers on them."""

    database: Database
    kafka: Kafka
    prefix: str
    partitions: int
    parking: Parking
    asked: Asked = field(default_factory=Asked)
    owners: Owners | None = None
    """Who is asked for replays; unset: `asked`, which only notes it."""
    eye: asyncpg.Connection | None = None
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    running: list[tuple[Consumer, asyncio.Task[None]]] = field(default_factory=list)
    log: Sequence[Any] = ()
    broken: set[tuple[str, int]] = field(default_factory=set)
    """For tests to remember what fails."""
    fail: Callable[[Sequence[Received]], None] | None = None
    """What the projection does before it writes."""

    @property
    def kafka_servers(self) -> str:
        """host:port; all there is to say where nobody has to log in."""
        return self.kafka.servers

    @property
    def topic(self) -> str:
        return f"{self.prefix}{TOPIC}"

    async def apply(self, connection: AsyncConnection, facts: Sequence[Received]) -> None:
        """The projection: one row per fact, no guard against doubles."""
        if self.fail is not None:
            self.fail(facts)
        await connection.exec_driver_sql(
            "insert into effects (subject, version, n)"
            " select * from unnest($1::text[], $2::int[], $3::int[])",
            (
                [fact.subject for fact in facts],
                [fact.version for fact in facts],
                [fact.data.n for fact in facts],  # type: ignore[attr-defined]
            ),
        )

    def subscription(self) -> Subscription:
        return Subscription(TOPIC, {TYPE: NotedRead}, self.apply)

    def consumer(
        self,
        *subscriptions: Subscription | UpstreamSubscription,
        kafka_servers: str | Kafka | None = None,
    ) -> Consumer:
        return Consumer(
            name="readers",
            database=self.database,
            kafka_servers=kafka_servers or self.kafka,
            topic_prefix=self.prefix,
            subscriptions=subscriptions or (self.subscription(),),
            parking=self.parking,
            control=self.owners or self.asked,
        )

    def start(self, consumer: Consumer | None = None) -> Consumer:
        consumer = consumer or self.consumer()
        self.running.append((consumer, asyncio.create_task(consumer.run())))
        return consumer

    async def stop(self) -> None:
        running, self.running = self.running, []
        for consumer, task in running:
            await consumer.stop()
            await task

    async def send(self, *facts: Sent, partition: int | None = None) -> None:
        """In this order, each acknowledged; same subject, same partition."""
        async with producing(self.kafka) as producer:
            sends = [
                await producer.send(
                    self.topic,
                    key=fact.subject.encode(),
                    value=fact.data,
                    headers=fact.headers,
                    partition=partition,
                )
                for fact in facts
            ]
            await asyncio.gather(*sends)

    async def create_topic(self, name: str, *, copies: int = 1) -> None:
        admin = AIOKafkaAdminClient(**self.kafka.client)
        await admin.start()
        await admin.create_topics([NewTopic(f"{self.prefix}{name}", 1, copies)])
        await admin.close()

    async def recreate_topic(self) -> None:
        """The topic is lost, and another of its name is empty."""
        admin = AIOKafkaAdminClient(**self.kafka.client)
        await admin.start()
        try:
            await admin.delete_topics([self.topic])
            while True:
                answer = await admin.create_topics([NewTopic(self.topic, self.partitions, 1)])
                if answer.topic_errors[0][1] == 0:
                    return
                await asyncio.sleep(0.1)  # it is still being deleted
        finally:
            await admin.close()

    async def fetch(self, query: str, *values: Any) -> list[asyncpg.Record]:
        """What the database says, on a connection of the test's own."""
        async with self.looking:
            if self.eye is None or self.eye.is_closed():
                self.eye = await asyncpg.connect(self.database.dsn)
            return list(await self.eye.fetch(query, *values))

    async def effects(self) -> list[tuple[str, int]]:
        """(subject, version) in the order in which they took effect."""
        rows = await self.fetch("select subject, version from effects order by id")
        return [(row["subject"], row["version"]) for row in rows]

    async def of(self, subject: str) -> list[int]:
        """The versions of a subject that took effect, in order."""
        return [version for each, version in await self.effects() if each == subject]

    async def count(self) -> int:
        [row] = await self.fetch("select count(*) from effects")
        return int(row[0])

    async def hear(self, counts: Counts) -> None:
        """The owner has counted."""
        assert self.asked.tell is not None
        await self.asked.tell(counts)

    async def parked(self) -> list[tuple[str | None, int | None, str]]:
        rows = await self.fetch("select subject, version, reason from parked order by id")
        return [(row["subject"], row["version"], row["reason"]) for row in rows]

    async def committed(self, partition: int = 0, *, group: str = CONSUMER) -> int | None:
        """As the broker has it."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.kafka_servers,
            group_id=f"{self.prefix}{group}",
            enable_auto_commit=False,
        )
        await consumer.start()
        try:
            place = TopicPartition(self.topic, partition)
            offset: int | None = await consumer.committed(place)
            return offset
        finally:
            await consumer.stop()

    async def lag(self) -> int | None:
        """How far the running consumers are behind together; None: not known."""
        status = await self.running[0][0].status()
        return status[0]["lag"]  # type: ignore[no-any-return]


@contextlib.asynccontextmanager
async def producing(kafka_servers: str | Kafka) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(**Kafka.at(kafka_servers).client, acks="all", linger_ms=5)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@contextlib.asynccontextmanager
async def bench(
    url: str, kafka_servers: str | Kafka, *, partitions: int = 3, copies: int = 1
) -> AsyncIterator[Bench]:
    """All of it, and its end."""
    prefix = f"t{secrets.token_hex(4)}."
    clock = Clock()
    database = Database(url, service="readers", clock=clock, reference=Reference({}))
    made = Bench(
        database=database,
        kafka=Kafka.at(kafka_servers),
        prefix=prefix,
        partitions=partitions,
        parking=Parking(database=database, keys=[KEY]),
    )
    await made.fetch(
        "create table effects (id bigint generated always as identity, subject text, version int,"
        " n int)"
    )
    admin = AIOKafkaAdminClient(**Kafka.at(kafka_servers).client)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(made.topic, partitions, copies)])
        yield made
    finally:
        await made.stop()
        if made.eye is not None:
            await made.eye.close()
        await database.close()
        await admin.delete_topics([made.topic])
        await admin.close()


async def until(
    what: Callable[[], Awaitable[Any]],
    expected: Any,
    *,
    within: float = 20.0,
    every: float = 0.05,
) -> None:
    """Wait for a value; says what was there instead when it does not come."""
    deadline = asyncio.get_running_loop().time() + within
    while (found := await what()) != expected:
        assert asyncio.get_running_loop().time() < deadline, f"{found!r}, expected {expected!r}"
        await asyncio.sleep(every)
