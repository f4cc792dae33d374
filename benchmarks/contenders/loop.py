"""A plain, careful aiokafka loop: what a good engineer writes by hand in an afternoon.

Batches of JSON; states folded in memory, the missing ones read; one statement per table that drops
what is there already, in one transaction, and a commit of offsets behind it. It has no envelope, no
limits, digests, gaps, parking or take-over guard: a duplicate is dropped, and that is all.
"""

import json

import asyncpg
import uvloop
from aiokafka import AIOKafkaConsumer

from benchmarks.contenders.assigned import Assigned
from benchmarks.contenders.meter import Meter, given, quicken, say
from benchmarks.contenders.narrow import told

_ADD = """
insert into history (subject, version, known_from, fields)
select * from unnest($1::text[], $2::int[], $3::text[]::timestamptz[], $4::text[]::json[])
on conflict do nothing
"""
_KEEP = """
insert into records (subject, version, known_from, state)
select * from unnest($1::text[], $2::int[], $3::text[]::timestamptz[], $4::text[]::json[])
on conflict (subject) do update set
    version = excluded.version, known_from = excluded.known_from, state = excluded.state
where records.version < excluded.version
"""
_LATEST = "select subject, version, state::text as state from records where subject = any($1)"


async def main(*, kafka: str, topics: list[str], group: str, dsn: str, events: int) -> None:
    database = await asyncpg.connect(dsn)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    latest: dict[str, tuple[int, dict[str, object]]] = {}
    meter, count = Meter(events), 0
    consumer.subscribe(topics, listener=Assigned(meter))
    await consumer.start()
    while not meter.reached(count):
        found = await consumer.getmany(timeout_ms=500, max_records=2_000)
        batch = [record for part in found.values() for record in part]
        if not batch:
            continue
        missing = {record.key.decode() for record in batch} - latest.keys()
        for row in await database.fetch(_LATEST, list(missing)):
            latest[row["subject"]] = (row["version"], json.loads(row["state"]))
        history, states = [], {}
        for record in batch:
            headers = dict(record.headers)
            subject, version = record.key.decode(), int(headers["ce_sequence"])
            stored, state = latest.get(subject, (0, {}))
            if version <= stored:
                continue
            fields, time = told(headers["ce_type"].decode(), record.value), headers["ce_time"]
            state = state | fields
            latest[subject] = (version, state)
            history.append((subject, version, time.decode(), json.dumps(fields)))
            states[subject] = (subject, version, time.decode(), state)
        records = [(*row, json.dumps(state)) for *row, state in states.values()]
        async with database.transaction():
            await database.execute(_ADD, *map(list, zip(*history, strict=True)))
            await database.execute(_KEEP, *map(list, zip(*records, strict=True)))
        await consumer.commit()
        count += len(history)
    await consumer.stop()
    await database.close()
    say(rate=meter.rate())


if __name__ == "__main__":
    quicken()
    uvloop.run(main(**given()))
