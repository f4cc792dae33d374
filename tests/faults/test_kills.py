"""Processes that are killed, stopped and paused at random, under load, until it counts."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Callable

import pytest

from tests.faults.driving import Lane, Yard
from tests.faults.records import note

_SESSION_SECONDS = 6
"""What the small service tells Kafka: who is silent for longer is not of the group any more."""


async def hurt(lane: Lane, chance: random.Random) -> str:
    """One process in one of three ways, and another in its stead; says which way it was."""
    victim = chance.choice([process for process in lane.living if process.taking])
    way = chance.choices(["killed", "paused", "stopped"], weights=[18, 1, 1])[0]
    if way == "killed":
        await victim.kill()
    elif way == "paused":
        victim.send(signal.SIGSTOP)
        await asyncio.sleep(chance.uniform(0.1, 2 * _SESSION_SECONDS))
        victim.send(signal.SIGCONT)
        return way
    else:
        victim.taking = False
        await victim.child.stop(within=chance.uniform(0.1, 15))
    await lane.start()
    return way


async def rough_times(
    yard: Yard, *, seed: int, enough: Callable[[Counter[str]], bool]
) -> Counter[str]:
    """One lane under load until it is enough; what was done to it, and how many facts it has."""
    chance = random.Random(seed)
    began = time.monotonic()
    done: Counter[str] = Counter()
    async with yard.lane(partitions=4) as lane:
        for _ in range(3):
            await lane.start()
        async with lane.load(notes=8, pause=0.2):
            await lane.working(lane.living[0])
            while not enough(done):
                await asyncio.sleep(chance.uniform(0.3, 3.5))
                done[await hurt(lane, chance)] += 1
                if done.total() % 10 == 0:
                    [row] = await lane.sql("select count(*) from effects")
                    seconds = time.monotonic() - began
                    print(f"{seconds:6.0f} s  seed {seed}: {dict(done)}, effects: {row[0]}")
            [seen] = await lane.sql("select count(*) from effects")
            assert seen[0] > 0, "nothing had an effect in all that time"
        done["facts"] = await lane.sound()
    return done


async def lanes(yard: Yard, *seeds: int, enough: Callable[[Counter[str]], bool]) -> None:
    began = time.monotonic()
    rough = (rough_times(yard, seed=seed, enough=enough) for seed in seeds)
    done = sum(await asyncio.gather(*rough), Counter[str]())
    note(
        1,
        "any service killed anywhere",
        trials=done["killed"],
        detail=f"kill -9 at random, under load: {dict(done)}; seeds {[*seeds]}",
        seconds=time.monotonic() - began,
    )


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_two_minutes_of_kills_lose_and_double_nothing(yard: Yard) -> None:
    end = time.monotonic() + 110
    await lanes(yard, 21, enough=lambda _: time.monotonic() > end)


@pytest.mark.faults
@pytest.mark.timeout(3600)
async def test_three_hundred_kills_lose_and_double_nothing(yard: Yard) -> None:
    await lanes(yard, 22, 23, 24, 25, enough=lambda done: done["killed"] >= 75)
