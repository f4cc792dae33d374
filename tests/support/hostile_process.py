"""A reader of facts and of upstream events, in a process of its own, for records of any kind.

    python hostile_process.py URL KAFKA PREFIX

Its readers are like the services': what they take is bounded, and they guard against nothing.
"""

import asyncio
import signal
import sys
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import observing
from shared.clock import Clock
from shared.cluster import Kafka
from shared.consumer import Received, Subscription, UpstreamEvent, UpstreamSubscription
from shared.database import Database, Transaction
from shared.parking import Parking
from shared.reference import Reference
from tests.support.consuming import KEY, TOPIC, TYPE, Bench
from tests.support.hostile import HIRED

UPSTREAM = "tests.upstream"


class Read(BaseModel):
    n: Annotated[int, Field(ge=0, le=1_000_000)]
    name: str = ""


async def hire(tx: Transaction, event: UpstreamEvent) -> None:
    await tx.connection.exec_driver_sql(
        "insert into effects (subject, version) values ($1, 0)", (f"{event.source}#{event.id}",)
    )


async def apply(connection: AsyncConnection, facts: Sequence[Received]) -> None:
    await connection.exec_driver_sql(
        "insert into effects (subject, version) select * from unnest($1::text[], $2::int[])",
        ([fact.subject for fact in facts], [fact.version for fact in facts]),
    )


async def main(url: str, kafka_servers: str, prefix: str) -> None:
    observing.configure(service="readers", level="debug")
    database = Database(url, service="readers", clock=Clock(), reference=Reference({}))
    parking = Parking(database=database, keys=[KEY])
    bench = Bench(database, Kafka.at(kafka_servers), prefix, partitions=0, parking=parking)
    consumer = bench.consumer(
        Subscription(TOPIC, {TYPE: Read}, apply),
        UpstreamSubscription(UPSTREAM, {HIRED: Read}, hire),
    )
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    running = asyncio.create_task(consumer.run())
    await stopping.wait()
    why = consumer.not_ready()
    await consumer.stop()
    await running
    await database.close()
    sys.exit(why)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
