"""Processes of the small service to hurt, a driver that gives them work, and its ledger."""

import asyncio
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from confluent_kafka import Producer

from services.program.forker import Forker
from shared.clock import Clock
from shared.embedded import Child, Command, free_ports
from shared.security import Role, Tokens
from tests.faults import oracles
from tests.faults.small_service import HAPPENED, NAME, TABLES, TOPIC, UPSTREAM
from tests.support.office import settings_in
from tests.support.publishing import create_topic, delete_topic
from tests.support.servers import Databases

ROOT = Path(__file__).resolve().parents[2]
HEAL_SECONDS = 60


def forker_in(folder: Path) -> Forker:
    """A process that has imported everything once, and forks what a test hurts from there."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return Forker(Command(name="forker", arguments=[], log=folder / "forker.log", env=env))


async def start(
    forker: Forker, module: str, *arguments: str, log: Path, env: dict[str, str]
) -> Child:
    """The module as a process of its own: forked where that works, else started."""
    forks = sys.platform == "linux"
    words = [module, *arguments] if forks else [sys.executable, "-m", module, *arguments]
    command = Command(name=log.stem, arguments=words, log=log, env=env)
    return await (forker.fork(command) if forks else Child.start(command))


class Ledger:
    """What the driver asked for and what it was told: on the disk before the next step.

    `unknown`: no answer came, or one that leaves it open; such a command may have had its effect.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self.outcomes: dict[str, str] = {}

    def write(self, ref: str, outcome: str) -> None:
        self.outcomes[ref] = outcome
        self._file.write(f"{ref} {outcome}\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def of(self, outcome: str) -> set[str]:
        return {ref for ref, what in self.outcomes.items() if what == outcome}

    def close(self) -> None:
        self._file.close()


class Process:
    """One process of the service."""

    def __init__(self, child: Child, port: int) -> None:
        self.child = child
        self.port = port
        self.taking = True
        """The driver sends it commands."""

    @property
    def alive(self) -> bool:
        return not self.child.ended.done()

    def send(self, how: signal.Signals) -> None:
        self.child.send(how)

    async def ended(self, within: float = HEAL_SECONDS) -> int:
        return await asyncio.wait_for(asyncio.shield(self.child.ended), within)

    async def kill(self) -> None:
        self.taking = False
        await self.child.end_now()

    def log(self) -> str:
        return self.child.command.log.read_text(errors="replace")


@dataclass
class Lane:
    """One installation of the small service: database, topics, processes, ledger."""

    folder: Path
    url: str
    kafka_servers: str
    forker: Forker
    prefix: str = field(default_factory=lambda: f"f{secrets.token_hex(4)}.")
    processes: list[Process] = field(default_factory=list)
    _upstream: Producer | None = None
    _eye: asyncpg.Connection | None = None
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(10**9)))

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.ledger = Ledger(self.folder / "ledger")
        self.happened: set[str] = set()
        self.healed_in = 0.0
        """Seconds from the end of the trouble until nothing waited any more."""
        settings = settings_in(self.folder)
        roles = [Role.COORDINATOR, Role.OPERATOR, Role.READER]
        token = Tokens(str(settings["token_key"]), Clock()).issue(
            subject="driver", roles=roles, units=["*"], seconds=86_400
        )
        self.client = httpx.AsyncClient(
            headers={"authorization": f"Bearer {token}"},
            timeout=5,
        )
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "RAPPORT_DATABASE_URL": self.url,
            "RAPPORT_KAFKA_SERVERS": self.kafka_servers,
            "RAPPORT_TOPIC_PREFIX": self.prefix,
            "RAPPORT_TOKEN_KEY": str(settings["token_key"]),
            "RAPPORT_PARKING_KEY": str(settings["parking_key"]),
            "RAPPORT_PERSONAL_KEY": str(settings["personal_key"]),
            "RAPPORT_REFERENCE": str(settings["reference"]),
        }

    # --- processes -------------------------------------------------------------------------------

    async def start(self, failpoints: str = "") -> Process:
        [port] = free_ports(1)
        name = f"{NAME}-{len(self.processes)}"
        child = await start(
            self.forker,
            "tests.faults.small_service",
            "run",
            log=self.folder / f"{name}.log",
            env=self._environment
            | {"RAPPORT_HTTP_PORT": str(port), "RAPPORT_FAILPOINTS": failpoints},
        )
        self.processes.append(Process(child, port))
        return self.processes[-1]

    @property
    def living(self) -> list[Process]:
        return [process for process in self.processes if process.alive]

    # --- work ------------------------------------------------------------------------------------

    def new_ref(self) -> str:
        return f"r{next(self._numbers)}"

    async def command(self, note: str, process: Process, *, ref: str | None = None) -> str:
        """Write one thing down; says what the ledger says of it. The same ref is the same
        command, and may be given again until it is known."""
        ref = ref or self.new_ref()
        self.ledger.write(ref, "unknown")
        outcome = "unknown"
        try:
            answer = await self.client.post(
                f"http://127.0.0.1:{process.port}/{NAME}/notes",
                json={"note": note, "ref": ref},
                headers={"idempotency-key": ref},
            )
        except (httpx.ConnectError, httpx.ConnectTimeout):
            outcome = "failed"  # nobody was there to take it
        except httpx.HTTPError:
            pass
        else:
            if answer.status_code == 201:
                outcome = "ok"
            elif answer.status_code < 500:
                outcome = "failed"
        self.ledger.write(ref, outcome)
        return outcome

    @asynccontextmanager
    async def load(self, *, notes: int = 4, pause: float = 0.1) -> AsyncIterator[None]:
        """Commands without end inside the block, to whichever process takes them."""

        async def one(note: str) -> None:
            turn = 0
            while True:
                taking = [each for each in self.living if each.taking]
                turn += 1
                if taking:
                    await self.command(note, taking[turn % len(taking)])
                await asyncio.sleep(pause)

        tasks = [asyncio.create_task(one(f"n{number}")) for number in range(notes)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            bugs = [e for e in ended if not isinstance(e, asyncio.CancelledError)]
            assert bugs == []

    def happen(self, ref: str) -> None:
        """An upstream event, acknowledged; the same ref again is the same event again."""
        self.happened.add(ref)
        headers = [
            ("content-type", b"application/json"),
            ("ce_specversion", b"1.0"),
            ("ce_id", ref.encode()),
            ("ce_source", b"/upstream"),
            ("ce_type", HAPPENED.encode()),
        ]
        self.put(UPSTREAM, json.dumps({"ref": ref}).encode(), headers)

    def put(
        self,
        topic: str,
        value: bytes,
        headers: Sequence[tuple[str, bytes]] = (),
        *,
        partition: int = 0,
    ) -> None:
        """A record that is not of the service."""
        if self._upstream is None:
            self._upstream = Producer(
                {"bootstrap.servers": self.kafka_servers, "acks": "all", "log_level": 0}
            )
        self._upstream.produce(
            self.prefix + topic, value, b"driver", headers=list(headers), partition=partition
        )
        assert self._upstream.flush(30) == 0

    async def ask(self, route: str, body: dict[str, Any]) -> dict[str, Any]:
        """What an operator asks, of any process that answers; asked again until one does."""
        end = time.monotonic() + HEAL_SECONDS
        while True:
            for process in [each for each in self.living if each.taking]:
                try:
                    answer = await self.client.post(
                        f"http://127.0.0.1:{process.port}/{NAME}{route}", json=body
                    )
                except httpx.HTTPError:
                    continue
                if answer.status_code == 200:
                    done: dict[str, Any] = answer.json()
                    return done
                assert answer.status_code in (404, 503), answer.text
                if answer.status_code == 404:  # an earlier try did it, and its answer was lost
                    return {}
            assert time.monotonic() < end, f"{route} was not answered"
            await asyncio.sleep(0.1)

    async def sql(self, query: str, *values: Any) -> list[asyncpg.Record]:
        async with self._looking:
            if self._eye is None:
                self._eye = await asyncpg.connect(self.url)
            return list(await self._eye.fetch(query, *values))

    # --- what must hold --------------------------------------------------------------------------

    async def until(self, what: Callable[[], Any], why: str) -> None:
        """Wait until it is true. A process that hangs or died is part of the trial."""
        end = time.monotonic() + HEAL_SECONDS
        while True:
            found = what()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            assert time.monotonic() < end, f"{why}\n{self.logs()}"
            await asyncio.sleep(0.05)

    async def working(self, process: Process) -> None:
        """Wait until it takes commands and one of them has had its effect."""
        before = len(self.ledger.of("ok"))

        async def answered() -> bool:
            return await self.command("first", process) == "ok"

        await self.until(answered, "no command was taken")
        assert len(self.ledger.of("ok")) > before

    async def healed(self, *, discarded: int = 0) -> oracles.Findings:
        """Wait until nothing waits any more; then look at everything."""
        began = time.monotonic()
        while True:
            [before] = await self.sql(oracles.WAITING)
            lagging = await self._lagging(discarded)
            if not lagging:
                seconds = time.monotonic() - began
                findings = await oracles.look(self.url, self.kafka_servers, self.prefix)
                [after] = await self.sql(oracles.WAITING)
                if before == after:
                    self.healed_in = seconds
                    return findings
                lagging = "commands that nobody waits for any more have their effect only now"
            assert time.monotonic() < began + HEAL_SECONDS, f"{lagging}\n{self.logs()}"
            await asyncio.sleep(0.1)

    async def sound(self, *, discarded: Sequence[str] = (), cut: Sequence[str] = ()) -> int:
        """All that is promised holds, once nothing waits; says how many facts there are."""
        found = await self.healed(discarded=len(discarded))
        ok, failed = self.ledger.of("ok"), self.ledger.of("failed")
        oracles.assert_nothing_lost(found, ok=ok, failed=failed)
        oracles.assert_journal_sound(found)
        oracles.assert_log_complete(found, cut=cut)
        oracles.assert_each_effect_once(found, happened=self.happened, without=discarded)
        return len(found.refs())

    async def _lagging(self, discarded: int) -> str:
        [counts] = await self.sql(oracles.WAITING)
        return oracles.waits(dict(counts), discarded) or await asyncio.to_thread(
            oracles.lag, self.kafka_servers, self.prefix
        )

    async def close(self) -> None:
        for process in self.living:
            await process.kill()
        self.ledger.close()
        await self.client.aclose()
        if self._eye is not None:
            await self._eye.close()

    def logs(self) -> str:
        return "\n".join(
            f"--- {process.child.command.name}\n{process.child.tail(lines=12)}"
            for process in self.processes
        )


class Yard:
    """Makes lanes, and takes them away."""

    def __init__(self, folder: Path, databases: Databases, kafka_servers: str) -> None:
        self._folder = folder
        self._databases = databases
        self._kafka_servers = kafka_servers
        self._made = 0
        self.forker = forker_in(folder)

    @asynccontextmanager
    async def lane(self, *, partitions: int = 2) -> AsyncIterator[Lane]:
        self._made += 1
        lane = Lane(
            folder=self._folder / f"lane-{self._made}",
            url=await self._databases.copy("plumbing"),
            kafka_servers=self._kafka_servers,
            forker=self.forker,
        )
        topics = {TOPIC: partitions, UPSTREAM: 1, "rapport.control": 1}
        try:
            for statement in TABLES.split(";"):
                await lane.sql(statement)
            for topic, count in topics.items():
                await asyncio.to_thread(
                    create_topic, self._kafka_servers, lane.prefix + topic, partitions=count
                )
            yield lane
        finally:
            await lane.close()
            await self._databases.drop(lane.url)
            for topic in topics:
                await asyncio.to_thread(delete_topic, self._kafka_servers, lane.prefix + topic)
