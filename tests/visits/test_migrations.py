"""The migrations make the tables that the code expects."""

from typing import Any

from services.visits.store import metadata
from shared.migrating import differences


async def test_the_migrations_make_what_the_code_expects(make_database: Any) -> None:
    assert await differences(await make_database("visits"), metadata) == []
