"""The relay publishes every fact at least once, each subject's in order, whatever dies."""

import asyncio
import hashlib
import random
import zlib
from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.relay.sending import partition_of
from tests.conftest import MakeDatabase
from tests.support.publishing import (
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


async def write_history(post: Outlet, *, subjects: int, events: int) -> dict[str, int]:
    """Random appends by four writers, some of which hold their transaction open; the truth."""
    versions = dict.fromkeys((f"s-{n}" for n in range(subjects)), 0)
    locks = {subject: asyncio.Lock() for subject in versions}
    chance = random.Random(7)

    async def writer() -> None:
        connection = await asyncpg.connect(post.database.dsn)
        for _ in range(events // 4):
            subject = chance.choice(list(versions))
            async with locks[subject], connection.transaction():
                previous = await connection.fetchval(
                    "select digest from journal where subject = $1 order by version desc limit 1",
                    subject,
                )
                digest = hashlib.sha256((previous or b"") + b"t\0{}").digest()
                await connection.execute(
                    "with entry as (insert into journal (subject, version, type, time, actor,"
                    " correlation_id, data, digest, bucket) values ($1, $2, 't', now(), 'a', 'c',"
                    " '{}', $3, $4) returning id), woken as (select pg_notify('journal', ''))"
                    " insert into unpublished select $4, id from entry, woken",
                    subject,
                    versions[subject] + 1,
                    digest,
                    zlib.crc32(subject.encode()) % 64,
                )
                if chance.random() < 0.05:
                    await asyncio.sleep(chance.random() * 0.2)
                versions[subject] += 1
        await connection.close()

    await asyncio.gather(*(writer() for _ in range(4)))
    return {subject: version for subject, version in versions.items() if version}


async def test_an_event_travels_as_a_cloudevent_with_its_bytes_unchanged(post: Outlet) -> None:
    fact = Noted(text="žluťoučký kůň", number=3)
    await post.append("s-1", fact, after=0)
    post.run()
    await post.sent()
    [seen] = await post.log()
    assert (seen.key, seen.value) == ("s-1", fact.data())
    assert seen.partition == partition_of("s-1", 3)
    assert seen.headers == {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": "s-1:1",
        "ce_source": "/rapport/tests",
        "ce_type": "rapport.tests.noted.v1",
        "ce_subject": "s-1",
        "ce_time": "2025-11-17T01:00:00+00:00",
        "ce_sequence": "1",
        "ce_digest": hashlib.sha256(b"rapport.tests.noted.v1\0" + fact.data()).hexdigest(),
        "ce_epoch": "1",
        "ce_actor": "tester",
        "ce_correlationid": "c-1",
        "ce_dataschema": "urn:rapport:schema:rapport.tests.noted.v1",
    }


async def test_three_relays_keep_the_order_of_late_committing_writers(post: Outlet) -> None:
    for _ in range(3):
        post.run()
    expected = await write_history(post, subjects=40, events=1200)
    await post.sent()
    await post.stop()
    log = await post.log()
    assert_complete_and_in_order(log, expected)
    assert len(log) == sum(expected.values()), "nothing failed, so nothing was sent twice"


async def test_what_is_committed_late_is_sent_all_the_same(post: Outlet) -> None:
    """Ids are given out before the commit: one that was passed by may still come."""
    await post.append("s-1", after=0)
    late = await asyncpg.connect(post.database.dsn)
    transaction = late.transaction()
    await transaction.start()
    entry = await late.fetchval(
        "insert into journal (subject, version, type, time, actor, correlation_id, data, digest,"
        " bucket) values ('s-3', 1, 't', now(), 'a', 'c', '{}', 'x', 14) returning id"
    )
    await late.execute("insert into unpublished values (14, $1)", entry)
    await post.append("s-2", after=0)
    post.run()
    await post.sent()
    await transaction.commit()
    await late.close()
    await post.sent(within=10)
    assert_complete_and_in_order(await post.log(), {"s-1": 1, "s-2": 1, "s-3": 1})


async def test_what_somebody_holds_is_not_overtaken_by_what_comes_behind(post: Outlet) -> None:
    """Two relays that share out rows, not buckets, send version 2 while 1 is in another's hands."""
    await post.append("s-1", Noted(number=1), Noted(number=2), after=0)
    held = await asyncpg.connect(post.database.dsn)
    transaction = held.transaction()
    await transaction.start()
    await held.execute("select * from unpublished order by journal_id limit 1 for update")
    post.run()
    await until(lambda: reaches(post), True)
    assert [seen.version for seen in await post.log()] == [1, 2]
    await transaction.rollback()
    await held.close()
    await post.sent()


async def reaches(post: Outlet) -> bool:
    return bool(await post.log())


async def test_notify_wakes_the_relay_long_before_its_poll(
    post: Outlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.relay.relay._POLL_SECONDS", 300.0)
    relay = post.run()
    await until(relay.not_ready, None)
    for version in range(10):
        await post.append("s-1", after=version)
        await post.sent()


async def test_without_notify_the_poll_finds_what_waits(post: Outlet) -> None:
    relay = post.run()
    await until(relay.not_ready, None)
    await post.fetch(
        "with entry as (insert into journal (subject, version, type, time, actor, correlation_id,"
        " data, digest, bucket) values ('s-1', 1, 't', now(), 'a', 'c', '{}', 'x', 14)"
        " returning id) insert into unpublished select 14, id from entry"
    )
    await post.sent(within=20)
