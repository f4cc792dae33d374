"""The product's relay, until nothing is left to send."""

import asyncio

import asyncpg
import uvloop

from benchmarks.contenders.meter import Meter, given, quicken, say
from shared import observing
from shared.clock import Clock
from shared.database import Database
from shared.reference import Reference
from shared.relay import Relay
from tests.support.publishing import until

_LEFT = "select exists (select from unpublished)"


async def main(*, kafka: str, topic: str, dsn: str, events: int) -> None:
    observing.configure(service="bench", level="warning")
    database = Database(dsn, service="bench", clock=Clock(), reference=Reference({}))
    eye = await asyncpg.connect(dsn)
    relay = Relay(service="bench", database=database, topic=topic, kafka_servers=kafka)
    meter = Meter(events)
    running = asyncio.create_task(relay.run())
    await until(relay.not_ready, None)
    meter.begin()
    await until(lambda: eye.fetchval(_LEFT), False, within=600)
    meter.reached(events)
    await relay.stop()
    await running
    await eye.close()
    await database.close()
    say(rate=meter.rate())


if __name__ == "__main__":
    quicken()
    uvloop.run(main(**given()))
