"""What no gap can show is found by the owner's counts, wherever the reader's offsets stand."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.clock import Clock
from shared.consumer.counting import Counting
from shared.control import Counts
from shared.database import Database
from shared.journal import bucket_of
from shared.reference import Reference
from tests.conftest import MakeDatabase

BUCKET = bucket_of("a")


@pytest.fixture
async def url(make_database: MakeDatabase) -> str:
    return await make_database("plumbing")


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    made = Database(url, service="r", clock=Clock(), reference=Reference({}))
    yield made
    await made.close()


async def test_who_was_put_behind_a_new_filling_asks_for_it_at_the_second_count(
    url: str, database: Database
) -> None:
    """Offsets reset to the end of a refilled topic: no record of the new epoch will come by
    itself, so nothing tells the reader that there is one."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        "insert into partitions (consumer, topic, partition, epoch) values ('r.t', 't', 0, 1)"
    )
    await connection.close()
    asked: list[int] = []

    async def reached() -> dict[int, int]:
        return {0: 3}

    async def ask(bucket: int) -> None:
        asked.append(bucket)

    counting = Counting(database, consumer="r.t", reached=reached, ask=ask)
    newer = Counts(topic="t", epoch=2, offsets={0: 2}, buckets={BUCKET: 3})
    counting.hear(newer)
    await counting.compare()
    assert asked == []  # its records may be on their way
    counting.hear(newer)
    await counting.compare()
    assert asked == [BUCKET]
