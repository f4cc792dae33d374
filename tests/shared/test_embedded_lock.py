"""A data folder has one user at a time, until the last of its processes has ended."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from shared.embedded import Child, Command, DataInUse, DataLock


async def test_a_second_start_on_the_same_folder_is_told_who_holds_it(tmp_path: Path) -> None:
    async with DataLock(tmp_path):
        with pytest.raises(DataInUse) as refusal:
            async with DataLock(tmp_path):
                pytest.fail("two hold one folder")
    said = str(refusal.value)
    assert f"in use by process {os.getpid()}" in said
    assert f"kill {os.getpid()}" in said
    assert "--data" in said
    async with DataLock(tmp_path):
        """It is free again."""


async def sleeping_holder(lock: DataLock, folder: Path, seconds: float) -> Child:
    code = f"import time; time.sleep({seconds})"
    return await Child.start(
        Command(
            name="server",
            arguments=[sys.executable, "-c", code],
            log=folder / "log",
            inherit=[lock.descriptor],
        )
    )


async def test_the_folder_is_in_use_until_the_last_child_has_ended(tmp_path: Path) -> None:
    async with DataLock(tmp_path) as lock:
        child = await sleeping_holder(lock, tmp_path, 600)
    dead = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await dead.wait()
    (tmp_path / "lock").write_text(f"{dead.pid} since then")
    with pytest.raises(DataInUse, match=f"process {dead.pid} left behind"):
        async with DataLock(tmp_path, patience_seconds=0.1):
            pytest.fail("a child still writes")
    taken = asyncio.create_task(taken_once_free(tmp_path))
    await asyncio.sleep(0.1)
    assert not taken.done()
    await child.end_now()
    await taken


async def taken_once_free(folder: Path) -> None:
    async with DataLock(folder):
        """Waited for what was on its way out."""
