"""Processes that sleep for longer than their group waits, and wake up when others took over."""

import asyncio
import random
import signal
import time

import pytest

from tests.faults.driving import Yard
from tests.faults.records import note

_ASLEEP_SECONDS = 13
"""More than twice the session that the small service tells Kafka."""


async def sleepers(yard: Yard, *, rounds: int, seed: int) -> None:
    """All the plumbing of a process sleeps at once: its consumer, its relay, its control."""
    chance = random.Random(seed)
    began = time.monotonic()
    async with yard.lane() as lane:
        first, second = await lane.start(), await lane.start()
        async with lane.load(notes=8):
            for turn in range(rounds):
                sleeper, other = (first, second) if turn % 2 == 0 else (second, first)
                await lane.working(sleeper)
                await lane.working(other)
                await asyncio.sleep(chance.uniform(0, 2))
                sleeper.taking = False
                sleeper.send(signal.SIGSTOP)
                await asyncio.sleep(_ASLEEP_SECONDS)
                [before] = await lane.sql("select count(*) from effects")
                await lane.until(
                    lambda: lane.sql("select 1 from effects having count(*) > $1", before[0]),  # noqa: B023
                    "nobody took over",
                )
                sleeper.send(signal.SIGCONT)
                sleeper.taking = True
        facts = await lane.sound()
        assert first.alive
        assert second.alive
    note(
        2,
        "paused consumer, relay, scheduler",
        trials=rounds,
        detail=f"a whole service, SIGSTOP for {_ASLEEP_SECONDS} s; {facts} facts; seed {seed}",
        seconds=time.monotonic() - began,
    )


@pytest.mark.slow
async def test_who_wakes_up_when_others_have_taken_over_does_nothing_twice(yard: Yard) -> None:
    await sleepers(yard, rounds=2, seed=31)


@pytest.mark.faults
@pytest.mark.timeout(1800)
async def test_twenty_sleepers_do_nothing_twice(yard: Yard) -> None:
    await sleepers(yard, rounds=20, seed=32)
