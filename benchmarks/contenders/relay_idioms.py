"""How else a table of events gets to Kafka: the limit, and what is usually written.

bare          idempotent, acks=all, keyed, gathered; from memory, and nothing is remembered
one-by-one    the oldest row, sent and awaited, deleted, committed
skip-locked   rows for update skip locked, gathered sends, one delete: in order only while alone
head-rows     the first row of each subject, locked: in order with any number of relays
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import uvloop
from aiokafka import AIOKafkaProducer

from benchmarks.contenders.meter import Meter, given, quicken, say
from shared.envelope.facts import headers_of

_OLDEST = "select * from outbox order by id limit $1 for update skip locked"
_HEADS = """
select * from outbox
where not exists (
    select from outbox before
    where before.subject = outbox.subject and before.version < outbox.version)
order by id limit $1 for update skip locked
"""
_SENT = "delete from outbox where id = any($1)"
_QUERIES = {"one-by-one": (_OLDEST, 1), "skip-locked": (_OLDEST, 500), "head-rows": (_HEADS, 2_000)}


async def main(*, kind: str, kafka: str, topic: str, dsn: str, events: int) -> None:
    database = await asyncpg.connect(dsn)
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka, enable_idempotence=True, acks="all", linger_ms=0
    )
    await producer.start()
    await producer.partitions_for(topic)
    meter = Meter(events)
    if kind == "bare":
        rows = await database.fetch("select * from outbox order by id")
        meter.begin()
        for start in range(0, events, 2_000):
            await _send(producer, topic, rows[start : start + 2_000])
        meter.reached(events)
    else:
        query, most = _QUERIES[kind]
        meter.begin()
        while not meter.reached(meter.count):
            async with database.transaction():
                rows = await database.fetch(query, min(most, events - meter.count))
                await _send(producer, topic, rows)
                await database.execute(_SENT, [row["id"] for row in rows])
            meter.reached(meter.count + len(rows))
    await producer.stop()
    await database.close()
    say(rate=meter.rate())


async def _send(producer: AIOKafkaProducer, topic: str, rows: Sequence[Any]) -> None:
    sends = [
        await producer.send(
            topic,
            row["data"],
            key=row["subject"].encode(),
            headers=headers_of(
                service="bench",
                subject=row["subject"],
                version=row["version"],
                type=row["type"],
                time=row["time"],
                digest=row["digest"],
                epoch=1,
                actor=row["actor"],
                correlation_id=row["correlation_id"],
            ),
        )
        for row in rows
    ]
    await asyncio.gather(*sends)


if __name__ == "__main__":
    quicken()
    uvloop.run(main(**given()))
