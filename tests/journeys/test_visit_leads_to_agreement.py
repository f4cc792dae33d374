"""A visit's follow-up becomes an agreement: two services, real Kafka, real PostgreSQL between."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.agreements import wiring as agreements
from services.agreements.settings import Settings
from services.visits import wiring as visits
from services.visits.settings import VisitsSettings
from shared.security import Role
from shared.service import Service
from tests.support.publishing import read_all, until

UNITS = """
units:
  - {id: icst, name: International College, zone: Asia/Taipei, country: TW}
"""


@pytest.fixture
async def office(
    make_database: Callable[..., Awaitable[str]],
    kafka_servers: str,
    topics: str,
    tmp_path: Path,
) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """Both services at work as production wires them; a client for each."""
    reference = tmp_path / "units.yaml"
    reference.write_text(UNITS)
    common: dict[str, Any] = {
        "kafka_servers": kafka_servers,
        "topic_prefix": topics,
        "token_key": "a key of tests, longer than 32 bytes",
        "parking_key": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "personal_key": "YSBrZXkgb2YgdGVzdHMgZm9yIHBlcnNvbmFsIGRhdGE=",
        "reference": reference,
        "now": "2025-11-17T08:00:00+07:00",
    }
    services: dict[str, Service] = {
        "agreements": agreements.build(
            Settings.model_validate(common | {"database_url": await make_database("agreements")})
        ),
        "visits": visits.build(
            VisitsSettings.model_validate(common | {"database_url": await make_database("visits")})
        ),
    }
    async with contextlib.AsyncExitStack() as stack:
        clients = {}
        for name, service in services.items():
            await stack.enter_async_context(service.running())
            token = service.tokens.issue(
                subject="lan", roles=[Role.COORDINATOR], units=["*"], seconds=3600
            )
            clients[name] = await stack.enter_async_context(
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(app=service.app),
                    base_url="http://rapport.test",
                    headers={"authorization": f"Bearer {token}"},
                )
            )
        for service in services.values():
            await until(service.not_ready, [], within=60)
        yield clients


async def test_a_follow_up_names_the_agreement_that_named_it(
    office: dict[str, httpx.AsyncClient], kafka_servers: str, topics: str
) -> None:
    partner = await office["agreements"].put(
        "/agreements/records/partners/SU",
        json={"unit": "icst", "kind": "university", "name": "Ankara University", "country": "TR"},
    )
    assert partner.status_code == 201, partner.text
    row = {
        "unit": "icst",
        "direction": "meeting",
        "title": "Discussion of dual degrees",
        "starts_on": "2024-10-21",
        "status": "completed",
        "partners": [{"partner": "ref:SU"}],
        "follow_ups": [{"text": "Draft an agreement", "towards": "dual-degree agreement"}],
    }

    async def recorded() -> int:
        return (await office["visits"].put("/visits/records/visits/V-1", json=row)).status_code

    # until the partner has arrived, the row is refused as `partner-unknown`
    await until(recorded, 201, within=30)
    (visit,) = (await office["visits"].get("/visits", params={"ref": "V-1"})).json()["items"]
    assert visit["partners"][0]["partner"] == partner.json()["id"]
    agreement = await office["agreements"].put(
        "/agreements/records/agreements/A-1",
        json={
            "unit": "icst",
            "kind": "dual-degree",
            "title": "Dual degrees",
            "parties": [
                {"party": "icst", "side": "ours"},
                {"party": "ref:SU", "side": "theirs"},
            ],
            "status": "proposed",
            "proposed_on": "2024-11-20",
            "follow_up": {"visit": visit["id"], "follow_up": "1"},
        },
    )
    assert agreement.status_code == 201, agreement.text

    async def became() -> str | None:
        found = (await office["visits"].get(f"/visits/{visit['id']}")).json()
        return str(found["follow_ups"][0]["became"])

    await until(became, agreement.json()["id"], within=30)

    async def published() -> list[str]:
        return [
            seen.headers["ce_type"]
            for seen in read_all(kafka_servers, f"{topics}visits.events")
            if seen.subject == visit["id"]
        ]

    await until(
        published,
        ["rapport.visits.visit-recorded.v1", "rapport.visits.visit-follow-up-linked.v1"],
        within=30,
    )
