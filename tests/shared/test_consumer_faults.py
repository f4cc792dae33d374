"""Consumers that are killed, paused and stopped at work: every fact still takes effect once."""

import asyncio
import random
import signal
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import MakeDatabase
from tests.faults.records import note
from tests.support.consuming import Bench, bench, history, until

ROOT = Path(__file__).parents[2]
Process = asyncio.subprocess.Process


class Processes:
    """Consumers of one group, each in its own process."""

    def __init__(self, desk: Bench) -> None:
        self.desk = desk
        self.all: list[Process] = []

    async def start(self, *options: str) -> Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.support.reader_process",
            self.desk.database.dsn,
            self.desk.kafka_servers,
            self.desk.prefix,
            *options,
            cwd=ROOT,
            stderr=asyncio.subprocess.DEVNULL,
        )
        self.all.append(process)
        return process

    async def kill(self) -> None:
        for process in self.all:
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
            await process.wait()


@pytest.fixture
async def desk(make_database: MakeDatabase, kafka_servers: str) -> AsyncIterator[Bench]:
    async with bench(await make_database("plumbing"), kafka_servers) as made:
        yield made


@pytest.fixture
async def processes(desk: Bench) -> AsyncIterator[Processes]:
    made = Processes(desk)
    yield made
    await made.kill()


async def assert_once_and_in_order(desk: Bench, subjects: int, versions: int) -> None:
    """Read from the table of effects alone."""
    by_subject: dict[str, list[int]] = {}
    for subject, version in await desk.effects():
        by_subject.setdefault(subject, []).append(version)
    expected = list(range(1, versions + 1))
    assert by_subject == {f"s{n}": expected for n in range(subjects)}


async def feed(desk: Bench, subjects: int, versions: int, *, after: int = 0) -> None:
    """Their facts, a few at a time, versions of all subjects interleaved."""
    logs = [history(f"s{n}", versions) for n in range(subjects)]
    for version in range(after, versions):
        await desk.send(*(log[version] for log in logs))
        await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_kills_at_any_moment_lose_and_double_nothing(
    desk: Bench, processes: Processes
) -> None:
    chance = random.Random(3)
    feeding = asyncio.create_task(feed(desk, 40, 60))
    for _ in range(6):
        process = await processes.start("--session", "6000")
        await asyncio.sleep(2.5 + chance.random() * 2)
        process.send_signal(signal.SIGKILL)
        await process.wait()
    await feeding
    desk.start()
    await until(desk.count, 40 * 60, within=60)
    await until(desk.lag, 0)
    await assert_once_and_in_order(desk, 40, 60)
    assert await desk.parked() == []
    note(2, "any service killed anywhere", 6, detail="consumers, one after the other")


@pytest.mark.slow
async def test_a_paused_consumer_that_wakes_up_writes_nothing_twice(
    desk: Bench, processes: Processes
) -> None:
    feeding = asyncio.create_task(feed(desk, 40, 100))
    first = await processes.start("--session", "6000")
    await until(partial(more_than, desk, 100), True, within=30)
    for _ in range(3):  # in the middle of whatever it does
        first.send_signal(signal.SIGSTOP)
        await asyncio.sleep(0.1)
        first.send_signal(signal.SIGCONT)
        await asyncio.sleep(0.3)
    first.send_signal(signal.SIGSTOP)
    second = await processes.start("--session", "6000")
    await asyncio.sleep(14)
    first.send_signal(signal.SIGCONT)
    await feeding
    await until(desk.count, 40 * 100, within=60)
    await asyncio.sleep(2)
    assert second.returncode is None
    assert first.returncode is None
    await assert_once_and_in_order(desk, 40, 100)
    note(2, "paused consumer, relay, scheduler", 4, detail="a consumer; once past its session")


async def more_than(desk: Bench, effects: int) -> bool:
    return await desk.count() > effects


@pytest.mark.slow
async def test_stopping_at_any_moment_leaves_nothing_marked_and_nothing_undone(
    desk: Bench, processes: Processes
) -> None:
    chance = random.Random(4)
    for turn in range(4):
        feeding = asyncio.create_task(feed(desk, 40, 15 * (turn + 1), after=15 * turn))
        process = await processes.start()
        await until(partial(more_than, desk, await desk.count()), True, within=30)
        await asyncio.sleep(chance.random() * 0.3)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 15) == 0
        marked = "select * from partitions where started_from is not null"
        assert await desk.fetch(marked) == []
        await feeding
    desk.start()
    await until(desk.count, 40 * 60, within=60)
    await assert_once_and_in_order(desk, 40, 60)
    note(2, "shutdown at every await", 4, detail="consumers, SIGTERM in the midst of a batch")


@pytest.mark.slow
async def test_a_record_that_kills_the_process_is_left_alone_after_three_deaths(
    desk: Bench, processes: Processes
) -> None:
    logs = [history(f"s{n}", 5) for n in range(8)]
    killer = history("killer", 2)
    before = [fact for log in logs for fact in log[:3]]
    after = [fact for log in logs for fact in log[3:]]
    await desk.send(*before, killer[0], *after, killer[1], partition=0)
    deaths = 0
    while not await desk.parked() and deaths < 8:
        process = await processes.start("--session", "6000")
        dying = asyncio.create_task(process.wait())
        parking = asyncio.create_task(until(lambda: anything_parked(desk), True, within=40))
        await asyncio.wait((dying, parking), return_when=asyncio.FIRST_COMPLETED)
        parking.cancel()
        deaths += dying.done()
        if not dying.done():
            await until(desk.count, 40, within=20)
            process.send_signal(signal.SIGTERM)
            await dying
    assert await desk.parked() == [("killer", 1, "killed-the-process"), ("killer", 2, "behind")]
    assert deaths == 4  # once in its batch, and three times alone
    await assert_once_and_in_order(desk, 8, 5)
    note(3, "a record that kills its reader", 1, detail="left alone after three deaths")


async def anything_parked(desk: Bench) -> bool:
    return bool(await desk.parked())
