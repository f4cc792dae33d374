"""What FastStream 0.7 and aiokafka 0.14 do to records, and that it does not happen to ours.

Each test turns red when the guard that it names is taken away: test_traps_unguarded.py (U) shows
the same trap spring where there is none, and so says when a library has changed.

trap                                  held by (here, if no file is named)       guard
------------------------------------  ----------------------------------------  --------------------
the default acknowledges first         nothing_is_acknowledged_before            AckPolicy.MANUAL
ACK, REJECT_ON_ERROR drop and commit  a_value_of_a_header_that_is_not_utf_8;    AckPolicy.MANUAL,
  what is malformed                     faults/test_hostile.py                    Reader.handle
NACK_ON_ERROR loops without a pause   nothing_is_acknowledged_before            Backoff
under MANUAL an exception skips the   an_exception_of_the_consumer_itself       Reader.handle
  batch, the next commit buries it
StopConsume keeps the group waiting   who_halts_leaves_the_group                Consumer._run
get_msg sleeps after an empty poll    an_empty_poll, a_lone_event               RawBatches.get_msg
a header's value is not UTF-8: the    a_value_of_a_header_that_is_not_utf_8     subscriber's parser
  record is skipped
a header's name is not UTF-8: those   a_name_of_a_header_that_is_not_utf_8      Fetching
  before it are lost
reply_to: the result is published     nothing_is_ever_published                 no_reply=True
ack() commits all positions           only_the_offsets_of_finished_records      Reader._commit
stopping cancels the handler          stopping_waits_for_the_batch_in_hand      graceful_timeout
an idempotent send knows no timeout,  test_relay_faults.py: sends_to_a_broker_  Sender.send, .drop
  stop() waits for it                   that_hangs (U: without_our_limit)
one oversized send fails the others   test_relay_faults.py: an_event_too_large  Sender._pack, alone
no cap on what is unpacked            faults/test_hostile.py: a_bomb_is_refused deploy/topics.yaml
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import anyio
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from confluent_kafka.admin import AdminClient
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from shared.consumer import Consumer, Received, Subscription
from shared.consumer.marks import Marks
from shared.errors import Transient
from tests.conftest import MakeDatabase
from tests.support.consuming import (
    CONSUMER,
    TOPIC,
    TYPE,
    Bench,
    NotedRead,
    NotUtf8,
    Sent,
    bench,
    history,
    producing,
    until,
)


@pytest.fixture
async def desk(make_database: MakeDatabase, kafka_servers: str) -> AsyncIterator[Bench]:
    with capture_logs():
        async with bench(await make_database("plumbing"), kafka_servers, partitions=2) as made:
            yield made


async def waits(consumer: Consumer) -> str | None:
    return consumer.not_ready()


def away(_facts: Sequence[Received]) -> None:
    raise Transient("away")


async def test_nothing_is_acknowledged_before_it_has_its_effect(desk: Bench) -> None:
    """Guard: AckPolicy.MANUAL. The default acknowledges first."""
    desk.fail = away
    await desk.send(*history("a", 3), partition=0)
    consumer = desk.start()
    await until(lambda: waits(consumer), "away")
    await asyncio.sleep(6)  # what acknowledges first commits every five seconds
    assert await desk.committed() is None
    desk.fail = None
    await until(desk.committed, 3)
    assert await desk.of("a") == [1, 2, 3]


async def test_an_exception_of_the_consumer_itself_skips_nothing(
    desk: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guard: `handle` lets nothing out. FastStream would go on, and the next commit bury this."""

    async def fail(_self: Marks, _partitions: set[int]) -> None:
        raise ZeroDivisionError

    await desk.send(*history("a", 2), partition=0)
    with monkeypatch.context() as patch:
        patch.setattr(Marks, "load", fail)
        consumer = desk.start()
        stopped = (
            f"{CONSUMER} has stopped, mend it and start again:"
            " the consumer itself failed (ZeroDivisionError)"
        )
        await until(lambda: waits(consumer), stopped)
        await desk.send(*history("b", 2), partition=0)
        await asyncio.sleep(1)
        assert await desk.committed() is None
    await desk.stop()
    desk.start()
    await until(desk.count, 4)


