"""A record is given up for what it does to processes, and for nothing that the living do."""

from collections.abc import AsyncIterator

import pytest

from shared.clock import Clock
from shared.consumer.marks import Marks, range_of
from shared.database import Database
from shared.envelope import Record
from shared.reference import Reference
from tests.conftest import MakeDatabase

RECORD = Record("t", 0, 7, 0, b"a", b"{}", ())


@pytest.fixture
async def database(make_database: MakeDatabase) -> AsyncIterator[Database]:
    made = Database(
        await make_database("plumbing"), service="r", clock=Clock(), reference=Reference({})
    )
    yield made
    await made.close()


def a_process(database: Database) -> Marks:
    return Marks(database, consumer="r.t", topic="t")


async def starts(marks: Marks) -> bool:
    """Take the record in hand; False if it is known to kill."""
    await marks.load({0})
    if marks[0].kills(RECORD):
        return False
    await marks.start(range_of([RECORD]))
    return True


async def test_three_processes_that_died_over_one_record_condemn_it(database: Database) -> None:
    assert [await starts(a_process(database)) for _ in range(4)] == [True, True, True, False]


async def test_who_tries_again_and_lives_condemns_nothing(database: Database) -> None:
    alive = a_process(database)
    for _ in range(5):  # its answers were lost, or a newer epoch let it begin anew
        assert await starts(alive)
    assert await starts(a_process(database))


async def test_who_loses_a_partition_and_gets_it_back_finds_no_death_there(
    database: Database,
) -> None:
    alive = a_process(database)
    for _ in range(5):
        assert await starts(alive)
        assert not alive[0].suspects(RECORD)
        alive.forget()  # a rebalance that found no time to clear
