"""The journal keeps every fact as sent, in one dense and provable order for each subject."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy.exc import SQLAlchemyError

from shared import journal
from shared.errors import Rejected
from shared.observing import work_for
from tests.conftest import MakeDatabase
from tests.support.publishing import WHEN, Noted, Outlet, outlet


@pytest.fixture
async def book(make_database: MakeDatabase) -> AsyncIterator[Outlet]:
    async with outlet(await make_database("plumbing"), "127.0.0.1:1", topic="none") as made:
        yield made


async def test_versions_are_dense_from_one_and_bytes_are_kept_as_sent(book: Outlet) -> None:
    facts = [Noted(text="žluťoučký"), Noted(number=2), Noted(number=3)]
    await book.append("s-1", *facts[:2], after=0)
    await book.append("s-1", facts[2], after=2)
    async with book.database.connect() as connection:
        entries = await journal.history(connection, "s-1")
    assert [entry.version for entry in entries] == [1, 2, 3]
    assert [entry.data for entry in entries] == [fact.data() for fact in facts]
    assert {(entry.actor, entry.correlation_id, entry.time) for entry in entries} == {
        ("tester", "c-1", WHEN)
    }


async def test_digests_chain_type_and_bytes_of_a_subject(book: Outlet) -> None:
    facts = [Noted(number=1), Noted(number=2), Noted(number=3)]
    await book.append("s-1", *facts[:2], after=0)
    await book.append("s-1", facts[2], after=2)
    async with book.database.connect() as connection:
        entries = await journal.history(connection, "s-1")
    digest = b""
    for entry, fact in zip(entries, facts, strict=True):
        digest = hashlib.sha256(digest + fact.type.encode() + b"\0" + fact.data()).digest()
        assert entry.digest == digest


@pytest.mark.parametrize("after", [0, 2, 5])
async def test_a_writer_that_read_another_version_is_a_conflict(book: Outlet, after: int) -> None:
    await book.append("s-1", after=0)
    with pytest.raises(Rejected) as refused:
        await book.append("s-1", after=after)
    assert (refused.value.code, refused.value.status) == ("conflict", 409)
    assert await book.fetch("select version from journal") == [(1,)]
    assert await book.unpublished() == 1


async def test_of_two_writers_at_once_one_wins_and_the_other_cannot_commit(book: Outlet) -> None:
    await book.append("s-1", after=0)
    first = await asyncpg.connect(book.database.dsn)
    async with book.database.engine.connect() as second:
        transaction = first.transaction()
        await transaction.start()
        await first.execute(
            "insert into journal (subject, version, type, time, actor, correlation_id, data,"
            " digest, bucket) values ('s-1', 2, 't', now(), 'a', 'c', 'x', 'x', 0)"
        )
        appending = asyncio.create_task(
            journal.append(
                second,
                service="tests",
                subject="s-1",
                after=1,
                facts=[Noted(), Noted()],
                actor="b",
                correlation_id="c",
                time=WHEN,
            )
        )
        done, _ = await asyncio.wait({appending}, timeout=0.3)
        assert not done, "the second writer must wait for the end of the first"
        await transaction.commit()
        with pytest.raises(Rejected, match="conflict"):
            await appending
        # even a caller that swallows the refusal cannot make half of it stay
        with pytest.raises(SQLAlchemyError, match="transaction is aborted"):
            await second.exec_driver_sql("select 1")
    await first.close()
    assert await book.fetch("select version from journal order by 1") == [(1,), (2,)]


async def test_what_is_rolled_back_was_neither_journaled_nor_queued(book: Outlet) -> None:
    async with book.database.engine.connect() as connection:
        await journal.append(
            connection,
            service="tests",
            subject="s-1",
            after=0,
            facts=[Noted()],
            actor="a",
            correlation_id="c",
            time=WHEN,
        )
        await connection.rollback()
    assert await book.unpublished() == 0
    await book.append("s-1", after=0)


async def test_a_fact_over_256_kib_is_refused_before_anything_is_written(book: Outlet) -> None:
    fits = Noted(text="x" * (journal.MAX_FACT_BYTES - len(Noted(text="").data())))
    await book.append("s-1", fits, after=0)
    with pytest.raises(Rejected) as refused:
        await book.append("s-1", Noted(), Noted(text=fits.text + "x"), after=1)
    assert (refused.value.code, refused.value.status) == ("fact-too-large", 413)
    assert await book.fetch("select version from journal") == [(1,)]


async def test_appending_notifies_at_the_commit(book: Outlet) -> None:
    listener = await asyncpg.connect(book.database.dsn)
    told = asyncio.Event()
    await listener.add_listener("journal", lambda *_: told.set())
    await book.append("s-1", after=0)
    await asyncio.wait_for(told.wait(), 5)
    await listener.close()


async def test_republishing_queues_what_was_asked_for_once(book: Outlet) -> None:
    for subject in ("s-1", "s-2"):
        await book.append(subject, Noted(), Noted(), Noted(), after=0)
    async with book.database.connect() as connection:
        assert await journal.republish(connection) == 0, "all of it waits already"
    for asked, count in [
        ({"subject": "s-1"}, 3),
        ({"subject": "s-1", "after": 1}, 2),
        ({"type": Noted.type}, 6),
        ({"type": "rapport.tests.other.v1"}, 0),
        ({}, 6),
    ]:
        await book.fetch("delete from unpublished")
        async with book.database.connect() as connection:
            assert await journal.republish(connection, **asked) == count  # type: ignore[arg-type]
        assert await book.unpublished() == count


def test_buckets_of_subjects_never_change() -> None:
    """Stored in rows of every installation: another result would be another installation."""
    subjects = ["s-1", "agreement-01k9", "Straße"]
    assert [journal.bucket_of(subject) for subject in subjects] == [14, 47, 17]


async def test_the_trace_of_the_work_is_kept(book: Outlet) -> None:
    with work_for(correlation="c-1") as trace:
        await book.append("s-1", after=0)
    await book.append("s-1", after=1)
    rows = await book.fetch("select traceparent from journal order by version")
    assert rows == [(trace,), (None,)]


@pytest.mark.parametrize(
    "tampering",
    [
        "update journal set data = 'other' where version = 2",
        "update journal set type = 'other' where version = 2",
        "delete from journal where version = 1",
        "delete from journal where version = 2",
    ],
)
async def test_tampering_with_the_trail_is_found(book: Outlet, tampering: str) -> None:
    for subject in ("s-1", "s-2"):
        await book.append(subject, Noted(), Noted(), Noted(), after=0)
    async with book.database.connect() as connection:
        assert await journal.broken_chains(connection) == []
    await book.fetch(f"{tampering} and subject = 's-2'")
    async with book.database.connect() as connection:
        assert await journal.broken_chains(connection) == ["s-2"]


async def test_a_closed_service_says_why(book: Outlet) -> None:
    async with book.database.connect() as connection:
        assert await journal.closed(connection) is None
    await book.fetch("insert into publication (topic, closed_reason) values ('t', 'because')")
    async with book.database.connect() as connection:
        assert await journal.closed(connection) == "because"


async def test_reopening_a_closed_service_is_on_the_audit_trail(book: Outlet) -> None:
    await book.fetch("insert into publication (topic, closed_reason) values ('t', 'because')")
    for expected in (True, False):
        async with book.database.connect() as connection:
            assert expected is await journal.reopen(
                connection, actor="olga", why="newer back-up restored", at=WHEN
            )
            assert await journal.closed(connection) is None
    assert await book.fetch("select actor, action, details ->> 'why' from operations") == [
        ("olga", "reopen", "newer back-up restored")
    ]
