"""An office at its desk: the service on a real database, and clients with a token."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from services.agreements.settings import Settings
from services.agreements.wiring import build
from shared.service import Service
from tests.agreements.office import Office
from tests.support.office import at_hand, clients_of, settings_in


@pytest.fixture
def broker() -> dict[str, str]:
    """Where Kafka is: nowhere, as most tests need none."""
    return {"kafka_servers": "127.0.0.1:9"}


@pytest.fixture
async def service(
    make_database: Callable[..., Awaitable[str]], tmp_path: Path, broker: dict[str, str]
) -> AsyncIterator[Service]:
    """The service as production wires it, on a fresh database; nothing of it runs but HTTP."""
    settings = settings_in(tmp_path, database_url=await make_database("agreements"))
    async with at_hand(build(Settings.model_validate(settings | broker))) as service:
        yield service


MakeOffice = Callable[..., Office]


@pytest.fixture
async def office_of(service: Service) -> AsyncIterator[MakeOffice]:
    """Factory: `office_of(units=["hust"], roles=["coordinator"])` -> an Office."""
    async with clients_of(service) as clients:
        yield lambda **who: Office(clients(**who))


@pytest.fixture
def office(office_of: MakeOffice) -> Office:
    """A coordinator of all units."""
    return office_of()
