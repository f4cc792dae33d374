"""Child processes that cannot outlive this one, not even after its `kill -9`."""

import asyncio
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
    """A running process; `ended` resolves to its exit code (negative: the signal that ended it)."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._process: subprocess.Popen[bytes]
        self._began_at = 0
        self._held_open = (
            -1
        )  # the guardian's pipe: closes with this process, or when the child ended

    @classmethod
    async def start(cls, command: Command) -> "Child":
        """Start it; returns when the process exists.

        Raises OSError when it cannot be started.
        """
        child = cls(command)
        started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # One thread forks the child and waits for it: the kernel's "parent died" is about the
        # forking thread, so that thread has to live exactly as long as the child.
        threading.Thread(
            target=child._live, args=(started,), name=f"child-{command.name}", daemon=True
        ).start()
        try:
            await asyncio.shield(started)
        except asyncio.CancelledError:
            await started  # milliseconds; then nobody but us knows of it
            await child.end_now()
            raise
        LIVING.add(child)
        return child

    @property
    def pid(self) -> int:
        return self._process.pid

    def _live(self, started: "asyncio.Future[None]") -> None:
        loop = self.ended.get_loop()
        try:
            self._fork()
        except OSError as error:
            loop.call_soon_threadsafe(started.set_exception, error)
            return
        loop.call_soon_threadsafe(started.set_result, None)
        code = self._process.wait()
        self._signal_group(signal.SIGKILL)  # what it left behind in its group
        if self._held_open >= 0:
            os.close(self._held_open)
        try:
            loop.call_soon_threadsafe(self._note_end, code)
        except RuntimeError:  # the loop was closed: nobody waits any more
            return

    def _note_end(self, code: int) -> None:
        LIVING.discard(self)
        if not self.ended.done():
            self.ended.set_result(code)

    def _fork(self) -> None:
        command = self.command
        command.log.parent.mkdir(parents=True, exist_ok=True)
        if command.log.exists() and command.log.stat().st_size > KEPT_LOG_BYTES:
            command.log.replace(command.log.with_suffix(command.log.suffix + ".1"))
        pipe, write_end = os.pipe() if command.guardian else (-1, -1)
        account = f"{command.account.uid}:{command.account.gid}" if command.account else "-"
        launch = [sys.executable, "-I", "-S", str(LAUNCH)]
        arguments = [str(os.getpid()), str(int(command.orphaned)), account, str(pipe)]
        try:
            with command.log.open("ab") as log:
                self._began_at = log.tell()
                self._process = subprocess.Popen(
                    [*launch, *arguments, *command.arguments],
                    stdin=subprocess.DEVNULL if command.stdin is None else subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    env=command.env,
                    cwd=command.folder,
                    pass_fds=[*command.inherit, *([pipe] if pipe >= 0 else [])],
                    start_new_session=True,  # Ctrl-C in a terminal is for the parent alone
                )
        finally:
            if pipe >= 0:
                os.close(pipe)
                self._held_open = write_end
        if command.stdin is not None and self._process.stdin is not None:
            with self._process.stdin as stdin:
                stdin.write(command.stdin)

    def send(self, how: signal.Signals) -> None:
        """Send it to the process itself; nothing happens when it has ended."""
        self._process.send_signal(how)

    def kill(self) -> None:
        """End it and its whole group at once, as its parent's death would."""
        if self._process.returncode is None:
            self._signal_group(self.command.orphaned)

    async def end_now(self) -> int:
        """Kill it and wait until it is gone."""
        self.kill()
        try:
            return await asyncio.wait_for(asyncio.shield(self.ended), INSIST_SECONDS)
        except TimeoutError:
            self._signal_group(signal.SIGKILL)
            return await asyncio.shield(self.ended)

    def _signal_group(self, how: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, how)
        except (ProcessLookupError, PermissionError):
            return

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


def kill_all() -> None:
    """End every child at once: somebody is tired of waiting."""
    for child in list(LIVING):
        child.kill()


class StartFailed(RuntimeError):
    """A server of ours did not come up; the text holds the end of its log and where the rest is."""

    def __init__(self, child: Child, what: str) -> None:
        log = child.tail() or "(it logged nothing)"
        super().__init__(f"{child.command.name} {what}. {child.command.log} ends with:\n{log}")
        self.child = child


async def run_to_end(command: Command, *, within: float = 120.0) -> Child:
    """Run it and wait for its end; raises StartFailed unless it ended well and in time."""
    child = await Child.start(command)
    try:
        code = await asyncio.wait_for(asyncio.shield(child.ended), within)
    except TimeoutError:
        raise StartFailed(child, f"was not done after {within:.0f} s") from None
    finally:
        await child.end_now()
    if code != 0:
        raise StartFailed(child, f"ended with {code}")
    return child
