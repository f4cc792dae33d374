"""A wire between a service and PostgreSQL that is cut at the worst moment: around a COMMIT."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Literal

from sqlalchemy import make_url

__all__ = ["Wire", "wire_to"]

When = Literal["before", "after"]

_COMMIT = b"COMMIT;"
"""As asyncpg sends it. A transaction can begin with READ COMMITTED, which ends nothing."""


class Wire:
    """Passes everything on, until it is told to cut: then the next COMMIT gets no answer.

    `before`: it never reached the server. `after`: the server has committed, and its answer is
    lost. Connections that are made afterwards are whole.
    """

    def __init__(self, url: str) -> None:
        self.server = make_url(url)
        self.cuts = 0
        self._when: When | None = None
        self._whole: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def cut(self, when: When) -> None:
        self._when = when

    def lose_servers(self) -> None:
        """Connections to the server are gone, and the near ends are not told before they speak."""
        for answers, to_server in self._whole.items():
            answers.cancel()
            to_server.transport.abort()

    async def serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection(self.server.host, self.server.port)
        answers = asyncio.create_task(_pass_on(server, to_client))
        self._whole[answers] = to_server
        try:
            while data := await client.read(65_536):
                when = self._when if _COMMIT in data else None
                if when is not None:
                    self._when = None
                    self.cuts += 1
                    answers.cancel()
                    if when == "after":
                        await asyncio.wait({answers})
                        to_server.write(data)
                        await server.read(65_536)  # it has answered, so it has committed
                    return
                to_server.write(data)
                await to_server.drain()
        except ConnectionError:
            pass
        finally:
            del self._whole[answers]
            answers.cancel()
            for end in (to_server, to_client):
                end.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def wire_to(url: str) -> AsyncIterator[tuple[Wire, str]]:
    """The wire, and the address of the same database at its near end."""
    wire = Wire(url)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    near = wire.server.set(host="127.0.0.1", port=port)
    try:
        yield wire, near.render_as_string(hide_password=False)
    finally:
        server.close()
