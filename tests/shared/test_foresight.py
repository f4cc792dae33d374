"""The next batch is worked out while one is written, and counts only if all went as expected."""

from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.consumer import Received, Subscription
from tests.conftest import MakeDatabase
from tests.support.consuming import CONSUMER, TOPIC, TYPE, Bench, NotedRead, bench, history
from tests.support.publishing import until


class Foreseeing:
    """The bench's projection in two steps, and what was asked of it."""

    def __init__(self, desk: Bench) -> None:
        self.desk = desk
        self.called: list[list[tuple[str, int]]] = []
        self.prepared: list[list[tuple[str, int]]] = []
        self.written: list[list[tuple[str, int]]] = []
        self.fails = 0

    async def __call__(self, connection: AsyncConnection, facts: Sequence[Received], /) -> None:
        self.called.append([(fact.subject, fact.version) for fact in facts])
        await self.desk.apply(connection, facts)

    async def prepare(
        self, _connection: AsyncConnection, facts: Sequence[Received], /
    ) -> Sequence[Received]:
        self.prepared.append([(fact.subject, fact.version) for fact in facts])
        return facts

    async def write(self, connection: AsyncConnection, facts: Sequence[Received], /) -> None:
        if self.fails:
            self.fails -= 1
            raise ZeroDivisionError
        self.written.append([(fact.subject, fact.version) for fact in facts])
        await self.desk.apply(connection, facts)


@pytest.fixture
async def desk(make_database: MakeDatabase, kafka_servers: str) -> AsyncIterator[Bench]:
    async with bench(await make_database("plumbing"), kafka_servers, partitions=1) as made:
        yield made


@pytest.fixture
async def foreseeing(desk: Bench) -> Foreseeing:
    """At work, with one batch behind it: the first of all is never foreseen."""
    projection = Foreseeing(desk)
    desk.start(desk.consumer(Subscription(TOPIC, {TYPE: NotedRead}, projection)))
    await desk.send(*history("first", 1))
    await until(desk.effects, [("first", 1)])
    return projection


class Held:
    """While it is held, nothing can be written to `effects`."""

    def __init__(self, desk: Bench) -> None:
        self.desk = desk

    async def __aenter__(self) -> asyncpg.Connection:
        self.connection = await asyncpg.connect(self.desk.database.dsn)
        self.transaction = self.connection.transaction()
        await self.transaction.start()
        await self.connection.execute("lock table effects in share mode")
        return self.connection

    async def __aexit__(self, *_: object) -> None:
        await self.transaction.rollback()
        await self.connection.close()


async def two_batches(desk: Bench, projection: Foreseeing) -> None:
    """The first is being written, and the second worked out, when this returns."""
    a = history("a", 4)
    await desk.send(*a[:2])
    await until(lambda: projection.prepared[-1:], [[("a", 1), ("a", 2)]])
    await desk.send(*a[2:], *history("b", 1))
    await until(lambda: projection.prepared[-1:], [[("a", 3), ("a", 4), ("b", 1)]])


ALL = [("first", 1), ("a", 1), ("a", 2), ("a", 3), ("a", 4), ("b", 1)]


async def test_a_batch_is_worked_out_on_what_the_one_before_it_will_leave(
    desk: Bench, foreseeing: Foreseeing
) -> None:
    async with Held(desk):
        await two_batches(desk, foreseeing)
        assert await desk.fetch("select from positions where subject = 'a'") == []
    await until(desk.effects, ALL)
    assert foreseeing.written == [[("a", 1), ("a", 2)], [("a", 3), ("a", 4), ("b", 1)]]
    assert foreseeing.called == [[("first", 1)]]


async def test_what_was_foreseen_behind_a_batch_that_failed_is_not_written(
    desk: Bench, foreseeing: Foreseeing
) -> None:
    async with Held(desk) as other:
        await two_batches(desk, foreseeing)
        blocked = "select pid from pg_stat_activity where query like 'insert into effects%'"
        for pid in await other.fetch(blocked):
            await other.execute("select pg_terminate_backend($1)", pid["pid"])
    await until(desk.effects, ALL)
    assert [("a", 3), ("a", 4), ("b", 1)] not in foreseeing.written
    assert foreseeing.called[-1] == [("a", 3), ("a", 4), ("b", 1)]


async def test_a_batch_whose_foreseen_write_fails_is_worked_in_its_own_transaction(
    desk: Bench, foreseeing: Foreseeing
) -> None:
    foreseeing.fails = 1
    await desk.send(*history("a", 2))
    await until(desk.effects, ALL[:3])
    assert foreseeing.written == []
    assert foreseeing.called[-1] == [("a", 1), ("a", 2)]


async def test_what_another_instance_did_meanwhile_is_found_out_by_the_positions(
    desk: Bench, foreseeing: Foreseeing
) -> None:
    b = history("b", 1)[0]
    async with Held(desk):
        await two_batches(desk, foreseeing)
        await desk.fetch("insert into positions values ($1, 'b', 1, $2, 0)", CONSUMER, b.digest)
    await until(desk.effects, [each for each in ALL if each != ("b", 1)])
    assert foreseeing.called[-1] == [("a", 3), ("a", 4)]


async def test_behind_a_fact_that_is_parked_nothing_is_foreseen(
    desk: Bench, foreseeing: Foreseeing
) -> None:
    a, other = history("a", 3), history("c", 1)
    async with Held(desk):
        await desk.send(*other)
        await until(lambda: foreseeing.prepared[-1:], [[("c", 1)]])
        await desk.send(a[0].but(data=b"{}"), a[1])
        await desk.send(a[2])
    await until(desk.count, 2)
    await until(
        lambda: desk.parked(), [("a", 1, "equivocation"), ("a", 2, "behind"), ("a", 3, "behind")]
    )
    assert await desk.effects() == [("first", 1), ("c", 1)]


async def test_a_crash_is_traced_to_both_batches_that_were_in_hand(
    desk: Bench, foreseeing: Foreseeing
) -> None:
    async with Held(desk):
        await two_batches(desk, foreseeing)
        [mark] = await desk.fetch("select started_from, started_to from partitions")
        assert tuple(mark) == (1, 5)
    await until(desk.effects, ALL)
