"""Forked services are processes of their own, and are gone with who forked them."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from services.program.forker import Forker
from shared.embedded import Command

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")

MODULE = """
import os, random, subprocess, sys, time
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(sys.argv[1:], os.environ["OWN"], "json" in sys.modules, grandchild.pid, random.random())
sys.stdout.flush()
if __name__ == "__main__" and sys.argv[1] == "stay":
    time.sleep(600)
sys.exit(int(sys.argv[2]))
"""


class Nursery:
    def __init__(self, folder: Path) -> None:
        (folder / "sleeper_of_a_test.py").write_text(MODULE)
        self.folder = folder
        self.env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
        self.forker = Forker(
            Command(name="forker", arguments=[], log=folder / "forker.log", env=self.env),
            preloaded=["json"],
        )

    def command(self, name: str, *arguments: str) -> Command:
        return Command(
            name=name,
            arguments=["sleeper_of_a_test", *arguments],
            log=self.folder / f"{name}.log",
            env={**self.env, "OWN": name},
        )

    async def said(self, name: str) -> list[str]:
        log = self.folder / f"{name}.log"
        for _ in range(500):
            if log.exists() and log.read_text().endswith("\n"):
                return log.read_text().rsplit(maxsplit=4)
            await asyncio.sleep(0.02)
        pytest.fail(f"{name} said nothing within 10 s")


@pytest.fixture
async def nursery(tmp_path: Path) -> AsyncIterator[Nursery]:
    nursery = Nursery(tmp_path)
    yield nursery
    await nursery.forker.stop()


async def gone(pid: int) -> None:
    until = time.monotonic() + 5
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until, f"process {pid} still runs after 5 s"
        await asyncio.sleep(0.02)


async def test_a_forked_module_runs_as_if_it_had_been_started(nursery: Nursery) -> None:
    one = await nursery.forker.fork(nursery.command("one", "end", "3"))
    two = await nursery.forker.fork(nursery.command("two", "end", "0"))
    assert (await one.ended, await two.ended) == (3, 0)
    arguments, own, preloaded, _, number = await nursery.said("one")
    assert (arguments, own, preloaded) == ("['end', '3']", "one", "True")
    assert (await nursery.said("two"))[1] == "two"
    assert (await nursery.said("two"))[4] != number, "they do not share their randomness"


async def test_a_forked_child_is_stopped_with_its_own_children(nursery: Nursery) -> None:
    child = await nursery.forker.fork(nursery.command("one", "stay"))
    grandchild = int((await nursery.said("one"))[3])
    assert os.getpgid(child.pid) == child.pid
    assert await child.stop(within=5) == -signal.SIGTERM
    await gone(grandchild)


async def test_who_forks_may_be_killed_and_the_next_fork_works(nursery: Nursery) -> None:
    child = await nursery.forker.fork(nursery.command("one", "stay"))
    grandchild = int((await nursery.said("one"))[3])
    os.kill(psutil.Process(child.pid).ppid(), signal.SIGKILL)
    assert await asyncio.wait_for(child.ended, 5) == -signal.SIGKILL
    await gone(child.pid)
    await gone(grandchild)
    again = await nursery.forker.fork(nursery.command("two", "end", "7"))
    assert await again.ended == 7
