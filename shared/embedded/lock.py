"""The lock of a data folder: one start at a time, for as long as any process of it lives."""

import asyncio
import fcntl
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self


class DataInUse(RuntimeError):
    """Another start holds the data folder."""


class DataLock:
    """`async with DataLock(folder)`: the folder is ours, or DataInUse says whose it is.

    It is a `flock` on an open file that every child inherits (`descriptor`), so it is held until
    the last of them has ended: who gets it knows that no server of an earlier start still writes,
    not even one that was killed a moment ago.
    """

    def __init__(self, folder: Path, *, patience_seconds: float = 10.0) -> None:
        self.folder = folder
        self.patience_seconds = patience_seconds
        self.descriptor = -1

    async def __aenter__(self) -> Self:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            await self._take(descriptor)
        except BaseException:  # cancelled by Ctrl-C, too
            os.close(descriptor)
            raise
        self.descriptor = descriptor
        return self

    async def _take(self, descriptor: int) -> None:
        until = time.monotonic() + self.patience_seconds
        while not _taken(descriptor):
            holder = os.pread(descriptor, 200, 0).decode().strip()
            if _alive(holder) or time.monotonic() > until:
                raise DataInUse(_refusal(self.folder, holder))
            await asyncio.sleep(0.05)  # its children are on their way out
        os.ftruncate(descriptor, 0)
        holder = f"{os.getpid()} since {datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z"
        os.pwrite(descriptor, holder.encode(), 0)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self.descriptor)
        self.descriptor = -1


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _alive(holder: str) -> bool:
    pid = holder.partition(" ")[0]
    if not pid.isdigit():
        return False  # it is just about to write its name, or has none
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _refusal(folder: Path, holder: str) -> str:
    pid, _, since = holder.partition(" ")
    if not _alive(holder):
        return (
            f"{folder} is in use by what process {pid or '(unknown)'} left behind when it was "
            "killed. Wait a moment and start again, or use another folder (--data)."
        )
    return (
        f"{folder} is in use by process {pid}, {since}. Stop that one first (Ctrl-C, or "
        f"`kill {pid}`), or use another folder (--data)."
    )
