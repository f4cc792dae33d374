"""The migrations make the tables that the store declares."""

from collections.abc import Awaitable, Callable

from services.agreements.store import metadata
from shared.migrating import differences


async def test_migrations_and_the_stores_tables_agree(
    make_database: Callable[..., Awaitable[str]],
) -> None:
    assert await differences(await make_database("agreements"), metadata) == []
