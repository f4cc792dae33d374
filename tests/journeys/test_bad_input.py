"""What is wrong is said, where it is wrong, and nothing else suffers."""

import json
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from services.program.importing import import_file
from shared.embedded import Addresses
from tests.journeys.conftest import System
from tests.journeys.test_a_week_of_work import until

pytestmark = pytest.mark.timeout(300)  # whoever comes first starts the whole system

GOOD = {
    "specversion": "1.0",
    "id": "journey-good",
    "source": "/nist/registrar",
    "type": "upstream.registrar.headcount.v1",
    "time": "2023-12-30T02:00:00Z",
    "data": {"unit": "nist", "year": 2023, "students": 9000},
}


async def send(system: System, servers: Addresses, *values: bytes) -> None:
    """Straight to Kafka, as a system that checks nothing would."""
    producer = AIOKafkaProducer(bootstrap_servers=servers.kafka_servers)
    await producer.start()
    headers = [("content-type", b"application/cloudevents+json")]
    try:
        for value in values:
            await producer.send_and_wait(
                f"{system.topic_prefix}upstream.registrar", value, key=b"journey", headers=headers
            )
    finally:
        await producer.stop()


async def test_malformed_events_are_parked_and_what_is_behind_them_flows(
    system: System, servers: Addresses
) -> None:
    async def parked() -> list[dict[str, Any]]:
        answer = await system.client.get("/mobility/parked")
        return list(answer["items"])

    async def journaled() -> int:
        return int((await system.client.get("/mobility/status"))["journal"])

    before = {item["id"] for item in await parked()}
    facts = await journaled()
    wrong = [
        b"not json",
        json.dumps(GOOD | {"id": "journey-1", "type": "upstream.registrar.unheard-of.v1"}).encode(),
        json.dumps(GOOD | {"id": "journey-2", "data": {"unit": "nist"}}).encode(),
        json.dumps(GOOD | {"id": "journey-3", "data": GOOD["data"] | {"unit": "x/y"}}).encode(),  # type: ignore[operator]
    ]
    await send(system, servers, *wrong, json.dumps(GOOD).encode())
    try:
        await until(
            "four records are parked",
            parked,
            lambda items: len({item["id"] for item in items} - before) == 4,
        )
        await until("the good one behind them is a fact", journaled, lambda count: count > facts)
    finally:
        ours = [item for item in await parked() if item["id"] not in before]
        for item in ours:
            discarded = {"id": item["id"], "reason": "made by a test"}
            await system.post("/mobility/parked/discard", **discarded)
    assert all(item["reason"] and item["path"] for item in ours)
    assert {item["id"] for item in await parked()} == before


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "field"),
    [
        ("/agreements/partners", {"unit": "nist"}, 422, "invalid-request", "kind"),
        ("/agreements/agreement-0/signatures", {"party": "x", "on": "2025"}, 404, None, None),
        ("/visits/visit-0/completions", {}, 404, None, None),
        ("/mobility/stays", {"unit": "nowhere"}, 422, "invalid-request", None),
    ],
)
async def test_a_refused_command_says_a_stable_code_and_the_field(
    system: System,
    path: str,
    body: dict[str, Any],
    status: int,
    code: str | None,
    field: str | None,
) -> None:
    before = await system.client.get(f"/{path.split('/')[1]}/status")
    answer = await system.http.post(path, json=body)
    problem = answer.json()
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"]
    assert problem["detail"]
    assert code in (None, problem["code"])
    assert field in (None, problem.get("field"))
    after = await system.client.get(f"/{path.split('/')[1]}/status")
    assert after["journal"] == before["journal"]


async def test_the_same_request_twice_is_done_once(system: System) -> None:
    body = {"unit": "nist", "kind": "company", "name": "Twice Ltd", "country": "GB"}
    headers = {"Idempotency-Key": "journey-twice"}
    first = await system.http.post("/agreements/partners", json=body, headers=headers)
    again = await system.http.post("/agreements/partners", json=body, headers=headers)
    other = await system.http.post(
        "/agreements/partners", json=body | {"name": "Other Ltd"}, headers=headers
    )
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_nobody_gets_in_without_a_token(system: System) -> None:
    for path in ("/agreements", "/visits", "/mobility/stays", "/reporting/measures"):
        answer = await system.http.get(path, headers={"authorization": ""})
        assert (answer.status_code, answer.json()["code"]) == (401, "token-missing"), path


async def test_a_service_that_is_not_closed_is_not_reopened(system: System) -> None:
    assert (await system.post("/agreements/reopen", why="made by a test"))["count"] == 0


async def test_a_bad_row_is_named_and_the_good_ones_are_kept(
    system: System, tmp_path: Path
) -> None:
    sheet = tmp_path / "partners.csv"
    sheet.write_text(
        "ref,unit,kind,name,country,illustrative\n"
        "J-1,nist,university,Good University,FI,yes\n"
        "J-2,nist,castle,Bad Kind,FI,yes\n"
        "J-3,nist,university,Bad Country,Finland,yes\n"
        ",nist,university,No Ref,FI,yes\n"
        "J-5,nist,university,Bad Flag,FI,perhaps\n",
        encoding="utf-8",
    )
    verdicts = await import_file(system.client, "partners", sheet)
    assert [(each.row, each.outcome, each.field) for each in verdicts] == [
        (2, "created", ""),
        (3, "refused", "kind"),
        (4, "refused", "country"),
        (5, "created", ""),
        (6, "refused", "illustrative"),
    ]
    again = await import_file(system.client, "partners", sheet)
    assert again[0].outcome == "unchanged"
