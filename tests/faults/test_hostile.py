"""Whatever is written into a topic takes effect or is parked, never both, and stops nothing else.

The records go to a real topic between good facts, to a reader in a process of its own. Where each
of them ended is read from the tables, by its place in the log.
"""

import asyncio
import base64
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from services.program.topics import TopicFile
from tests.conftest import MakeDatabase
from tests.faults.records import note
from tests.support.consuming import TOPIC, Bench, Sent, bench, history, until
from tests.support.hostile import CANARY, Hostile, against_facts, against_upstream, mutated
from tests.support.hostile_process import UPSTREAM

ROW = "malformed, hostile, huge"
ROOT = Path(__file__).parents[2]
GOOD, VERSIONS = 9, 12


class Place(NamedTuple):
    """Where a record stands."""

    topic: str
    partition: int
    offset: int


@pytest.fixture
async def desk(make_database: MakeDatabase, kafka_servers: str) -> AsyncIterator[Bench]:
    async with bench(await make_database("plumbing"), kafka_servers) as made:
        await made.create_topic(UPSTREAM)
        yield made


@asynccontextmanager
async def reading(desk: Bench, folder: Path) -> AsyncIterator[Path]:
    """A reader at work; its log. It has to be alive and ready at the end."""
    log = folder / "reader.log"
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.support.hostile_process"),
            *(desk.database.dsn, desk.kafka_servers, desk.prefix),
            cwd=ROOT,
            stderr=file,
        )
    try:
        yield log
        assert process.returncode is None
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 40) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def among_good_facts(records: Iterable[Hostile], seed: int) -> list[Hostile | Sent]:
    """In any order, between facts of good subjects whose own order stays."""
    chance = random.Random(seed)
    logs = [history(f"good-{number}", VERSIONS) for number in range(GOOD)]
    mixed: list[Hostile | Sent] = [fact for step in zip(*logs, strict=True) for fact in step]
    for record in records:
        mixed.insert(chance.randrange(len(mixed)), record)
    return mixed


async def send(desk: Bench, topic: str, records: Sequence[Hostile | Sent]) -> dict[str, Place]:
    """All of them, in this order within a partition; where the hostile ones stand, by name."""
    partitions = 3 if topic == TOPIC else 1
    producer = AIOKafkaProducer(bootstrap_servers=desk.kafka_servers, acks="all", linger_ms=5)
    await producer.start()
    try:
        futures = []
        for number, record in enumerate(records):
            if isinstance(record, Sent):
                partition = int(record.subject.partition("-")[2]) % partitions
                key: bytes | None = record.subject.encode()
                value: bytes | None = record.data
                headers: list[Any] = [*record.headers]
            else:
                partition = number % partitions
                key, value, headers = record.key, record.value, record.headers
            future = await producer.send(
                f"{desk.prefix}{topic}", value, key=key, partition=partition, headers=headers
            )
            futures.append((record, future))
        places = {}
        for record, future in futures:
            done = await future
            if isinstance(record, Hostile):
                places[record.name] = Place(topic, done.partition, done.offset)
        return places
    finally:
        await producer.stop()


async def behind(desk: Bench, topic: str) -> int:
    """How many records the reader has not committed; -1: it cannot be said yet."""
    name = f"{desk.prefix}{topic}"
    group = f"{desk.prefix}readers.{topic}"
    kafka = AIOKafkaConsumer(
        name, bootstrap_servers=desk.kafka_servers, group_id=None, enable_auto_commit=False
    )
    admin = AIOKafkaAdminClient(bootstrap_servers=desk.kafka_servers)
    await kafka.start()
    await admin.start()
    try:
        places = [TopicPartition(name, n) for n in kafka.partitions_for_topic(name) or ()]
        ends = await kafka.end_offsets(places)
        reached = await admin.list_consumer_group_offsets(group)
        return sum(
            end - (reached[place].offset if place in reached else 0) for place, end in ends.items()
        )
    except KafkaError:
        return -1
    finally:
        await admin.close()
        await kafka.stop()


async def caught_up(desk: Bench, topic: str, good: int) -> None:
    async def applied() -> int:
        [row] = await desk.fetch("select count(*) from effects where subject like 'good-%'")
        return int(row[0])

    await until(applied, good, within=90)
    await until(lambda: behind(desk, topic), 0, within=90)


async def ends(desk: Bench, records: Sequence[Hostile], places: dict[str, Place]) -> dict[str, str]:
    """How each record ended: in its effect, held, or parked (with the reason); or in several."""
    effects = Counter(subject for subject, _ in await desk.effects())
    held = {row["subject"] for row in await desk.fetch("select subject from held")}
    parked: dict[Place, list[str]] = {}
    for row in await desk.fetch("select * from parked"):
        place = Place(row["topic"], row["partition"], row["record_offset"])
        parked.setdefault(place, []).append(row["reason"])
    found = {}
    for record in records:
        how = [*parked.get(places[record.name], [])]
        how += ["applied"] * (effects[record.id] + effects[f"/hr#{record.id}"])
        how += ["held"] * (record.id in held)
        found[record.name] = " and ".join(how) or "nowhere"
    return found


