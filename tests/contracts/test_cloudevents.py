"""CloudEvents between us and others, on a real Kafka: their SDK and their client at the other end.

The SDK is the CloudEvents project's own, the client confluent-kafka; the product uses neither.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings import http, kafka
from cloudevents.core.bindings.kafka import KafkaMessage
from cloudevents.core.v1.event import CloudEvent
from confluent_kafka import Producer

from services.mobility.contracts import EXAMPLES
from services.mobility.settings import Settings
from services.mobility.wiring import build
from shared.security import Role
from shared.service import Service
from tests.mobility.office import Office
from tests.support.office import clients_of, settings_in
from tests.support.publishing import Seen, read_all, until

REGISTERED = EXAMPLES["upstream.registrar.exchange-registered.v1"]
DEPARTED = EXAMPLES["upstream.registrar.student-departed.v1"]
HEADCOUNT = EXAMPLES["upstream.registrar.headcount.v1"]
LEAVE = EXAMPLES["upstream.hr.leave-approved.v1"]


@pytest.fixture
async def mobility(
    make_database: Callable[..., Awaitable[str]], kafka_servers: str, topics: str, tmp_path: Path
) -> AsyncIterator[Service]:
    """The whole service, with its relay and its consumer."""
    given = settings_in(
        tmp_path,
        database_url=await make_database("mobility"),
        kafka_servers=kafka_servers,
        topic_prefix=topics,
    )
    service = build(Settings.model_validate(given))
    async with service.running():
        yield service


@pytest.fixture
async def desk(mobility: Service) -> AsyncIterator[Office]:
    """A coordinator who may also look after the plumbing."""
    async with clients_of(mobility) as clients:
        yield Office(clients(roles=[Role.COORDINATOR, Role.OPERATOR]))


def of_the_sdk(event: dict[str, Any], **more: Any) -> CloudEvent:
    """An event as a developer with the SDK writes it; `more` are attributes."""
    attributes = {name: value for name, value in event.items() if name != "data"} | more
    attributes["time"] = datetime.fromisoformat(attributes["time"])
    return CloudEvent(attributes, event["data"])


async def send(servers: str, topic: str, *messages: KafkaMessage) -> None:
    """With confluent-kafka, in this order, each acknowledged."""
    producer = Producer({"bootstrap.servers": servers, "acks": "all"})
    for message in messages:
        producer.produce(topic, message.value, message.key, headers=dict(message.headers))
    assert await asyncio.to_thread(producer.flush, 20) == 0


async def published(servers: str, topic: str, count: int) -> list[Seen]:
    """The records of a topic, by partition and offset, once there are so many."""

    async def how_many() -> int:
        return len(await asyncio.to_thread(read_all, servers, topic))

    await until(how_many, count)
    return await asyncio.to_thread(read_all, servers, topic)


def parsed(seen: Seen) -> BaseCloudEvent:
    headers = {name: value.encode() for name, value in seen.headers.items()}
    return kafka.from_kafka_event(KafkaMessage(headers, seen.key.encode(), seen.value))


async def test_what_we_publish_is_to_the_sdk_what_our_journal_says(
    desk: Office, kafka_servers: str, topics: str
) -> None:
    stay = await desk.post(
        "/stays",
        201,
        unit="hust/me",
        person_ref="st:20164107",
        direction="out",
        who="student",
        kind="exchange-study",
        host_country="JP",
        partner_name="Trường Đại học Công nghệ Shibaura",
        planned_from="2026-02-01",
        planned_until="2026-07-31",
    )
    await desk.post(f"/stays/{stay['id']}/corrections", field="level", value="master", reason="x")
    journal = (await desk.get(f"/history/{stay['id']}"))["items"]
    assert [entry["version"] for entry in journal] == [1, 2]

    digest = b""
    for seen, entry in zip(
        await published(kafka_servers, f"{topics}mobility.events", 2), journal, strict=True
    ):
        event = parsed(seen)
        assert event.get_data() == entry["data"]
        chained = digest + entry["type"].encode() + b"\0" + seen.value
        digest = hashlib.sha256(chained).digest()
        attributes = event.get_attributes()
        assert attributes.pop("time") == datetime.fromisoformat(entry["time"])
        assert attributes.pop("correlationid")
        attributes.pop("traceparent", None)
        assert attributes == {
            "specversion": "1.0",
            "id": f"{stay['id']}:{entry['version']}",
            "source": "/rapport/mobility",
            "type": entry["type"],
            "subject": stay["id"],
            "datacontenttype": "application/json",
            "dataschema": f"urn:rapport:schema:{entry['type']}",
            "partitionkey": stay["id"],
            "sequence": str(entry["version"]),
            "digest": digest.hex(),
            "epoch": "1",
            "actor": "lan",
        }


async def test_what_the_sdk_sends_in_both_modes_becomes_a_stay_and_a_headcount(
    desk: Office, kafka_servers: str, topics: str
) -> None:
    """The second and third message are about one stay, in another mode than the first."""
    registrar = f"{topics}upstream.registrar"
    await send(
        kafka_servers,
        registrar,
        kafka.to_binary_event(of_the_sdk(REGISTERED), key_mapper=lambda _: "REG-2019-0441"),
        kafka.to_structured_event(of_the_sdk(DEPARTED), key_mapper=lambda _: "REG-2019-0441"),
        kafka.to_structured_event(of_the_sdk(HEADCOUNT)),
    )
    await send(kafka_servers, f"{topics}upstream.hr", kafka.to_binary_event(of_the_sdk(LEAVE)))

    async def stays() -> Any:
        items = (await desk.get("/stays"))["items"]
        return sorted((each["person_ref"], each["actual_from"]) for each in items)

    await until(stays, [("hr:7f3a09", None), ("st:20164107", "2019-08-04")])

    async def headcounts() -> Any:
        items = (await desk.get("/headcounts"))["items"]
        return [(each["year"], each["students"], each["graduates"]) for each in items]

    await until(headcounts, [(2019, 2140, 431)])
    assert (await desk.get("/parked"))["items"] == []


async def test_corrections_and_withdrawals_of_the_sdk_are_understood_in_both_modes(
    desk: Office, kafka_servers: str, topics: str
) -> None:
    told = datetime.fromisoformat(REGISTERED["time"])

    def said(days: int, id_: str, event: dict[str, Any], **more: Any) -> CloudEvent:
        return of_the_sdk(event, id=id_, time=(told + timedelta(days=days)).isoformat(), **more)

    corrected = {**REGISTERED, "data": REGISTERED["data"] | {"host_country": "KR"}}
    withdrawal = kafka.to_binary_event(said(2, "r-3", corrected, withdrawn=True))
    assert withdrawal.headers["ce_withdrawn"].lower() == b"true"
    await send(
        kafka_servers,
        f"{topics}upstream.registrar",
        kafka.to_structured_event(said(0, "r-1", REGISTERED)),
        kafka.to_binary_event(said(1, "r-2", corrected, replaces="r-1")),
    )

    async def stays() -> Any:
        items = (await desk.get("/stays"))["items"]
        return [(each["host_country"], each["status"] == "withdrawn") for each in items]

    await until(stays, [("KR", False)])
    await send(kafka_servers, f"{topics}upstream.registrar", withdrawal)
    await until(stays, [("KR", True)])
    again = kafka.to_structured_event(said(3, "r-4", corrected))
    await send(kafka_servers, f"{topics}upstream.registrar", again)
    await until(stays, [("KR", False)])
    taken_back = kafka.to_structured_event(said(4, "r-5", corrected, withdrawn=True))
    await send(kafka_servers, f"{topics}upstream.registrar", taken_back)
    await until(stays, [("KR", True)])
    assert (await desk.get("/parked"))["items"] == []


async def test_the_content_type_of_the_kafka_binding_is_all_that_structured_mode_needs(
    desk: Office, kafka_servers: str, topics: str
) -> None:
    """No key, no other header, and the media type in whatever spelling a library gives it."""
    spellings = (
        b"application/cloudevents+json",
        b"application/cloudevents+json; charset=UTF-8",
        b"Application/CloudEvents+JSON;charset=utf-8",
    )
    messages = [
        KafkaMessage(
            {"content-type": spelling},
            None,
            json.dumps(
                HEADCOUNT | {"id": f"h-{year}", "data": HEADCOUNT["data"] | {"year": year}}
            ).encode(),
        )
        for year, spelling in enumerate(spellings, start=2020)
    ]
    await send(kafka_servers, f"{topics}upstream.registrar", *messages)

    async def years() -> list[int]:
        return sorted(each["year"] for each in (await desk.get("/headcounts"))["items"])

    await until(years, [2020, 2021, 2022])


async def test_by_http_too_the_sdk_is_understood_in_both_modes(desk: Office) -> None:
    binary = http.to_binary_event(of_the_sdk(REGISTERED))
    structured = http.to_structured_event(of_the_sdk(HEADCOUNT))
    again = http.to_structured_event(of_the_sdk(REGISTERED))
    outcomes = []
    for message in (binary, structured, again):
        answer = await desk.client.post(
            "/mobility/upstream", content=message.body, headers=message.headers
        )
        assert answer.status_code == 200, answer.text
        outcomes.append(answer.json()["outcome"])
    assert outcomes == ["accepted", "accepted", "duplicate"]
