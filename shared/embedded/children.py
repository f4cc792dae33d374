"""Child processes that cannot outlive this one, not even after its `kill -9`."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LAUNCH = Path(__file__).with_name("launch.py")
KEPT_LOG_BYTES = 20_000_000
INSIST_SECONDS = 8.0

LIVING: "set[Child]" = set()
"""Every child of this process that runs now."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """A system account that a child changes to."""

    uid: int
    gid: int


@dataclass(frozen=True, kw_only=True)
class Command:
    """What to run, and how it ends when its parent is killed.

    `inherit`: descriptors it holds open (the lock of the data folder, so that the folder counts as
    in use until the last child is gone). `orphaned`: the signal it gets when its parent dies.
    `guardian`: its own children are to end with it, too (elsewhere than on Linux always so).
    """

    name: str
    arguments: Sequence[str]
    log: Path
    env: Mapping[str, str] | None = None
    folder: Path | None = None
    account: Account | None = None
    inherit: Sequence[int] = ()
    orphaned: signal.Signals = signal.SIGKILL
    stdin: bytes | None = None
    guardian: bool = field(default=sys.platform != "linux")


class Child:
    """A running process, leader of its own group.

    `ended` resolves to its exit code (negative: the signal that ended it).
    """

    def __init__(
        self, command: Command, *, pid: int, began_at: int, ended: "asyncio.Future[int]"
    ) -> None:
        self.command = command
        self.pid = pid
        self.ended = ended
        self._began_at = began_at  # in its log

    @classmethod
    async def start(cls, command: Command) -> "Child":
        """Start it; returns when the process exists.

        Raises OSError when it cannot be started.
        """
        loop = asyncio.get_running_loop()
        started: asyncio.Future[Child] = loop.create_future()
        # One thread forks the child and waits for it: the kernel's "parent died" is about the
        # forking thread, so that thread has to live exactly as long as the child.
        name = f"child-{command.name}"
        arguments = (command, loop, started)
        threading.Thread(target=_fork_and_wait, args=arguments, name=name, daemon=True).start()
        try:
            return await asyncio.shield(started)
        except asyncio.CancelledError:
            child = await started  # milliseconds; then nobody but us knows of it
            await child.end_now()
            raise

    def note_start(self) -> None:
        """It runs; said by who started it."""
        LIVING.add(self)

    def note_end(self, code: int) -> None:
        """It has ended and was reaped; said by who started it."""
        LIVING.discard(self)
        if not self.ended.done():
            self.ended.set_result(code)

    def send(self, how: signal.Signals) -> None:
        """Send it to the process itself; nothing happens when it has ended."""
        if not self.ended.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, how)

    def kill(self) -> None:
        """End it and its whole group at once, as its parent's death would."""
        if not self.ended.done():
            signal_group(self.pid, self.command.orphaned)

    async def end_now(self) -> int:
        """Kill it and wait until it is gone."""
        self.kill()
        try:
            return await asyncio.wait_for(asyncio.shield(self.ended), INSIST_SECONDS)
        except TimeoutError:
            signal_group(self.pid, signal.SIGKILL)
            return await asyncio.shield(self.ended)

    async def stop(self, how: signal.Signals = signal.SIGTERM, *, within: float) -> int:
        """Ask it to end, insist after `within` seconds; returns its exit code."""
        self.send(how)
        try:
            return await asyncio.wait_for(asyncio.shield(self.ended), within)
        except TimeoutError:
            return await self.end_now()

    def tail(self, *, lines: int = 15) -> str:
        """The last lines that it has logged since it started."""
        with self.command.log.open("rb") as log:
            log.seek(max(self._began_at, self.command.log.stat().st_size - 65_536))
            text = log.read().decode(errors="replace")
        return "\n".join(text.rstrip().splitlines()[-lines:])


def signal_group(leader: int, how: int) -> None:
    """To every process of the group; nothing happens where it has none any more."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, how)


def open_log(path: Path) -> int:
    """A descriptor that appends to the log; one that has grown large is put aside first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > KEPT_LOG_BYTES:
        path.replace(path.with_suffix(path.suffix + ".1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def _fork_and_wait(
    command: Command,
    loop: asyncio.AbstractEventLoop,
    started: "asyncio.Future[Child]",
) -> None:
    """The life of the thread behind one child."""
    pipe, write_end = os.pipe() if command.guardian else (-1, -1)
    log = open_log(command.log)
    try:
        began_at = os.fstat(log).st_size
        process = _fork(command, log=log, pipe=pipe)
    except OSError as error:
        loop.call_soon_threadsafe(started.set_exception, error)
        return
    finally:
        os.close(log)
        if pipe >= 0:
            os.close(pipe)
    child = Child(command, pid=process.pid, began_at=began_at, ended=loop.create_future())

    def born() -> None:
        child.note_start()
        started.set_result(child)

    loop.call_soon_threadsafe(born)
    code = process.wait()
    signal_group(process.pid, signal.SIGKILL)  # what it left behind in its group
    if write_end >= 0:
        os.close(write_end)
    with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
        loop.call_soon_threadsafe(child.note_end, code)


def _fork(command: Command, *, log: int, pipe: int) -> "subprocess.Popen[bytes]":
    account = f"{command.account.uid}:{command.account.gid}" if command.account else "-"
    launch = [sys.executable, "-I", "-S", str(LAUNCH)]
    arguments = [str(os.getpid()), str(int(command.orphaned)), account, str(pipe)]
    process = subprocess.Popen(
        [*launch, *arguments, *command.arguments],
        stdin=subprocess.DEVNULL if command.stdin is None else subprocess.PIPE,
        stdout=log,
        stderr=log,
        env=command.env,
        cwd=command.folder,
        pass_fds=[*command.inherit, *([pipe] if pipe >= 0 else [])],
        start_new_session=True,  # Ctrl-C in a terminal is for the parent alone
    )
    if command.stdin is not None and process.stdin is not None:
        with process.stdin as stdin:
            stdin.write(command.stdin)
    return process


def kill_all() -> None:
    """End every child at once: somebody is tired of waiting."""
    for child in list(LIVING):
        child.kill()


class CannotStart(RuntimeError):
    """This machine lacks what a server needs; the text says what to do."""


class StartFailed(RuntimeError):
    """A server of ours did not come up; the text holds the end of its log and where the rest is."""

    def __init__(self, child: Child, what: str) -> None:
        log = child.tail() or "(it logged nothing)"
        super().__init__(f"{child.command.name} {what}. {child.command.log} ends with:\n{log}")
        self.child = child


async def run_to_end(command: Command, *, within: float = 120.0) -> Child:
    """Run it and wait for its end; raises StartFailed unless it ended well and in time."""
    return await ended_well(await Child.start(command), within=within)


async def ended_well(child: Child, *, within: float = 120.0) -> Child:
    """Wait for its end; raises StartFailed unless it ends well and in time."""
    try:
        code = await asyncio.wait_for(asyncio.shield(child.ended), within)
    except TimeoutError:
        raise StartFailed(child, f"was not done after {within:.0f} s") from None
    finally:
        await child.end_now()
    if code != 0:
        raise StartFailed(child, f"ended with {code}")
    return child
