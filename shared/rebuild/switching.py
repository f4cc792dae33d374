"""The new tables become the live ones: one transaction, between two batches of the consumer.

    generations   locked: every batch that writes holds its row, so none is under way, none begins
    catch up      what the live one had read is now all that can come; the new one reads it too
    positions     of the new one no older than the live ones, for every subject; or nothing happens
    snapshots     none is left from before the new rows were there: it would see only some of them
    tables        the old ones dropped, the new ones moved to their place, with owner and rights
    what is left  positions, held and parked records of the consumers are brought up to date

Commands and questions go on all the while: only the last three steps hold the tables, for some
milliseconds, and whoever has to wait for them longer than that gives up and tries again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import Transient
from shared.parking import EQUIVOCATION, audit
from shared.rebuild.shadow import Shadow

__all__ = ["Behind", "behind", "switch"]

_CATCH_UP_SECONDS = 10.0
_SNAPSHOT_SECONDS = 5.0


class Behind(NamedTuple):
    """A subject of which the live tables know more."""

    consumer: str
    subject: str
    live: int
    new: int
    reason: str | None
    """Why the rebuild has parked it; None: it has not met the rest of it."""


async def behind(shadow: Shadow, connection: AsyncConnection) -> list[Behind]:
    """Those that forbid a switch."""
    rows = await connection.exec_driver_sql(
        f"""
        select p.consumer, p.subject, p.version as live, coalesce(n.version, 0) as new, (
            select k.reason from "{shadow.schema}".parked k
            where k.consumer = p.consumer and k.subject = p.subject
            order by k.version limit 1) as reason
        from public.positions p
        left join "{shadow.schema}".positions n using (consumer, subject)
        where p.consumer = any($1) and (n.version is null or n.version < p.version)
        order by p.consumer, p.subject
        """,  # noqa: S608 - the schema's name is ours
        (list(shadow.consumers),),
    )
    return [Behind(row.consumer, row.subject, row.live, row.new, row.reason) for row in rows]


async def switch(
    shadow: Shadow, *, catch_up: Callable[[], Awaitable[None]], wait_ms: int, details: Any
) -> list[Behind]:
    """Do it; or return what is behind, with nothing changed.

    `wait_ms`: how long readers may be kept waiting. Raises Transient where others hold the tables
    longer than that, or the database or Kafka are away.
    """
    async with shadow.live.connect() as connection:
        run = connection.exec_driver_sql
        await run("set local lock_timeout = '10s'")
        await run("lock table public.generations in exclusive mode")
        try:
            async with asyncio.timeout(_CATCH_UP_SECONDS):
                await catch_up()
        except TimeoutError:
            raise Transient("the new tables could not catch up in time") from None
        late = await behind(shadow, connection)
        if late:
            return late
        await _until_all_see_it(connection)
        await run(f"set local lock_timeout = '{wait_ms}ms'")
        for table in shadow.tables:
            await run(f'lock table public."{table}" in access exclusive mode')
        for table in shadow.tables:
            await _take_the_place(connection, shadow.schema, table)
        await _bring_up_to_date(connection, shadow)
        await run(
            "insert into public.generations (consumer) select unnest($1::text[])"
            " on conflict (consumer) do update"
            " set generation = generations.generation + 1, since = now()",
            (list(shadow.consumers),),
        )
        await audit(connection, shadow.live, "rebuild", "rebuild-switched", details)
        await run(f'drop schema "{shadow.schema}" cascade')
    return []


async def _until_all_see_it(connection: AsyncConnection) -> None:
    """A transaction that took its snapshot earlier would find the new tables incomplete, for it
    finds tables by name as they are now, and rows as they were. Those that wait for us take a new
    snapshot when they go on."""
    until = time.monotonic() + _SNAPSHOT_SECONDS
    while True:
        older = await connection.exec_driver_sql(
            """
            select count(*) from pg_stat_activity
            where datname = current_database() and backend_type = 'client backend'
                and pid <> pg_backend_pid() and backend_xmin is not null
                and age(backend_xmin) > age(pg_current_xact_id()::xid)
                and not pg_backend_pid() = any(pg_blocking_pids(pid))
            """
        )
        if not older.scalar_one():
            return
        if time.monotonic() > until:
            raise Transient("a long transaction still looks at the old tables")
        await asyncio.sleep(0.01)


async def _take_the_place(connection: AsyncConnection, schema: str, table: str) -> None:
    run = connection.exec_driver_sql
    rights = await run(
        """
        select format('alter table %I.%I owner to %I', $1::text, relname,
            pg_get_userbyid(relowner)), 0
        from pg_class where oid = to_regclass('public.' || quote_ident($2::text))
        union all
        select format('grant %s on %I.%I to %s', privilege_type, $1::text, relname,
            case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end), 1
        from pg_class c, aclexplode(c.relacl)
        where c.oid = to_regclass('public.' || quote_ident($2::text))
        order by 2
        """,
        (schema, table),
    )
    for statement in rights.scalars().all():
        await run(statement)
    await run(f'drop table public."{table}"')
    await run(f'alter table "{schema}"."{table}" set schema public')


async def _bring_up_to_date(connection: AsyncConnection, shadow: Shadow) -> None:
    """What the rebuild has done, or found parked, is so for the live consumer as well. A parked
    record that it has not met stays: nothing that is kept may be lost."""
    consumers = (list(shadow.consumers),)
    for statement, parameters in (
        (_POSITIONS, consumers),
        (_TOOK_EFFECT, (*consumers, EQUIVOCATION)),
        (_READ, consumers),
        (_PARKED, consumers),
        (_RELEASED, consumers),
        (_HELD, consumers),
    ):
        await connection.exec_driver_sql(statement.format(schema=f'"{shadow.schema}"'), parameters)


_POSITIONS = """
insert into public.positions as p (consumer, subject, version, digest, bucket)
select n.consumer, n.subject, n.version, n.digest, n.bucket from {schema}.positions n
left join public.positions o using (consumer, subject)
where n.consumer = any($1)
    and (o.version is distinct from n.version or o.digest is distinct from n.digest)
on conflict (consumer, subject) do update set version = excluded.version, digest = excluded.digest
"""
_TOOK_EFFECT = """
delete from public.parked p using {schema}.positions n
where p.consumer = any($1) and p.reason <> $2
    and n.consumer = p.consumer and n.subject = p.subject and n.version >= p.version
"""
# what had no envelope that could be read, has been read again, and is not parked again
_READ = """
delete from public.parked p using {schema}.partitions e, {schema}.offsets o
where p.consumer = any($1) and p.subject is null
    and e.consumer = p.consumer and e.partition = p.partition and e.epoch = p.epoch
    and o.consumer = p.consumer and o.partition = p.partition and o.next > p.record_offset
    and not exists (
        select from {schema}.parked k where k.consumer = p.consumer and k.partition = p.partition
            and k.record_offset = p.record_offset and k.epoch = p.epoch)
"""
_PARKED = """
insert into public.parked (consumer, topic, partition, record_offset, epoch, subject, version,
    reason, path, record, parked_at)
select consumer, topic, partition, record_offset, epoch, subject, version, reason, path, record,
    parked_at
from {schema}.parked where consumer = any($1) order by id
on conflict do nothing
"""
_RELEASED = """
delete from public.held h using {schema}.positions n
where h.consumer = any($1)
    and n.consumer = h.consumer and n.subject = h.subject and n.version >= h.version
"""
_HELD = """
insert into public.held select * from {schema}.held where consumer = any($1) on conflict do nothing
"""
