"""One seed: writers, relays, readers and owners' control, a storm of faults, and then peace."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import journal
from shared.consumer import Consumer, Received, Subscription
from shared.control import TOPIC as CONTROL
from shared.control import Control
from shared.errors import Rejected, Transient
from shared.facts import Fact
from shared.parking import Parking
from shared.relay import Relay
from tests.simulation.cluster import Cluster
from tests.simulation.connections import ModelDatabase
from tests.simulation.database import Server
from tests.simulation.scheduling import Process
from tests.simulation.standing_in import standing_in
from tests.simulation.statements import find
from tests.simulation.world import Odds, World

__all__ = ["Story"]

TOPIC: Final = "tests.events"
GROUP: Final = f"readers.{TOPIC}"
_KEY: Final = "c2ltdWxhdGlvbi1zaW11bGF0aW9uLXNpbXVsYXRpb24="
_PEACE_SECONDS: Final = 900.0
"""How long healing may take, by the virtual clock."""


class Noted(Fact):
    """A fact for tests."""

    type: ClassVar[str] = "rapport.tests.noted.v1"
    n: int


class NotedRead(BaseModel):
    """What is read of it."""

    n: int


class Part:
    """Something that runs in a process of its own, and can be started again."""

    def __init__(self, name: str, parts: Callable[[], Sequence[Any]]) -> None:
        self.name = name
        self.parts = parts
        self.process: Process | None = None
        self.running: Sequence[Any] = ()


class Story:
    """What happens under one seed."""

    def __init__(self, seed: int, *, trace: bool = False) -> None:
        self.world = World(seed, tell=trace)
        self.chance = self.world.chance
        self.server = Server(self.world, find)
        self.cluster = Cluster(self.world)
        self.cluster.create_topic(CONTROL, 1)
        self.cluster.create_topic(TOPIC, self.chance.randint(1, 3))
        self.ledger: dict[str, dict[int, int]] = defaultdict(dict)
        """What was accepted: by subject, the number under each version."""
        self.broken: list[str] = []
        self.slow_effect = self.chance.choice((0.0, 0.0, 0.0, 0.05, 2.0, 15.0))
        self.storm_seconds = self.chance.choice((5.0, 20.0, 20.0, 60.0))
        self.parts = [
            *(Part(f"relay-{n}", self._relay) for n in range(self.chance.randint(1, 3))),
            *(Part(f"reader-{n}", self._reader) for n in range(self.chance.randint(1, 3))),
        ]
        self._faults: list[Callable[[], Awaitable[None] | None]] = [
            self._kill,
            self._kill,
            self._pause,
            self._pause,
            self._stop,
            self._cut,
            self._restart_database,
            self._kafka_away,
            self._slow,
            self._lose_tail,
            self._lose_topic,
            self._lose_cluster,
            self._reset_offsets,
        ]

    # --- who takes part --------------------------------------------------------------------------

    def _relay(self) -> Sequence[Any]:
        database = ModelDatabase(self.server)
        control = Control(service="tests", database=database, kafka_servers="", topic_prefix="")
        relay = Relay(service="tests", database=database, topic=TOPIC, kafka_servers="")
        return control, relay

    def _reader(self) -> Sequence[Any]:
        database = ModelDatabase(self.server)
        control = Control(service="readers", database=database, kafka_servers="", topic_prefix="")
        consumer = Consumer(
            name="readers",
            database=database,
            kafka_servers="",
            topic_prefix="",
            subscriptions=[Subscription(TOPIC, {Noted.type: NotedRead}, self._apply)],
            parking=Parking(database=database, keys=[_KEY]),
            control=control,
        )
        return control, consumer

    async def _apply(self, connection: AsyncConnection, facts: Sequence[Received]) -> None:
        """The projection: it believes what it is given."""
        if self.slow_effect:
            await asyncio.sleep(random.uniform(0, self.slow_effect))
        await connection.exec_driver_sql(
            "insert into effects (subject, version, n)"
            " select * from unnest($1::text[], $2::int[], $3::int[])",
            (
                [fact.subject for fact in facts],
                [fact.version for fact in facts],
                [fact.data.n for fact in facts],  # type: ignore[attr-defined]
            ),
        )

    def _start(self, part: Part) -> None:
        part.process = self.world.loop.process(part.name)
        part.process.context.run(self._launch, part)

    def _launch(self, part: Part) -> None:
        self.world.say("starts")
        part.running = part.parts()
        for each in part.running:
            self.world.loop.create_task(self._run(part, each))

    async def _run(self, part: Part, each: Any) -> None:
        try:
            await each.run()
        except Exception as error:  # noqa: BLE001 - whatever ends a process is found here
            self.broken.append(f"{part.name} ended: {error!r}")

    async def _write(self, subjects: Sequence[str], facts: int) -> None:
        """Commands of people: each learns that it was accepted, or refused, or nothing."""
        database = ModelDatabase(self.server)
        for n in range(facts):
            await asyncio.sleep(self.chance.expovariate(facts / self.storm_seconds / 0.8))
            subject = self.chance.choice(subjects)
            after = self._versions()[subject]
            more = self.chance.choice((1, 1, 1, 2, 3))
            noted = [Noted(n=n * 1000 + each) for each in range(more)]
            try:
                async with database.connect() as connection:
                    await self._append(connection, subject, after, noted)
                    if self.world.happens(0.1):
                        await asyncio.sleep(self.chance.uniform(0, 5))  # it holds its transaction
            except (Rejected, Transient):
                continue
            self.ledger[subject] |= {after + nth: fact.n for nth, fact in enumerate(noted, start=1)}

    async def _append(
        self, connection: AsyncConnection, subject: str, after: int, facts: Sequence[Fact]
    ) -> None:
        await journal.append(
            connection,
            service="tests",
            subject=subject,
            after=after,
            facts=facts,
            actor="tester",
            correlation_id="c",
            time=datetime.fromtimestamp(self.world.now(), UTC),
        )

    def _versions(self) -> Counter[str]:
        return Counter(row["subject"] for row in self.server.tables["journal"].values())

    # --- what goes wrong -------------------------------------------------------------------------

    def _any(self) -> Part:
        return self.chance.choice(self.parts)

    def _kill(self) -> None:
        self._kill_one(self._any())

    def _kill_one(self, part: Part, *, again: float | None = None) -> None:
        process = part.process
        if process is None or self.world.over:
            return
        self.world.say("kill", process=process)
        self.world.loop.kill(process)
        part.process = None
        mine = [session for session in self.server.sessions if session.process is process]
        unseen = self.chance.choice((0.0, 0.0, 0.01, 5.0))  # a machine that is gone says nothing
        self.world.later(unseen, self.server.cut, mine)
        self.world.later(again or self.chance.choice((0.1, 3.0, 15.0)), self._start_again, part)

    def _start_again(self, part: Part) -> None:
        if part.process is None and not self.world.over:
            self._start(part)

    def _pause(self) -> None:
        process = self._any().process
        if process is not None and not process.stopped:
            seconds = self.chance.choice((0.2, 3.0, 15.0, 45.0, 90.0))
            self.world.say("pause", process=process, seconds=seconds)
            self.world.loop.pause(process)
            self.world.later(seconds, self._resume, process)

    def _resume(self, process: Process) -> None:
        if process.stopped and not process.killed:
            self.world.say("resume", process=process)
            self.world.loop.resume(process)

    def _stop(self) -> None:
        """SIGTERM, and after some grace SIGKILL."""
        part = self._any()
        if part.process is None or part.process.stopped:
            return
        self.world.say("stop", process=part.process)
        for each in part.running:
            self.world.loop.create_task(each.stop(), context=part.process.context.copy())
        self.world.later(self.chance.choice((0.1, 1.0, 15.0)), self._kill_one, part)

    def _cut(self) -> None:
        if self.server.sessions:
            session = self.chance.choice(self.server.sessions)
            self.world.say("cut", of=session.process)
            session.closed()

    def _restart_database(self) -> None:
        self.world.say("database restarts")
        self.server.restart(self.chance.choice((0.1, 3.0, 20.0)))

    def _kafka_away(self) -> None:
        self.world.say("Kafka away")
        self.cluster.up = False
        self.world.later(self.chance.choice((0.5, 5.0, 25.0)), self._kafka_back)

    def _kafka_back(self) -> None:
        self.world.say("Kafka back")
        self.cluster.up = True

    def _slow(self) -> None:
        self.world.slow = self.chance.choice((10.0, 100.0, 1000.0))
        self.world.say("slow", times=self.world.slow)
        self.world.later(self.chance.uniform(1, 15), self._quick)

    def _quick(self) -> None:
        self.world.slow = 1.0

    def _lose_tail(self) -> None:
        self.cluster.lose_tail(TOPIC)

    def _lose_topic(self) -> None:
        self.world.say("topic lost")
        self.cluster.lose_topic(TOPIC)

    def _lose_cluster(self) -> None:
        self.world.say("cluster lost")
        self.cluster.lose_everything()

    def _reset_offsets(self) -> None:
        """Nobody reads, and somebody resets the group's offsets to wherever."""
        for part in self.parts:
            if part.name.startswith("reader"):
                self._kill_one(part, again=50.0)
        self.world.later(49.0, self._move_offsets)

    def _move_offsets(self) -> None:
        group = self.cluster.groups.get(GROUP)
        if group is None or group.members:
            return
        for log in self.cluster.logs[TOPIC]:
            group.committed[log.place] = self.chance.choice((0, log.end // 2, log.end, log.end + 9))
        self.world.say("offsets reset", to=list(group.committed.values()))

    # --- how it goes on --------------------------------------------------------------------------

    def play(self) -> list[str]:
        """What is wrong at the end; [] if all is well."""
        with standing_in(self.world, self.server, self.cluster):
            return self.world.loop.run_until_complete(self._play())

    async def _play(self) -> list[str]:
        await self._storm()
        await self._heal()
        found = [*self.server.unknown[:1], *self.broken, *self._judge()]
        self.world.over = True
        await self.world.loop.end_all()
        return found

    async def _storm(self) -> None:
        kinds = self.chance.sample(self._faults, self.chance.randint(0, 5))
        if self.chance.random() < 0.7:
            likely = self.chance.choice((0.001, 0.01, 0.05))
            self.world.odds = Odds(
                database_cut=likely / 5,
                request_lost=likely,
                answer_lost=likely,
                request_late=likely,
            )
        for part in self.parts:
            self._start(part)
        subjects = [f"s-{n}" for n in range(self.chance.randint(1, 5))]
        writers = [
            asyncio.create_task(self._write(subjects, self.chance.randint(1, 25)))
            for _ in range(self.chance.randint(1, 2))
        ]
        until = self.world.loop.time() + self.storm_seconds
        while kinds and self.world.loop.time() < until:
            await asyncio.sleep(self.chance.expovariate(1 / (self.storm_seconds / 8)))
            self.chance.choice(kinds)()
        await asyncio.wait(writers)
        await asyncio.sleep(50.0 if self._reset_offsets in kinds else 0.0)

    async def _heal(self) -> None:
        self.world.say("peace")
        self.world.odds, self.world.slow = Odds(), 1.0
        self.slow_effect = 0.0
        until = self.world.loop.time() + _PEACE_SECONDS
        while self.world.loop.time() < until:
            if not self._unsettled() or self.broken or self.server.unknown:
                return
            await asyncio.sleep(0.5)

    # --- what must hold --------------------------------------------------------------------------

    def _unsettled(self) -> list[str]:
        """What still has to happen."""
        found = []
        if self.server.tables["unpublished"]:
            found.append(f"{len(self.server.tables['unpublished'])} facts are not published")
        if sum(self._versions().values()) > len(self.server.tables["effects"]):
            found.append("not all facts took effect")
        if self.server.tables["held"]:
            found.append("facts are held")
        group = self.cluster.groups.get(GROUP)
        for log in self.cluster.logs[TOPIC]:
            committed = group.committed.get(log.place, 0) if group is not None else 0
            if committed < log.end:
                found.append(f"partition {log.place.partition}: {committed} of {log.end}")
        return found

    def _judge(self) -> list[str]:
        """By what stands in the database and in the log alone."""
        found = [f"not healed: {what}" for what in self._unsettled()]
        history: dict[str, dict[int, int]] = defaultdict(dict)
        for row in self.server.tables["journal"].values():
            history[row["subject"]][row["version"]] = Noted.model_validate_json(row["data"]).n
        effects: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for _, row in sorted(self.server.tables["effects"].items()):
            effects[row["subject"]].append((row["version"], row["n"]))
        for subject, facts in history.items():
            expected = sorted(facts.items())
            if [version for version, _ in expected] != list(range(1, len(expected) + 1)):
                found.append(f"{subject}: the journal is not dense: {expected}")
            if effects[subject] != expected:
                versions = [version for version, _ in effects[subject]]
                found.append(f"{subject}: effects {versions} of {len(expected)} versions")
        for subject, accepted in self.ledger.items():
            if not accepted.items() <= history[subject].items():
                found.append(f"{subject}: an accepted fact is not in the journal")
        for row in self.server.tables["parked"].values():
            found.append(f"parked: {row['subject']}:{row['version']} {row['reason']}")
        for row in self.server.tables["publication"].values():
            if row["closed_reason"]:
                found.append(f"closed: {row['closed_reason']}")
        return found + self._judge_log()

    def _judge_log(self) -> list[str]:
        """Each version appears first behind the one below it, and all of them do."""
        if self.cluster.losses:
            return []
        found = []
        reached: Counter[str] = Counter()
        for log in self.cluster.logs[TOPIC]:
            for record in log.records:
                headers = dict(record.headers)
                subject = headers["ce_subject"].decode()
                version = int(headers["ce_sequence"])
                if version > reached[subject] + 1:
                    found.append(f"log: {subject}:{version} stands behind {reached[subject]}")
                reached[subject] = max(reached[subject], version)
        if reached != self._versions():
            found.append(f"log: {reached}, journal: {self._versions()}")
        return found
