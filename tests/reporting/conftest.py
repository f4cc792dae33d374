"""An office that asks: the service on a real database, clients with a token, facts of others."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.settings import Settings
from services.reporting.subscribers import subscriptions
from services.reporting.wiring import build
from shared.consumer import Received
from shared.identity import new_id
from shared.security import Role
from shared.service import Service

UNITS = """
units:
  - {id: hust, name: Hanoi University of Technology, zone: Asia/Ho_Chi_Minh, country: VN}
  - {id: hust/me, name: School of Mechanical Engineering}
  - {id: kiel, name: Kiel, zone: Europe/Berlin, country: DE, year: academic}
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
                "database_url": await make_database("reporting"),
                "token_key": "a key of tests, longer than 32 bytes",
                "parking_key": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
                "personal_key": "YSBrZXkgb2YgdGVzdHMgZm9yIHBlcnNvbmFsIGRhdGE=",
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

    async def get(self, path: str, expect: int = 200, **query: Any) -> Any:
        return self._answer(await self.client.get(f"/reporting{path}", params=query), expect)

    async def put(self, path: str, body: Any, expect: int = 200, **query: Any) -> Any:
        answer = await self.client.put(f"/reporting{path}", json=body, params=query)
        return self._answer(answer, expect)

    async def post(self, path: str, body: Any, expect: int = 200) -> Any:
        return self._answer(await self.client.post(f"/reporting{path}", json=body), expect)

    async def read(self, path: str, expect: int = 200, **query: Any) -> httpx.Response:
        answer = await self.client.get(f"/reporting{path}", params=query)
        assert answer.status_code == expect, answer.text
        return answer

    @staticmethod
    def _answer(answer: httpx.Response, expect: int) -> Any:
        assert answer.status_code == expect, answer.text
        return answer.json()


MakeOffice = Callable[..., Office]


@pytest.fixture
async def office_of(service: Service) -> AsyncIterator[MakeOffice]:
    """Factory: `office_of(units=["hust"], roles=[Role.READER])` -> an Office."""
    transport = httpx.ASGITransport(app=service.app)
    clients: list[httpx.AsyncClient] = []

    def make(
        *, units: Sequence[str] = ("*",), roles: Sequence[Role] = (Role.COORDINATOR,)
    ) -> Office:
        token = service.tokens.issue(subject="lan", roles=roles, units=units, seconds=10**8)
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


async def begun(connection: AsyncConnection) -> None:
    """As the consumer does it, whose positions are written first."""
    await connection.exec_driver_sql("select 1")


class Others:
    """The services that reporting hears of: their facts arrive in batches."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._by_topic = {each.topic.partition(".")[0]: each for each in subscriptions()}
        self._versions: dict[str, int] = {}

    async def say(self, *facts: tuple[str, str, dict[str, Any]], time: str | None = None) -> None:
        """One batch of (subject, "agreements.partner-registered", data) of one service."""
        received = [self._received(*fact, time=time) for fact in facts]
        subscription = self._by_topic[facts[0][1].partition(".")[0]]
        async with self._service.database.connect() as connection:
            await begun(connection)
            await subscription.apply(connection, received)

    async def tell(self, fact: str, time: str | None = None, **data: Any) -> str:
        """The subject of a new record: `tell("visits.visit-recorded", direction="inbound")`."""
        subject = new_id(fact.partition(".")[2].rpartition("-")[0])
        await self.say((subject, fact, {"unit": "hust/me"} | data), time=time)
        return subject

    def _received(
        self, subject: str, fact: str, data: dict[str, Any], *, time: str | None
    ) -> Received:
        service, _, name = fact.partition(".")
        type_ = f"rapport.{service}.{name}.v1"
        self._versions[subject] = self._versions.get(subject, 0) + 1
        return Received(
            subject=subject,
            version=self._versions[subject],
            type=type_,
            time=datetime.fromisoformat(time) if time else self._service.clock.now(),
            actor="minh",
            data=self._by_topic[service].reads[type_].model_validate(data),
            raw=json.dumps(data).encode(),
            topic=f"{service}.events",
            correlation_id="call-of-minh",
        )


@pytest.fixture
def others(service: Service) -> Others:
    """What other services say."""
    return Others(service)
