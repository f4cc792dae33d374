"""Reporting's projections are filled anew from their topics: seconds, and what an event costs.

The command is the product's own, started as an operator would start it: its imports count.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import ClassVar

from benchmarks.history import Log, history, write_log
from benchmarks.place import ROOT, Place
from benchmarks.runner import Contender, Opened, Reading, WrongResult
from benchmarks.settings import environment_of, settings_in
from benchmarks.works.projection import check_projection

__all__ = ["Rebuilding"]


class Rebuilding:
    """See the module."""

    name = "rebuild"
    title = "Rebuild of reporting's projections"
    aim = "a million events in 30 s; three million at most 1.1 times as much per event"
    limit = "100,000 events"

    does: ClassVar = {
        "100,000 events": "filled beside the live one, compared, switched; the limit of the ratios"
    }

    def rounds(self, quick: bool, /) -> int:
        return 1 if quick else 3

    @asynccontextmanager
    async def open(self, place: Place, /) -> Opened:
        sizes = (100_000,) if place.quick else (100_000, 1_000_000, 3_000_000)
        yield [
            Contender(
                f"{size:,} events",
                partial(_Rebuild(place, size).run),
            )
            for size in sizes
        ]


class _Rebuild:
    """Of one size; its log is written once."""

    def __init__(self, place: Place, events: int) -> None:
        self.place = place
        self.events = events
        self.log: Log | None = None

    async def run(self) -> Sequence[Reading]:
        log = self.log = self.log or await write_log(self.place.kafka, history(self.events))
        dsn = await self.place.database("reporting")
        settings = settings_in(self.place, dsn, log.prefix)
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.reporting", "rebuild"),
            cwd=ROOT,
            env=self.place.environment(environment_of(settings)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        took = time.perf_counter() - began
        if process.returncode != 0:
            raise WrongResult(said.decode()[-500:])
        await check_projection(dsn, log.events)
        await self.place.databases.drop(dsn)
        name = f"{self.events:,} events"
        return [
            Reading(name, took, "s"),
            Reading(name, took / self.events * 1e6, "us/event"),
        ]
