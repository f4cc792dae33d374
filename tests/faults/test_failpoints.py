"""Each named place between two durable steps, in each of three ways, on a whole small service."""

import ast
import asyncio
import signal
import time
import traceback
from typing import Final

import pytest

from tests.architecture.tree import python_sources
from tests.faults.driving import Lane, Process, Yard
from tests.faults.provoking import DIGESTS, MATRIX, SCENARIOS, Scenario
from tests.faults.records import note

_ABREAST: Final = 7
"""Trials at a time: they mostly wait, for sessions and leases to end."""


def _failpoints() -> list[str]:
    """The first argument of every call of `failpoint` in the product."""
    found = []
    for path, text in python_sources("shared", "services"):
        for node in ast.walk(ast.parse(text, str(path))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "failpoint":
                name = node.args[0]
                assert isinstance(name, ast.Constant), f"{path}:{node.lineno}: write the name out"
                found.append(str(name.value))
    return sorted(found)


def test_the_matrix_has_every_failpoint_of_the_code_and_each_has_its_own_name() -> None:
    tried = [point for points in MATRIX.values() for point in points] + DIGESTS
    assert _failpoints() == sorted(tried)
    assert MATRIX.keys() == SCENARIOS.keys()


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "mode",
    [
        "die",
        pytest.param("hang", marks=pytest.mark.ci),
        pytest.param("error", marks=pytest.mark.ci),
    ],
)
async def test_at_no_place_is_anything_lost_or_done_twice(yard: Yard, mode: str) -> None:
    began = time.monotonic()
    places = asyncio.Semaphore(_ABREAST)

    async def trial(scenario: Scenario, point: str) -> str:
        async with places, yard.lane() as lane:
            try:
                await one(lane, scenario, point, mode)
            except Exception as failure:  # noqa: BLE001 - any class: the other trials go on
                where = "".join(traceback.format_tb(failure.__traceback__)[-2:])
                return f"{point}={mode}: {failure}\n{where}\n{lane.logs()}"
            return ""

    trials = [(SCENARIOS[name], point) for name, points in MATRIX.items() for point in points]
    failures = [why for why in await asyncio.gather(*(trial(*each) for each in trials)) if why]
    note(
        1,
        f"failpoints: {mode}",
        trials=len(trials),
        failures=len(failures),
        detail="every named place between two durable steps, under load",
        seconds=time.monotonic() - began,
    )
    assert not failures, "\n\n".join(failures)


async def one(lane: Lane, scenario: Scenario, point: str, mode: str) -> None:
    """One process comes to its place; it, or another in its stead, goes on."""
    if scenario.before is not None:
        await scenario.before(lane)

    first = await lane.start(f"{point}={mode}")
    async with lane.load():
        provoking = asyncio.create_task(scenario.provoke(lane, first))
        try:
            await lane.until(
                lambda: f"failpoint {point} {mode}\n" in first.log(), f"{point} was not reached"
            )
            other = await go_on(lane, first, mode=mode, ends=scenario.ends)
            await provoking
            await lane.working(other)
        finally:
            provoking.cancel()
    await lane.sound(discarded=scenario.discarded, cut=scenario.cut)
    if mode == "hang":
        first.taking = not scenario.ends
        first.send(signal.SIGCONT)
        async with lane.load():
            await lane.working(other if scenario.ends else first)
        await lane.sound(discarded=scenario.discarded, cut=scenario.cut)
    if scenario.ends and mode != "die":
        await first.ended()
        assert "service-stopped" in first.log(), "it did not drain"
    elif mode != "die":
        assert first.alive


async def go_on(lane: Lane, first: Process, *, mode: str, ends: bool) -> Process:
    """Another process takes over from one that is dead, hangs or was asked to stop."""
    if mode == "error" and not ends:
        return first
    first.taking = False
    if mode == "die":
        assert await first.ended() == -signal.SIGKILL
    return await lane.start()
