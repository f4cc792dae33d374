"""Quix Streams: a stateful `apply` that folds, and its own PostgreSQL sink.

Without changelog topics: its state is lost with its disk, which makes it quicker.
"""

import tempfile
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from quixstreams import Application, State
from quixstreams.sinks.base import SinkBatch
from quixstreams.sinks.community.postgresql import PostgreSQLSink

from benchmarks.contenders.meter import Meter, given, say
from benchmarks.contenders.narrow import told


class Records(PostgreSQLSink):  # type: ignore[misc]  # it is not installed beside ours
    """Its sink, with the newest row of each subject: an upsert takes a key only once."""

    def write(self, batch: SinkBatch) -> None:
        newest = {item.key: item for item in batch}
        last = SinkBatch(topic=batch.topic, partition=batch.partition)
        for item in newest.values():
            last.append(item.value, item.key, item.timestamp, item.headers, item.offset)
        super().write(last)


class History(PostgreSQLSink):  # type: ignore[misc]  # it is not installed beside ours
    """Its sink, which also tells how far it has come: it writes behind the other one."""

    def __init__(self, meter: Meter, **settings: Any) -> None:
        super().__init__(**settings)
        self.meter = meter

    def write(self, batch: SinkBatch) -> None:
        super().write(batch)
        self.meter.reached(self.meter.count + batch.size)


def folded(
    meter: Meter,
    value: bytes,
    key: bytes,
    _timestamp: int,
    headers: list[tuple[str, bytes]],
    state: State,
) -> dict[str, Any]:
    meter.begin()
    named = dict(headers)
    fields = told(named["ce_type"].decode(), value)
    after = state.get("state", {}) | fields
    state.set("state", after)
    return {
        "subject": key.decode(),
        "version": int(named["ce_sequence"]),
        "known_from": named["ce_time"].decode(),
        "fields": fields,
        "state": after,
    }


def without(name: str, row: dict[str, Any]) -> dict[str, Any]:
    return {column: value for column, value in row.items() if column != name}


def main(*, kafka: str, topics: list[str], group: str, dsn: str, events: int) -> None:
    meter, url = Meter(events), urlsplit(dsn)
    with tempfile.TemporaryDirectory() as folder:
        app = Application(
            broker_address=kafka,
            consumer_group=group,
            auto_offset_reset="earliest",
            use_changelog_topics=False,
            state_dir=folder,
            commit_every=2_000,
            loglevel="WARNING",
        )
        settings: dict[str, Any] = {
            "host": url.hostname,
            "port": url.port,
            "dbname": url.path[1:],
            "user": url.username,
            "password": url.password,
            "schema_auto_update": False,
            "include_metadata": False,
        }
        records = Records(
            table_name="records",
            primary_key_columns=["subject"],
            upsert_on_primary_key=True,
            **settings,
        )
        history = History(meter, table_name="history", on_conflict_do_nothing=True, **settings)
        for name in topics:
            topic = app.topic(name, value_deserializer="bytes", key_deserializer="bytes")
            rows = app.dataframe(topic).apply(partial(folded, meter), stateful=True, metadata=True)
            rows.apply(partial(without, "fields")).sink(records)
            rows.apply(partial(without, "state")).sink(history)
        app.run(count=2 * events)  # each comes out of both branches
    say(rate=meter.rate())


if __name__ == "__main__":
    main(**given())
