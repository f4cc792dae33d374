"""An office at its desk: the service on a real database, and clients with a token."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import httpx
import pytest

from services.mobility.settings import Settings
from services.mobility.wiring import build
from shared.security import Role
from shared.service import Service
from tests.mobility.office import Office

UNITS = """
units:
  - {id: hust, name: A university of technology, zone: Asia/Ho_Chi_Minh, country: VN}
  - {id: hust/me, name: School of Mechanical Engineering}
  - {id: nist, name: NIST, zone: Asia/Shanghai, country: CN}
"""
NOW = "2025-11-17T08:00:00+07:00"


@pytest.fixture
def settings_of(tmp_path: Path) -> Callable[..., Settings]:
    """Factory: `settings_of(database_url=..., kafka_servers=...)`."""
    reference = tmp_path / "units.yaml"
    reference.write_text(UNITS)

    def make(**more: str) -> Settings:
        return Settings.model_validate(
            {
                "token_key": "a key of tests, longer than 32 bytes",
                "parking_key": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
                "reference": reference,
                "now": NOW,
            }
            | more
        )

    return make


@pytest.fixture
async def service(
    make_database: Callable[..., Awaitable[str]], settings_of: Callable[..., Settings]
) -> AsyncIterator[Service]:
    """The service as production wires it, on a fresh database; nothing of it runs but HTTP."""
    service = build(settings_of(database_url=await make_database("mobility")))
    yield service
    await service.database.close()


MakeOffice = Callable[..., Office]


@pytest.fixture
async def office_of(service: Service) -> AsyncIterator[MakeOffice]:
    """Factory: `office_of(units=["hust"], roles=["coordinator"])` -> an Office."""
    transport = httpx.ASGITransport(app=service.app)
    clients: list[httpx.AsyncClient] = []

    def make(*, units: Sequence[str] = ("*",), roles: Sequence[str] = ("coordinator",)) -> Office:
        token = service.tokens.issue(
            subject="lan",
            roles=[Role(role) for role in roles],
            units=units,
            seconds=90 * 24 * 3600,
        )
        clients.append(
            httpx.AsyncClient(
                transport=transport,
                base_url="http://rapport.test",
                headers={"authorization": f"Bearer {token}"},
            )
        )
        return Office(clients[-1])

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def office(office_of: MakeOffice) -> Office:
    """A coordinator of all units."""
    return office_of()