async def assert_good_facts_are_all_there(desk: Bench) -> None:
    for number in range(GOOD):
        assert await desk.of(f"good-{number}") == [*range(1, VERSIONS + 1)]


async def assert_nothing_leaks(desk: Bench, log: Path) -> None:
    """Not from the log, nor from the table of what is parked."""
    rows = await desk.fetch("select row_to_json(p)::text as row, record from parked p")
    forms = (CANARY.encode(), CANARY.encode().hex().encode(), base64.b64encode(CANARY.encode()))
    said = await asyncio.to_thread(log.read_bytes)
    for form in forms:
        assert form not in said
        for row in rows:
            assert form not in row["row"].encode()
            assert form not in row["record"]
    assert b"consumer-halted" not in said


@pytest.mark.parametrize("topic", [TOPIC, UPSTREAM])
async def test_every_hostile_record_ends_where_it_has_to_and_good_facts_flow(
    desk: Bench, tmp_path: Path, topic: str
) -> None:
    corpus = [*(against_facts() if topic == TOPIC else against_upstream())]
    assert len({record.name for record in corpus}) == len(corpus)
    facts = topic == TOPIC
    async with reading(desk, tmp_path) as log:
        places = await send(desk, topic, among_good_facts(corpus, seed=1) if facts else corpus)
        await caught_up(desk, topic, GOOD * VERSIONS if facts else 0)
        found = await ends(desk, corpus, places)
        wrong = {
            record.name: (found[record.name], record.ends)
            for record in corpus
            if not found[record.name].startswith(record.ends) or " and " in found[record.name]
        }
        note(3, ROW, len(corpus), len(wrong), f"corpus, sent raw to {topic}")
        assert wrong == {}
        if facts:
            await assert_good_facts_are_all_there(desk)
    await assert_nothing_leaks(desk, log)


async def fuzz(desk: Bench, folder: Path, *, seed: int, count: int) -> None:
    records = [*mutated(seed, count)]
    async with reading(desk, folder) as log:
        places = await send(desk, TOPIC, among_good_facts(records, seed=seed))
        await caught_up(desk, TOPIC, GOOD * VERSIONS)
        found = await ends(desk, records, places)
        wrong = {name: how for name, how in found.items() if how == "nowhere" or " and " in how}
        kinds = Counter(how.partition(":")[0] for how in found.values())
        note(3, ROW, count, len(wrong), f"fuzz, seed {seed}: {dict(kinds.most_common())}")
        assert wrong == {}, f"SEED={seed}"
        assert kinds["applied"]
        await assert_good_facts_are_all_there(desk)
    await assert_nothing_leaks(desk, log)


async def test_good_facts_that_something_happened_to_take_effect_or_are_parked(
    desk: Bench, tmp_path: Path
) -> None:
    await fuzz(desk, tmp_path, seed=1, count=400)


@pytest.mark.faults
@pytest.mark.timeout(900)
@pytest.mark.parametrize("turn", range(5))
async def test_many_more_facts_that_something_happened_to(
    desk: Bench, tmp_path: Path, turn: int
) -> None:
    await fuzz(desk, tmp_path, seed=int(os.environ.get("SEED", "100")) + turn, count=4_000)


async def test_a_bomb_is_refused_by_the_broker_and_what_comes_after_is_taken(desk: Bench) -> None:
    """30 KB of gzip that would be 30 MB to a reader. The topic's settings are those of deploy."""
    name = f"{desk.prefix}bombed"
    wanted = TopicFile.load().wanted(prefix="", copies=1)
    [config] = [topic.topic_configs for topic in wanted if topic.name == "visits.events"]
    admin = AIOKafkaAdminClient(bootstrap_servers=desk.kafka_servers)
    producer = AIOKafkaProducer(
        bootstrap_servers=desk.kafka_servers,
        compression_type="gzip",
        max_request_size=40_000_000,
        max_batch_size=40_000_000,
    )
    await admin.start()
    await producer.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1, topic_configs=config)])
        for sizes in ([30_000_000], [1_000_000] * 30):
            batch = producer.create_batch()
            for size in sizes:
                assert batch.append(key=None, value=b"0" * size, timestamp=None) is not None
            with pytest.raises(MessageSizeTooLargeError):
                await (await producer.send_batch(batch, name, partition=0))
        assert (await producer.send_and_wait(name, b"{}", partition=0)).offset == 0
    finally:
        await producer.stop()
        await admin.delete_topics([name])
        await admin.close()
    note(3, ROW, 2, detail="30 MB in 30 KB of gzip, refused by the broker")
