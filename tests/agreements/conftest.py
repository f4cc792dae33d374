"""An office at its desk: the service on a real database, and clients with a token."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import httpx
import pytest

from services.agreements.settings import Settings
from services.agreements.wiring import build
from shared.service import Service
from tests.agreements.office import Office

UNITS = """
units:
  - {id: hust, name: A university of technology, zone: Asia/Ho_Chi_Minh, country: VN}
  - {id: hust/me, name: School of Mechanical Engineering}
  - {id: nist, name: NIST, zone: Asia/Shanghai, country: CN}
  - {id: far-west, name: A campus where it is still yesterday, zone: Pacific/Pago_Pago, country: AS}
"""
_LONG = 3 * 365 * 86_400  # clocks are moved by years
NOW = "2025-11-17T08:00:00+07:00"


@pytest.fixture
def broker() -> dict[str, str]:
    """Where Kafka is: nowhere, as most tests need none."""
    return {"kafka_servers": "127.0.0.1:9"}


@pytest.fixture
async def service(
    make_database: Callable[..., Awaitable[str]], tmp_path: Path, broker: dict[str, str]
) -> AsyncIterator[Service]:
    """The service as production wires it, on a fresh database; nothing of it runs but HTTP."""
    reference = tmp_path / "units.yaml"
    reference.write_text(UNITS)
    service = build(
        Settings.model_validate(
            {
                "database_url": await make_database("agreements"),
                "token_key": "a key of tests, longer than 32 bytes",
                "parking_key": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
                "reference": reference,
                "now": NOW,
            }
            | broker
        )
    )
    yield service
    await service.database.close()


MakeOffice = Callable[..., Office]


@pytest.fixture
async def office_of(service: Service) -> AsyncIterator[MakeOffice]:
    """Factory: `office_of(units=["hust"], roles=["coordinator"])` -> an Office."""
    transport = httpx.ASGITransport(app=service.app)
    clients: list[httpx.AsyncClient] = []

    def make(*, units: Sequence[str] = ("*",), roles: Sequence[str] = ("coordinator",)) -> Office:
        token = service.tokens.issue(subject="lan", roles=roles, units=units, seconds=_LONG)  # type: ignore[arg-type]
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
