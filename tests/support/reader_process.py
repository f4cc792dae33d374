"""A consumer in a process of its own, for tests that kill or pause it.

    python reader_process.py URL KAFKA PREFIX [--session MS]

The projection dies (`kill -9`) when it gets a fact of the subject "killer", and takes 30 ms for
every batch, so that kills find it at work.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from shared import observing
from shared.clock import Clock
from shared.cluster import Kafka
from shared.consumer import Received, Subscription, subscriber
from shared.database import Database
from shared.parking import Parking
from shared.reference import Reference
from tests.support.consuming import KEY, TOPIC, TYPE, Asked, Bench, NotedRead


async def main(url: str, kafka_servers: str, prefix: str) -> None:
    observing.configure(service="readers")
    database = Database(url, service="readers", clock=Clock(), reference=Reference({}))
    bench = Bench(
        database=database,
        kafka=Kafka.at(kafka_servers),
        prefix=prefix,
        partitions=0,
        parking=Parking(database=database, keys=[KEY]),
        asked=Asked(),
    )

    async def apply(connection: AsyncConnection, facts: Sequence[Received]) -> None:
        if any(fact.subject == "killer" for fact in facts):
            os.kill(os.getpid(), signal.SIGKILL)
        await bench.apply(connection, facts)
        await asyncio.sleep(0.03)

    consumer = bench.consumer(Subscription(TOPIC, {TYPE: NotedRead}, apply))
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    running = asyncio.create_task(consumer.run())
    await stopping.wait()
    await consumer.stop()
    await running
    await database.close()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("given", nargs=3)
    arguments.add_argument("--session", type=int)
    parsed = arguments.parse_args(sys.argv[1:])
    if parsed.session:
        subscriber._SESSION_MS = parsed.session
    asyncio.run(main(*parsed.given))
