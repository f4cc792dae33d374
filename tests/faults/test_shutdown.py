"""SIGTERM at any moment, and little patience: what is not finished is not committed."""

import asyncio
import random
import time

import pytest

from tests.faults.driving import Yard
from tests.faults.records import note

pytestmark = pytest.mark.ci


async def shutdowns(yard: Yard, *, times: int, seed: int) -> None:
    chance = random.Random(seed)
    began = time.monotonic()
    clean = 0
    async with yard.lane() as lane:
        process = await lane.start()
        async with lane.load(notes=8):
            await lane.working(process)
            for turn in range(times):
                # from its very first moments on, and with a grace that is often too short
                await asyncio.sleep(chance.uniform(0, 5) if turn % 2 else chance.uniform(0, 1))
                process.taking = False
                await process.child.stop(within=chance.choice([0.1, 0.5, 2, 15]))
                if "service-stopped" in process.log():
                    clean += 1
                    marked = "select * from partitions where started_from is not null"
                    drained = "drain-timed-out" not in process.log()
                    assert not (drained and await lane.sql(marked)), "it left a mark behind"
                process = await lane.start()
            await lane.working(process)
        facts = await lane.sound()
    note(
        2,
        "shutdown at every await",
        trials=times,
        detail=f"SIGTERM, grace 0.1 to 15 s; {clean} in time; {facts} facts; seed {seed}",
        seconds=time.monotonic() - began,
    )


@pytest.mark.slow
async def test_a_stop_at_any_moment_finishes_or_leaves_undone(yard: Yard) -> None:
    await shutdowns(yard, times=12, seed=51)


@pytest.mark.faults
@pytest.mark.timeout(1800)
async def test_a_hundred_stops_finish_or_leave_undone(yard: Yard) -> None:
    await shutdowns(yard, times=100, seed=52)
