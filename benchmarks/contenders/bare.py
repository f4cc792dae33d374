"""The limit: aiokafka hands over records, and nobody looks at them.

`tuned`: with the loop and the garbage collector's thresholds that the product has.
"""

import asyncio
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer

from benchmarks.contenders.assigned import Assigned
from benchmarks.contenders.meter import Meter, given, quicken, say


async def read(*, kafka: str, topics: list[str], group: str, events: int) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    meter, count = Meter(events), 0
    consumer.subscribe(topics, listener=Assigned(meter))
    await consumer.start()
    while not meter.reached(count):
        found = await consumer.getmany(timeout_ms=500, max_records=2_000)
        count += sum(map(len, found.values()))
    await consumer.stop()
    say(rate=meter.rate())


def main(*, tuned: bool, **job: Any) -> None:
    if tuned:
        quicken()
        uvloop.run(read(**job))
    else:
        asyncio.run(read(**job))


if __name__ == "__main__":
    main(**given())
