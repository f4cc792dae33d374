"""The traps of test_faststream_traps.py without their guards: each springs.

So the guards are needed, and the tests of the guards would see them missing. A test that fails here
after an upgrade says that a library has changed: then read what it does now, and perhaps a guard
can go. (The trap that needs a broker of its own springs in test_relay_faults.py.)
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage

from tests.conftest import MakeDatabase
from tests.support.consuming import Bench, NotUtf8, bench, history, producing, until

GROUP = "bare"
Handler = Callable[[KafkaMessage], Awaitable[Any]]


@pytest.fixture
async def desk(make_database: MakeDatabase, kafka_servers: str) -> AsyncIterator[Bench]:
    async with bench(await make_database("plumbing"), kafka_servers, partitions=2) as made:
        yield made


@asynccontextmanager
async def bare(desk: Bench, handle: Handler, **options: Any) -> AsyncIterator[None]:
    """A subscriber as FastStream's documents show it."""
    broker = KafkaBroker(desk.kafka_servers, logger=None)
    subscriber = broker.subscriber(
        desk.topic, group_id=f"{desk.prefix}{GROUP}", auto_offset_reset="earliest", **options
    )

    async def handler(message: KafkaMessage) -> Any:  # FastStream reads what stands here
        return await handle(message)

    subscriber(handler)

    await broker.start()
    try:
        yield
    finally:
        await broker.stop()


async def committed(desk: Bench, partition: int = 0) -> int | None:
    return await desk.committed(partition, group=GROUP)


class Seen:
    """A handler that notes what it gets, and fails with some of it."""

    def __init__(self, *, fails_with: str = "", acknowledges: bool = False) -> None:
        self.keys: list[str] = []
        self._fails_with = fails_with
        self._acknowledges = acknowledges

    async def __call__(self, message: KafkaMessage) -> None:
        raw = message.raw_message
        assert not isinstance(raw, tuple)
        self.keys.append((raw.key or b"").decode())
        if self.keys[-1] == self._fails_with:
            raise ZeroDivisionError
        if self._acknowledges:
            await message.ack()

    async def count(self) -> int:
        return len(self.keys)


async def test_the_default_policy_acknowledges_what_had_no_effect(desk: Bench) -> None:
    seen = Seen(fails_with="a")
    await desk.send(*history("a", 2), partition=0)
    async with bare(desk, seen):
        await until(lambda: committed(desk), 2)  # five seconds later, by itself
    assert seen.keys == ["a", "a"]


@pytest.mark.filterwarnings("ignore:AckPolicy.REJECT_ON_ERROR has the same effect:UserWarning")
@pytest.mark.parametrize("policy", [AckPolicy.ACK, AckPolicy.REJECT_ON_ERROR])
async def test_other_policies_drop_and_commit_what_failed(desk: Bench, policy: AckPolicy) -> None:
    seen = Seen(fails_with="a")
    await desk.send(*history("a", 2), partition=0)
    async with bare(desk, seen, ack_policy=policy):
        await until(lambda: committed(desk), 2)
    assert seen.keys == ["a", "a"]


async def test_nack_on_error_comes_back_without_a_pause_and_lets_nothing_by(desk: Bench) -> None:
    seen = Seen(fails_with="a")
    await desk.send(*history("a", 1), *history("b", 1), partition=0)
    async with bare(desk, seen, ack_policy=AckPolicy.NACK_ON_ERROR):
        await until(seen.count, 1, every=0.001)
        started = time.perf_counter()
        while len(seen.keys) < 30:  # noqa: ASYNC110 - what it waits for is the library's loop
            await asyncio.sleep(0.01)
        assert time.perf_counter() - started < 10
    assert set(seen.keys) == {"a"}


async def test_under_manual_what_failed_is_skipped_and_the_next_commit_buries_it(
    desk: Bench,
) -> None:
    seen = Seen(fails_with="a", acknowledges=True)
    await desk.send(*history("a", 1), *history("b", 1), partition=0)
    async with bare(desk, seen, ack_policy=AckPolicy.MANUAL):
        await until(lambda: committed(desk), 2)
    assert seen.keys == ["a", "b"]


async def test_an_ack_commits_the_other_partitions_too(desk: Bench) -> None:
    """Those of whose records nothing is known but that they were handed out."""
    seen = Seen(fails_with="a", acknowledges=True)
    await desk.send(*history("a", 1), partition=0)
    async with bare(desk, seen, ack_policy=AckPolicy.MANUAL):
        await until(seen.count, 1)
        assert await committed(desk) is None
        await desk.send(*history("b", 1), partition=1)
        await until(lambda: committed(desk, 1), 1)
        assert await committed(desk, 0) == 1
    assert seen.keys == ["a", "b"]


