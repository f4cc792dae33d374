"""One suite that the model of PostgreSQL and the real one both pass: the same steps through the
product's own functions, and the same answers. A model that lies is found here."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

import asyncpg
import pytest
from cryptography.fernet import Fernet

from shared import journal
from shared.clock import Clock
from shared.consumer import holding
from shared.consumer.counting import Counting
from shared.consumer.marks import Marks
from shared.consumer.positions import Moved, Position, Positions
from shared.control import Control
from shared.database import Database
from shared.envelope import FactRecord, Record, read_fact
from shared.errors import Rejected
from shared.facts import Fact
from shared.parking import Parking, ToPark, lock_subject
from shared.reference import Reference
from shared.relay import publication, relay
from tests.conftest import MakeDatabase
from tests.simulation.connections import AsyncpgConnection, ModelDatabase
from tests.simulation.database import Server
from tests.simulation.statements import find
from tests.simulation.world import World
from tests.support.consuming import history

C = "r.t"
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
KEY = Fernet.generate_key().decode()


class Noted(Fact):
    """A fact for tests."""

    type: ClassVar[str] = "rapport.tests.noted.v1"
    n: int = 0


class Bench:
    """A database, and connections of the relay's kind on it."""

    def __init__(self, database: Database, connect: Callable[[], Awaitable[Any]]) -> None:
        self.database = database
        self.connect = connect

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[Any]:
        connection = await self.connect()
        try:
            yield connection
        finally:
            connection.terminate()


Scenario = Callable[[Bench], Awaitable[Any]]
SCENARIOS: list[Scenario] = []


def scenario(steps: Scenario) -> Scenario:
    SCENARIOS.append(steps)
    return steps


@pytest.mark.parametrize("steps", SCENARIOS, ids=lambda steps: steps.__name__)
async def test_the_model_answers_as_postgresql_does(
    steps: Scenario, make_database: MakeDatabase
) -> None:
    url = await make_database("plumbing")
    real = Database(url, service="tests", clock=Clock(), reference=Reference({}))
    expected = await steps(Bench(real, lambda: asyncpg.connect(url)))
    await real.close()
    world = World(1)
    server = Server(world, find)

    async def connect() -> AsyncpgConnection:
        return AsyncpgConnection(await server.connect(), limit=60.0)

    async def play() -> Any:
        found = await steps(Bench(ModelDatabase(server), connect))
        world.over = True
        await world.loop.end_all()
        return found

    assert world.loop.run_until_complete(play()) == expected
    assert expected, "a scenario that sees nothing compares nothing"


def facts(subject: str, versions: int) -> list[FactRecord]:
    return [
        read_fact(Record("t", 0, offset, 0, sent.subject.encode(), sent.data, tuple(sent.headers)))
        for offset, sent in enumerate(history(subject, versions))
    ]


async def advance(
    database: Database, was: int, to: int, *subjects: str, digest: bytes = b""
) -> str:
    """Move positions from a version to another; what came of it."""
    positions = Positions(C)
    try:
        async with database.connect() as connection:
            before = await positions.of(connection, subjects)
            for subject in subjects:
                before[subject] = Position(was, digest or b"%d" % was if was else b"")
            after = {subject: Position(to, b"%d" % to) for subject in subjects}
            await positions.advance(connection, before, after)
    except Moved:
        return "moved"
    return "done"


async def standing(database: Database, *subjects: str) -> dict[str, Position]:
    async with database.connect() as connection:
        return dict(await Positions(C).of(connection, subjects))


@scenario
async def positions_are_compared_and_set(bench: Bench) -> Any:
    seen = [
        await advance(bench.database, 0, 2, "a", "b"),
        await advance(bench.database, 0, 1, "a", "c"),  # "a" was not there any more
        await advance(bench.database, 2, 3, "a"),
        await advance(bench.database, 2, 4, "a"),
        await advance(bench.database, 3, 4, "a", digest=b"other"),
        await advance(bench.database, 1, 2, "unknown"),
        await advance(bench.database, 0, 0),
    ]
    return seen, await standing(bench.database, "a", "b", "c")


@scenario
async def who_moves_the_same_position_waits_for_the_first(bench: Bench) -> Any:
    seen: list[object] = []
    for commits in (True, False):
        subject = f"s-{commits}"
        positions = Positions(C)
        async with bench.database.connect() as first:
            before = await positions.of(first, [subject])
            await positions.advance(first, before, {subject: Position(1, b"1")})
            second = asyncio.create_task(advance(bench.database, 0, 1, subject))
            await asyncio.sleep(0.3)
            seen.append(second.done())
            if not commits:
                await first.rollback()
        seen.append(await second)
    return seen


