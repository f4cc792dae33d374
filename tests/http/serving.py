"""A service's own application on a port of this machine, for clients that are programs."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from shared.security import Role
from tests.support.office import built

_LONG = 3 * 365 * 86_400  # the clock of tests stands still in the past


@dataclass(frozen=True, slots=True)
class Served:
    """Where a service answers, and the token of one who may everything."""

    url: str
    token: str


@contextlib.contextmanager
def serving(name: str, folder: Path, *, database_url: str) -> Iterator[Served]:
    """The service as production wires it, in a loop of its own; nothing of it runs but HTTP."""
    service = built(name, folder, database_url=database_url)
    token = service.tokens.issue(subject="lan", roles=list(Role), units=["*"], seconds=_LONG)
    config = uvicorn.Config(service.app, lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))

    async def run() -> None:
        await server.serve(sockets=[listening])
        await service.database.close()

    thread = threading.Thread(target=asyncio.run, args=(run(),), name=f"serving-{name}")
    thread.start()
    try:
        port = listening.getsockname()[1]  # who connects before it serves is kept waiting
        yield Served(f"http://127.0.0.1:{port}", token)
    finally:
        server.should_exit = True
        thread.join()
