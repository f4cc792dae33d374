"""How fast the journal reaches Kafka, against bare gathered sends of the same records.

    python benchmarks/relay.py DATABASE_URL KAFKA_SERVERS [EVENTS] [RELAYS]

DATABASE_URL is a server where databases may be made. Prints events per second and the ratio; the
log is read back and checked before a figure counts.
"""

import asyncio
import secrets
import sys
import time
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, make_url

from shared.clock import Clock
from shared.database import Database
from shared.plumbing_tables import create_v1, create_v2
from shared.reference import Reference
from shared.relay import Relay
from shared.relay.sending import _headers
from tests.support.publishing import assert_complete_and_in_order, create_topic, read_all, until

_FILL = """
insert into journal (subject, version, type, time, actor, correlation_id, traceparent, data,
                     digest, bucket)
select subject, version, 'rapport.bench.noted.v1', now(), 'bench', 'c-1', null, data,
       sha256(data), crc32(convert_to(subject, 'UTF8')) % 64
from (
    select 'subject-' || lpad((n % $2)::text, 18, '0') as subject, n / $2 + 1 as version,
           convert_to('{"text":"' || repeat('x', 380 + (n % 200)::int) || '"}', 'UTF8') as data
    from generate_series(0, $1 - 1) n order by n
) events
"""


async def bare(kafka_servers: str, topic: str, rows: list[Any]) -> float:
    """The limit: idempotent, acks=all, keyed, gathered, the same headers; nothing is remembered."""
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka_servers, enable_idempotence=True, acks="all", linger_ms=0
    )
    await producer.start()
    await producer.partitions_for(topic)
    began = time.perf_counter()
    for start in range(0, len(rows), 2000):
        part = rows[start : start + 2000]
        sends = [
            await producer.send(
                topic, row["data"], key=row["subject"].encode(), headers=_headers(row)
            )
            for row in part
        ]
        await asyncio.gather(*sends)
    took = time.perf_counter() - began
    await producer.stop()
    return took


async def main(server: str, kafka_servers: str, events: int, relays: int) -> None:
    name = f"bench_{secrets.token_hex(4)}"
    admin = await asyncpg.connect(server)
    await admin.execute(f"create database {name}")
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    database = Database(url, service="bench", clock=Clock(), reference=Reference({}))

    def tables(connection: Connection) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            create_v1()
            create_v2()

    async with database.engine.begin() as connection:
        await connection.run_sync(tables)
    direct = await asyncpg.connect(url)
    subjects = min(20_000, events // 10)
    await direct.execute(_FILL, events, subjects)
    rows = await direct.fetch("select * from journal order by id limit 100000")
    topic = f"{name}.bare"
    create_topic(kafka_servers, topic)
    limit = len(rows) / await bare(kafka_servers, topic, rows)
    print(f"bare gathered sends   {limit:10,.0f} /s")

    topic = f"{name}.events"
    create_topic(kafka_servers, topic)
    await direct.execute("insert into unpublished select bucket, id from journal order by id")
    made = [
        Relay(service="bench", database=database, topic=topic, kafka_servers=kafka_servers)
        for _ in range(relays)
    ]
    began = time.perf_counter()
    tasks = [asyncio.create_task(relay.run()) for relay in made]
    sent = "select not exists (select from unpublished)"
    await until(lambda: direct.fetchval(sent), True, within=600)
    took = time.perf_counter() - began
    for relay, task in zip(made, tasks, strict=True):
        await relay.stop()
        await task
    log = await asyncio.to_thread(read_all, kafka_servers, topic)
    expected = await direct.fetch("select subject, max(version) from journal group by subject")
    assert_complete_and_in_order(log, dict(expected))  # type: ignore[arg-type]
    speed = events / took
    print(f"relay x {relays}             {speed:10,.0f} /s   {speed / limit:.2f} of bare sends")
    await direct.close()
    await database.close()
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


if __name__ == "__main__":
    _, server, kafka, *rest = sys.argv
    numbers = [int(number) for number in rest]
    asyncio.run(main(server, kafka, *(numbers + [100_000, 1][len(numbers) :])))
