"""From the journal of one service to the projection of another, with all plumbing between real."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from shared.consumer import Consumer, Received, Subscription
from shared.control import Control
from tests.conftest import MakeDatabase
from tests.support.consuming import TOPIC, Bench, bench, until
from tests.support.publishing import Noted, Outlet, outlet


class NumberRead(BaseModel):
    """What is read of `Noted`."""

    number: int = 0


class Pair:
    """An owner with its relay, and a reader; both can talk over the control topic."""

    def __init__(self, owner: Outlet, reader: Bench, controls: list[Control]) -> None:
        self.owner = owner
        self.reader = reader
        self.says, self.hears = controls

    def start(self) -> Consumer:
        consumer = Consumer(
            name="readers",
            database=self.reader.database,
            kafka_servers=self.reader.kafka_servers,
            topic_prefix=self.reader.prefix,
            subscriptions=[Subscription(TOPIC, {Noted.type: NumberRead}, self.apply)],
            parking=self.reader.parking,
            control=self.hears,
        )
        return self.reader.start(consumer)

    @staticmethod
    async def apply(connection: AsyncConnection, facts: Sequence[Received]) -> None:
        await connection.exec_driver_sql(
            "insert into effects (subject, version) select * from unnest($1::text[], $2::int[])",
            ([fact.subject for fact in facts], [fact.version for fact in facts]),
        )

    async def talks(self) -> str | None:
        return self.says.not_ready() or self.hears.not_ready()


@pytest.fixture
async def pair(make_database: MakeDatabase, kafka_servers: str) -> AsyncIterator[Pair]:
    with capture_logs():
        async with (
            bench(await make_database("plumbing"), kafka_servers) as reader,
            outlet(await make_database("plumbing"), kafka_servers, topic=reader.topic) as owner,
        ):
            await reader.create_topic("rapport.control")
            controls = [
                Control(
                    service=service,
                    database=database,
                    kafka_servers=kafka_servers,
                    topic_prefix=reader.prefix,
                )
                for service, database in (
                    ("tests", owner.database),
                    ("readers", reader.database),
                )
            ]
            running = [asyncio.create_task(control.run()) for control in controls]
            made = Pair(owner, reader, controls)
            await until(made.talks, None)
            yield made
            await reader.stop()
            await owner.stop()
            for control in controls:
                await control.stop()
            await asyncio.gather(*running)


async def test_what_is_journaled_takes_effect_elsewhere(pair: Pair) -> None:
    await pair.owner.append("a", Noted(number=1), Noted(number=2), after=0)
    pair.owner.run()
    pair.start()
    await pair.owner.append("a", Noted(number=3), after=2)
    await until(lambda: pair.reader.of("a"), [1, 2, 3])
    assert await pair.reader.parked() == []


async def test_a_fact_that_kafka_lost_is_asked_for_and_comes(pair: Pair) -> None:
    await pair.owner.append("a", Noted(), Noted(), after=0)
    await pair.owner.fetch("delete from unpublished where journal_id = 1")  # never arrives
    pair.owner.run()
    pair.start()
    await until(lambda: pair.reader.of("a"), [1, 2])


async def test_a_last_fact_that_kafka_lost_is_found_by_counting(pair: Pair) -> None:
    await pair.owner.append("a", Noted(), Noted(), after=0)
    await pair.owner.append("b", Noted(), after=0)
    await pair.owner.fetch("delete from unpublished where journal_id = 2")  # never arrives
    pair.owner.run()
    pair.start()
    await until(lambda: pair.reader.of("b"), [1])
    await pair.owner.sent()
    assert await pair.reader.of("a") == [1]
    await pair.says.say_counts()
    await until(lambda: pair.reader.of("a"), [1, 2], within=30)
