"""What dies, hangs or is refused between the journal and Kafka costs duplicates at most."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from prometheus_client import REGISTRY

from shared.embedded import free_ports
from shared.embedded.kafka import KafkaServer
from tests.conftest import MakeDatabase
from tests.faults.records import note
from tests.support.publishing import (
    Noted,
    Outlet,
    assert_complete_and_in_order,
    create_topic,
    outlet,
    until,
)

_PROCESS = Path(__file__).parents[1] / "support" / "relay_process.py"


@pytest.fixture
async def post(make_database: MakeDatabase, kafka_servers: str) -> AsyncIterator[Outlet]:
    async with outlet(await make_database("plumbing"), kafka_servers) as made:
        yield made


async def relay_process(post: Outlet) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(_PROCESS),
        post.database.dsn,
        post.kafka_servers,
        post.topic,
        env=dict(os.environ, PYTHONPATH=str(_PROCESS.parents[2])),
    )


async def end(process: asyncio.subprocess.Process) -> None:
    process.kill()
    await process.wait()


async def test_killed_between_send_and_delete_costs_duplicates_only(post: Outlet) -> None:
    await post.append("s-1", Noted(number=1), Noted(number=2), after=0)
    # what was read to be sent cannot be deleted while we hold it: the relay stops exactly there
    held = await asyncpg.connect(post.database.dsn)
    transaction = held.transaction()
    await transaction.start()
    await held.execute("select * from unpublished for update")
    process = await relay_process(post)
    await until(lambda: versions(post), [1, 2])
    await end(process)
    await transaction.rollback()
    await held.close()
    assert await post.unpublished() == 2

    await post.append("s-1", Noted(number=3), after=2)
    relay = post.run()
    await post.sent()
    log = await post.log()
    assert [seen.version for seen in log] == [1, 2, 1, 2, 3]
    assert log[0].value == log[2].value
    assert_complete_and_in_order(log, {"s-1": 3})
    status = await relay.status()
    assert (status["epoch"], status["closed"]) == (1, None), "its own sends were recognized"
    note(2, "relay killed between send and delete", 1, detail="exactly there, by a held row")


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("enough", [6, pytest.param(100, marks=pytest.mark.faults)])
async def test_relays_killed_at_random_lose_and_reorder_nothing(post: Outlet, enough: int) -> None:
    processes = [await relay_process(post) for _ in range(3)]
    chance = random.Random(11)
    expected = dict.fromkeys((f"s-{number}" for number in range(60)), 0)
    kills, sent_when_killed = 0, 0
    while kills < enough:
        subject = chance.choice(list(expected))
        facts = [Noted(number=number) for number in range(chance.randint(1, 30))]
        await post.append(subject, *facts, after=expected[subject])
        expected[subject] += len(facts)
        sent = sum(expected.values()) - await post.unpublished()
        if sent > sent_when_killed + 200:
            victim = chance.randrange(3)
            await end(processes[victim])
            processes[victim] = await relay_process(post)
            kills, sent_when_killed = kills + 1, sent
    await post.sent(within=60)
    for process in processes:
        await end(process)
    written = {subject: version for subject, version in expected.items() if version}
    assert_complete_and_in_order(await post.log(), written)
    total = sum(written.values())
    note(2, "relay killed between send and delete", kills, detail=f"1 of 3 relays; {total} facts")


async def test_a_relay_that_hangs_with_its_buckets_keeps_no_other_bucket(post: Outlet) -> None:
    process = await relay_process(post)
    await post.append("s-1", after=0)
    await post.sent()
    process.send_signal(signal.SIGSTOP)
    post.run()
    await post.append("s-1", after=1)
    await post.append("s-2", after=0)
    await post.sent()
    process.send_signal(signal.SIGCONT)
    await post.append("s-1", after=2)
    await post.sent()
    await end(process)
    assert_complete_and_in_order(await post.log(), {"s-1": 3, "s-2": 1})
    note(2, "paused consumer, relay, scheduler", 1, detail="a relay, with its buckets")


async def test_a_lost_database_connection_is_made_again(post: Outlet) -> None:
    relay = post.run()
    for version in range(3):
        await until(relay.not_ready, None)
        await post.append("s-1", after=version)
        await post.sent()
        cut = await post.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1",
            f"relay {post.topic}",
        )
        assert cut == [(True,)]
    await post.append("s-1", after=3)
    await post.sent()
    assert_complete_and_in_order(await post.log(), {"s-1": 4})


async def test_an_event_too_large_for_the_topic_stops_only_its_subject(
    make_database: MakeDatabase,
    kafka_servers: str,
    topic_prefix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.relay.relay._REFUSED_SECONDS", 2.0)
    topic = f"{topic_prefix}small.events"
    create_topic(kafka_servers, topic, partitions=2, max_message_bytes="20000")
    async with outlet(await make_database("plumbing"), kafka_servers, topic=topic) as post:
        for number in range(20):
            await post.append(f"s-{number}", Noted(number=1), after=0)
        await post.append("s-7", Noted(text="x" * 30_000), Noted(number=3), after=1)
        for number in range(20):
            if number != 7:
                await post.append(f"s-{number}", Noted(number=2), Noted(number=3), after=1)
        relay = post.run()
        await until(post.unpublished, 2)
        expected = {f"s-{number}": 3 for number in range(20)}
        assert_complete_and_in_order(await post.log(), {**expected, "s-7": 1})
        assert REGISTRY.get_sample_value("rapport_relay_refused_subjects", {"topic": topic}) == 1
        # others go on, and the subject does too once the topic takes it
        await post.append("s-8", after=3)
        await until(post.unpublished, 2)
        await set_limit(kafka_servers, topic, "1048576")
        await post.sent()
        assert_complete_and_in_order(await post.log(), {**expected, "s-8": 4})
        assert relay.not_ready() is None


async def test_nothing_is_taken_behind_an_event_that_a_new_producer_could_not_send(
    make_database: MakeDatabase, kafka_servers: str, topic_prefix: str
) -> None:
    """A partition that does not know a producer takes any sequence number from it."""
    topic = f"{topic_prefix}small.events"
    create_topic(kafka_servers, topic, partitions=1, max_message_bytes="20000")
    async with outlet(await make_database("plumbing"), kafka_servers, topic=topic) as post:
        await post.append("s-7", Noted(text="x" * 30_000), Noted(number=2), after=0)
        await post.append("s-8", Noted(number=1), Noted(number=2), after=0)
        post.run()
        await until(post.unpublished, 2)
        assert_complete_and_in_order(await post.log(), {"s-8": 2})


async def test_without_kafka_the_relay_waits_and_stops_at_once(make_database: MakeDatabase) -> None:
    async with outlet(await make_database("plumbing"), "127.0.0.1:1", topic="none") as post:
        await post.append("s-1", after=0)
        relay = post.run()
        await until(relay.not_ready, "Kafka cannot be reached")
        assert await relay.status() == {
            "journal": 1,
            "unpublished": 1,
            "epoch": 1,
            "closed": None,
        }
        async with asyncio.timeout(3):
            await post.stop()


@pytest.fixture
async def own_kafka(tmp_path: Path) -> AsyncIterator[KafkaServer]:
    """A broker for one test alone, that may be hurt."""
    port, controller = free_ports(2)
    server = KafkaServer(
        tmp_path / "kafka", port=port, controller_port=controller, log=tmp_path / "kafka.log"
    )
    await server.start()
    yield server
    hurt(server, signal.SIGCONT)
    await server.stop()


@pytest.mark.slow
async def test_sends_to_a_broker_that_hangs_are_unknown_and_sent_again(
    make_database: MakeDatabase, own_kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.relay.sending._LIMIT_SECONDS", 2.0)
    async with outlet(await make_database("plumbing"), own_kafka.servers) as post:
        relay = post.run()
        await post.append("s-1", after=0)
        await post.sent()
        hurt(own_kafka, signal.SIGSTOP)
        await post.append("s-1", Noted(), Noted(), after=1)
        await post.append("s-2", after=0)
        unknown = {"topic": post.topic}
        await until(
            lambda: (REGISTRY.get_sample_value("rapport_relay_unknown_total", unknown) or 0) > 0,
            True,
        )
        assert await post.unpublished() == 3
        await until(lambda: relay.not_ready() is None, False)
        hurt(own_kafka, signal.SIGCONT)
        await post.sent(within=40)
        assert_complete_and_in_order(await post.log(), {"s-1": 3, "s-2": 1})
        # and stopping does not wait for a broker that hangs
        hurt(own_kafka, signal.SIGSTOP)
        await post.append("s-1", after=3)
        await asyncio.sleep(0.5)
        async with asyncio.timeout(8):
            await post.stop()
        hurt(own_kafka, signal.SIGCONT)


@pytest.mark.slow
async def test_without_our_limit_a_send_has_no_end_and_neither_has_stopping(
    own_kafka: KafkaServer,
) -> None:
    """The trap that the test above guards: an idempotent producer knows no timeout."""
    create_topic(own_kafka.servers, "tests.events", partitions=1)
    producer = AIOKafkaProducer(
        bootstrap_servers=own_kafka.servers, enable_idempotence=True, request_timeout_ms=1_000
    )
    await producer.start()
    await producer.send_and_wait("tests.events", b"1", partition=0)
    hurt(own_kafka, signal.SIGSTOP)
    await until(lambda: statuses(own_kafka), {psutil.STATUS_STOPPED})
    answer = await producer.send("tests.events", b"2", partition=0)
    stopping = asyncio.create_task(producer.stop())
    done, _ = await asyncio.wait({answer, stopping}, timeout=6)
    assert done == set()
    hurt(own_kafka, signal.SIGCONT)
    await asyncio.wait_for(asyncio.gather(answer, stopping), 60)


@pytest.mark.slow
async def test_a_killed_broker_and_a_wiped_one_are_recovered_from(
    make_database: MakeDatabase, own_kafka: KafkaServer
) -> None:
    async with outlet(await make_database("plumbing"), own_kafka.servers) as post:
        relay = post.run()
        await post.append("s-1", Noted(), Noted(), after=0)
        await post.sent()
        hurt(own_kafka, signal.SIGKILL)
        await post.append("s-1", after=2)
        await until(relay.not_ready, "Kafka cannot be reached")
        await own_kafka.run()
        await post.sent(within=60)
        assert_complete_and_in_order(await post.log(), {"s-1": 3})
        assert (await relay.status())["epoch"] == 1

        await own_kafka.stop()
        own_kafka.folder.rename(own_kafka.folder.with_name("lost"))
        await post.append("s-1", after=3)
        await own_kafka.run()
        await until(
            relay.not_ready,
            f"the topic {post.topic} does not exist, or may not be seen by this service",
        )
        create_topic(own_kafka.servers, post.topic)
        await post.sent(within=40)
        log = await post.log()
        assert_complete_and_in_order(log, {"s-1": 4})
        assert {seen.epoch for seen in log} == {2}


def hurt(server: KafkaServer, how: signal.Signals) -> None:
    """Send the signal to the broker and to what guards it."""
    assert server.child is not None
    os.killpg(server.child.pid, how)


def statuses(server: KafkaServer) -> set[str]:
    """Of the broker and of what guards it: a signal arrives a moment after it was sent."""
    assert server.child is not None
    guard = psutil.Process(server.child.pid)
    return {process.status() for process in (guard, *guard.children(recursive=True))}


async def set_limit(kafka_servers: str, topic: str, limit: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_servers)
    await admin.start()
    change = {"max.message.bytes": limit}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, change)])
    await admin.close()


async def versions(post: Outlet) -> list[int]:
    return [seen.version for seen in await post.log()]
