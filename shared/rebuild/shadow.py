"""The schema in which a projection is filled anew, beside the live one.

It has the projection's tables and the plumbing's that a consumer writes, in their own shape. A
connection that sees nothing else (`Database.beside`) makes the product's code fill them, unchanged;
what a projection does to other tables than it says, fails.
"""

import hashlib
import importlib.util
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database import Database

__all__ = ["CannotRebuild", "Shadow"]

_PLUMBING = ("generations", "held", "operations", "parked", "partitions", "positions")
_SHAPE = """
select attrelid::regclass::text, attname, atttypid::regtype::text, attnotnull from pg_attribute
where attrelid = any(select to_regclass('public.' || quote_ident(t)) from unnest($1::text[]) t)
    and attnum > 0 and not attisdropped
order by attrelid::regclass::text, attnum
"""
_CONSTRAINTS = """
select format('alter table %I.%I add constraint %I %s', $2::text, c.relname, k.conname,
    pg_get_constraintdef(k.oid))
from pg_constraint k join pg_class c on c.oid = k.conrelid
where k.conrelid = to_regclass('public.' || quote_ident($1::text)) and k.contype in ('p', 'u', 'x')
"""
_SETTINGS = """
select format('alter table %I.%I set (%s)', $2::text, relname, array_to_string(reloptions, ', '))
from pg_class
where oid = to_regclass('public.' || quote_ident($1::text)) and reloptions is not null
"""
_INDEXES = """
select pg_get_indexdef(i.indexrelid, 0, true) from pg_index i
where i.indrelid = to_regclass('public.' || quote_ident($1::text))
    and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
    and not exists (
        select from pg_indexes made join pg_class c on c.oid = i.indexrelid
        where made.schemaname = $2::text and made.indexname = c.relname)
"""
_NOT_CARRIED = """
select 'a trigger' from pg_trigger where tgrelid = to_regclass('public.' || quote_ident($1::text))
    and not tgisinternal
union all
select 'a foreign key' from pg_constraint
    where contype = 'f' and to_regclass('public.' || quote_ident($1::text)) in (conrelid, confrelid)
union all
select 'a policy' from pg_policy where polrelid = to_regclass('public.' || quote_ident($1::text))
"""


class CannotRebuild(Exception):
    """Why this cannot be rebuilt, or not now, in words."""


@dataclass(frozen=True)
class Shadow:
    """One projection's second set of tables. `tables`: each with its column of the subject."""

    live: Database
    schema: str
    consumers: Sequence[str]
    tables: Mapping[str, str]

    @classmethod
    def of(
        cls, live: Database, *, topics: Sequence[str], service: str, tables: Mapping[str, str]
    ) -> "Shadow":
        schema = "rebuild_" + re.sub(r"\W+", "_", topics[0].lower())
        return cls(live, schema, [f"{service}.{topic}" for topic in topics], tables)

    async def prepare(self, *, fresh: bool) -> bool:
        """Make it, or find it as it was left; True if it is found, and can go on.

        One that was begun by other code, or before another migration, is begun anew. Raises
        CannotRebuild, Transient.
        """
        made_by = await self._made_by()
        async with self.live.connect() as connection:
            if not fresh and made_by == await self._found(connection):
                return True
            await connection.exec_driver_sql(f'drop schema if exists "{self.schema}" cascade')
            await self._make(connection, made_by)
        return False

    async def index(self, beside: Database) -> None:
        """The indexes that no constraint needs, at the end: filling is quicker without."""
        for table in self.tables:
            async with self.live.connect() as connection:
                rows = await connection.exec_driver_sql(_INDEXES, (table, self.schema))
                missing = [definition for (definition,) in rows]
            async with beside.connect() as connection:
                for definition in missing:  # names its table without a schema
                    await connection.exec_driver_sql(definition)
                await connection.exec_driver_sql(f'analyze "{self.schema}"."{table}"')
        async with beside.connect() as connection:
            await connection.exec_driver_sql(f'analyze "{self.schema}".positions')

    async def drop(self) -> None:
        async with self.live.connect() as connection:
            await connection.exec_driver_sql(f'drop schema if exists "{self.schema}" cascade')

    async def _make(self, connection: AsyncConnection, made_by: str) -> None:
        make = connection.exec_driver_sql
        await make(f'create schema "{self.schema}"')
        await make(f"comment on schema \"{self.schema}\" is '{made_by}'")
        await make(
            f'create table "{self.schema}".offsets (consumer text, partition int,'
            " next bigint not null, primary key (consumer, partition))"
        )
        for table in _PLUMBING:
            await make(
                f'create table "{self.schema}"."{table}" (like public."{table}" including all)'
            )
        for table in self.tables:
            lost = (await make(_NOT_CARRIED, (table,))).scalars().first()
            if lost is not None:
                raise CannotRebuild(f"the table {table} has {lost}, which a rebuild would lose")
            await make(
                f'create table "{self.schema}"."{table}"'
                f' (like public."{table}" including all excluding indexes)'
            )
            for query in (_CONSTRAINTS, _SETTINGS):
                for statement in (await make(query, (table, self.schema))).scalars().all():
                    await make(statement)

    async def _found(self, connection: AsyncConnection) -> str | None:
        found = await connection.exec_driver_sql(
            "select obj_description(to_regnamespace($1)::oid, 'pg_namespace')", (self.schema,)
        )
        made_by: str | None = found.scalar_one()
        return made_by

    async def _made_by(self) -> str:
        """By which code and on which tables: what two versions fold is not to be mixed."""
        digest = hashlib.sha256(repr((self.consumers, self.tables)).encode())
        for path in sorted(_folder(self.live.service).rglob("*.py")):
            digest.update(path.read_bytes())
        async with self.live.connect() as connection:
            rows = await connection.exec_driver_sql(_SHAPE, (list(self.tables),))
            digest.update(repr(rows.all()).encode())
        return digest.hexdigest()


def _folder(service: str) -> Path:
    package = importlib.util.find_spec(f"services.{service}")
    return Path(package.origin).parent if package and package.origin else Path("/nonexistent")
