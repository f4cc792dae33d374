"""`rapport up`: PostgreSQL, Kafka, topics, databases, services and one address, until stopped."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from services.program.gateway import serving
from services.program.logfile import logging_to
from services.program.output import Exit, console, stderr
from services.program.places import run_file
from services.program.supervisor import Part
from services.program.tree import ProcessTree, Refused, UpOptions, UpSettings, write_private
from shared.embedded import Addresses, CannotStart, DataInUse, DataLock, StartFailed, kill_all

__all__ = ["Refused", "Running", "UpOptions", "main", "running", "show", "until_stopped", "up"]

_log = logging.getLogger("rapport.program")

_REFUSALS = (DataInUse, Refused, CannotStart, StartFailed, FileNotFoundError, PermissionError)
"""What ends a start with a text for a person, and no traceback."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """The program while it runs. `token` may do everything, in every unit."""

    url: str
    token: str
    addresses: Addresses
    data: Path
    logs: Path
    parts: Mapping[str, Part]
    seconds: float


@contextlib.asynccontextmanager
async def running(options: UpOptions, *, console: Console = stderr) -> AsyncIterator[Running]:
    """Everything is up and ready inside the block, and stopped in order after it.

    Raises DataInUse, Refused, CannotStart, StartFailed; nothing is left running then.
    """
    began = time.monotonic()
    settings = UpSettings.read()
    data = options.data.resolve()
    async with contextlib.AsyncExitStack() as stack:
        lock = await stack.enter_async_context(DataLock(data))
        listener = stack.enter_context(listen(options.host, options.port))
        run_file(data).unlink(missing_ok=True)  # of a run that was killed
        stack.enter_context(logging_to(data / "logs" / "program.log"))
        tree = ProcessTree(
            options=options,
            settings=settings,
            data=data,
            lock=lock.descriptor,
            console=console,
            url=f"http://{options.host}:{listener.getsockname()[1]}",
        )
        stack.push_async_callback(tree.stop_servers)
        addresses = await tree.start_servers()
        _log.info("servers-answer", extra={"seconds": _since(began)})
        await tree.prepare(addresses)
        _log.info("prepared", extra={"seconds": _since(began)})
        await stack.enter_async_context(serving(listener, lambda: tree.ports))
        stack.push_async_callback(tree.stop_services)
        await tree.start_services(addresses)
        await tree.wait_until_ready()
        _log.info("ready", extra={"seconds": _since(began)})
        run = Running(
            url=tree.url,
            token=tree.token(),
            addresses=addresses,
            data=data,
            logs=data / "logs",
            parts=tree.parts,
            seconds=_since(began),
        )
        settings_of = {name: tree.settings_of(name, addresses) for name in tree.names}
        stack.enter_context(_run_file(run, settings_of))
        yield run


def _since(began: float) -> float:
    return round(time.monotonic() - began, 2)


@contextlib.contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """A listening socket, taken before anything else is done; Refused if the port is taken."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(1024)
        except OSError as error:
            raise Refused(
                f"Port {port} of {host} cannot be used ({error.strerror}): another program has it. "
                f"Choose another, as in `rapport up --port {port + 1}`; 0 takes any that is free."
            ) from error
        yield listener


@contextlib.contextmanager
def _run_file(run: Running, settings: Mapping[str, Mapping[str, str]]) -> Iterator[None]:
    """`DATA/run.json`, for the commands that speak to this run, or work beside a service of it
    with its settings; for its owner's eyes only, and gone when it stops."""
    path = run_file(run.data)
    known = {"url": run.url, "token": run.token, "kafka_servers": run.addresses.kafka_servers}
    write_private(path, {**known, "pid": os.getpid(), "settings": settings})
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


async def up(options: UpOptions) -> None:
    """Run everything until cancelled. Raises what `running` raises."""
    async with running(options) as run:
        show(run)
        await asyncio.Event().wait()


def show(run: Running) -> None:
    """Where it is and how to get in."""
    console.print(f"[bold green]Rapport is ready[/] ({run.seconds:.1f} s). Ctrl-C stops it.")
    for name, value in (
        ("address", f"{run.url}/"),
        ("token", run.token),
        ("data", str(run.data)),
        ("logs", str(run.logs)),
    ):
        console.print(f"  {name:<9}{value}", soft_wrap=True, markup=False, highlight=False)


def main(*, data: Path, port: int) -> int:
    """`rapport up`, from a command line; the exit code."""
    return until_stopped(up(UpOptions(data=data, port=port)))


def until_stopped(work: Coroutine[Any, Any, int | None], *, when_stopped: int = 0) -> int:
    """Run `work` to its end, or to the first Ctrl-C or SIGTERM, which stops everything in order.

    A second one ends everything at once. The exit code: what `work` returns (None is 0), 2 for a
    refusal to start, which is printed, `when_stopped` after a signal.
    """
    return asyncio.run(_until_stopped(work, when_stopped))


async def _until_stopped(work: Coroutine[Any, Any, int | None], when_stopped: int) -> int:
    task = asyncio.ensure_future(work)
    received: list[signal.Signals] = []

    def on_signal(how: signal.Signals) -> None:
        received.append(how)
        if len(received) == 1:
            stderr.print("\nStopping (again: at once) ...")
            task.cancel()
        elif len(received) == 2:
            kill_all()
        else:
            os._exit(130)

    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(how, on_signal, how)
    try:
        return await task or 0
    except asyncio.CancelledError:
        if not received:
            raise
        return when_stopped
    except _REFUSALS as refusal:
        text = escape(str(refusal))
        stderr.print(f"[bold red]rapport:[/] {text}", highlight=False, soft_wrap=True)
        return Exit.USAGE
