"""A rebuild is killed at any moment, with live traffic: what is read stays whole, and what comes of
it in the end is what the journal says.

The oracle reads the journal's table and adds up by itself.
"""

import asyncio
import contextlib
import json
import os
import random
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest

from tests.faults.records import note
from tests.support import rebuilding
from tests.support.consuming import TOPIC
from tests.support.publishing import Noted, Outlet, create_topic, outlet

pytestmark = pytest.mark.ci

ROW = "rebuild killed midway"
SUBJECTS = 150
SCHEMA = "rebuild_tests_events"
PATIENCE_SECONDS = 90.0

Table = Mapping[str, int]


@dataclass
class Stage:
    """A journal that grows, its live reader, and the rebuilds of that reader's tables."""

    outlet: Outlet
    url: str
    environment: Mapping[str, str]
    eye: asyncpg.Connection
    dice: random.Random
    reached: dict[str, int] = field(default_factory=dict)
    answers: list[int] = field(default_factory=list)
    longest: float = 0.0

    async def start(self, command: str, **more: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            rebuilding.__file__,
            command,
            env={**os.environ, **self.environment, **more},
            stdout=asyncio.subprocess.PIPE if command == "rebuild" else None,
            stderr=asyncio.subprocess.PIPE if command == "rebuild" else asyncio.subprocess.DEVNULL,
        )

    async def write(self, facts: int) -> None:
        """As many facts, of any subjects."""
        for _ in range(facts // 5):
            subject = f"s{self.dice.randrange(SUBJECTS)}"
            after = self.reached.get(subject, 0)
            new = [Noted(number=self.dice.randrange(1000)) for _ in range(5)]
            await self.outlet.append(subject, *new, after=after)
            self.reached[subject] = after + 5

    async def go_on_writing(self) -> None:
        while True:
            await self.write(5)
            await asyncio.sleep(0.1)

    async def go_on_asking(self) -> None:
        """A page that is looked at all the while: what it shows is whole, and never goes back."""
        connection = await asyncpg.connect(self.url)
        try:
            while True:
                await self._ask(connection)
                await asyncio.sleep(0.05)
        finally:
            await connection.close()

    async def _ask(self, connection: asyncpg.Connection) -> None:
        began = time.monotonic()
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            reached = await connection.fetchval("select sum(version) from positions") or 0
            await asyncio.sleep(self.dice.choice((0.0, 0.02)))
            shown = await connection.fetchval("select count(*) from notes")
            total = await connection.fetchval("select sum(total) from totals")
            assert total == await connection.fetchval("select sum(n) from notes")
        self.longest = max(self.longest, time.monotonic() - began)
        assert shown >= reached, f"{shown} facts are shown, {reached} had their effect"
        assert not self.answers or shown >= self.answers[-1], "facts are gone that were shown"
        self.answers.append(shown)

    async def filled(self) -> int:
        """Records that the rebuild has given their effect."""
        with contextlib.suppress(asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
            return int(await self.eye.fetchval(f"select count(*) from {SCHEMA}.notes"))  # noqa: S608
        return 0

    async def switching(self) -> bool:
        return bool(
            await self.eye.fetchval(
                "select count(*) from pg_locks where mode = 'ExclusiveLock'"
                " and relation = 'generations'::regclass and granted"
            )
        )

    async def facts(self) -> dict[str, list[int]]:
        """What the journal says, by subject, in order."""
        rows = await self.outlet.fetch(
            "select subject, data from journal order by subject, version"
        )
        told: dict[str, list[int]] = {}
        for subject, data in rows:
            told.setdefault(subject, []).append(json.loads(data)["number"])
        return told

    async def tables(self) -> tuple[Table, Table, dict[str, list[int]]]:
        """Positions, totals, and the notes of each subject in order: of one moment."""
        async with self.eye.transaction(isolation="repeatable_read", readonly=True):
            positions = await self.eye.fetch("select subject, version from positions")
            totals = await self.eye.fetch("select subject, total from totals")
            notes = await self.eye.fetch("select subject, n from notes order by subject, version")
        found: dict[str, list[int]] = {}
        for row in notes:
            found.setdefault(row["subject"], []).append(row["n"])
        return dict(map(tuple, positions)), dict(map(tuple, totals)), found

    async def is_the_fold(self) -> None:
        """Every row is what the journal says, up to where its subject is."""
        positions, totals, notes = await self.tables()
        told = await self.facts()
        expected = {subject: told[subject][:version] for subject, version in positions.items()}
        assert notes == expected
        assert totals == {subject: sum(numbers) for subject, numbers in expected.items()}


@pytest.fixture
async def stage(
    make_database: Callable[..., Awaitable[str]], kafka_servers: str, tmp_path: Path
) -> AsyncIterator[Stage]:
    url = await make_database("plumbing")
    await rebuilding.make_tables(url)
    prefix = f"t{secrets.token_hex(4)}."
    for topic in (TOPIC, "rapport.control"):
        await asyncio.to_thread(create_topic, kafka_servers, f"{prefix}{topic}")
    environment = rebuilding.environment(url, kafka_servers, prefix, tmp_path)
    eye = await asyncpg.connect(url)
    source = outlet(await make_database("plumbing"), kafka_servers, topic=f"{prefix}{TOPIC}")
    async with source as journal:
        yield Stage(journal, url, environment, eye, random.Random(4))
    await eye.close()


async def until(
    what: Callable[[], Awaitable[bool]], process: asyncio.subprocess.Process | None = None
) -> None:
    """Wait for it, or for the end of the process."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not await what() and (process is None or process.returncode is None):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


async def killed_while_filling(stage: Stage, rebuild: asyncio.subprocess.Process) -> None:
    more = await stage.filled() + stage.dice.randrange(1, 600)

    async def enough() -> bool:
        return await stage.filled() >= more

    await until(enough, rebuild)


async def killed_while_switching(stage: Stage, rebuild: asyncio.subprocess.Process) -> None:
    await until(stage.switching, rebuild)
    await asyncio.sleep(stage.dice.uniform(0, 0.05))


async def killed_at_once(stage: Stage, _: asyncio.subprocess.Process) -> None:
    await asyncio.sleep(stage.dice.uniform(1.0, 2.0))


MOMENTS = (killed_while_filling, killed_while_switching, killed_at_once, killed_while_filling)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kills", [4, pytest.param(60, marks=pytest.mark.faults)])
async def test_a_rebuild_that_is_killed_at_any_moment_ends_as_the_fold_of_the_journal(
    stage: Stage, kills: int
) -> None:
    began = time.monotonic()
    stage.outlet.run()
    await stage.write(2000)
    live = await stage.start("run")
    switched = killed = 0

    async def caught_up() -> bool:
        reached = await stage.eye.fetchval("select coalesce(sum(version), 0) from positions")
        return bool(reached == sum(stage.reached.values()))

    await until(caught_up)
    others = [
        asyncio.create_task(stage.go_on_writing()),
        asyncio.create_task(stage.go_on_asking()),
    ]
    try:
        for number in range(kills):
            rebuild = await stage.start("rebuild", TESTS_BATCH="150", TESTS_SLOW="0.02")
            await MOMENTS[number % len(MOMENTS)](stage, rebuild)
            with contextlib.suppress(ProcessLookupError):
                rebuild.send_signal(signal.SIGKILL)
            said, told = await rebuild.communicate()
            killed += rebuild.returncode == -signal.SIGKILL
            assert rebuild.returncode in (0, -signal.SIGKILL), told.decode()
            await stage.is_the_fold()
        last = await stage.start("rebuild")
        said, told = await last.communicate()
        assert last.returncode == 0, told.decode()
        assert "totals, notes: switched" in said.decode()
        assert " 0 different, 0 only live, 0 only new" in said.decode()
    finally:
        for task in others:
            task.cancel()
        ended = await asyncio.gather(*others, return_exceptions=True)
    assert [each for each in ended if not isinstance(each, asyncio.CancelledError)] == []
    await until(caught_up)
    live.send_signal(signal.SIGTERM)
    await live.wait()
    await stage.is_the_fold()
    positions, _, _ = await stage.tables()
    assert positions == stage.reached
    assert await stage.eye.fetchval("select count(*) from parked") == 0
    switched = await stage.eye.fetchval(
        "select count(*) from operations where action = 'rebuild-switched'"
    )
    assert switched >= 1
    assert killed >= kills // 2
    detail = (
        f"{killed} kills, {switched} switches, {sum(stage.reached.values())} facts,"
        f" {len(stage.answers)} answers meanwhile, the slowest after {stage.longest:.2f} s"
    )
    note(2, ROW, kills + 1, detail=detail, seconds=time.monotonic() - began)
