"""Facts that came ahead of a gap: kept in a bounded table until the missing ones come.

The table is a convenience, not a promise: the replay that is asked for brings everything after the
gap again. So a full table drops what does not fit, and nothing is lost.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.envelope import FactRecord, pack, read_fact, unpack
from shared.failpoints import failpoint

__all__ = ["held_of", "hold", "release", "tidy", "waiting"]

LIMIT = 20_000
"""Rows of one consumer, of at most 256 KiB each, mostly far smaller."""


async def hold(
    connection: AsyncConnection, consumer: str, facts: Sequence[FactRecord], now: datetime
) -> None:
    """Keep as many of these as there is room for."""
    await connection.exec_driver_sql(
        """
        insert into held (consumer, subject, version, record, since)
        select $1::text, f.*, $5::timestamptz
        from unnest($2::text[], $3::int[], $4::bytea[]) as f(subject, version, record)
        limit greatest(0, $6::bigint - (select count(*) from held where consumer = $1::text))
        on conflict do nothing
        """,
        (
            consumer,
            [fact.subject for fact in facts],
            [fact.version for fact in facts],
            [pack(fact.raw) for fact in facts],
            now,
            LIMIT,
        ),
    )
    failpoint("consumer.held", OSError)


async def held_of(
    connection: AsyncConnection, consumer: str, subjects: Sequence[str]
) -> list[FactRecord]:
    """What is held of these subjects."""
    rows = await connection.exec_driver_sql(
        "select record from held where consumer = $1 and subject = any($2)",
        (consumer, subjects),
    )
    return [read_fact(unpack(row.record)) for row in rows]


async def release(connection: AsyncConnection, consumer: str, reached: dict[str, int]) -> None:
    """Drop what is held up to the version that each subject has reached."""
    await connection.exec_driver_sql(
        "delete from held h using unnest($2::text[], $3::int[]) as r(subject, version)"
        " where h.consumer = $1 and h.subject = r.subject and h.version <= r.version",
        (consumer, list(reached), list(reached.values())),
    )
    failpoint("consumer.released", OSError)


async def tidy(connection: AsyncConnection, consumer: str) -> None:
    """Drop what has had its effect since: held by an instance that had lost its partitions."""
    await connection.exec_driver_sql(
        "delete from held h using positions p where h.consumer = $1"
        " and p.consumer = $1 and p.subject = h.subject and h.version <= p.version",
        (consumer,),
    )


async def waiting(connection: AsyncConnection, consumer: str) -> dict[str, tuple[int, datetime]]:
    """Subjects with something held: the version before the gap, and since when it is open."""
    rows = await connection.exec_driver_sql(
        """
        select h.subject, coalesce(p.version, 0) as after, min(h.since) as since
        from held h left join positions p on p.consumer = h.consumer and p.subject = h.subject
        where h.consumer = $1 group by h.subject, p.version
        """,
        (consumer,),
    )
    return {row.subject: (row.after, row.since) for row in rows}
