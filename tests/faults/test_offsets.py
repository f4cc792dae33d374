"""What Kafka remembers of a reader is a hint: reset it, and nothing is skipped or done twice."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.conftest import MakeDatabase
from tests.faults.records import note
from tests.support.consuming import CONSUMER, until
from tests.support.line import Line, line_of
from tests.support.publishing import create_topic, delete_topic

pytestmark = [pytest.mark.ci, pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
PARTITIONS = 3

Reset = Callable[[AdminClient, Line], Awaitable[None]]


@pytest.fixture
async def urls(make_database: MakeDatabase) -> tuple[str, str]:
    return await make_database("plumbing"), await make_database("plumbing")


@pytest.fixture
async def line(
    urls: tuple[str, str], kafka_servers: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Line]:
    """Owners count every two seconds here, not once a minute."""
    monkeypatch.setattr("shared.control._COUNT_SECONDS", 2.0)
    async with line_of(urls, kafka_servers, partitions=PARTITIONS) as made:
        yield made


def group(line: Line) -> str:
    return f"{line.reader.prefix}{CONSUMER}"


async def ends(line: Line) -> dict[int, int]:
    """The offset that the next record of each partition will get."""
    return {seen.partition: seen.offset + 1 for seen in await line.owner.log()}


async def commit(admin: AdminClient, line: Line, offsets: dict[int, int]) -> None:
    places = [
        TopicPartition(line.owner.topic, partition, offset) for partition, offset in offsets.items()
    ]
    [answer] = admin.alter_consumer_group_offsets(
        [ConsumerGroupTopicPartitions(group(line), places)]
    ).values()
    await asyncio.to_thread(answer.result, 30)


async def to_nothing(admin: AdminClient, line: Line) -> None:
    [answer] = admin.delete_consumer_groups([group(line)]).values()
    await asyncio.to_thread(answer.result, 30)


async def to_the_start(admin: AdminClient, line: Line) -> None:
    await commit(admin, line, dict.fromkeys(range(PARTITIONS), 0))


async def to_the_end(admin: AdminClient, line: Line) -> None:
    await commit(admin, line, await ends(line))


async def beyond_the_end(admin: AdminClient, line: Line) -> None:
    reached = await ends(line)
    await commit(admin, line, {part: offset + 1000 for part, offset in reached.items()})


@pytest.mark.parametrize("reset", [to_nothing, to_the_start, to_the_end, beyond_the_end])
async def test_offsets_that_were_reset_skip_nothing_and_double_nothing(
    line: Line, reset: Reset
) -> None:
    admin = AdminClient({"bootstrap.servers": line.owner.kafka_servers})
    async with line.under_load(subjects=10):
        await line.shows(100)
        await line.reader.stop()
        await line.accepts(100)  # which nobody reads before the reset
        await line.owner.sent()
        await reset(admin, line)
        line.start_reader()
        await line.accepts(20)
    # of some subjects nothing comes any more: only the count says that something is missing
    await line.settle(within=120)
    await line.check()
    note(2, "offsets reset", 1, detail=reset.__name__.replace("_", " "))


async def test_last_events_that_kafka_lost_are_found_by_the_counts(line: Line) -> None:
    """Nothing comes after them, and the topic is as long as it was."""
    admin = AdminClient({"bootstrap.servers": line.owner.kafka_servers})
    async with line.under_load(subjects=10):
        await line.shows(50)
    await line.settle()
    await line.reader.stop()
    lost = [f"s-{number}" for number in range(5)]
    for subject in lost:
        assert await line.write(subject)
    await line.owner.sent()
    cut = [
        TopicPartition(line.owner.topic, partition, end)
        for partition, end in (await ends(line)).items()
    ]
    for answer in admin.delete_records(cut).values():
        await asyncio.to_thread(answer.result, 30)
    assert await line.owner.log() == []
    began = asyncio.get_running_loop().time()
    line.start_reader()
    await line.settle(within=120)
    seconds = asyncio.get_running_loop().time() - began
    await line.check(whole_log=False)
    note(2, "last event of a subject lost", len(lost), detail=f"found within {seconds:.0f} s")


async def test_a_topic_refilled_in_another_order_under_a_paused_reader_skips_nothing(
    urls: tuple[str, str], kafka_servers: str
) -> None:
    async with line_of(urls, kafka_servers, partitions=PARTITIONS, reads=False) as line:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.support.reader_process",
            line.reader.database.dsn,
            kafka_servers,
            line.reader.prefix,
            cwd=ROOT,
            env=dict(os.environ, PYTHONPATH=str(ROOT)),
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with line.under_load(subjects=30, seed=5):
                await line.shows(200, within=90)
                process.send_signal(signal.SIGSTOP)
                await line.accepts(50)
            await line.owner.sent()
            await line.owner.stop()
            before = [(seen.subject, seen.version) for seen in await line.owner.log()]
            delete_topic(kafka_servers, line.owner.topic)
            await made_again(kafka_servers, line.owner.topic)
            line.owner.run()  # it takes the buckets in an order of its own
            await line.owner.sent(within=90)
            after = [(seen.subject, seen.version) for seen in await line.owner.log()]
            assert after != before, "the refilled topic has another order"
            for number in range(5):
                assert await line.write(f"s-{number}")
            process.send_signal(signal.SIGCONT)
            await line.settle(within=120)
            log = await line.check()
            assert {seen.epoch for seen in log} == {2}
        finally:
            process.kill()
            await process.wait()
    note(2, "topic refilled in another order", 1, detail="under a reader that was paused")


async def made_again(kafka_servers: str, topic: str) -> None:
    """As soon as the cluster lets us: it may still be at deleting it."""

    async def made() -> bool:
        try:
            await asyncio.to_thread(create_topic, kafka_servers, topic, partitions=PARTITIONS)
        except Exception:  # noqa: BLE001 - the library raises one type for all, and we try again
            return False
        return True

    await until(made, True, within=60)
