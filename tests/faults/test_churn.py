"""A group that has one member, then five, then two: each fact still has one effect."""

import asyncio
import random
import time

import pytest

from tests.faults.driving import Yard
from tests.faults.records import note

pytestmark = pytest.mark.ci


async def churn(yard: Yard, *, changes: int, seed: int) -> None:
    chance = random.Random(seed)
    began = time.monotonic()
    async with yard.lane(partitions=4) as lane:
        await lane.working(await lane.start())
        async with lane.load(notes=8):
            for _ in range(changes):
                wanted = chance.randint(1, 5)
                while len(lane.living) < wanted:
                    await lane.start()
                leaving = chance.sample(lane.living, len(lane.living) - wanted)
                for process in leaving:
                    process.taking = False
                await asyncio.gather(*(process.child.stop(within=20) for process in leaving))
                await asyncio.sleep(chance.uniform(0.5, 4))
        facts = await lane.sound()
    note(
        2,
        "group churn",
        trials=changes,
        detail=f"1 to 5 processes; {facts} facts; lag 0 after {lane.healed_in:.1f} s; seed {seed}",
        seconds=time.monotonic() - began,
    )


@pytest.mark.slow
async def test_a_group_that_grows_and_shrinks_does_nothing_twice(yard: Yard) -> None:
    await churn(yard, changes=8, seed=41)


@pytest.mark.faults
@pytest.mark.timeout(1800)
async def test_a_hundred_changes_of_the_group_do_nothing_twice(yard: Yard) -> None:
    await churn(yard, changes=100, seed=42)
