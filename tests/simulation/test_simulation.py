"""Relays, readers and owners' control, as they are, in a world where everything goes wrong.

The world is a model (virtual time, PostgreSQL and Kafka in memory: `test_models.py` holds it to the
real ones), so it shows no promise by itself; it has the volume that real parts cannot have.
"""

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from tests.faults.records import note
from tests.simulation.weakening import WEAKNESSES

_ROOT = Path(__file__).parents[2]
_ANYTHING = "any service killed anywhere"
_PARTS = 2


async def stories(*words: str) -> tuple[int, str]:
    """How a run of stories ended, and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.simulation",
        *words,
        cwd=_ROOT,
        env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": str(_ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    said = []
    async for line in process.stdout:
        said.append(line.decode())
        if "of" in said[-1] and len(said) % 5 == 0:
            sys.stdout.write(said[-1])
    return await process.wait(), "".join(said)


async def tell(first: int, seeds: int) -> None:
    """So many stories on all cores, all of which must end well."""
    began, share = time.monotonic(), seeds // _PARTS
    parts = [stories(str(first + part * share), "--seeds", str(share)) for part in range(_PARTS)]
    ends = await asyncio.gather(*parts)
    bad = "".join(said for code, said in ends if code)
    note(
        2,
        _ANYTHING,
        seeds,
        bad.count("; its trace:"),
        "simulated, with everything else that can go wrong",
        seconds=time.monotonic() - began,
    )
    assert not bad, bad


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_few_hundred_stories_end_well() -> None:
    await tell(0, 240)


@pytest.mark.parametrize(
    "seed",
    [
        545,  # records read while a batch of before the rebalance was still being written
        930,  # an epoch that the owner does not know any more
    ],
)
async def test_a_story_that_once_ended_badly_ends_well(seed: int) -> None:
    code, said = await stories(str(seed), "--seeds", "1")
    assert code == 0, said


@pytest.mark.faults
@pytest.mark.timeout(7200)
async def test_ten_thousand_stories_end_well() -> None:
    await tell(1_000, 10_000)


async def test_a_seed_tells_the_same_story_every_time() -> None:
    first, second = await asyncio.gather(stories("17"), stories("17"))
    assert first == second
    assert len(first[1].splitlines()) > 50


@pytest.mark.ci
@pytest.mark.slow
@pytest.mark.parametrize("guard", WEAKNESSES)
async def test_a_guard_that_is_missing_is_noticed(guard: str) -> None:
    code, said = await stories("0", "--seeds", "400", "--first", "--without", guard)
    assert code == 1, said
