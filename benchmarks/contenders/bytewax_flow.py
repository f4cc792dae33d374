"""Bytewax: a keyed map with state that folds, and a sink that writes at once what a step brings.

Without its recovery store: what it has folded is lost with its process, which makes it quicker.
"""

import json
from functools import partial
from typing import Any

import bytewax.operators as op
import psycopg
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.run import cli_main

from benchmarks.contenders.meter import Meter, given, say
from benchmarks.contenders.narrow import told

Fact = tuple[int, str, dict[str, Any]]
Row = tuple[str, int, str, str, str]
_ADD = """
insert into history (subject, version, known_from, fields)
select * from unnest(%s::text[], %s::int[], %s::text[]::timestamptz[], %s::text[]::json[])
on conflict do nothing
"""
_KEEP = """
insert into records (subject, version, known_from, state)
select * from unnest(%s::text[], %s::int[], %s::text[]::timestamptz[], %s::text[]::json[])
on conflict (subject) do update set
    version = excluded.version, known_from = excluded.known_from, state = excluded.state
where records.version < excluded.version
"""


class Tables(DynamicSink[Row]):  # type: ignore[misc]  # it is not installed beside ours
    """The two tables."""

    def __init__(self, dsn: str, meter: Meter) -> None:
        self.dsn, self.meter = dsn, meter

    def build(self, step_id: str, worker_index: int, worker_count: int) -> "TablesOfAWorker":
        del step_id, worker_index, worker_count
        return TablesOfAWorker(psycopg.connect(self.dsn), self.meter)


class TablesOfAWorker(StatelessSinkPartition[Row]):  # type: ignore[misc]  # as above
    """One worker's connection to it."""

    def __init__(self, database: psycopg.Connection, meter: Meter) -> None:
        self.database, self.meter = database, meter

    def write_batch(self, items: list[Row]) -> None:
        subjects, versions, times, fields, _ = map(list, zip(*items, strict=True))
        newest = {row[0]: row for row in items}.values()
        last_subjects, last_versions, last_times, _, states = map(list, zip(*newest, strict=True))
        self.database.execute(_ADD, [subjects, versions, times, fields])
        self.database.execute(_KEEP, [last_subjects, last_versions, last_times, states])
        self.database.commit()
        self.meter.reached(self.meter.count + len(items))


def keyed(meter: Meter, record: Any) -> tuple[str, Fact]:
    meter.begin()
    headers = dict(record.headers)
    fields = told(headers["ce_type"].decode(), record.value)
    return record.key.decode(), (int(headers["ce_sequence"]), headers["ce_time"].decode(), fields)


def folded(
    state: dict[str, Any] | None, fact: Fact
) -> tuple[dict[str, Any], tuple[Fact, dict[str, Any]]]:
    after = (state or {}) | fact[2]
    return after, (fact, after)


def row(item: tuple[str, tuple[Fact, dict[str, Any]]]) -> Row:
    subject, ((version, time, fields), state) = item
    return subject, version, time, json.dumps(fields), json.dumps(state)


def main(*, kafka: str, topics: list[str], group: str, dsn: str, events: int) -> None:
    del group  # it keeps its offsets by itself
    meter = Meter(events)
    flow = Dataflow("projection")
    records = op.input("log", flow, KafkaSource([kafka], topics, tail=False))
    states = op.stateful_map("fold", op.map("keyed", records, partial(keyed, meter)), folded)
    op.output("tables", op.map("rows", states, row), Tables(dsn, meter))
    cli_main(flow)
    say(rate=meter.rate())


if __name__ == "__main__":
    main(**given())
