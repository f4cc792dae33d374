"""Real facts of three services, made by their own models, chained as a journal chains them.

Some three in five are about stays, a quarter about visits, the rest about agreements; ten facts a
subject; 400 to 600 bytes each; subjects mixed as an office's days mix them.
"""

import asyncio
import hashlib
import random
import secrets
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from confluent_kafka import Producer

from benchmarks import office
from services.program.topics import create_topics
from shared.envelope.facts import headers_of
from shared.facts import Fact

__all__ = ["TOPICS", "Event", "Log", "facts_of", "history", "write_log"]

TOPICS = ("agreements.events", "visits.events", "mobility.events")
FACTS_PER_SUBJECT = 10
_START = datetime(2024, 1, 2, 1, 0, tzinfo=UTC)


class Event(NamedTuple):
    """One fact as it is journaled."""

    service: str
    subject: str
    version: int
    type: str
    time: datetime
    data: bytes
    digest: bytes


class Log(NamedTuple):
    """Events, and the prefix of the topics that hold them."""

    prefix: str
    events: Sequence[Event]

    @property
    def topics(self) -> list[str]:
        return [f"{self.prefix}{topic}" for topic in TOPICS]


def history(events: int, *, seed: int = 4) -> Iterator[Event]:
    """So many events, the same for the same seed, in the order in which they happened."""
    subjects = max(20, events // FACTS_PER_SUBJECT)
    dice = random.Random(seed)
    order = [number % subjects for number in range(events)]
    dice.shuffle(order)
    reached: dict[int, tuple[int, bytes]] = {}
    for index, number in enumerate(order):
        version, digest = reached.get(number, (0, b""))
        version += 1
        service, subject, fact = facts_of(number, version)
        data = fact.data()
        digest = hashlib.sha256(digest + fact.type.encode() + b"\0" + data).digest()
        reached[number] = (version, digest)
        time = _START + timedelta(seconds=index)
        yield Event(service, subject, version, fact.type, time, data, digest)


def facts_of(number: int, version: int) -> tuple[str, str, Fact]:
    """Service, subject, and the fact of this version of it."""
    share = number % 20
    service, kind, make = (
        ("mobility", "stay", office.stay)
        if share < 12
        else ("visits", "visit", office.visit)
        if share < 17
        else ("agreements", "agreement", office.agreement)
    )
    return service, f"{kind}-{number:026d}", make(number, version)


async def write_log(kafka: str, events: Iterable[Event]) -> Log:
    """New topics as `deploy/topics.yaml` has them, filled as the relay would."""
    prefix = f"b{secrets.token_hex(4)}."
    await create_topics(kafka, prefix=prefix)
    kept = list(events)
    await asyncio.to_thread(_send, kafka, prefix, kept)
    return Log(prefix, kept)


def _send(kafka: str, prefix: str, events: Sequence[Event]) -> None:
    producer = Producer(
        {
            "bootstrap.servers": kafka,
            "enable.idempotence": True,
            "linger.ms": 20,
            "log_level": 3,  # a broker that has just started makes it warn
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    partitions = {
        topic: len(
            producer.list_topics(f"{prefix}{topic}", timeout=20)
            .topics[f"{prefix}{topic}"]
            .partitions
        )
        for topic in TOPICS
    }
    failed: list[Any] = []

    def told(error: Any, _message: Any) -> None:
        if error is not None:
            failed.append(error)

    for number, event in enumerate(events):
        topic = f"{event.service}.events"
        key = event.subject.encode()
        producer.produce(
            f"{prefix}{topic}",
            event.data,
            key,
            partition=zlib.crc32(key) % partitions[topic],
            headers=list[tuple[str, str | bytes | None]](
                headers_of(
                    service=event.service,
                    subject=event.subject,
                    version=event.version,
                    type=event.type,
                    time=event.time,
                    digest=event.digest,
                    epoch=1,
                    actor="hust:lan",
                    correlation_id="bench",
                )
            ),
            on_delivery=told,
        )
        if number % 1000 == 0:
            producer.poll(0)
    producer.flush(120)
    if failed or len(producer):
        raise RuntimeError(f"the log could not be written: {failed[:1]}, {len(producer)} left")
