"""Kafka is a cache of the journals; a database that is older than its topic is no source."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg
import pytest
from confluent_kafka import Producer
from sqlalchemy import make_url

from shared import journal
from shared.cluster import Kafka
from shared.errors import Rejected, Transient
from shared.relay.topic import published_after
from tests.conftest import MakeDatabase
from tests.support.publishing import (
    Noted,
    Outlet,
    assert_complete_and_in_order,
    create_topic,
    delete_topic,
    outlet,
    until,
)


@pytest.fixture
async def post(make_database: MakeDatabase, kafka_servers: str) -> AsyncIterator[Outlet]:
    async with outlet(await make_database("plumbing"), kafka_servers) as made:
        yield made


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The relay looks at its topic all the time, not every half minute."""
    monkeypatch.setattr("shared.relay.relay._CHECK_SECONDS", 0.2)


async def publish_three(post: Outlet) -> None:
    await post.append("s-1", Noted(), Noted(), after=0)
    await post.append("s-2", after=0)
    relay = post.run()
    await post.sent()
    await relay.stop()


async def recreate(post: Outlet) -> None:
    """Delete the topic and make it again, as soon as the cluster lets us."""
    delete_topic(post.kafka_servers, post.topic)
    for _ in range(100):
        try:
            create_topic(post.kafka_servers, post.topic)
        except Exception:  # noqa: BLE001 - the library raises one type for all, and we try again
            await asyncio.sleep(0.05)
        else:
            return
    raise AssertionError("the topic could not be made again")


async def epoch_of(post: Outlet) -> int:
    return int((await post.relay().status())["epoch"])


async def test_offsets_reached_are_recorded_with_the_rows_that_were_sent(post: Outlet) -> None:
    await publish_three(post)
    [(offsets,)] = await post.fetch("select offsets::text from publication")
    log = await post.log()
    reached = {seen.partition: seen.offset for seen in log}
    assert offsets.count(":") == len(reached)
    for partition, offset in reached.items():
        assert f'"{partition}": {offset}' in offsets


async def test_a_topic_emptied_while_the_relay_was_away_is_filled_again(post: Outlet) -> None:
    await publish_three(post)
    await recreate(post)
    post.run()
    await until(lambda: epoch_of(post), 2)
    await post.sent()
    log = await post.log()
    assert_complete_and_in_order(log, {"s-1": 2, "s-2": 1})
    assert {seen.epoch for seen in log} == {2}
    assert len(log) == 3


@pytest.mark.usefixtures("often")
async def test_a_topic_emptied_under_an_idle_relay_is_noticed(post: Outlet) -> None:
    post.run()
    await post.append("s-1", Noted(), Noted(), after=0)
    await post.sent()
    await recreate(post)
    await until(lambda: epoch_of(post), 2)
    await post.sent()
    assert_complete_and_in_order(await post.log(), {"s-1": 2})


async def test_an_offset_given_out_twice_is_noticed_at_the_send(post: Outlet) -> None:
    """The topic was emptied, and is no shorter than before by the time anyone looks."""
    relay = post.run()
    await post.append("s-1", Noted(), after=0)
    await post.sent()
    await until(relay.not_ready, None)
    await recreate(post)
    await post.append("s-1", Noted(), Noted(), after=1)
    await until(lambda: epoch_of(post), 2)
    await post.sent()
    assert_complete_and_in_order([seen for seen in await post.log() if seen.epoch == 2], {"s-1": 3})


async def test_a_topic_of_another_cluster_is_filled_again(post: Outlet) -> None:
    await publish_three(post)
    await post.fetch("update publication set cluster_id = 'the-old-one'")
    post.run()
    await until(lambda: epoch_of(post), 2)
    await post.sent()
    assert [seen.epoch for seen in await post.log() if seen.subject == "s-1"] == [1, 1, 2, 2]
    [(cluster, reason)] = await post.fetch("select cluster_id, closed_reason from publication")
    assert cluster != "the-old-one"
    assert reason is None


async def test_relays_that_start_together_begin_one_new_epoch(post: Outlet) -> None:
    await publish_three(post)
    await recreate(post)
    relays = [post.run() for _ in range(3)]
    for relay in relays:
        await until(relay.not_ready, None)
    await post.sent()
    assert await epoch_of(post) == 2
    assert len(await post.log()) == 3


async def test_a_missing_topic_is_said_and_waited_for(
    make_database: MakeDatabase, kafka_servers: str
) -> None:
    async with outlet(
        await make_database("plumbing"), kafka_servers, topic="t-not-there.events"
    ) as post:
        await post.append("s-1", after=0)
        relay = post.run()
        await until(
            relay.not_ready,
            "the topic t-not-there.events does not exist, or may not be seen by this service",
        )
        create_topic(kafka_servers, post.topic)
        await until(relay.not_ready, None)
        await post.sent()
        delete_topic(kafka_servers, post.topic)


