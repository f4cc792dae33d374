"""How much memory each service's process holds, idle and while events flow through all of them.

The system is started as `rapport up` starts it. Facts go into the journals of their owners; the
relays send them, reporting, notify and the others read them. Resident megabytes as the system
counts them: pages that forked processes share count in each.
"""

import asyncio
import zlib
from collections.abc import Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import islice
from typing import ClassVar
from urllib.parse import urlsplit

import asyncpg
import psutil

from benchmarks.history import Event, history
from benchmarks.place import Place
from benchmarks.runner import Contender, Opened, Reading, WrongResult
from services.program.tree import service_names
from services.program.up import Running, UpOptions, running

__all__ = ["Memory"]

_COLUMNS = [
    "subject",
    "version",
    "type",
    "time",
    "actor",
    "correlation_id",
    "data",
    "digest",
    "bucket",
]
_QUEUE = """
with queued as (
    insert into unpublished select bucket, id from journal where id > $1 returning journal_id)
select max(journal_id), pg_notify('journal', '') from queued
"""
_LONGEST_SECONDS = 1800


class Memory:
    """See the module."""

    name = "memory"
    title = "Memory of each process"
    aim = "120 MB idle, 250 MB under load, flat over a million events"
    limit = None

    does: ClassVar = {
        "each service": "started by `rapport up`; idle, then while a million events (20,000 with "
        "`--quick`) go through all of them, and the second half's most over the first half's"
    }

    def rounds(self, _quick: bool, /) -> int:
        return 1

    @asynccontextmanager
    async def open(self, place: Place, /) -> Opened:
        events = 20_000 if place.quick else 1_000_000
        yield [Contender("services", partial(_measure, place, events))]


async def _measure(place: Place, events: int) -> Sequence[Reading]:
    async with running(UpOptions(data=place.folder / "up", port=0)) as run:
        watched = {
            name: psutil.Process(child.pid)
            for name in service_names()
            if (child := run.parts[name].child) is not None
        }
        await asyncio.sleep(3)  # idle is what is left when the start is over
        idle = _resident(watched)
        halves = await _load(run, watched, events)
    return [
        reading
        for name in watched
        for reading in (
            Reading(name, idle[name], "MB idle"),
            Reading(name, max(half[name] for half in halves), "MB under load"),
            Reading(name, halves[1][name] / halves[0][name], "times the first half"),
        )
    ]


def _resident(processes: dict[str, psutil.Process]) -> dict[str, float]:
    return {name: process.memory_info().rss / 1e6 for name, process in processes.items()}


async def _load(
    run: Running, watched: dict[str, psutil.Process], events: int
) -> list[dict[str, float]]:
    """The most that each held during the first half of the events, and during the second."""
    addresses = {name: _database(run, name) for name in ("agreements", "visits", "mobility")}
    owners = {name: await asyncpg.connect(dsn) for name, dsn in addresses.items()}
    reader = await asyncpg.connect(_database(run, "reporting"))
    halves: list[dict[str, float]] = []
    told = iter(history(events))
    for half in (1, 2):
        most = _resident(watched)
        feeding = asyncio.create_task(_feed(owners, islice(told, events // 2)))
        async with asyncio.timeout(_LONGEST_SECONDS):
            while not feeding.done() or await _known(reader) < half * (events // 2):
                now = _resident(watched)
                most = {name: max(most[name], now[name]) for name in most}
                await asyncio.sleep(0.5)
        await feeding
        halves.append(most)
    known = await _known(reader)
    for connection in (*owners.values(), reader):
        await connection.close()
    if known != events:
        raise WrongResult(f"reporting knows {known} of {events} facts")
    return halves


async def _feed(owners: dict[str, asyncpg.Connection], events: Iterable[Event]) -> None:
    """Into the journals, as fast as they take it."""
    reached = dict.fromkeys(owners, 0)
    told = iter(events)
    while some := list(islice(told, 5_000)):
        for name, database in owners.items():
            async with database.transaction():
                rows = [_row(event) for event in some if event.service == name]
                await database.copy_records_to_table("journal", columns=_COLUMNS, records=rows)
                reached[name] = await database.fetchval(_QUEUE, reached[name]) or reached[name]


def _row(event: Event) -> tuple[object, ...]:
    _, subject, version, type_, time, data, digest = event
    bucket = zlib.crc32(subject.encode()) % 64
    return subject, version, type_, time, "hust:lan", "bench", data, digest, bucket


async def _known(reader: asyncpg.Connection) -> int:
    known: int = await reader.fetchval("select count(*) from history")
    return known


def _database(run: Running, service: str) -> str:
    return urlsplit(run.addresses.postgres_dsn)._replace(path=f"/rapport_{service}").geturl()
