"""`rapport import`: every row of a spreadsheet through the service's own API, with a verdict."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.progress import Progress

from services.program.client import Client, Refused
from services.program.output import stderr
from services.program.registers import REGISTERS, CellUnreadable, Register, body_of
from services.program.spreadsheets import Row, read_rows

__all__ = ["Verdict", "import_file"]

_AT_ONCE = 16
_CHUNK = 512
_LAG_SECONDS = 20.0
"""How long a row waits for a partner that was imported just before and is on its way."""
_ON_ITS_WAY = ("partner-unknown", "agreement-unknown", "programme-unknown")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one row."""

    row: int
    ref: str
    outcome: str
    """created, changed, unchanged or refused."""
    field: str = ""
    why: str = ""
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        given = {"row": self.row, "ref": self.ref, "outcome": self.outcome}
        if self.why:
            given |= {"field": self.field, "why": self.why}
        return given | ({"warnings": list(self.warnings)} if self.warnings else {})


async def import_file(client: Client, kind: str, path: Path) -> list[Verdict]:
    """Import a file; good rows are kept whatever becomes of the others. In the order of rows.

    Raises SheetUnreadable if the file as a whole cannot be read, Unreachable.
    """
    register = REGISTERS[kind]
    gate = asyncio.Semaphore(_AT_ONCE)
    turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)  # rows of one ref in order

    async def one(row: Row) -> Verdict:
        async with turns[row.cells.get("ref", "")], gate:
            return await _import_row(client, register, row)

    verdicts: list[Verdict] = []
    rows = list(read_rows(path))
    with Progress(console=stderr, transient=True) as progress:
        task = progress.add_task(f"{kind} from {path.name}", total=len(rows))
        for chunk in _chunks(rows):
            verdicts += await asyncio.gather(*(one(row) for row in chunk))
            progress.update(task, completed=len(verdicts))
    return verdicts


def summary(verdicts: Iterable[Verdict]) -> Counter[str]:
    """How many rows had which outcome."""
    return Counter(verdict.outcome for verdict in verdicts)


async def _import_row(client: Client, register: Register, row: Row) -> Verdict:
    ref = row.cells.get("ref", "")
    if not ref:
        return Verdict(row.number, "", "refused", "ref", "every row needs the office's own id")
    try:
        body = body_of(register, row.cells)
        answer = await _put(client, f"/{register.path}/{quote(ref, safe='')}", body)
    except CellUnreadable as error:
        return Verdict(row.number, ref, "refused", error.column, error.expected)
    except Refused as error:
        field = str(error.field or "").removeprefix("body.")
        return Verdict(row.number, ref, "refused", field, f"{error.code}: {error.detail}")
    warnings = tuple(answer.get("warnings", ()))
    return Verdict(row.number, ref, str(answer["outcome"]), warnings=warnings)


async def _put(client: Client, path: str, body: Any) -> dict[str, Any]:
    """Put a record; a reference to something that may still be on its way is tried again."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _LAG_SECONDS
    while True:
        try:
            return await client.put(path, body)
        except Refused as error:
            arriving = error.code in _ON_ITS_WAY and await _arriving(client, path)
            if not arriving or loop.time() > deadline:
                raise
        await asyncio.sleep(0.3)


async def _arriving(client: Client, path: str) -> bool:
    """True while the service of that path has facts of others to read."""
    service = path.split("/")[1]
    status = await client.get(f"/{service}/status")
    return any(consumer.get("lag") for consumer in status["consumers"])


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk
