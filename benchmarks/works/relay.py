"""A full journal becomes a log, each subject's events in their order.

The log is read back with another client library, and every event looked for, before a figure
counts.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import ClassVar

import asyncpg

from benchmarks.journals import copy_of, drop_copies, full_journal
from benchmarks.place import Place
from benchmarks.runner import Contender, Opened, Reading, WrongResult
from tests.support.publishing import (
    assert_complete_and_in_order,
    create_topic,
    delete_topic,
    read_all,
)

__all__ = ["Relaying"]


class Relaying:
    """See the module."""

    name = "relay"
    title = "Relay, journal to Kafka"
    aim = "0.6 of bare sends, order kept; from a backlog of a million not under half of that"
    limit = "bare"

    does: ClassVar = {
        "bare": "idempotent gathered sends from memory, nothing remembered: the limit",
        "rapport": "the product's relay: any number of them, order kept, crashes survived",
        "rapport-backlog": "the same from a backlog of a million (100,000 with `--quick`)",
        "head-rows": "the first row of each subject locked; order kept",
        "skip-locked": "polling, rows `for update skip locked`; in order only while it is alone",
        "one-by-one": "a send, a delete and a commit each; fewer events",
    }

    def rounds(self, quick: bool, /) -> int:
        return 3 if quick else 5

    @asynccontextmanager
    async def open(self, place: Place, /) -> Opened:
        events, backlog = (30_000, 100_000) if place.quick else (100_000, 1_000_000)
        some = await full_journal(place, events, outbox=True)
        many = await full_journal(place, backlog)
        few = 500 if place.quick else 3_000
        idiom = partial(_idiom, place, some)
        yield (
            Contender("bare", partial(idiom, "bare", events)),
            Contender("rapport", partial(_ours, place, some, events, "rapport")),
            Contender("rapport-backlog", partial(_ours, place, many, backlog, "rapport-backlog")),
            Contender("head-rows", partial(idiom, "head-rows", events)),
            Contender("skip-locked", partial(idiom, "skip-locked", events)),
            Contender("one-by-one", partial(idiom, "one-by-one", few)),
        )
        await drop_copies(place, some, many)


async def _ours(place: Place, template: str, events: int, name: str) -> Sequence[Reading]:
    dsn, topic = await copy_of(place, template), f"{secrets.token_hex(4)}.events"
    create_topic(place.kafka, topic, partitions=6)
    said = await place.run(
        "benchmarks.contenders.relay", kafka=place.kafka, topic=topic, dsn=dsn, events=events
    )
    await _check(place, dsn, topic, events)
    return [Reading(name, said["rate"], "events/s")]


async def _idiom(place: Place, template: str, kind: str, events: int) -> Sequence[Reading]:
    dsn, topic = await copy_of(place, template), f"{secrets.token_hex(4)}.events"
    create_topic(place.kafka, topic, partitions=6)
    said = await place.run(
        "benchmarks.contenders.relay_idioms",
        kind=kind,
        kafka=place.kafka,
        topic=topic,
        dsn=dsn,
        events=events,
    )
    await _check(place, dsn, topic, events)
    return [Reading(kind, said["rate"], "events/s")]


async def _check(place: Place, dsn: str, topic: str, events: int) -> None:
    """The oldest so many events of the journal are in the topic, in order."""
    database = await asyncpg.connect(dsn)
    rows = await database.fetch("select subject from journal order by id limit $1", events)
    await database.close()
    expected = Counter(row["subject"] for row in rows)
    log = await asyncio.to_thread(read_all, place.kafka, topic)
    delete_topic(place.kafka, topic)
    try:
        assert_complete_and_in_order(log, expected)
    except AssertionError as wrong:
        raise WrongResult(str(wrong)[:300]) from None
