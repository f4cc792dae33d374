"""The tiny service on a real PostgreSQL, and a client of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from shared.http import Context
from tests.support.tiny_service import NEAR, Client, caller, context_of


@pytest.fixture
async def context(
    make_database: Callable[..., Awaitable[str]], tmp_path: Path
) -> AsyncIterator[Context]:
    url = await make_database("plumbing")
    connection = await asyncpg.connect(url)
    await connection.execute(
        "create table things (id bigint generated always as identity, name text, more jsonb)"
    )
    await connection.close()
    made = context_of(url, tmp_path)
    yield made
    await made.database.close()


@pytest.fixture
def client(context: Context) -> Client:
    """A coordinator of all units, who may also read."""
    return caller(context, NEAR)


@pytest.fixture
async def plumbing(make_database: Callable[..., Awaitable[str]]) -> str:
    """A database with the plumbing's tables."""
    return await make_database("plumbing")
