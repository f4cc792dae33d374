"""What a service may expect of its connections."""

from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from shared.errors import Transient
from shared.http import Context
from tests.support.cutting import wire_to
from tests.support.publishing import until
from tests.support.tiny_service import context_of


async def test_connections_that_the_server_has_closed_are_not_handed_out(context: Context) -> None:
    """A restart of PostgreSQL costs those that were at work, and nobody else."""
    database = context.database
    async with database.connect() as one, database.connect() as other:
        pooled = [await each.get_raw_connection() for each in (one, other)]
        drivers = [each.driver_connection for each in pooled]
        assert all(isinstance(each, asyncpg.Connection) for each in drivers)
    operator = await asyncpg.connect(database.dsn)
    await operator.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    await operator.close()
    await until(lambda: [each.is_closed() for each in drivers if each], [True, True])
    for _ in range(3):
        async with database.connect() as connection:
            await connection.exec_driver_sql("select 1")


async def test_one_that_idled_is_asked_whether_it_lives_before_it_is_handed_out(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.database._ASKED_AFTER_SECONDS", 0)
    url = context.database.url.render_as_string(hide_password=False)
    async with wire_to(url) as (wire, near):
        database = context_of(near, tmp_path).database
        async with database.connect() as connection:
            await connection.exec_driver_sql("select 1")
        wire.lose_servers()
        async with database.connect() as connection:
            await connection.exec_driver_sql("select 1")
        await database.close()


async def test_one_that_closes_at_work_is_said_to_pass(context: Context) -> None:
    with pytest.raises(Transient):
        await _say(context, "select pg_terminate_backend(pg_backend_pid())")


async def test_with_autocommit_each_statement_is_a_transaction_of_its_own(
    context: Context,
) -> None:
    with pytest.raises(DBAPIError):
        await _say(context, "insert into things (name) values ('kept')", autocommit=True)
    with pytest.raises(DBAPIError):
        await _say(context, "insert into things (name) values ('lost')")
    async with context.database.connect() as connection:
        names = await connection.exec_driver_sql("select name from things")
    assert [row.name for row in names] == ["kept"]


async def _say(context: Context, statement: str, *, autocommit: bool = False) -> None:
    """It, and then one that fails."""
    async with context.database.connect(autocommit=autocommit) as connection:
        await connection.exec_driver_sql(statement)
        await connection.exec_driver_sql("select 1 / 0")


async def test_what_is_read_is_of_one_instant_and_nothing_is_written(context: Context) -> None:
    async with context.database.read() as tx:
        kind = await tx.connection.exec_driver_sql("show transaction_isolation")
        assert kind.scalar_one() == "repeatable read"
        only = await tx.connection.exec_driver_sql("show transaction_read_only")
        assert only.scalar_one() == "on"
    async with context.database.connect() as connection:
        only = await connection.exec_driver_sql("show transaction_read_only")
        assert only.scalar_one() == "off"
