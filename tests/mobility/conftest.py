"""An office at its desk: the service on a real database, and clients with a token."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from services.mobility.settings import Settings
from services.mobility.wiring import build
from shared.service import Service
from tests.mobility.office import Office
from tests.support.office import at_hand, clients_of, settings_in


@pytest.fixture
def settings_of(tmp_path: Path) -> Callable[..., Settings]:
    """Factory: `settings_of(database_url=..., kafka_servers=...)`."""

    def make(**more: str) -> Settings:
        return Settings.model_validate(settings_in(tmp_path, **more))

    return make


@pytest.fixture
async def service(
    make_database: Callable[..., Awaitable[str]], settings_of: Callable[..., Settings]
) -> AsyncIterator[Service]:
    """The service as production wires it, on a fresh database; nothing of it runs but HTTP."""
    settings = settings_of(database_url=await make_database("mobility"))
    async with at_hand(build(settings)) as service:
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
