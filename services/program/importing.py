"""`rapport import`: every row of a spreadsheet through the service's own API, with a verdict.

Rows go in slices, two at a time; of two rows that name one record the later one counts. Memory
holds two slices; what became of the rows is in a ledger on disk.
"""

import asyncio
import hashlib
import json
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from rich.progress import Progress

from services.program.client import Client, Refused
from services.program.ledger import Ledger, Told, Verdict
from services.program.output import stderr
from services.program.registers import REGISTERS
from services.program.spreadsheets import Row, Sheet
from shared.sheets.layout import CellUnreadable, Layout

__all__ = ["import_file", "import_sheet"]

_ROWS = 100
_BYTES = 256 * 1024
"""Of one request; the service takes four times as much."""
_LAG_SECONDS = 20.0
"""How long a row waits for a partner that was imported just before and is on its way."""
_ON_ITS_WAY = ("partner-unknown", "agreement-unknown", "programme-unknown")
_SPLIT = (413, 422)
"""Answers about a whole slice that may be due to one row of it."""


async def import_file(client: Client, kind: str, path: Path) -> list[Verdict]:
    """Import a small file; the verdicts, in the order of its rows. Raises as `import_sheet`."""
    layout = REGISTERS[kind]
    with Ledger() as ledger:
        await import_sheet(client, Sheet(path, layout), layout, ledger)
        return list(ledger.verdicts())


async def import_sheet(
    client: Client, sheet: Sheet, layout: Layout, ledger: Ledger, *, dry_run: bool = False
) -> None:
    """Import a sheet; good rows are kept whatever becomes of the others.

    With `dry_run` the service says what would become of each row, and nothing is kept.
    Raises SheetUnreadable, Unreachable, and Refused where it is not about rows.
    """
    with Progress(console=stderr, transient=True) as progress:
        task = progress.add_task(f"{layout.name} from {sheet.path.name}", total=sheet.rows)
        importer = _Import(client, layout, ledger, dry_run=dry_run)
        slices = _slices(_read(sheet, layout, ledger))
        while pair := list(islice(slices, 2)):
            await importer.tell_at_once(pair)
            progress.update(task, completed=pair[-1][-1].row)
        await importer.tell_those_that_waited()


def _read(sheet: Sheet, layout: Layout, ledger: Ledger) -> Iterator[Told]:
    """What the rows tell; a row that cannot be read is judged at once."""
    for row in sheet:
        try:
            body = layout.body(row.checked())
        except CellUnreadable as error:
            ref = row.cells.get("ref", "")
            ledger.judge(Verdict(row.number, ref, "refused", error.column, error.expected))
        else:
            yield _told(row, body)


def _told(row: Row, body: dict[str, Any]) -> Told:
    ref = row.cells.get("ref", "")
    if ref:
        return Told(row.number, ref, body)
    said = json.dumps(body, sort_keys=True, ensure_ascii=False)
    ref = f"row-{hashlib.sha256(said.encode()).hexdigest()[:24]}"
    why = "it has no ref: it is known by what it says, and changed it would be another record"
    return Told(row.number, ref, body, (why,))


def _slices(rows: Iterable[Told]) -> Iterator[list[Told]]:
    some: list[Told] = []
    size = 0
    for each in rows:
        bytes_of_it = len(json.dumps(each.body))
        if some and (len(some) == _ROWS or size + bytes_of_it > _BYTES):
            yield some
            some, size = [], 0
        some.append(each)
        size += bytes_of_it
    if some:
        yield some


