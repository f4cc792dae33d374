"""What is personal is sealed in one table, and who was erased stays erased."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Column, MetaData, Text, text, update

from shared.clock import Clock
from shared.database import Database, Transaction
from shared.errors import Rejected
from shared.migrating import upgrade
from shared.personal import Personal
from shared.reference import Reference
from shared.sealing import Cipher

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))
metadata = MetaData()
persons = Personal("persons", metadata, Column("unit", Text, nullable=False))
LAN = {"name": "Tran Thi Lan (invented)", "mail": "lan@example.org"}


def at(url: str, *keys: str) -> Database:
    return Database(
        url, service="tests", clock=Clock(), reference=Reference({}), cipher=Cipher(keys)
    )


@asynccontextmanager
async def working(database: Database) -> AsyncIterator[Transaction]:
    async with database.begin(actor="lan", correlation_id="call-1") as tx:
        yield tx


@pytest.fixture
async def url(make_database: Callable[..., Awaitable[str]]) -> AsyncIterator[str]:
    made = await make_database("plumbing")
    database = at(made, OLD)
    async with working(database) as tx:
        await tx.connection.run_sync(metadata.create_all)
    yield made
    await database.close()


async def test_what_is_kept_is_read_again_and_is_not_in_the_table_as_text(url: str) -> None:
    database = at(url, OLD)
    async with working(database) as tx:
        assert await persons.keep(tx, "st:1", LAN, unit="hust")
        assert not await persons.keep(tx, "st:1", LAN, unit="hust")
        assert await persons.said_of(tx, ["st:1", "st:2"]) == {"st:1": LAN}
        whole = await tx.connection.scalar(
            text("select string_agg(persons::text, '') from persons")
        )
    assert not any(each.encode().hex() in whole or each in whole for each in LAN.values())
    await database.close()


async def test_what_an_older_key_sealed_is_sealed_anew_and_then_opens_without_it(url: str) -> None:
    before, both, after = at(url, OLD), at(url, NEW, OLD), at(url, NEW)
    async with working(before) as tx:
        for number in range(3):
            await persons.keep(tx, f"st:{number}", LAN, unit="hust")
    async with working(after) as tx:
        with pytest.raises(Rejected, match="personal-key-missing"):
            await persons.said_of(tx, ["st:1"])
    await persons.seal_anew(both)
    async with working(after) as tx:
        assert len(await persons.said_of(tx, ["st:0", "st:1", "st:2"])) == 3
    for database in (before, both, after):
        await database.close()


async def test_what_was_sealed_for_one_person_is_not_believed_of_another(url: str) -> None:
    database = at(url, OLD)
    async with working(database) as tx:
        await persons.keep(tx, "st:1", LAN, unit="hust")
        await tx.connection.execute(update(persons.table).values(ref="st:2"))
        with pytest.raises(Rejected, match="personal-data-moved"):
            await persons.said_of(tx, ["st:2"])
    await database.close()


async def test_who_was_erased_is_not_kept_again_under_any_of_the_refs(url: str) -> None:
    database = at(url, OLD)
    async with working(database) as tx:
        await persons.keep(tx, "st:1", LAN, unit="hust")
        assert await persons.erase(tx.connection, ["st:1", "hr:1"], at=tx.now) == 1
        assert await persons.erase(tx.connection, ["st:1", "hr:1"], at=tx.now) == 0
        for ref in ("st:1", "hr:1"):
            with pytest.raises(Rejected, match="person-erased"):
                await persons.keep(tx, ref, LAN, unit="hust")
        assert await persons.said_of(tx, ["st:1", "hr:1"]) == {}
    await database.close()


async def test_without_a_key_nothing_is_sealed() -> None:
    with pytest.raises(LookupError, match="RAPPORT_PERSONAL_KEY"):
        Cipher().seal("Lan")


async def test_names_that_were_kept_as_text_are_sealed_by_the_migration(
    make_database: Callable[..., Awaitable[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = await make_database(None)
    await upgrade("reporting", url, to="0003")
    connection = await asyncpg.connect(url)
    await connection.execute("insert into persons (ref, name) values ('st:1', 'Lan (invented)')")
    monkeypatch.setitem(os.environ, "RAPPORT_PERSONAL_KEY", f"{NEW},{OLD}")
    await upgrade("reporting", url)
    row = await connection.fetchrow("select * from persons")
    assert row is not None
    assert "Lan" in Cipher([NEW]).open(row["sealed"])
    assert "name" not in dict(row)
    await connection.close()