async def test_who_halts_leaves_the_group_at_once(
    desk: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guard: another task stops the subscriber. `StopConsume` makes FastStream cancel the task that
    is just leaving the group, and its partitions are read by nobody until the session times out."""

    async def fail(_self: Marks, _partitions: set[int]) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Marks, "load", fail)
    await desk.send(*history("a", 1))
    consumer = desk.start()
    await until(lambda: halted(consumer), True)
    await until(lambda: members(desk), 0, within=5)


async def halted(consumer: Consumer) -> bool:
    return "has stopped" in (consumer.not_ready() or "")


async def members(desk: Bench) -> int:
    group = f"{desk.prefix}{CONSUMER}"
    admin = AdminClient({"bootstrap.servers": desk.kafka_servers})
    described = await asyncio.wrap_future(admin.describe_consumer_groups([group])[group])
    return len(described.members)


async def test_an_empty_poll_is_not_followed_by_a_sleep(
    desk: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guard: RawBatches.get_msg. FastStream's sleeps as long again as it has waited."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await asyncio.sleep(seconds)

    desk.start()
    await desk.send(*history("a", 1))
    await until(desk.count, 1)
    monkeypatch.setattr(anyio, "sleep", sleep)
    await asyncio.sleep(2)
    assert slept == []


async def test_a_lone_event_is_handed_over_at_once(desk: Bench) -> None:
    """Guard: RawBatches.get_msg, and a poll that ends with the first record."""
    desk.start()
    facts = history("a", 12)
    await desk.send(facts[0])
    await until(desk.count, 1)
    took = []
    async with producing(desk.kafka_servers) as producer:
        for number, fact in enumerate(facts[1:], start=2):
            await asyncio.sleep(0.3)
            started = time.perf_counter()
            await producer.send_and_wait(desk.topic, fact.data, key=b"a", headers=fact.headers)
            await until(desk.count, number, every=0.002)
            took.append(time.perf_counter() - started)
    assert sorted(took)[len(took) // 2] < 0.15


async def test_a_value_of_a_header_that_is_not_utf_8_is_parked_and_not_skipped(
    desk: Bench,
) -> None:
    """Guard: our own parser. FastStream's decodes headers, and skips a batch that has such one."""
    facts = history("a", 3)
    bad = Sent("b", 1, b"{}", b"", extra=(("x", b"\xff"),))
    await desk.send(facts[0], bad, *facts[1:], partition=0)
    desk.start()
    await until(lambda: desk.of("a"), [1, 2, 3])
    assert await desk.parked() == [(None, None, "header-not-utf-8")]


async def test_a_name_of_a_header_that_is_not_utf_8_takes_no_other_record_with_it(
    desk: Bench,
) -> None:
    """Guard: Fetching. Aiokafka raises half-way, forgets what it had read before, and goes on
    behind it: three good records would be buried by the next commit."""
    facts = history("a", 6)
    async with producing(desk.kafka_servers) as producer:
        batch = producer.create_batch()
        batch._builder = _DefaultRecordBatchBuilderPy(2, 0, False, -1, -1, -1, 1 << 20)
        for fact in facts[:3]:
            batch.append(key=b"a", value=fact.data, timestamp=1, headers=fact.headers)
        batch.append(key=b"b", value=b"{}", timestamp=1, headers=[(NotUtf8("x"), b"1")])
        for fact in facts[3:]:
            batch.append(key=b"a", value=fact.data, timestamp=1, headers=fact.headers)
        await (await producer.send_batch(batch, desk.topic, partition=0))
    desk.start()
    await until(lambda: desk.of("a"), [1, 2, 3, 4, 5, 6])
    assert await desk.parked() == [(None, None, "header-name-not-utf-8")]
    await until(desk.committed, 7)
    [parked] = await desk.parking.list()
    shown = (await desk.parking.show(parked.id, actor="op")).full()
    assert shown["headers"] == {r"\xff\xfe": "1"}


async def test_nothing_is_ever_published_where_a_sender_says(desk: Bench) -> None:
    """Guard: no_reply=True (and no producer). A handler's result would go to `reply_to`."""
    admin = AIOKafkaAdminClient(bootstrap_servers=desk.kafka_servers)
    await admin.start()
    victim = f"{desk.prefix}victim"
    await admin.create_topics([NewTopic(victim, 1, 1)])
    reply = (("reply_to", victim.encode()), ("correlation_id", b"c"))
    await desk.send(*(fact.but(extra=reply) for fact in history("a", 2)))
    desk.start()
    await until(desk.count, 2)
    await asyncio.sleep(0.5)
    reader = AIOKafkaConsumer(bootstrap_servers=desk.kafka_servers)
    await reader.start()
    place = TopicPartition(victim, 0)
    assert await reader.end_offsets([place]) == {place: 0}
    await reader.stop()
    await admin.delete_topics([victim])
    await admin.close()


async def test_only_the_offsets_of_finished_records_are_committed(
    desk: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guard: explicit offsets. `ack()` commits whatever aiokafka has handed out so far."""
    asked: list[Any] = []
    commit = AIOKafkaConsumer.commit

    async def noted(self: AIOKafkaConsumer, offsets: Any = None) -> None:
        asked.append(offsets)
        await commit(self, offsets)

    monkeypatch.setattr(AIOKafkaConsumer, "commit", noted)
    await desk.send(*history("a", 3), partition=0)
    await desk.send(*history("b", 2), partition=1)
    desk.start()
    await until(desk.count, 5)
    await until(desk.committed, 3)
    await until(lambda: desk.committed(1), 2)
    assert asked
    assert all(offsets for offsets in asked)


async def test_stopping_waits_for_the_batch_in_hand(desk: Bench) -> None:
    """Guard: a graceful timeout, and `drain`. FastStream's default cancels the handler."""
    began = asyncio.Event()

    async def slowly(connection: AsyncConnection, facts: Sequence[Received]) -> None:
        began.set()
        await asyncio.sleep(1)
        await desk.apply(connection, facts)

    await desk.send(*history("a", 3), partition=0)
    desk.start(desk.consumer(Subscription(TOPIC, {TYPE: NotedRead}, slowly)))
    await asyncio.wait_for(began.wait(), 20)
    await desk.stop()
    assert await desk.of("a") == [1, 2, 3]
    assert await desk.committed() == 3
