"""Databases with a full journal, of which nothing is published yet."""

from urllib.parse import urlsplit

import asyncpg

from benchmarks.place import Place

__all__ = ["copy_of", "drop_copies", "full_journal"]

_FILL = """
insert into journal (subject, version, type, time, actor, correlation_id, traceparent, data,
                     digest, bucket)
select subject, version, 'rapport.bench.noted.v1', now(), 'hust:lan', 'c-1', null, data,
       sha256(data), crc32(convert_to(subject, 'UTF8')) % 64
from (
    select 'subject-' || lpad((n % $2)::text, 18, '0') as subject, n / $2 + 1 as version,
           convert_to('{"text":"' || repeat('x', 380 + (n % 200)::int) || '"}', 'UTF8') as data
    from generate_series(0, $1 - 1) n order by n
) events
"""
_QUEUE = "insert into unpublished select bucket, id from journal order by id"
_OUTBOX = """
create table outbox as
    select id, subject, version, type, time, actor, correlation_id, data, digest from journal;
alter table outbox add primary key (id);
create index on outbox (subject, version);
analyze outbox;
"""


async def full_journal(place: Place, events: int, *, outbox: bool = False) -> str:
    """A database with so many events of a tenth as many subjects, all waiting to be sent: the
    template of `copy_of`. `outbox`: the same once more, as the usual idioms keep it."""
    dsn = await place.database("plumbing")
    database = await asyncpg.connect(dsn)
    await database.execute(_FILL, events, min(20_000, events // 10))
    await database.execute(_QUEUE)
    await database.execute("analyze journal, unpublished")
    if outbox:
        await database.execute(_OUTBOX)
    await database.close()
    return dsn


async def copy_of(place: Place, template: str) -> str:
    """A database like it."""
    dsn = f"{template}_copy"
    await place.databases.drop(dsn)
    admin = await asyncpg.connect(place.postgres)
    name, copied = urlsplit(dsn).path[1:], urlsplit(template).path[1:]
    await admin.execute(f'create database "{name}" template "{copied}"')
    await admin.close()
    return dsn


async def drop_copies(place: Place, *templates: str) -> None:
    """Of these, and these."""
    for template in templates:
        await place.databases.drop(f"{template}_copy")
        await place.databases.drop(template)