async def test_an_empty_poll_is_followed_by_a_sleep_as_long(
    desk: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    sleep = anyio.sleep

    async def noted(seconds: float) -> None:
        slept.append(seconds)
        await sleep(seconds)

    async def ignore(_message: KafkaMessage) -> None:
        """Nothing comes."""

    monkeypatch.setattr(anyio, "sleep", noted)
    async with bare(desk, ignore, batch=True, batch_timeout_ms=300, ack_policy=AckPolicy.MANUAL):
        await until(lambda: first(slept), 0.3)


async def first(slept: list[float]) -> float | None:
    return max(slept, default=None)


async def test_a_value_of_a_header_that_is_not_utf_8_is_skipped_without_a_word(desk: Bench) -> None:
    seen = Seen(acknowledges=True)
    [bad], [good] = history("a", 1), history("b", 1)
    await desk.send(bad.but(extra=(("x", b"\xff"),)), good, partition=0)
    async with bare(desk, seen, ack_policy=AckPolicy.MANUAL):
        await until(lambda: committed(desk), 2)
    assert seen.keys == ["b"]


@pytest.mark.faults  # aiokafka raises some thousand times before it gets past the record
@pytest.mark.timeout(600)
async def test_a_name_of_a_header_that_is_not_utf_8_takes_what_was_read_before_with_it(
    desk: Bench,
) -> None:
    async with producing(desk.kafka_servers) as producer:
        batch = producer.create_batch()
        batch._builder = _DefaultRecordBatchBuilderPy(2, 0, False, -1, -1, -1, 1 << 20)
        for key in (b"a", b"b", b"bad", b"c"):
            headers = [(NotUtf8("x"), b"1")] if key == b"bad" else []
            batch.append(key=key, value=b"{}", timestamp=1, headers=headers)
        await (await producer.send_batch(batch, desk.topic, partition=0))
    got: list[bytes] = []
    reader = AIOKafkaConsumer(bootstrap_servers=desk.kafka_servers, auto_offset_reset="earliest")
    await reader.start()
    place = TopicPartition(desk.topic, 0)
    reader.assign([place])
    try:
        while await reader.position(place) < 4:
            with contextlib.suppress(UnicodeDecodeError):
                for records in (await reader.getmany(timeout_ms=500)).values():
                    got += [record.key for record in records]
    finally:
        await reader.stop()
    assert not {b"a", b"b"}.intersection(got)


async def test_what_a_handler_returns_is_published_where_a_sender_says(desk: Bench) -> None:
    await desk.create_topic("victim")
    reply = (("reply_to", f"{desk.prefix}victim".encode()), ("correlation_id", b"c"))
    [fact] = history("a", 1)
    await desk.send(fact.but(extra=reply))

    async def answers(_message: KafkaMessage) -> str:
        return "what nobody else should read"

    reader = AIOKafkaConsumer(bootstrap_servers=desk.kafka_servers)
    await reader.start()
    place = TopicPartition(f"{desk.prefix}victim", 0)

    async def published() -> int:
        return int((await reader.end_offsets([place]))[place])

    try:
        async with bare(desk, answers, ack_policy=AckPolicy.MANUAL):
            await until(published, 1)
    finally:
        await reader.stop()


async def make_topic(desk: Bench, name: str, **config: str) -> str:
    full = f"{desk.prefix}{name}"
    admin = AIOKafkaAdminClient(bootstrap_servers=desk.kafka_servers)
    await admin.start()
    configs = {key.replace("_", "."): value for key, value in config.items()}
    await admin.create_topics([NewTopic(full, 1, 1, topic_configs=configs)])
    await admin.close()
    return full


async def test_one_send_that_is_too_large_fails_those_that_wait_with_it(desk: Bench) -> None:
    topic = await make_topic(desk, "narrow", max_message_bytes="10000")
    async with producing(desk.kafka_servers) as producer:
        sizes = (10, 15_000, 10)
        sends = [await producer.send(topic, b"x" * size, partition=0) for size in sizes]
        ends = await asyncio.gather(*sends, return_exceptions=True)
    assert [type(end) for end in ends] == [MessageSizeTooLargeError] * 3


async def test_a_reader_unpacks_whatever_a_topic_without_our_settings_holds(desk: Bench) -> None:
    """Thirty times what it asked for at most. With them the broker refuses to take it:
    tests/faults/test_hostile.py."""
    async with AIOKafkaProducer(
        bootstrap_servers=desk.kafka_servers,
        compression_type="gzip",
        max_request_size=40_000_000,
        max_batch_size=40_000_000,
    ) as producer:
        await producer.send_and_wait(desk.topic, b"0" * 30_000_000, partition=0)
    reader = AIOKafkaConsumer(
        bootstrap_servers=desk.kafka_servers,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=1_000_000,
        fetch_max_bytes=1_000_000,
    )
    await reader.start()
    reader.assign([TopicPartition(desk.topic, 0)])
    try:
        record = await asyncio.wait_for(reader.getone(), 20)
        assert len(record.value) == 30_000_000
    finally:
        await reader.stop()
