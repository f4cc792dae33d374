"""An office at its desk: the service on a real database, and clients with a token."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.agreements.settings import Settings
from services.agreements.wiring import build
from shared.service import Service

UNITS = """
units:
  - {id: hust, name: A university of technology, zone: Asia/Ho_Chi_Minh, country: VN}
  - {id: hust/me, name: School of Mechanical Engineering}
  - {id: nist, name: NIST, zone: Asia/Shanghai, country: CN}
  - {id: far-west, name: A campus where it is still yesterday, zone: Pacific/Pago_Pago, country: AS}
"""
NOW = "2025-11-17T08:00:00+07:00"


@pytest.fixture
async def service(
    make_database: Callable[..., Awaitable[str]], tmp_path: Path
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
        )
    )
    yield service
    await service.database.close()


class Office:
    """A client that expects to be understood, and says what was answered if it is not."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def post(self, path: str, expect: int = 200, **body: Any) -> dict[str, Any]:
        return self._answer(await self.client.post(f"/agreements{path}", json=body), expect)

    async def put(self, path: str, expect: int = 200, **body: Any) -> dict[str, Any]:
        return self._answer(await self.client.put(f"/agreements{path}", json=body), expect)

    async def get(self, path: str, expect: int = 200, **query: Any) -> dict[str, Any]:
        return self._answer(await self.client.get(f"/agreements{path}", params=query), expect)

    async def history(self, subject: str) -> list[str]:
        """The facts of a subject, in short: ["partner-registered", ...]."""
        entries = (await self.get(f"/history/{subject}"))["items"]
        return [entry["type"].split(".")[2] for entry in entries]

    async def partner(self, **fields: Any) -> str:
        """The id of a new partner."""
        told = {"unit": "hust", "kind": "university", "name": "Nagaoka University", "country": "JP"}
        return str((await self.post("/partners", 201, **told | fields))["id"])

    async def proposal(self, partner: str, **fields: Any) -> str:
        """The id of a newly proposed agreement of hust/me with that partner."""
        told = {
            "unit": "hust/me",
            "kind": "exchange",
            "title": "Exchange of students",
            "parties": [
                {"party": "hust/me", "side": "ours"},
                {"party": partner, "side": "theirs"},
            ],
        }
        return str((await self.post("", 201, **told | fields))["id"])

    @staticmethod
    def _answer(answer: httpx.Response, expect: int) -> dict[str, Any]:
        assert answer.status_code == expect, answer.text
        body: dict[str, Any] = answer.json()
        return body


MakeOffice = Callable[..., Office]


@pytest.fixture
async def office_of(service: Service) -> AsyncIterator[MakeOffice]:
    """Factory: `office_of(units=["hust"], roles=["coordinator"])` -> an Office."""
    transport = httpx.ASGITransport(app=service.app)
    clients: list[httpx.AsyncClient] = []

    def make(*, units: Sequence[str] = ("*",), roles: Sequence[str] = ("coordinator",)) -> Office:
        token = service.tokens.issue(subject="lan", roles=roles, units=units, seconds=3600)  # type: ignore[arg-type]
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
