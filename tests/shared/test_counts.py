"""The owner's count is compared with what is known here, once all of it has been read."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from shared.clock import Clock
from shared.consumer.counting import Counting
from shared.control import Counts
from shared.database import Database
from shared.journal import bucket_of
from shared.reference import Reference
from tests.conftest import MakeDatabase

A = bucket_of("a")


@dataclass
class Reading:
    """A consumer that has read some of a topic of one partition, "a" up to version 2."""

    database: Database
    reached: int = 5
    asked: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        async def reached() -> dict[int, int]:
            return {0: self.reached}

        async def ask(bucket: int) -> None:
            self.asked.append(bucket)

        self.counting = Counting(self.database, consumer="c", reached=reached, ask=ask)

    async def know(self, query: str, *values: object) -> None:
        async with self.database.connect() as connection:
            await connection.exec_driver_sql(query, values)

    async def hear(self, events: int, *, epoch: int = 1, last: int = 4) -> list[int]:
        """What is asked for after the owner has counted."""
        self.asked.clear()
        counts = Counts(topic="t", epoch=epoch, offsets={0: last}, buckets={A: events})
        self.counting.hear(counts)
        await self.counting.compare()
        return list(self.asked)


@pytest.fixture
async def reading(make_database: MakeDatabase) -> AsyncIterator[Reading]:
    url = await make_database("plumbing")
    database = Database(url, service="readers", clock=Clock(), reference=Reference({}))
    made = Reading(database)
    await made.know("insert into partitions values ('c', 't', 0, 1)")
    await made.know("insert into positions values ('c', 'a', 2, '', $1)", A)
    with capture_logs():
        yield made
    await database.close()


async def test_a_bucket_of_which_the_owner_has_more_is_asked_for(reading: Reading) -> None:
    assert await reading.hear(2) == []
    assert await reading.hear(3) == [A]


async def test_a_count_is_not_compared_before_its_last_event_was_read(reading: Reading) -> None:
    assert await reading.hear(3, last=5) == []
    reading.reached = 6
    await reading.counting.compare()
    assert reading.asked == [A]


async def test_a_count_of_another_filling_of_the_topic_is_not_compared(reading: Reading) -> None:
    assert await reading.hear(3, epoch=2) == []


async def test_what_is_held_ahead_of_a_gap_is_known(reading: Reading) -> None:
    await reading.know("insert into held values ('c', 'a', 4, '', now())")
    assert await reading.hear(3) == []
    assert await reading.hear(4) == [A]


async def test_the_same_difference_is_asked_about_five_times_and_then_a_person_must_look(
    reading: Reading,
) -> None:
    assert [await reading.hear(3) for _ in range(7)] == [[A]] * 5 + [[]] * 2
    assert await reading.hear(4) == [A]
