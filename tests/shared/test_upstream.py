"""Events of others have their effect once, by source and id; what cannot be read waits in view."""

import json
from collections.abc import AsyncIterator

import pytest
from pydantic import BaseModel
from structlog.testing import capture_logs

from shared.consumer import Consumer, UpstreamEvent, UpstreamSubscription
from shared.database import Transaction
from shared.errors import Rejected, Transient
from tests.conftest import MakeDatabase
from tests.support.consuming import TOPIC, Bench, bench, producing, until

HIRED = "upstream.hr.employee-hired.v1"
Headers = list[tuple[str, bytes]]


class Hired(BaseModel):
    """What is read of an event in these tests."""

    person_ref: str
    days: int = 1


class Desk:
    """An upstream topic and what its handler does."""

    def __init__(self, made: Bench) -> None:
        self.bench = made
        self.fail: dict[str, Exception] = {}
        self.failures = 0

    async def handle(self, tx: Transaction, event: UpstreamEvent) -> None:
        assert isinstance(event.data, Hired)
        assert (tx.actor, tx.correlation_id) == (TOPIC, event.id)
        await tx.connection.exec_driver_sql(
            "insert into effects (subject, version) values ($1, $2)",
            (f"{event.source}#{event.id}", event.data.days),
        )
        if event.data.person_ref in self.fail:
            self.failures += 1
            raise self.fail[event.data.person_ref]

    def start(self) -> Consumer:
        subscription = UpstreamSubscription(TOPIC, {HIRED: Hired}, self.handle)
        return self.bench.start(self.bench.consumer(subscription))

    async def send(self, *records: tuple[bytes, Headers]) -> None:
        async with producing(self.bench.kafka_servers) as producer:
            for value, headers in records:
                await producer.send_and_wait(
                    self.bench.topic, value, key=b"p", headers=headers, partition=0
                )

    async def effects(self) -> list[str]:
        return [subject for subject, _ in await self.bench.effects()]

    async def parked(self) -> list[tuple[str, str]]:
        rows = await self.bench.fetch("select reason, path from parked order by id")
        return [(row["reason"], row["path"]) for row in rows]


def event(
    id_: str, *, person: str = "p1", source: str = "/hr", type_: str = HIRED, data: object = None
) -> tuple[bytes, Headers]:
    headers = [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", id_.encode()),
        ("ce_source", source.encode()),
        ("ce_type", type_.encode()),
    ]
    return json.dumps(data or {"person_ref": person}).encode(), headers


def structured(id_: str, *, source: str = "/hr") -> tuple[bytes, Headers]:
    body = {"specversion": "1.0", "id": id_, "source": source, "type": HIRED}
    value = json.dumps(body | {"data": {"person_ref": "p1"}}).encode()
    return value, [("content-type", b"application/cloudevents+json")]


@pytest.fixture
async def desk(make_database: MakeDatabase, kafka_servers: str) -> AsyncIterator[Desk]:
    with capture_logs():
        async with bench(await make_database("plumbing"), kafka_servers) as made:
            yield Desk(made)


async def test_an_event_has_its_effect_once_however_often_and_in_whatever_mode_it_comes(
    desk: Desk,
) -> None:
    await desk.send(event("1"), event("1"), structured("1"), event("2"), event("1", source="/x"))
    desk.start()
    await until(desk.effects, ["/hr#1", "/hr#2", "/x#1"])
    await desk.send(structured("2"), event("3"))
    await until(desk.effects, ["/hr#1", "/hr#2", "/x#1", "/hr#3"])


async def test_what_cannot_be_read_is_parked_with_its_place_and_the_rest_flows(desk: Desk) -> None:
    await desk.send(
        event("1"),
        event("2", type_="upstream.hr.unheard-of.v1"),
        event("3", data={"person_ref": ["Nguyen Van A"]}),
        (b"{", event("4")[1]),
        (b'{"person_ref":"a","person_ref":"b"}', event("5")[1]),
        (event("6")[0], [("x", b"\xff")]),
        event("7"),
    )
    desk.start()
    await until(desk.effects, ["/hr#1", "/hr#7"])
    assert await desk.parked() == [
        ("type-unknown", "$.type"),
        ("data-invalid:string_type", "$.data.person_ref"),
        ("json-invalid", "$"),
        ("json-key-twice", "$"),
        ("header-not-utf-8", "$.headers.x"),
    ]
    assert await desk.bench.lag() == 0


async def test_what_a_rule_rejects_is_parked_with_the_rules_code_and_has_no_effect(
    desk: Desk,
) -> None:
    desk.fail["p2"] = Rejected("stay-unknown", "no such stay", field="$.stay")
    await desk.send(event("1"), event("2", person="p2"), event("3"))
    consumer = desk.start()
    await until(desk.effects, ["/hr#1", "/hr#3"])
    assert await desk.parked() == [("rejected:stay-unknown", "$.stay")]
    assert consumer.not_ready() is None
    # mended: the replay gives it its effect, once
    del desk.fail["p2"]
    [outcome] = await consumer.replay(actor="op", dry_run=True)
    assert outcome["outcome"] == "applied"
    assert await desk.effects() == ["/hr#1", "/hr#3"]
    await consumer.replay(actor="op")
    assert await desk.effects() == ["/hr#1", "/hr#3", "/hr#2"]
    assert await desk.parked() == []
    await desk.send(event("2", person="p2"), event("4"))
    await until(desk.effects, ["/hr#1", "/hr#3", "/hr#2", "/hr#4"])


async def test_a_bug_in_the_handler_is_tried_three_times_and_then_parked_alone(desk: Desk) -> None:
    desk.fail["p2"] = ZeroDivisionError()
    await desk.send(event("1"), event("2", person="p2"), event("3"))
    desk.start()
    await until(desk.effects, ["/hr#1", "/hr#3"])
    assert await desk.parked() == [("bug", "$")]
    assert desk.failures == 4  # thrice with the batch, once alone


async def test_a_transient_failure_is_waited_for(desk: Desk) -> None:
    desk.fail["p2"] = Transient("busy")
    await desk.send(event("1"), event("2", person="p2"))
    consumer = desk.start()
    await until(lambda: waits(consumer), "busy")
    assert await desk.effects() == []
    del desk.fail["p2"]
    await until(desk.effects, ["/hr#1", "/hr#2"])
    assert await desk.parked() == []


async def test_a_closed_service_takes_nothing_in_and_parks_nothing(desk: Desk) -> None:
    close = "insert into publication (topic, closed_reason) values ('t', 'older than published')"
    await desk.bench.fetch(close)
    await desk.send(event("1"))
    consumer = desk.start()
    await until(lambda: waits(consumer), "older than published")
    await desk.bench.fetch("delete from publication")
    await until(desk.effects, ["/hr#1"])
    assert await desk.parked() == []


async def waits(consumer: Consumer) -> str | None:
    return consumer.not_ready()
