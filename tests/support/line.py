"""One fact's whole way under load: journal, relay, Kafka, consumer, projection; and its oracles.

The driver keeps a ledger of its own: each attempt is a number, and ended *ok*, *failed* or
*unknown* (the answer to its COMMIT never came). What became of them is read from the journal and
from the table of effects by plain SQL, and from the log by another client library.
"""

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import ClassVar

import asyncpg
from structlog.testing import capture_logs

from shared.cluster import Kafka
from shared.control import Control
from shared.errors import Rejected, Transient
from shared.facts import Fact
from tests.support.consuming import TOPIC, Bench, bench, until
from tests.support.publishing import Outlet, Seen, assert_complete_and_in_order, outlet

__all__ = ["Ledger", "Line", "line_of"]


class Attempted(Fact):
    """A fact that says which attempt it was; read as `NotedRead`."""

    type: ClassVar[str] = "rapport.tests.noted.v1"
    n: int


@dataclass
class Ledger:
    """What became of each attempt, as its client saw it."""

    ok: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    unknown: set[int] = field(default_factory=set)
    versions: dict[str, int] = field(default_factory=dict)
    """Of each subject, the last version known to be taken."""

    @property
    def attempts(self) -> int:
        return len(self.ok) + len(self.failed) + len(self.unknown)


class Line:
    """An owner with its relay, a reader with its projection, and a driver who writes."""

    def __init__(self, owner: Outlet, reader: Bench) -> None:
        self.owner = owner
        self.reader = reader
        self.ledger = Ledger()
        self.controls: list[Control] = []

    # --- load ------------------------------------------------------------------------------------

    async def write(self, subject: str) -> bool:
        """One attempt of one more fact; whether it was taken."""
        ledger = self.ledger
        attempt, after = ledger.attempts + 1, ledger.versions.get(subject, 0)
        ledger.unknown.add(attempt)  # until we hear of it
        try:
            await self.owner.append(subject, Attempted(n=attempt), after=after)
        except Rejected:  # an attempt before, of which we had not heard, was taken
            ledger.unknown.discard(attempt)
            ledger.failed.add(attempt)
            ledger.versions[subject] = after + 1
            return False
        except Transient:
            return False
        ledger.unknown.discard(attempt)
        ledger.ok.add(attempt)
        ledger.versions[subject] = after + 1
        return True

    @contextlib.asynccontextmanager
    async def under_load(self, *, subjects: int = 20, seed: int = 1) -> AsyncIterator[None]:
        """Somebody writes, one fact after the other, as long as the block lasts."""
        chance = random.Random(seed)
        ended = asyncio.Event()

        async def drive() -> None:
            while not ended.is_set():
                if not await self.write(f"s-{chance.randrange(subjects)}"):
                    await asyncio.sleep(0.1)
                await asyncio.sleep(0.002)

        driving = asyncio.create_task(drive())
        try:
            yield
        finally:
            ended.set()
            await driving

    async def accepts(self, more: int, *, within: float = 60.0) -> None:
        """Wait until so many more were taken than now."""
        goal = len(self.ledger.ok) + more

        async def enough() -> bool:
            return len(self.ledger.ok) >= goal

        await until(enough, True, within=within)

    async def shown(self) -> int:
        """How many have taken effect, as soon as the reader's database can be asked."""
        while True:
            try:
                return await self.reader.count()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(0.1)

    def start_reader(self) -> None:
        """One more consumer; all end with the block."""
        self.reader.start(self.reader.consumer())

    async def shows(self, more: int, *, within: float = 60.0) -> None:
        """Wait until so many more have taken effect at the reader than now."""
        goal = await self.shown() + more

        async def enough() -> bool:
            return await self.shown() >= goal

        await until(enough, True, within=within)

    async def last_shown(self, *, within: float) -> float:
        """Seconds until what was taken last, just now, has its effect."""
        clock = asyncio.get_running_loop().time
        began, newest = clock(), max(self.ledger.ok)

        async def seen() -> bool:
            return bool(await self.reader.fetch("select 1 from effects where n = $1", newest))

        await until(seen, True, within=within)
        return clock() - began

    # --- oracles ---------------------------------------------------------------------------------

    async def journal(self) -> list[tuple[str, int, int]]:
        """(subject, version, attempt) as the journal has them."""
        rows = await self.owner.fetch(
            "select subject, version, data from journal order by subject, version"
        )
        return [(subject, version, json.loads(data)["n"]) for subject, version, data in rows]

    async def settle(self, *, within: float = 90.0) -> None:
        """Wait until everything was sent and took effect, and the reader is at the end."""
        await self.owner.sent(within=within)
        [(facts,)] = await self.owner.fetch("select count(*) from journal")
        await until(self.reader.count, facts, within=within)
        if self.reader.running:
            await until(self.reader.lag, 0, within=within)

    async def check(self, *, whole_log: bool = True) -> list[Seen]:
        """Nothing that was accepted is lost, nothing took effect twice or in another order, and
        nothing was parked. Returns the log; `whole_log`: all of the journal stands in it."""
        journal = await self.journal()
        attempts = [attempt for _, _, attempt in journal]
        assert len(set(attempts)) == len(attempts), "an attempt stands twice in the journal"
        assert self.ledger.ok <= set(attempts), "what was accepted is not in the journal"
        assert set(attempts) <= self.ledger.ok | self.ledger.unknown, "a failed attempt is there"
        versions: dict[str, int] = {}
        for subject, version, _ in journal:
            assert version == versions.get(subject, 0) + 1, "a version is missing"
            versions[subject] = version
        log = await self.owner.log()
        newest = max((seen.epoch for seen in log), default=1)
        if whole_log:
            assert_complete_and_in_order([seen for seen in log if seen.epoch == newest], versions)
        rows = await self.reader.fetch("select subject, version, n from effects order by id")
        effects = [(row["subject"], row["version"], row["n"]) for row in rows]
        reached: dict[str, int] = {}
        for subject, version, _ in effects:
            assert version == reached.get(subject, 0) + 1, f"{subject}:{version} out of turn"
            reached[subject] = version
        assert sorted(effects) == journal
        assert await self.reader.parked() == []
        return log


