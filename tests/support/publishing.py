"""What tests of the way out need: a service's database, a topic, and a reader that shares no code.

The log is read with confluent-kafka, another client library than the product's.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

import asyncpg
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from shared import journal
from shared.clock import Clock
from shared.cluster import Kafka
from shared.database import Database
from shared.facts import Fact
from shared.reference import Reference
from shared.relay import Relay

WHEN = datetime(2025, 11, 17, 1, 0, tzinfo=UTC)


class Noted(Fact):
    """A fact for tests."""

    type: ClassVar[str] = "rapport.tests.noted.v1"
    text: str = "x"
    number: int = 0


@dataclass(frozen=True)
class Seen:
    """One record of a topic, as another library reads it."""

    partition: int
    offset: int
    key: str
    value: bytes
    headers: dict[str, str]

    @property
    def subject(self) -> str:
        return self.headers["ce_subject"]

    @property
    def version(self) -> int:
        return int(self.headers["ce_sequence"])

    @property
    def epoch(self) -> int:
        return int(self.headers["ce_epoch"])


@dataclass
class Outlet:
    """A service's database and topic, and its relays.

    `login`: as whom relays come to Kafka; the tests themselves come as `kafka` says.
    """

    database: Database
    kafka: Kafka
    topic: str
    login: Kafka | None = None
    relays: list[tuple[Relay, asyncio.Task[None]]] = field(default_factory=list)

    @property
    def kafka_servers(self) -> str:
        """host:port; all there is to say where nobody has to log in."""
        return self.kafka.servers

    def relay(self) -> Relay:
        """One more relay of this service; not running yet."""
        return Relay(
            service="tests",
            database=self.database,
            topic=self.topic,
            kafka_servers=self.login or self.kafka,
        )

    def run(self, relay: Relay | None = None) -> Relay:
        relay = relay or self.relay()
        self.relays.append((relay, asyncio.create_task(relay.run())))
        return relay

    async def stop(self) -> None:
        """Stop all relays; raises what one of them died of."""
        relays, self.relays = self.relays, []
        for relay, task in relays:
            await relay.stop()
            await task

    async def append(self, subject: str, *facts: Fact, after: int) -> None:
        async with self.database.connect() as connection:
            await journal.append(
                connection,
                service="tests",
                subject=subject,
                after=after,
                facts=facts or (Noted(),),
                actor="tester",
                correlation_id="c-1",
                time=WHEN,
            )

    async def fetch(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(self.database.dsn)
        try:
            return [tuple(row) for row in await connection.fetch(query, *values)]
        finally:
            await connection.close()

    async def unpublished(self) -> int:
        [row] = await self.fetch("select count(*) from unpublished")
        return int(row[0])

    async def sent(self, within: float = 40) -> None:
        """Wait until nothing is unpublished."""
        await until(lambda: self.unpublished(), 0, within=within)

    async def log(self) -> list[Seen]:
        """Everything in the topic, by partition and offset."""
        return await asyncio.to_thread(read_all, self.kafka, self.topic)


async def until(ask: Callable[[], Any], expected: Any, *, within: float = 40) -> None:
    """Ask until the answer is the expected one; says what it was instead."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within
    while True:
        answer = ask()
        if asyncio.iscoroutine(answer):
            answer = await answer
        if answer == expected:
            return
        if loop.time() > end:
            raise AssertionError(f"after {within} s: {answer!r}, not {expected!r}")
        await asyncio.sleep(0.02)


def _ends(consumer: Consumer, partition: TopicPartition) -> tuple[int, int]:
    """First and next offset; a topic that was just made has a leader a moment later."""
    until = time.monotonic() + 10
    while True:
        try:
            low, high = consumer.get_watermark_offsets(partition, timeout=10)
        except KafkaException:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return low, high


def librdkafka(kafka: str | Kafka) -> dict[str, str | int | float | bool]:
    """How confluent-kafka is told where the cluster is, and as whom we come."""
    kafka = Kafka.at(kafka)
    told: dict[str, str | int | float | bool] = {
        "bootstrap.servers": kafka.servers,
        "security.protocol": kafka.protocol,
        "log_level": 2,  # brokers that are away are what the tests are about
    }
    if kafka.user and kafka.password:
        told |= {"sasl.mechanism": "SCRAM-SHA-512"}
        told |= {"sasl.username": kafka.user, "sasl.password": kafka.password}
    return told


def read_all(kafka_servers: str | Kafka, topic: str) -> list[Seen]:
    consumer = Consumer(
        librdkafka(kafka_servers)
        | {
            "group.id": secrets.token_hex(4),
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    seen: list[Seen] = []
    try:
        metadata = consumer.list_topics(topic, timeout=10).topics[topic]
        for number in sorted(metadata.partitions):
            low, high = _ends(consumer, TopicPartition(topic, number))
            consumer.assign([TopicPartition(topic, number, low)])
            while low < high:
                for record in consumer.consume(min(5000, high - low), timeout=1):
                    assert record.error() is None
                    offset = record.offset()
                    assert offset is not None
                    low = offset + 1
                    seen.append(
                        Seen(
                            partition=number,
                            offset=offset,
                            key=_bytes(record.key()).decode(),
                            value=_bytes(record.value()),
                            headers={
                                name: _bytes(value).decode()
                                for name, value in dict(record.headers() or []).items()
                            },
                        )
                    )
    finally:
        consumer.close()
    return seen


def _bytes(value: str | bytes | None) -> bytes:
    assert isinstance(value, bytes)
    return value


def create_topic(
    kafka_servers: str | Kafka, topic: str, *, partitions: int = 3, copies: int = 1, **config: str
) -> None:
    admin = AdminClient(librdkafka(kafka_servers))
    new = NewTopic(
        topic, partitions, copies, config={n.replace("_", "."): v for n, v in config.items()}
    )
    for made in admin.create_topics([new]).values():
        made.result(10)


def delete_topic(kafka_servers: str | Kafka, topic: str) -> None:
    admin = AdminClient(librdkafka(kafka_servers))
    for gone in admin.delete_topics([topic]).values():
        gone.result(10)


@contextlib.asynccontextmanager
async def outlet(
    url: str, kafka_servers: str | Kafka, *, topic: str | None = None, login: Kafka | None = None
) -> AsyncIterator[Outlet]:
    """An outlet with a topic of its own, unless `topic` names one that the caller makes."""
    name = topic or f"t{secrets.token_hex(4)}.events"
    if topic is None:
        await asyncio.to_thread(create_topic, kafka_servers, name)
    database = Database(url, service="tests", clock=Clock(), reference=Reference({}))
    made = Outlet(database=database, kafka=Kafka.at(kafka_servers), topic=name, login=login)
    try:
        yield made
    finally:
        await made.stop()
        await database.close()


def assert_complete_and_in_order(log: Sequence[Seen], expected: dict[str, int]) -> None:
    """Every version of every subject is there, and none appears before the one below it."""
    reached: dict[str, int] = {}
    for seen in log:
        assert seen.version <= reached.get(seen.subject, 0) + 1, (
            f"{seen.subject}:{seen.version} came after {reached.get(seen.subject, 0)}"
        )
        reached[seen.subject] = max(reached.get(seen.subject, 0), seen.version)
    assert reached == expected
