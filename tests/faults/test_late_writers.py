"""Writers that commit late, and a stranger's transaction that never ends: the journal keeps moving.

A relay that reads up to a highest id would lose what commits late; one that waits for the oldest
transaction of the server would stand still as long as anybody, in any database, forgets to commit.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared import journal
from tests.conftest import MakeDatabase
from tests.faults.records import note
from tests.support.publishing import (
    WHEN,
    Noted,
    Outlet,
    assert_complete_and_in_order,
    outlet,
    until,
)


@pytest.fixture
async def post(make_database: MakeDatabase, kafka_servers: str) -> AsyncIterator[Outlet]:
    async with outlet(await make_database("plumbing"), kafka_servers) as made:
        yield made


@pytest.fixture
async def stranger(postgres_url: str) -> AsyncIterator[None]:
    """A transaction in another database of the server, with a number of its own, that idles."""
    connection = await asyncpg.connect(postgres_url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.fetchval("select pg_current_xact_id()")
    yield
    await transaction.rollback()
    await connection.close()


async def late(post: Outlet, subject: str, chance: random.Random, rounds: int) -> int:
    """Writes facts, and holds each transaction open for 0 to 5 seconds; some are taken back."""
    version = 0
    for _ in range(rounds):
        facts = [Noted(number=number) for number in range(chance.randint(1, 4))]
        async with post.database.connect() as connection:
            await journal.append(
                connection,
                service="tests",
                subject=subject,
                after=version,
                facts=facts,
                actor="tester",
                correlation_id="c-1",
                time=WHEN,
            )
            await asyncio.sleep(chance.choice([0, 0.1, 1, 5]) * chance.random())
            if chance.random() < 0.2:
                await connection.rollback()
                continue
        version += len(facts)
    return version


async def trial(post: Outlet, *, rounds: int, seed: int) -> None:
    began = time.monotonic()
    chance = random.Random(seed)
    for _ in range(2):
        post.run()
    subjects = [f"s-{number}" for number in range(12)]
    writing = [asyncio.create_task(late(post, each, chance, rounds)) for each in subjects]
    moved = 0
    while not all(task.done() for task in writing):
        await post.append("prompt", after=moved)
        moved += 1
        query = "select count(*) from unpublished join journal on id = journal_id"
        waiting = f"{query} where subject = 'prompt'"

        async def unsent() -> int:
            return int((await post.fetch(waiting))[0][0])  # noqa: B023 - asked before it changes

        await until(unsent, 0, within=30)
        await asyncio.sleep(0.2)
    versions = [await task for task in writing]
    await post.sent()
    written = {subject: n for subject, n in zip(subjects, versions, strict=True) if n}
    assert_complete_and_in_order(await post.log(), {**written, "prompt": moved})
    note(
        1,
        "late-committing writer; foreign long writer",
        trials=rounds * len(subjects),
        detail=f"held 0 to 5 s, an idle transaction elsewhere; {moved} prompt facts went by",
        seconds=time.monotonic() - began,
    )


@pytest.mark.slow
@pytest.mark.usefixtures("stranger")
async def test_late_commits_are_sent_in_order_and_nobody_waits_for_them(post: Outlet) -> None:
    await trial(post, rounds=8, seed=61)


@pytest.mark.faults
@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("stranger")
async def test_thousands_of_late_commits_are_sent_in_order(post: Outlet) -> None:
    await trial(post, rounds=200, seed=62)
