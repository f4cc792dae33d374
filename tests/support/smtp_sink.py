"""An SMTP server in a process of its own, which does as it is told and remembers what it took.

    python -m tests.support.smtp_sink LEDGER SEED

It writes its port to stdout. Each connection gets a way to behave, drawn by weight from those that
were last set with `XMODES accept=3 reset=1` (a command of its own):

    accept  takes the mail and says so          later   refuses the recipient for now
    reset   takes it, resets the connection     no      refuses the recipient for good
    hang    takes it, never answers             wait    does not answer the recipient till `XGO`
    odd     takes it, answers what no server    early   resets instead of asking for the data
            may                                 cut     resets in the midst of the data

Recipients of `refused.example` are always refused for good. The ledger has one line of JSON for
every mail that came complete, on disk before anything is answered.
"""

import asyncio
import base64
import contextlib
import json
import os
import random
import socket
import struct
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Server:
    """The server's side."""

    def __init__(self, ledger: Path, seed: int) -> None:
        self._ledger = ledger
        self._chance = random.Random(seed)
        self._modes = {"accept": 1}
        self._go = asyncio.Event()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._talk(reader, writer)
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mode = self._chance.choices([*self._modes], [*self._modes.values()])[0]
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            if verb == "DATA":
                if not await self._data(mode, reader, writer):
                    return
            else:
                answer = await self._answer(mode, verb, rest)
                writer.write(f"{answer}\r\n".encode())

    async def _answer(self, mode: str, verb: str, rest: str) -> str:
        if verb == "XMODES":
            weights = (each.partition("=") for each in rest.split())
            self._modes = {name: int(weight) for name, _, weight in weights}
        elif verb == "XGO":
            self._go.set()
        elif verb == "RCPT" and (mode == "no" or "refused.example" in rest):
            return "550 nobody here"
        elif verb == "RCPT" and mode == "later":
            return "451 come again"
        elif verb == "RCPT" and mode == "wait":
            await self._go.wait()
        return "250 fine"

    async def _data(
        self, mode: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """False: the connection is over."""
        if mode != "early":
            writer.write(b"354 go on\r\n")
            if mode == "cut":
                await reader.readline()
            else:
                self._keep(await _until_dot(reader), mode)
        if mode in ("early", "cut", "reset"):
            _reset(writer)
        elif mode == "hang":
            await reader.read()
        else:
            writer.write(b"999 what\r\n" if mode == "odd" else b"250 taken\r\n")
            return True
        return False

    def _keep(self, content: bytes, mode: str) -> None:
        with self._ledger.open("a") as file:
            file.write(json.dumps([mode, base64.b64encode(content).decode()]) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _reset(writer: asyncio.StreamWriter) -> None:
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _until_dot(reader: asyncio.StreamReader) -> bytes:
    lines = []
    while (line := await reader.readline()) != b".\r\n":
        if not line.endswith(b"\n"):
            raise ConnectionError
        lines.append(line.removeprefix(b"."))
    return b"".join(lines)


async def serve(ledger: Path, seed: int) -> None:
    server = await asyncio.start_server(Server(ledger, seed).talk, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


# --- the test's side ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Taken:
    """A mail that came complete."""

    mode: str
    content: bytes

    @property
    def message(self) -> EmailMessage:
        message = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain",))
        assert body is not None
        return " ".join(str(body.get_content()).split())


@dataclass(frozen=True)
class Sink:
    """A running server."""

    port: int
    ledger: Path

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def modes(self, **weights: int) -> None:
        """How connections from now on behave."""
        await self._tell("XMODES " + " ".join(f"{n}={weight}" for n, weight in weights.items()))

    async def go(self) -> None:
        """Answer those that wait."""
        await self._tell("XGO")

    async def _tell(self, command: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        await reader.readline()
        writer.write(f"{command}\r\n".encode())
        assert (await reader.readline()).startswith(b"250")
        writer.close()

    def taken(self) -> list[Taken]:
        return list(self._lines())

    def _lines(self) -> Iterator[Taken]:
        if self.ledger.exists():
            for line in self.ledger.read_text().splitlines():
                mode, content = json.loads(line)
                yield Taken(mode, base64.b64decode(content))

    def ids(self) -> Mapping[str, list[Taken]]:
        """What was taken, by Message-ID."""
        found: dict[str, list[Taken]] = {}
        for each in self._lines():
            found.setdefault(each.message_id, []).append(each)
        return found


@asynccontextmanager
async def sink_in(folder: Path, *, seed: int = 1) -> AsyncIterator[Sink]:
    ledger = folder / "ledger.jsonl"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.support.smtp_sink", str(ledger), str(seed)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield Sink(int(await process.stdout.readline()), ledger)
    finally:
        process.kill()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
