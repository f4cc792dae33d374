"""What a service may expect of its connections."""

import asyncpg
import pytest

from shared.errors import Transient
from shared.http import Context
from tests.support.publishing import until


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


async def test_one_that_closes_at_work_is_said_to_pass(context: Context) -> None:
    with pytest.raises(Transient):
        async with context.database.connect() as connection:
            await connection.exec_driver_sql("select pg_terminate_backend(pg_backend_pid())")
            await connection.exec_driver_sql("select 1")


async def test_with_autocommit_each_statement_is_a_transaction_of_its_own(
    context: Context,
) -> None:
    database = context.database
    with pytest.raises(ZeroDivisionError):
        async with database.connect(autocommit=True) as connection:
            await connection.exec_driver_sql("insert into things (name) values ('kept')")
            raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError):
        async with database.connect() as connection:
            await connection.exec_driver_sql("insert into things (name) values ('lost')")
            raise ZeroDivisionError
    async with database.connect() as connection:
        names = await connection.exec_driver_sql("select name from things")
    assert [row.name for row in names] == ["kept"]