@contextlib.asynccontextmanager
async def line_of(
    urls: tuple[str, str],
    kafka: str | Kafka,
    *,
    copies: int = 1,
    partitions: int = 3,
    logins: tuple[Kafka, Kafka] | None = None,
    reads: bool = True,
) -> AsyncIterator[Line]:
    """Everything runs inside the block: relay, controls, consumer.

    `urls`: the owner's database, and the reader's. `reads`: with a consumer in this process.
    `logins`: as whom the owner and the reader come to Kafka, where not as the test itself does.
    """
    as_owner, as_reader = logins or (kafka, kafka)
    with capture_logs():
        async with (
            bench(urls[1], kafka, partitions=partitions, copies=copies) as reader,
            outlet(urls[0], kafka, topic=reader.topic) as owner,
        ):
            await reader.create_topic("rapport.control", copies=copies)
            owner.login = Kafka.at(as_owner)
            line = Line(owner, reader)
            line.controls = [
                Control(
                    service=service,
                    database=database,
                    kafka_servers=login,
                    topic_prefix=reader.prefix,
                )
                for service, database, login in (
                    (TOPIC.removesuffix(".events"), owner.database, as_owner),
                    ("readers", reader.database, as_reader),
                )
            ]
            running = [asyncio.create_task(control.run()) for control in line.controls]
            reader.owners = line.controls[1]
            owner.run()
            if reads:
                reader.start(reader.consumer(kafka_servers=as_reader))
            yield line
            await reader.stop()
            await owner.stop()
            for control in line.controls:
                await control.stop()
            await asyncio.gather(*running)
