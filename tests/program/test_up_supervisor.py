"""What dies is started again, what is stopped stays down, and the console hears of it."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from services.program import supervisor
from services.program.supervisor import Part
from shared.embedded import Child, Command, StartFailed

FOREVER = "import time; time.sleep(600)"


def sleeper(log: Path, code: str = FOREVER) -> Command:
    return Command(name="visits", arguments=[sys.executable, "-c", code], log=log)


async def until(true: Callable[[], bool], what: str) -> None:
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"after 10 s not: {what}")


async def test_a_part_that_was_killed_runs_again_and_the_console_hears_of_it(
    tmp_path: Path,
) -> None:
    told: list[str] = []
    part = Part("visits", lambda: Child.start(sleeper(tmp_path / "log")), tell=told.append)
    await part.start()
    assert part.child is not None
    first = part.child.pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: part.child is not None and part.child.pid != first, "another process")
    assert part.ends == 1
    assert "visits ended (killed by SIGKILL)" in told[0]
    assert str(tmp_path / "log") in told[0]
    child = part.child
    await part.stop(within=5)
    assert child.ended.done()
    assert part.child is child


async def test_a_part_that_keeps_dying_is_given_ever_longer_pauses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "PAUSES_SECONDS", (0.0, 0.01, 600.0))
    told: list[str] = []
    command = sleeper(tmp_path / "log", "raise SystemExit(3)")
    part = Part("visits", lambda: Child.start(command), tell=told.append)
    await part.start()
    await until(lambda: part.ends == 3, "three ends")
    assert [said.partition(" in ")[2].partition(";")[0] for said in told] == [
        "0 s",
        "0.01 s",
        "600 s",
    ]
    assert all("exit 3" in said for said in told)
    await part.stop(within=1)


async def test_a_server_that_refuses_to_come_back_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "PAUSES_SECONDS", (0.0,))
    command = sleeper(tmp_path / "log")
    first = await Child.start(command)
    refusals = iter([StartFailed(first, "is not ready"), OSError("no memory"), None])

    async def start() -> Child:
        if (refusal := next(refusals)) is not None:
            raise refusal
        return await Child.start(command)

    told: list[str] = []
    part = Part("Kafka", start, tell=told.append)
    await part.start(first)
    first.kill()
    await until(lambda: part.child is not first, "a second process")
    assert len([said for said in told if "did not come back" in said]) == 2
    await part.stop(within=1)


async def test_a_part_that_is_stopped_is_not_started_again(tmp_path: Path) -> None:
    starts: list[Child] = []

    async def start() -> Child:
        starts.append(await Child.start(sleeper(tmp_path / "log")))
        return starts[-1]

    part = Part("visits", start, tell=lambda said: pytest.fail(said))
    await part.start()
    await part.stop(within=5)
    await asyncio.sleep(0.5)
    assert len(starts) == 1
    assert starts[0].ended.result() == -signal.SIGTERM
