"""Commands over HTTP at a steady pace, by connections that stay open; costs little itself.

Open loop: a command is due at its time whether the one before it is answered or not, and its
latency counts from then. So a service that falls behind cannot hide it.
"""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Answered", "commands"]

_CONNECTIONS = 32


class Answered(NamedTuple):
    """When a command was due, and the id of what it made."""

    due: float
    id: str


async def commands(
    port: int,
    path: str,
    body: Callable[[int], dict[str, Any]],
    *,
    count: int,
    per_second: float,
    token: str = "",
) -> list[Answered]:
    """POST so many, at this pace. Raises RuntimeError where one is not answered with 201."""
    free: asyncio.Queue[_Connection] = asyncio.Queue()
    for _ in range(_CONNECTIONS):
        free.put_nowait(_Connection(*await asyncio.open_connection("127.0.0.1", port)))
    began = time.perf_counter() + 0.1
    answered: list[Answered] = []

    async def one(number: int, due: float) -> None:
        await asyncio.sleep(due - time.perf_counter())
        connection = await free.get()
        answer = await connection.post(path, body(number), token)
        free.put_nowait(connection)
        answered.append(Answered(due, answer["id"]))

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(one(number, began + number / per_second))
    while not free.empty():
        free.get_nowait().writer.close()
    return answered


class _Connection(NamedTuple):
    """One that is kept open; HTTP/1.1 as far as it is needed here."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def post(self, path: str, body: dict[str, Any], token: str) -> dict[str, Any]:
        content = json.dumps(body).encode()
        self.writer.write(
            f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode()
            + content
        )
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        said = await self.reader.readexactly(length)
        if b" 201 " not in head.partition(b"\r\n")[0]:
            raise RuntimeError(f"not created: {said[:300]!r}")
        made: dict[str, Any] = json.loads(said)
        return made
