"""Positions move by compare and set, and hold off a rebuild for as long as their batch takes."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.clock import Clock
from shared.consumer.positions import Moved, Position, Positions
from shared.database import Database
from shared.reference import Reference
from tests.conftest import MakeDatabase


@pytest.fixture
async def database(make_database: MakeDatabase) -> AsyncIterator[Database]:
    url = await make_database("plumbing")
    made = Database(url, service="readers", clock=Clock(), reference=Reference({}))
    yield made
    await made.close()


async def move(database: Database, positions: Positions, **to: int) -> None:
    """These subjects, from where `positions` believes that they are."""
    async with database.connect() as connection:
        before = await positions.of(connection, list(to))
        after = {subject: Position(version, b"%d" % version) for subject, version in to.items()}
        await positions.advance(connection, before, after)
    positions.remember(after)


async def stored(database: Database) -> dict[str, int]:
    async with database.connect() as connection:
        rows = await connection.exec_driver_sql("select subject, version from positions")
        return {row.subject: row.version for row in rows}


async def test_who_is_second_moves_nothing(database: Database) -> None:
    first, second = Positions("c"), Positions("c")
    await move(database, first, a=1, b=1)
    await move(database, second, a=2, b=2)
    with pytest.raises(Moved):
        await move(database, first, a=2, new=1)
    assert await stored(database) == {"a": 2, "b": 2}


async def test_a_subject_that_another_has_begun_is_not_begun_again(database: Database) -> None:
    first, second = Positions("c"), Positions("c")
    async with database.connect() as connection:
        before = await first.of(connection, ["a"])
    await move(database, second, a=1)
    with pytest.raises(Moved):
        async with database.connect() as connection:
            await first.advance(connection, before, {"a": Position(1, b"other")})


async def test_no_rebuild_takes_over_while_a_batch_is_written(database: Database) -> None:
    positions, rebuild = Positions("c"), await asyncpg.connect(database.dsn)
    await move(database, positions, a=1)  # the first batch of all begins the generation too
    async with database.connect() as connection:
        before = await positions.of(connection, ["a"])
        await positions.advance(connection, before, {"a": Position(2, b"")})
        with pytest.raises(asyncpg.LockNotAvailableError):
            await take_over(rebuild)
    await take_over(rebuild)
    await rebuild.close()


async def take_over(rebuild: asyncpg.Connection) -> None:
    async with rebuild.transaction():
        await rebuild.execute("lock table generations in exclusive mode nowait")


async def test_what_was_decided_on_tables_that_were_exchanged_is_void(database: Database) -> None:
    positions = Positions("c")
    await move(database, positions, a=1)
    async with database.connect() as connection:
        await connection.exec_driver_sql("update generations set generation = generation + 1")
    with pytest.raises(Moved):
        await move(database, positions, a=2)
    positions.forget()
    await move(database, positions, a=2)
