"""An event of others is new once, by its source and id."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from shared import inbox
from shared.clock import Clock
from shared.database import Database
from shared.envelope import CloudEvent, Record, read_event
from shared.reference import Reference
from tests.conftest import MakeDatabase


def event(id_: str, source: str = "/hr") -> CloudEvent:
    headers = {"ce_specversion": "1.0", "ce_id": id_, "ce_source": source, "ce_type": "t"}
    pairs = tuple((name, value.encode()) for name, value in headers.items())
    return read_event(
        Record(
            topic="t",
            partition=0,
            offset=0,
            timestamp=0,
            key=b"k",
            value=b"{}",
            headers=(("content-type", b"application/json"), *pairs),
        )
    )


@pytest.fixture
async def database(make_database: MakeDatabase) -> AsyncIterator[Database]:
    url = await make_database("plumbing")
    made = Database(url, service="readers", clock=Clock(), reference=Reference({}))
    yield made
    await made.close()


async def received(database: Database, *events: CloudEvent, consumer: str = "c") -> list[str]:
    async with database.connect() as connection:
        new = await inbox.receive(
            connection, consumer=consumer, events=events, now=datetime(2025, 11, 17, tzinfo=UTC)
        )
    return [f"{each.source}#{each.id}" for each in new]


async def test_an_event_that_comes_again_is_not_new(database: Database) -> None:
    assert await received(database, event("2"), event("1"), event("2")) == ["/hr#2", "/hr#1"]
    assert await received(database, event("1"), event("3")) == ["/hr#3"]


async def test_an_id_says_something_of_its_source_alone(database: Database) -> None:
    assert await received(database, event("1")) == ["/hr#1"]
    assert await received(database, event("1", "/x")) == ["/x#1"]
    assert await received(database, event("1"), consumer="another") == ["/hr#1"]
