"""Every service at its HTTP interface, on a real database; what is tested here holds for all."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from shared.security import Role
from shared.service import Service
from tests.support.office import at_hand, built, clients_of

Desk = Callable[[str], Awaitable[tuple[Service, httpx.AsyncClient]]]


@pytest.fixture
async def desk(make_database: Callable[..., Awaitable[str]], tmp_path: Path) -> AsyncIterator[Desk]:
    """Factory: `service, client = await desk("visits")`; the client may everything."""
    async with AsyncExitStack() as stack:

        async def at(name: str) -> tuple[Service, httpx.AsyncClient]:
            service = built(name, tmp_path, database_url=await make_database(name))
            await stack.enter_async_context(at_hand(service))
            clients = await stack.enter_async_context(clients_of(service))
            return service, clients(roles=tuple(Role))

        yield at