class _Import:
    """Tells the service, and judges the rows by what it answers."""

    def __init__(self, client: Client, layout: Layout, ledger: Ledger, *, dry_run: bool) -> None:
        self._client = client
        self._layout = layout
        self._ledger = ledger
        self._dry_run = dry_run

    async def tell_at_once(self, slices: list[list[Told]]) -> None:
        """One is read while the database writes the other; but rows of one ref go in turn."""
        refs = [{each.ref for each in told} for told in slices]
        if len(set.union(*refs)) == sum(map(len, refs)):
            await asyncio.gather(*(self.tell(told) for told in slices))
        else:
            for told in slices:
                await self.tell(told)

    async def tell(self, told: list[Told]) -> None:
        """Rows in their order; one that names what is not there yet waits for the end."""
        for each, answer in zip(told, await self._answers(told), strict=True):
            if self._dry_run:
                self._ledger.keep(each)
            if _names_unknown(answer) and each.refs():
                self._ledger.wait(each)
            self._judge(each, answer)

    async def tell_those_that_waited(self) -> None:
        """Again and again, as long as one of them gets through."""
        progress = True
        while progress:
            progress = False
            last: int | None = None
            while some := self._ledger.waiting(before=last, most=_ROWS):
                answers = await self._answers_to_waiting(some)
                for each, answer in zip(some, answers, strict=True):
                    self._judge(each, answer)
                    if not _names_unknown(answer):
                        self._ledger.release(each.row)
                        progress = True
                last = some[-1].row

    async def _answers_to_waiting(self, told: list[Told]) -> list[dict[str, Any]]:
        if not self._dry_run:
            return await self._answers(told)
        # what a dry run took is gone again: told together with what it names, a row is judged
        return [(await self._answers(self._with_what_it_names(each)))[-1] for each in told]

    def _with_what_it_names(self, told: Told) -> list[Told]:
        """The row, and before it the rows of this sheet that it names, and those that they name."""
        found = {told.row: told}
        ahead = [told]
        while ahead and len(found) < _ROWS:
            for ref in sorted(ahead.pop().refs()):
                named = self._ledger.told(ref)
                if named is not None and named.row not in found:
                    found[named.row] = named
                    ahead.append(named)
        return list(reversed(found.values()))

    async def _answers(self, told: list[Told]) -> list[dict[str, Any]]:
        """The answer to each row; what is still on its way to the service is waited for."""
        answers = await self._send(told)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _LAG_SECONDS
        while late := [at for at, each in enumerate(answers) if each.get("code") in _ON_ITS_WAY]:
            if not await self._arriving() or loop.time() > deadline:
                break
            await asyncio.sleep(0.3)
            again = await self._send([told[at] for at in late])
            for at, answer in zip(late, again, strict=True):
                answers[at] = answer
        return answers

    async def _send(self, told: list[Told]) -> list[dict[str, Any]]:
        rows = [{"ref": each.ref} | each.body for each in told]
        dry_run = "true" if self._dry_run else None
        try:
            answer = await self._client.post(self._layout.records, rows, dry_run=dry_run)
        except Refused as error:
            if error.status not in _SPLIT:
                raise
            if len(told) == 1:
                field = ".".join(str(error.field or "").split(".")[2:])  # without body and row
                return [_refusal(error.code, field, error.detail)]
            half = len(told) // 2
            parts = [await self._send(told[:half]), await self._send(told[half:])]
            return list(chain.from_iterable(parts))
        found: list[dict[str, Any]] = answer["rows"]
        return found

    async def _arriving(self) -> bool:
        """True while the service has facts of others to read."""
        status = await self._client.get(f"/{self._layout.service}/status")
        return any(consumer.get("lag") for consumer in status["consumers"])

    def _judge(self, told: Told, answer: dict[str, Any]) -> None:
        why = f"{answer['code']}: {answer['detail']}" if answer.get("code") else ""
        self._ledger.judge(
            Verdict(
                told.row,
                told.ref,
                str(answer["outcome"]),
                str(answer.get("field") or ""),
                why,
                (*told.warnings, *answer.get("warnings", ())),
            )
        )


def _refusal(code: str, field: str, detail: str) -> dict[str, Any]:
    return {"outcome": "refused", "code": code, "field": field, "detail": detail}


def _names_unknown(answer: dict[str, Any]) -> bool:
    return str(answer.get("code") or "").endswith("-unknown")
