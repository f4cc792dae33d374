"""An office at its desk: a service on a real database, and clients with a token."""

import importlib
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar, TypeAlias, get_type_hints

import httpx

from shared.security import Role
from shared.service import Service
from shared.settings import Settings

NOW = "2025-11-17T08:00:00+07:00"
UNITS = """
units:
  - {id: hust, name: A university of technology, zone: Asia/Ho_Chi_Minh, country: VN}
  - {id: hust/me, name: School of Mechanical Engineering}
  - {id: nist, name: NIST, zone: Asia/Shanghai, country: CN}
  - {id: icst, name: International College, zone: Asia/Taipei, country: TW}
  - {id: far-west, name: A campus where it is still yesterday, zone: Pacific/Pago_Pago, country: AS}
"""
_LONG = 3 * 365 * 86_400  # clocks are moved by years

Clients: TypeAlias = Callable[..., httpx.AsyncClient]


def settings_in(folder: Path, **more: Any) -> dict[str, Any]:
    """The settings that all services need, with the units' file in the folder; and more."""
    reference = folder / "units.yaml"
    reference.write_text(UNITS)
    return {
        "token_key": "a key of tests, longer than 32 bytes",
        "parking_key": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "personal_key": "YSBrZXkgb2YgdGVzdHMgZm9yIHBlcnNvbmFsIGRhdGE=",
        "reference": reference,
        "now": NOW,
    } | more


def built(name: str, folder: Path, **more: Any) -> Service:
    """Any service, as production wires it; nothing is opened yet."""
    build = importlib.import_module(f"services.{name}.wiring").build
    settings: type[Settings] = get_type_hints(build)["settings"]
    nowhere = {"database_url": "postgresql://nobody@127.0.0.1:1/none"}
    service: Service = build(settings.model_validate(settings_in(folder, **nowhere | more)))
    return service


@asynccontextmanager
async def at_hand(service: Service) -> AsyncIterator[Service]:
    """The service as production wires it; nothing of it runs but HTTP, and it is closed after."""
    try:
        yield service
    finally:
        await service.database.close()


@asynccontextmanager
async def clients_of(service: Service) -> AsyncIterator[Clients]:
    """Factory: `clients(units=["hust"], roles=["coordinator"])` -> a client with such a token."""
    transport = httpx.ASGITransport(app=service.app)
    clients: list[httpx.AsyncClient] = []

    def make(
        *, units: Iterable[str] = ("*",), roles: Iterable[str] = (Role.COORDINATOR,)
    ) -> httpx.AsyncClient:
        token = service.tokens.issue(
            subject="lan", roles=[Role(role) for role in roles], units=units, seconds=_LONG
        )
        clients.append(
            httpx.AsyncClient(
                transport=transport,
                base_url="http://rapport.test",
                headers={"authorization": f"Bearer {token}"},
            )
        )
        return clients[-1]

    try:
        yield make
    finally:
        for client in clients:
            await client.aclose()


class Office:
    """A client that expects to be understood, and says what was answered if it is not."""

    path: ClassVar[str]
    """Under which the service answers: "/agreements"."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, path: str, expect: int = 200, /, **query: Any) -> Any:
        return understood(await self.client.get(f"{self.path}{path}", params=query), expect)

    async def post(self, path: str, expect: int = 200, /, **body: Any) -> Any:
        return understood(await self.client.post(f"{self.path}{path}", json=body), expect)

    async def put(self, path: str, expect: int = 200, /, **body: Any) -> Any:
        return understood(await self.client.put(f"{self.path}{path}", json=body), expect)

    async def history(self, subject: str) -> list[str]:
        """The facts of a subject, in short: ["partner-registered", ...]."""
        entries = (await self.get(f"/history/{subject}"))["items"]
        return [entry["type"].split(".")[2] for entry in entries]


def understood(answer: httpx.Response, expect: int) -> Any:
    """The body of an answer that has the status expected, and is a problem if it refuses."""
    assert answer.status_code == expect, answer.text
    if expect >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()
