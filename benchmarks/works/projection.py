"""A log of real facts becomes reporting's tables, exactly once: what each fact set, and what is
known of each record now.

Peers do the same job with the same checked result, in two tables of the same names and columns.
Where their model cannot give what the product promises besides (a batch's effect and its position
in one transaction, gaps, parking, take-overs), they are spared it.
"""

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, ClassVar

import asyncpg

from benchmarks.history import Event, Log, history, write_log
from benchmarks.oracle import check_history, check_records
from benchmarks.place import Place
from benchmarks.runner import Contender, Opened, Reading
from benchmarks.settings import settings_in

__all__ = ["Projection", "check_projection"]

_TABLES = """
create table history (
    subject text, version int, known_from timestamptz not null, fields json not null,
    primary key (subject, version));
create table records (
    subject text primary key, version int not null, known_from timestamptz not null,
    state json not null);
"""
_HISTORY = """
select subject, version, fields::text from history order by subject collate "C", version
"""
_RECORDS = """
select subject, version, state::text from records order by subject collate "C"
"""


class Projection:
    """See the module."""

    name = "projection"
    title = "Projection, exactly once"
    aim = "0.5 of bare aiokafka, not under 0.35; 100 times the docs' idiom; 2.5 times the best peer"
    limit = "bare"

    does: ClassVar = {
        "bare": "aiokafka `getmany` as it comes, nothing decoded or written: the limit",
        "bare-tuned": "the same with uvloop and the product's thresholds of garbage collection",
        "rapport": "the product's consumer with reporting's own projections, all promises kept",
        "loop": "a careful aiokafka loop with asyncpg and `unnest`; no gaps, parking, take-overs",
        "bytewax": "a stateful map and a psycopg sink, one worker; no recovery store",
        "quix": "Quix Streams, a stateful `apply` and its PostgreSQL sink; no changelog",
        "faststream-docs": "a Pydantic message, a session and a commit each; fewer events",
    }

    def rounds(self, quick: bool, /) -> int:
        return 3 if quick else 5

    @asynccontextmanager
    async def open(self, place: Place, /) -> Opened:
        events = 60_000 if place.quick else 200_000
        log = await write_log(place.kafka, history(events))
        some = await write_log(place.kafka, history(20_000)) if place.quick else log
        few = await write_log(place.kafka, history(500 if place.quick else 3_000))
        job = _Job(place)
        yield (
            Contender("bare", partial(job.bare, log)),
            Contender("bare-tuned", partial(job.bare, log, tuned=True)),
            Contender("rapport", partial(job.rapport, log)),
            Contender("loop", partial(job.peer, "loop", log)),
            Contender("bytewax", partial(job.peer, "bytewax_flow", some, peers=True), peer=True),
            Contender("quix", partial(job.peer, "quix_app", some, peers=True), peer=True),
            Contender("faststream-docs", partial(job.peer, "faststream_docs", few)),
        )


class _Job:
    """The runs, each on a fresh table, by a group that has read nothing."""

    def __init__(self, place: Place) -> None:
        self.place = place

    async def bare(self, log: Log, *, tuned: bool = False) -> Sequence[Reading]:
        said = await self.place.run(
            "benchmarks.contenders.bare",
            kafka=self.place.kafka,
            topics=log.topics,
            group=secrets.token_hex(4),
            events=len(log.events),
            tuned=tuned,
        )
        return [Reading("bare-tuned" if tuned else "bare", said["rate"], "events/s")]

    async def rapport(self, log: Log) -> Sequence[Reading]:
        dsn = await self.place.database("reporting")
        await self.place.forget_groups(log.prefix)
        said = await self.place.run(
            "benchmarks.contenders.rapport",
            settings=settings_in(self.place, dsn, log.prefix),
            events=len(log.events),
        )
        await self._check(dsn, log.events)
        return [Reading("rapport", said["rate"], "events/s")]

    async def peer(self, module: str, log: Log, *, peers: bool = False) -> Sequence[Reading]:
        dsn = await self.place.database()
        database = await asyncpg.connect(dsn)
        await database.execute(_TABLES)
        await database.close()
        said = await self.place.run(
            f"benchmarks.contenders.{module}",
            peers=peers,
            kafka=self.place.kafka,
            topics=log.topics,
            group=secrets.token_hex(4),
            dsn=dsn,
            events=len(log.events),
        )
        await self._check(dsn, log.events)
        return [Reading(_NAMES.get(module, module), said["rate"], "events/s")]

    async def _check(self, dsn: str, events: Sequence[Event]) -> None:
        await check_projection(dsn, events)
        await self.place.databases.drop(dsn)


async def check_projection(dsn: str, events: Sequence[Event]) -> None:
    """Both tables hold what these events tell, and nothing else. Raises WrongResult."""
    database = await asyncpg.connect(dsn)
    history: list[Any] = await database.fetch(_HISTORY)
    records: list[Any] = await database.fetch(_RECORDS)
    await database.close()
    await asyncio.to_thread(check_history, history, events)
    await asyncio.to_thread(check_records, records, events)


_NAMES = {"bytewax_flow": "bytewax", "quix_app": "quix", "faststream_docs": "faststream-docs"}