async def test_a_database_restored_from_an_older_backup_closes_the_service(post: Outlet) -> None:
    await publish_three(post)
    async with copy_of(post) as restored:
        await post.append("s-1", Noted(text="lost by the restore"), after=2)
        post.run()
        await post.sent()
        await post.stop()
        before = await post.log()

        await restored.append("s-9", after=0)
        relay = restored.run()
        await until(relay.not_ready, None)
        closed = (await relay.status())["closed"]
        assert closed is not None
        assert "s-1:3" in closed
        assert "older back-up" in closed
        with pytest.raises(Rejected) as refused:
            async with restored.database.begin(actor="a", correlation_id="c"):
                raise AssertionError("a closed service must not begin to record")
        assert (refused.value.code, refused.value.status) == ("service-closed", 503)
        async with restored.database.connect() as connection:
            await journal.republish(connection)
        await asyncio.sleep(1.5)
        assert await restored.unpublished() == 4, "nothing is sent while closed"
        await restored.stop()
        # and it stays closed
        again = restored.run()
        await until(again.not_ready, None)
        assert (await again.status())["closed"] == closed
        assert await post.log() == before


async def test_an_equal_version_with_other_content_closes_the_service(post: Outlet) -> None:
    await publish_three(post)
    async with copy_of(post) as restored:
        await post.append("s-1", Noted(text="what readers know"), after=2)
        post.run()
        await post.sent()
        await post.stop()
        await restored.append("s-1", Noted(text="what was recorded after the restore"), after=2)
        relay = restored.run()
        await until(relay.not_ready, None)
        assert "s-1:3" in str((await relay.status())["closed"])
        assert await restored.unpublished() == 1


async def test_an_empty_database_does_not_publish_into_a_full_topic(
    post: Outlet, make_database: MakeDatabase
) -> None:
    await publish_three(post)
    async with outlet(
        await make_database("plumbing"), post.kafka_servers, topic=post.topic
    ) as empty:
        relay = empty.run()
        await until(relay.not_ready, None)
        assert (await relay.status())["closed"] is not None


async def test_a_restored_database_that_lost_nothing_goes_on(post: Outlet) -> None:
    await publish_three(post)
    async with copy_of(post) as restored:
        await restored.append("s-1", after=2)
        relay = restored.run()
        await restored.sent()
        assert (await relay.status())["closed"] is None
        assert_complete_and_in_order(await restored.log(), {"s-1": 3, "s-2": 1})


async def test_what_was_sent_before_a_crash_is_recognized(post: Outlet) -> None:
    """It is in the topic, and the transaction that would have said so was lost."""
    await publish_three(post)
    await post.fetch("update publication set offsets = '{}'")
    async with post.database.connect() as connection:
        await journal.republish(connection)
    relay = post.run()
    await until(relay.not_ready, None)
    assert (await relay.status())["closed"] is None
    await post.sent()
    assert_complete_and_in_order(await post.log(), {"s-1": 2, "s-2": 1})


async def test_records_of_strangers_in_the_topic_close_nothing(post: Outlet) -> None:
    await publish_three(post)
    stranger = Producer({"bootstrap.servers": post.kafka_servers})
    stranger.produce(post.topic, b"junk")
    stranger.produce(post.topic, b"{}", key="s-1", headers={"ce_source": "/rapport/other"})
    stranger.produce(post.topic, b"{}", key="s-1", headers={"ce_source": "/rapport/tests"})
    stranger.produce(
        post.topic,
        b"{}",
        headers={"ce_source": "/rapport/tests", "ce_subject": b"\xff", "ce_sequence": "x"},
    )
    stranger.flush(10)
    await post.append("s-1", after=2)
    relay = post.run()
    await post.sent()
    assert (await relay.status())["closed"] is None


@contextlib.asynccontextmanager
async def copy_of(post: Outlet) -> AsyncIterator[Outlet]:
    """A back-up: another service on a copy of the database as it is now, and on the same topic."""
    await post.stop()
    await post.database.engine.dispose()
    url = make_url(post.database.dsn)
    name = f"{url.database}_backup"
    admin = await asyncpg.connect(
        url.set(database="postgres").render_as_string(hide_password=False)
    )
    await admin.execute(f'create database "{name}" template "{url.database}"')
    copied = url.set(database=name).render_as_string(hide_password=False)
    async with outlet(copied, post.kafka_servers, topic=post.topic) as restored:
        yield restored
    await admin.execute(f'drop database "{name}" with (force)')
    await admin.close()


async def test_a_topic_deleted_under_the_relay_is_waited_for(post: Outlet) -> None:
    relay = post.run()
    await post.append("s-1", Noted(), after=0)
    await post.sent()
    delete_topic(post.kafka_servers, post.topic)
    producer = relay._sender._producer
    assert producer is not None

    async def remembered() -> bool:  # by itself it asks for metadata every five minutes
        await producer.client.force_metadata_update()
        return post.topic in producer.client.cluster.topics()

    await until(remembered, False)
    await post.append("s-1", Noted(), after=1)
    await until(lambda: relay.not_ready() is not None, True)
    create_topic(post.kafka_servers, post.topic)
    await post.sent()
    assert_complete_and_in_order(await post.log(), {"s-1": 2})


async def test_a_topic_that_lost_the_end_that_was_seen_is_not_read_for_ever(post: Outlet) -> None:
    """The look at the topic would wait in its transaction, and no relay would send any more."""
    await publish_three(post)
    ends = dict.fromkeys(range(3), 99)
    seen = published_after(
        post.topic,
        kafka=Kafka.at(post.kafka_servers),
        source="/rapport/tests",
        offsets={},
        ends=ends,
    )

    async def read() -> None:
        async with asyncio.timeout(60):
            async for batch in seen:
                assert {event.subject for event in batch} <= {"s-1", "s-2"}

    with pytest.raises(Transient):
        await read()
