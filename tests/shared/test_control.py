"""Readers can ask owners for what they miss, and owners say how much there is."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from confluent_kafka import Producer

from shared.control import Control, Counts
from shared.errors import Transient
from tests.conftest import MakeDatabase
from tests.support.publishing import Noted, Outlet, create_topic, outlet, until


@pytest.fixture
async def owner(
    make_database: MakeDatabase, kafka_servers: str, topic_prefix: str
) -> AsyncIterator[Outlet]:
    topic = f"{topic_prefix}tests.events"
    create_topic(kafka_servers, topic)
    create_topic(kafka_servers, f"{topic_prefix}rapport.control", partitions=1)
    async with outlet(await make_database("plumbing"), kafka_servers, topic=topic) as made:
        yield made


def control_of(outlet: Outlet, *, prefix: str, service: str = "tests") -> Control:
    return Control(
        service=service,
        database=outlet.database,
        kafka_servers=outlet.kafka_servers,
        topic_prefix=prefix,
    )


@pytest.fixture
async def talking(owner: Outlet, topic_prefix: str) -> AsyncIterator[tuple[Control, Control]]:
    """The owner's control, and a reader's."""
    pair = (
        control_of(owner, prefix=topic_prefix),
        control_of(owner, prefix=topic_prefix, service="reader"),
    )
    tasks = [asyncio.create_task(control.run()) for control in pair]
    for control in pair:
        await until(lambda control=control: control.not_ready(), None)  # type: ignore[misc]
    yield pair
    for control in pair:
        await control.stop()
    await asyncio.gather(*tasks)


async def test_what_a_reader_asks_for_is_published_again(
    owner: Outlet, talking: tuple[Control, Control]
) -> None:
    _, reader = talking
    await owner.append("s-1", Noted(), Noted(), Noted(), after=0)
    await owner.append("s-2", after=0)
    owner.run()
    await owner.sent()
    await reader.ask_for_replay("tests.events", "s-1", 1)
    await until(lambda: versions(owner, "s-1"), [1, 2, 3, 2, 3])
    assert await versions(owner, "s-2") == [1]


async def test_a_whole_bucket_is_published_again(
    owner: Outlet, talking: tuple[Control, Control]
) -> None:
    _, reader = talking
    await owner.append("s-1", Noted(), after=0)  # bucket 14
    await owner.append("s-2", Noted(), after=0)
    owner.run()
    await owner.sent()
    await reader.ask_for_bucket("tests.events", 14)
    await until(lambda: versions(owner, "s-1"), [1, 1])
    assert await versions(owner, "s-2") == [1]


async def test_many_requests_for_one_subject_are_answered_once(
    owner: Outlet, talking: tuple[Control, Control]
) -> None:
    _, reader = talking
    await owner.append("s-1", Noted(), Noted(), after=0)
    owner.run()
    await owner.sent()
    for _ in range(20):
        await reader.ask_for_replay("tests.events", "s-1", 0)
    await until(lambda: versions(owner, "s-1"), [1, 2, 1, 2])
    await asyncio.sleep(0.5)
    assert await versions(owner, "s-1") == [1, 2, 1, 2]


async def test_requests_for_other_owners_topics_are_left_to_them(
    owner: Outlet, talking: tuple[Control, Control]
) -> None:
    _, reader = talking
    await owner.append("s-1", Noted(), after=0)
    owner.run()
    await owner.sent()
    await reader.ask_for_replay("others.events", "s-1", 0)
    await reader.ask_for_replay("tests.events", "s-1", 0)
    await until(lambda: versions(owner, "s-1"), [1, 1])


async def test_counts_say_what_was_published_and_up_to_where(
    owner: Outlet, talking: tuple[Control, Control]
) -> None:
    publisher, reader = talking
    heard: list[Counts] = []

    async def listen(counts: Counts) -> None:
        heard.append(counts)

    reader.on_counts(listen)
    await owner.append("s-1", Noted(), Noted(), Noted(), after=0)  # bucket 14
    await owner.append("agreement-01k9", Noted(), after=0)  # bucket 47
    relay = owner.run()
    await owner.sent()
    await relay.stop()
    await owner.append("s-1", Noted(), after=3)  # not sent, so not counted
    await publisher.say_counts()
    await until(lambda: len(heard), 1)
    [counts] = heard
    assert (counts.topic, counts.epoch) == ("tests.events", 1)
    assert dict(counts.buckets) == {14: 3, 47: 1}
    log = await owner.log()
    assert counts.offsets == {seen.partition: seen.offset for seen in log}


async def test_counts_are_made_anew_only_after_a_change(owner: Outlet, topic_prefix: str) -> None:
    publisher = control_of(owner, prefix=topic_prefix)
    assert await publisher.counts() is None
    await owner.append("s-1", Noted(), after=0)
    relay = owner.run()
    await owner.sent()
    first = await publisher.counts()
    assert first is not None
    assert first.buckets == {14: 1}
    assert await publisher.counts() is first
    await owner.append("s-1", Noted(), after=1)
    await owner.sent()
    second = await publisher.counts()
    assert second is not None
    assert second.buckets == {14: 2}
    await relay.stop()


async def test_what_is_not_understood_is_passed_over(
    owner: Outlet, talking: tuple[Control, Control], topic_prefix: str
) -> None:
    _, reader = talking
    await owner.append("s-1", Noted(), after=0)
    owner.run()
    await owner.sent()
    stranger = Producer({"bootstrap.servers": owner.kafka_servers})
    kind = "rapport.control.replay-requested.v1"
    letters: list[tuple[bytes | None, list[tuple[str, str | bytes | None]]]] = [
        (None, []),
        (b"\xff", [("ce_type", b"\xff")]),
        (b"[]", [("ce_type", kind.encode())]),
        (b"{}", [("ce_type", kind.encode())]),
        (b'{"topic": "tests.events", "subject": 3}', [("ce_type", kind.encode())]),
        (b'{"topic": "tests.events", "bucket": 64}', [("ce_type", kind.encode())]),
        (b'{"topic": "tests.events", "subject": "s-1", "after": -1}', [("ce_type", b"x")]),
        (b'{"topic":"' + b"x" * 70_000 + b'"}', [("ce_type", kind.encode())]),
    ]
    for value, headers in letters:
        stranger.produce(f"{topic_prefix}rapport.control", value, headers=headers)
    stranger.flush(10)
    await reader.ask_for_replay("tests.events", "s-1", 0)
    await until(lambda: versions(owner, "s-1"), [1, 1])


async def test_asking_while_kafka_is_away_is_transient(make_database: MakeDatabase) -> None:
    async with outlet(await make_database("plumbing"), "127.0.0.1:1", topic="none") as nobody:
        control = control_of(nobody, prefix="")
        running = asyncio.create_task(control.run())
        with pytest.raises(Transient):
            await control.ask_for_replay("tests.events", "s-1", 0)
        await control.stop()
        await running


async def versions(owner: Outlet, subject: str) -> list[int]:
    return [seen.version for seen in await owner.log() if seen.subject == subject]
