"""A process that has imported once what every service imports, and forks them from there.

A service imports for seconds; five of them would make a start wait. Forked, each is a process of
its own as `python -m services.<name>` would be (environment, log, group, guardian), started in
milliseconds, and its memory is shared until it writes. This is the forking process; `Forker` is
its other end, in the program.
"""

import asyncio
import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shared.embedded import Child, Command
from shared.embedded.children import open_log, signal_group
from shared.embedded.launch import bind

PRELOADED = ("shared.commands", "faststream.kafka", "alembic.command", "uvloop", "yaml")
PR_SET_NAME = 15  # what `ps -o comm`, `top` and `pgrep` show: they would all be `python`
MESSAGE_BYTES = 262_144


class Forker:
    """Starts modules as children; as children are, they are gone when we are."""

    def __init__(self, command: Command, *, preloaded: Sequence[str] = PRELOADED) -> None:
        """`command`: its name, log, environment and descriptors; the arguments are put here."""
        self._command = command
        self._preloaded = preloaded
        self._process: Child | None = None
        self._socket: socket.socket | None = None
        self._orders: deque[tuple[Command, int, asyncio.Future[Child]]] = deque()
        self._children: dict[int, Child] = {}
        self._starting = asyncio.Lock()
        self._pipe = os.pipe()  # guardians read it; only we hold the end that is written

    async def fork(self, command: Command) -> Child:
        """Run `arguments` (a module and its own arguments) as a child.

        Raises OSError if the forking process is gone; the next call starts it anew.
        """
        async with self._starting:
            if self._process is None or self._process.ended.done():
                await self._start()
        log = open_log(command.log)
        began_at = os.fstat(log).st_size
        os.close(log)
        order = {
            "arguments": list(command.arguments),
            "env": dict(command.env or os.environ),
            "log": str(command.log),
            "name": command.name,
        }
        started: asyncio.Future[Child] = asyncio.get_running_loop().create_future()
        if self._socket is None:
            raise OSError("the forking process is gone")
        self._orders.append((command, began_at, started))
        self._socket.send(json.dumps(order).encode())
        try:
            return await asyncio.shield(started)
        except asyncio.CancelledError:
            await (await started).end_now()
            raise

    async def start(self) -> None:
        """Begin to import, so that the first fork need not wait for it."""
        async with self._starting:
            if self._process is None:
                await self._start()

    async def stop(self) -> None:
        """End the forking process; whatever it forked has to have ended before."""
        if self._process is not None:
            await self._process.end_now()
        self._forget()
        for end in self._pipe:
            os.close(end)

    async def _start(self) -> None:
        self._forget()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        read_end = self._pipe[0]
        arguments = [str(theirs.fileno()), str(read_end), *self._preloaded]
        with theirs:
            self._process = await Child.start(
                Command(
                    name=self._command.name,
                    arguments=[sys.executable, "-P", "-m", __name__, *arguments],
                    log=self._command.log,
                    env=self._command.env,
                    inherit=[*self._command.inherit, theirs.fileno(), read_end],
                )
            )
        ours.setblocking(False)
        self._socket = ours
        asyncio.get_running_loop().add_reader(ours, self._hear)

    def _hear(self) -> None:
        if self._socket is None:
            return
        try:
            text = self._socket.recv(MESSAGE_BYTES)
        except OSError:
            text = b""
        if not text:
            self._forget()
            return
        said: dict[str, Any] = json.loads(text)
        if "started" in said:
            command, began_at, started = self._orders.popleft()
            ended = asyncio.get_running_loop().create_future()
            child = Child(command, pid=said["started"], began_at=began_at, ended=ended)
            child.note_start()
            self._children[child.pid] = child
            started.set_result(child)
        elif (gone := self._children.pop(said["ended"], None)) is not None:
            signal_group(gone.pid, signal.SIGKILL)  # what it left behind in its group
            gone.note_end(said["code"])

    def _forget(self) -> None:
        """The forking process is gone, and with it all that it forked."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        for child in list(self._children.values()):
            signal_group(child.pid, signal.SIGKILL)
            child.note_end(-signal.SIGKILL)
        self._children.clear()
        while self._orders:
            _, _, started = self._orders.popleft()
            started.set_exception(OSError("the forking process is gone"))


def forking(orders: socket.socket, pipe: int) -> None:
    """The other process: read orders, fork, say who ended, until the program closes its end."""
    wake, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        readable, _, _ = select.select([orders.fileno(), wake], [], [])
        if wake in readable:
            os.read(wake, 4096)
            _say_who_ended(orders)
        if orders.fileno() in readable:
            text = orders.recv(MESSAGE_BYTES)
            if not text:
                return
            parent = os.getpid()
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for descriptor in (orders.detach(), wake, wakes):
                    os.close(descriptor)
                _become(json.loads(text), parent=parent, pipe=pipe)
            with contextlib.suppress(OSError):  # it does so itself; whoever is first
                os.setpgid(pid, pid)
            orders.send(json.dumps({"started": pid}).encode())


def _say_who_ended(orders: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        code = os.waitstatus_to_exitcode(status)
        orders.send(json.dumps({"ended": pid, "code": code}).encode())


def _become(order: dict[str, Any], *, parent: int, pipe: int) -> None:
    """In the forked process: what the launcher and the interpreter would have done; then run."""
    os.setpgid(0, 0)
    log = open_log(Path(order["log"]))
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.close(log)
    os.environ.clear()
    os.environ.update(order["env"])
    bind(parent=parent, how=signal.SIGKILL, pipe=pipe)
    ctypes.CDLL(None).prctl(PR_SET_NAME, order["name"].encode(), 0, 0, 0)
    module, *arguments = order["arguments"]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    sys.exit(0)


def main() -> None:
    orders, pipe = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    for name in sys.argv[3:]:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a collection in a child shall not touch, and so copy, what all share
    forking(orders, pipe)


if __name__ == "__main__":
    main()
