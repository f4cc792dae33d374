"""Kafka's door: events that a foreign client sends, and facts of agreements."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from confluent_kafka import Producer

from services.mobility.settings import Settings
from services.mobility.wiring import build
from shared.envelope import chained, headers_of
from shared.security import Role
from shared.service import Service
from tests.mobility.office import Office, an_event

SIT = "partner-01k9zv5n3m8q4w7t2r6y0a1b2c"


@pytest.fixture
async def running(
    make_database: Callable[..., Awaitable[str]],
    settings_of: Callable[..., Settings],
    kafka_servers: str,
    topics: str,
) -> AsyncIterator[Service]:
    """The whole service: consumer, relay and jobs run too."""
    service = build(
        settings_of(
            database_url=await make_database("mobility"),
            kafka_servers=kafka_servers,
            topic_prefix=topics,
        )
    )
    async with service.running():
        yield service


@pytest.fixture
async def desk(running: Service) -> AsyncIterator[Office]:
    """A coordinator who may also look after the plumbing."""
    token = running.tokens.issue(
        subject="lan", roles=[Role.COORDINATOR, Role.OPERATOR], units=["*"], seconds=3600
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=running.app),
        base_url="http://rapport.test",
        headers={"authorization": f"Bearer {token}"},
    ) as client:
        yield Office(client)


async def eventually(
    read: Callable[[], Awaitable[Any]], wanted: Callable[[Any], bool], *, seconds: float = 75
) -> Any:
    """What `read` gives once it is as wanted; fails saying what it was in the end."""
    deadline = time.monotonic() + seconds
    while True:
        found = await read()
        if wanted(found):
            return found
        assert time.monotonic() < deadline, f"it did not come: {found}"
        await asyncio.sleep(0.2)


def binary(event: dict[str, Any]) -> tuple[bytes, list[tuple[str, bytes]]]:
    headers = [
        (f"ce_{name}", str(value).encode())
        for name, value in event.items()
        if name not in ("data", "datacontenttype")
    ]
    return json.dumps(event["data"]).encode(), [("content-type", b"application/json"), *headers]


def structured(event: dict[str, Any]) -> tuple[bytes, list[tuple[str, bytes]]]:
    return json.dumps(event).encode(), [("content-type", b"application/cloudevents+json")]


async def test_events_and_facts_from_kafka_become_one_stay_and_the_bad_ones_are_parked(
    desk: Office, kafka_servers: str, topics: str
) -> None:
    producer = Producer({"bootstrap.servers": kafka_servers})

    def send(topic: str, key: str, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        producer.produce(f"{topics}{topic}", key=key, value=value, headers=dict(headers))

    registrar = "upstream.registrar"
    registered = an_event("registrar.exchange-registered")
    send(registrar, "a", b"\xff not JSON", [("content-type", b"application/json")])
    send(registrar, "a", *structured(an_event("registrar.student-returned", on="2019-08-28")))
    send(registrar, "a", *binary(an_event("registrar.student-departed", name="Nguyen Van A")))
    send(registrar, "a", *binary(an_event("registrar.student-departed", _type="upstream.x.v1")))
    send(registrar, "a", *binary(an_event("registrar.student-enrolled", unit="nowhere")))
    send(registrar, "a", *binary(registered))
    send(registrar, "a", *structured(registered))
    send("upstream.hr", "b", *binary(an_event("hr.leave-approved")))
    name = json.dumps(
        {"ref": "SIT", "name": "Shibaura Institute of Technology", "country": "JP"}
    ).encode()
    kind = "rapport.agreements.partner-registered.v1"
    envelope = headers_of(
        service="agreements",
        subject=SIT,
        version=1,
        type=kind,
        time=datetime.now(UTC),
        digest=chained(b"", kind, name),
        epoch=1,
        actor="lan",
        correlation_id="c-1",
    )
    send("agreements.events", SIT, name, envelope)
    producer.flush(10)

    stays = await eventually(
        lambda: desk.get("/stays"),
        lambda page: [s["partner"] for s in page["items"]] == [SIT, SIT],
    )
    assert sorted(s["source"] for s in stays["items"]) == ["upstream.hr", "upstream.registrar"]
    assert {s["actual_until"] for s in stays["items"]} == {"2019-08-28", None}
    parked = (await desk.get("/parked"))["items"]
    assert sorted((item["reason"], item["path"]) for item in parked) == [
        ("data-invalid:extra_forbidden", "$.data.name"),
        ("json-not-utf-8", "$"),
        ("rejected:unit-unknown", "data.unit"),
        ("type-unknown", "$.type"),
    ]
    assert "Nguyen" not in json.dumps(parked)
    again = await desk.send(registered)
    assert again["outcome"] == "duplicate"
    status = await eventually(
        lambda: desk.get("/status"), lambda s: s["unpublished"] == 0 and s["journal"] >= 6
    )
    assert status["closed"] is None
