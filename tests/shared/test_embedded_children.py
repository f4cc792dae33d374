"""Children die with their parent, whatever kills it, and not before."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from shared.embedded.children import Child, Command, StartFailed, run_to_end

# A parent whose child has a child of its own, and says both pids in a file.
PARENT = """
import asyncio, sys
from pathlib import Path
from shared.embedded.children import Child, Command

CHILD = (
    "import os, subprocess, sys, time;"
    "grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print(os.getpid(), grandchild.pid, flush=True);"
    "time.sleep(600)"
)

async def main(log, guardian):
    command = Command(
        name="sleeper", arguments=[sys.executable, "-c", CHILD], log=log, guardian=guardian
    )
    await Child.start(command)
    await asyncio.sleep(600)

asyncio.run(main(Path(sys.argv[1]), sys.argv[2] == "guardian"))
"""


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def gone_within(pids: list[int], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while any(alive(pid) for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def said_pids(log: Path) -> list[int]:
    until = time.monotonic() + 60
    while not (log.exists() and log.read_text().endswith("\n")):
        assert time.monotonic() < until, "the child did not say its pids"
        time.sleep(0.02)
    return [int(pid) for pid in log.read_text().split()]


def killed_parent(log: Path, how: str) -> list[int]:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(log), how])
    pids = said_pids(log)
    assert all(alive(pid) for pid in pids)
    parent.kill()
    parent.wait()
    return pids


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own way is Linux's")
def test_a_child_is_gone_when_its_parent_was_killed(tmp_path: Path) -> None:
    child, grandchild = killed_parent(tmp_path / "log", "kernel")
    assert gone_within([child], 5)
    os.kill(grandchild, signal.SIGKILL)  # no server of ours has any; services end theirs


def test_a_guardian_ends_the_children_of_a_child_too(tmp_path: Path) -> None:
    assert gone_within(killed_parent(tmp_path / "log", "guardian"), 5)


async def sleeper(log: Path, code: str = "import time; time.sleep(600)") -> Child:
    return await Child.start(
        Command(name="sleeper", arguments=[sys.executable, "-c", code], log=log)
    )


async def test_a_child_outlives_the_thread_that_asked_for_it(tmp_path: Path) -> None:
    """The kernel counts the end of the forking thread as the parent's death."""
    pids: list[int] = []

    async def ask() -> None:
        pids.append((await sleeper(tmp_path / "log")).pid)

    thread = threading.Thread(target=asyncio.run, args=(ask(),))
    thread.start()
    await asyncio.to_thread(thread.join)
    await asyncio.sleep(0.3)
    assert alive(pids[0])
    os.kill(pids[0], signal.SIGKILL)


async def test_a_child_that_does_not_listen_is_made_to_end(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = await sleeper(
        log,
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('deaf', flush=True); time.sleep(600)",
    )
    while child.tail() != "deaf":  # noqa: ASYNC110 - another process says it
        await asyncio.sleep(0.02)
    assert await child.stop(within=0.2) == -signal.SIGKILL
    assert not alive(child.pid)


async def test_what_a_child_leaves_in_its_group_is_ended_with_it(tmp_path: Path) -> None:
    child = await sleeper(
        tmp_path / "log",
        "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c',"
        "'import time; time.sleep(600)']).pid)",
    )
    assert await child.ended == 0
    assert gone_within([int(child.tail())], 2)


async def test_a_cancelled_start_leaves_no_child(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    for _ in range(5):
        task = asyncio.create_task(sleeper(log, code))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert gone_within([int(pid) for pid in log.read_text().split()], 2)


async def test_a_failed_run_says_what_it_logged_and_where(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("from an earlier run\n")
    command = Command(
        name="broken", arguments=[sys.executable, "-c", "raise SystemExit('no disk')"], log=log
    )
    with pytest.raises(StartFailed) as failure:
        await run_to_end(command)
    assert str(failure.value) == f"broken ended with 1. {log} ends with:\nno disk"