@scenario
async def what_came_too_early_is_held(bench: Bench) -> Any:
    a, b = facts("a", 5), facts("b", 3)
    await advance(bench.database, 0, 1, "a")
    async with bench.database.connect() as connection:
        await holding.hold(connection, C, [*a[2:4], b[1]], WHEN)
        await holding.hold(connection, C, [a[3], a[4]], WHEN)
        waiting = await holding.waiting(connection, C)
        await holding.release(connection, C, {"a": 3, "b": 1})
        left = await holding.held_of(connection, C, ["a", "b", "c"])
    return waiting, sorted((each.subject, each.version) for each in left)


@scenario
async def ranges_are_marked(bench: Bench) -> Any:
    def process() -> Marks:
        return Marks(bench.database, consumer=C, topic="t")

    async def known() -> Any:
        marks = process()
        await marks.load({0, 1, 2})
        return [marks[partition] for partition in (0, 1, 2)]

    seen = []
    first = process()
    await first.load({0, 1})
    await first.start({0: (3, 9), 1: (0, 0)})
    seen.append(await known())
    second = process()
    await second.load({1})
    await second.start({1: (0, 0)})
    await second.new_epoch(0, 4)
    seen.append(await known())
    third = process()
    await third.load({0, 1})
    seen.append([await third.at_most(2), await known()])
    await third.clear()
    seen.append(await known())
    return seen


@scenario
async def a_record_is_parked_once(bench: Bench) -> Any:
    parking = Parking(database=bench.database, keys=[KEY])
    a = facts("a", 3)

    def to_park(fact: FactRecord, version: int | None, epoch: int = 1) -> ToPark:
        subject = None if version is None else fact.subject
        return ToPark(raw=fact.raw, reason="x", epoch=epoch, subject=subject, version=version)

    async with bench.database.connect() as connection:
        parks = [
            to_park(a[0], 1),
            to_park(a[0], 1),
            to_park(a[0], 1, epoch=2),  # the same fact in another place
            to_park(a[1], None),
            to_park(a[1], None),  # the same place
            to_park(a[1], None, epoch=2),
        ]
        await parking.park(connection, parks, consumer=C, topic="t")
        again = [to_park(a[1], None, epoch=3), to_park(a[2], None, epoch=3)]
        await parking.park(connection, again, consumer=C, topic="t")
        unread = await parking._not_parked(connection, again, C, "t")
    counting = Counting(bench.database, consumer=C, reached=_nowhere, ask=_nobody)
    async with bench.database.connect() as connection:
        blocked = await connection.exec_driver_sql(
            "select distinct subject from parked where consumer = $1 and subject = any($2)",
            (C, ["a", "b"]),
        )
        known = await counting._known(connection)
        return [row.subject for row in blocked], known, len(unread)


async def _nowhere() -> None: ...


async def _nobody(_bucket: int) -> None: ...


@scenario
async def a_subject_is_locked_until_the_transaction_ends(bench: Bench) -> Any:
    order = []

    async def second() -> None:
        async with bench.database.connect() as connection:
            await lock_subject(connection, C, "a")
            order.append("second")

    async with bench.database.connect() as connection:
        await lock_subject(connection, C, "a")
        await lock_subject(connection, C, "a")
        waits = asyncio.create_task(second())
        await asyncio.sleep(0.3)
        order.append("first")
    await waits
    return order


async def append(bench: Bench, subject: str, after: int, count: int = 1, wait: float = 0) -> str:
    try:
        async with bench.database.connect() as connection:
            await journal.append(
                connection,
                service="tests",
                subject=subject,
                after=after,
                facts=[Noted(n=n) for n in range(count)],
                actor="x",
                correlation_id="c",
                time=WHEN,
            )
            await asyncio.sleep(wait)
    except Rejected as rejected:
        return rejected.code
    return "done"


@scenario
async def the_journal_takes_the_next_version_only(bench: Bench) -> Any:
    seen = [
        await append(bench, "a", 0, 3),
        await append(bench, "a", 0),
        await append(bench, "a", 2),
        await append(bench, "a", 3),
        await append(bench, "b", 1),
    ]
    slow = asyncio.create_task(append(bench, "a", 4, wait=0.5))
    await asyncio.sleep(0.2)
    seen += [await append(bench, "a", 4), await slow]
    async with bench.database.connect() as connection:
        for wanted in ({"subject": "a", "after": 3}, {"bucket": journal.bucket_of("b")}, {}):
            seen.append(str(await journal.republish(connection, **wanted)))
    return seen


async def take(connection: Any, most: int = 64) -> list[int]:
    rows = await connection.fetch(relay._TAKE, list(range(64)), most, publication.LOCKS)
    return sorted(row["bucket"] for row in rows)


async def read(connection: Any, buckets: list[int], most: int = 100) -> list[Any]:
    rows = await connection.fetch(relay._READ, "t", buckets, most, 10_000, [])
    return [(row["subject"], row["version"], row["journal_id"], row["epoch"]) for row in rows]


@scenario
async def a_bucket_is_one_relays_at_a_time(bench: Bench) -> Any:
    for subject in ("a", "b", "c"):
        await append(bench, subject, 0, 3)
    async with bench.connected() as first, bench.connected() as second:
        await first.execute(publication._REMEMBER, "t")
        await first.execute(publication._REMEMBER, "t")
        async with first.transaction():
            mine = await take(first, 2)
            async with second.transaction():
                others = await take(second)
            rows = await read(first, mine, 2)
            done = [(journal.bucket_of(subject), nth) for subject, _, nth, _ in rows[:3]]
            offsets = json.dumps({"0": 7, "1": 3})
            sent = [[bucket for bucket, _ in done], [nth for _, nth in done]]
            await first.execute(publication.MARK_SENT, "t", offsets, *sent)
        await first.execute(publication.MARK_SENT, "t", json.dumps({"0": 5, "1": 4}), [], [])
        async with first.transaction():
            again = await read(first, await take(first))
        row = await first.fetchrow(publication._RECORDED, "t")
        [gauges] = await first.fetch(relay._GAUGES, "t")
        recorded = (row["epoch"], row["cluster_id"], json.loads(row["offsets"]))
        return mine, others, sorted(rows), sorted(again), recorded, dict(gauges)


@scenario
async def a_topic_is_filled_again_when_no_bucket_is_in_hand(bench: Bench) -> Any:
    await append(bench, "a", 0, 3)
    order: list[Any] = []
    async with bench.connected() as first, bench.connected() as second:
        await first.execute(publication._REMEMBER, "t")

        async def fill() -> None:
            async with second.transaction():
                await second.execute(publication._MY_TURN, publication.LOCKS, 64)
                await second.fetch(publication._ALL_BUCKETS, publication.LOCKS, 63)
                order.append(await second.fetchval(publication._NEW_EPOCH, "t", "k", "{}"))
                queued = await second.execute(publication._QUEUE_ALL)
                order.append(int(queued.rsplit(" ", 1)[1]))

        async with first.transaction():
            rows = await read(first, await take(first))
            filling = asyncio.create_task(fill())
            await asyncio.sleep(0.3)
            order.append("first")
            buckets = [journal.bucket_of("a")] * 2
            ids = [nth for _, _, nth, _ in rows[:2]]
            await first.execute(publication.MARK_SENT, "t", "{}", buckets, ids)
        await filling
        async with bench.database.connect() as connection:
            known = await journal.history(connection, "a")
            a = [(entry.subject, entry.version, entry.digest) for entry in known]
        columns = [list(column) for column in zip(*a, ("a", 9, b"x"), strict=True)]
        order.append(await first.fetchval(publication._UNKNOWN, *columns))
        await first.execute(publication._CLOSE, "t", "{}", "older")
        async with first.transaction():
            order.append(await read(first, await take(first)))
        return order


@scenario
async def what_was_published_is_counted(bench: Bench) -> Any:
    control = Control(
        service="tests", database=bench.database, kafka_servers="model:1", topic_prefix=""
    )
    seen = [await control.counts()]
    await append(bench, "a", 0, 3)
    await append(bench, "b", 0)
    async with bench.connected() as connection:
        await connection.execute(publication._REMEMBER, "tests.events")
        seen.append(await control.counts())
        async with connection.transaction():
            rows = await connection.fetch(
                relay._READ, "tests.events", [journal.bucket_of("a")], 2, 10_000, []
            )
            sent = [[row["bucket"] for row in rows], [row["journal_id"] for row in rows]]
            offsets = json.dumps({"0": 1})
            await connection.execute(publication.MARK_SENT, "tests.events", offsets, *sent)
    return [*seen, await control.counts()]
