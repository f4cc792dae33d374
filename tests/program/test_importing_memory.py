"""Memory does not grow with the rows of a sheet: not of the file, not of what became of them."""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import xlsxwriter

from tests.architecture.tree import ROOT

# A process of its own, whose peak is its own. What answers is no service, but whoever keeps no row:
# what is measured is the command's memory, for minutes less.
MEASURED = """
import asyncio, json, sys
from pathlib import Path
import httpx
from services.program.client import Client
from services.program.filing import write_result
from services.program.importing import import_sheet
from services.program.ledger import Ledger
from services.program.registers import REGISTERS
from services.program.spreadsheets import Sheet

class Forgetful(httpx.AsyncBaseTransport):
    async def handle_async_request(self, request):
        rows = json.loads(await request.aread())
        said = [{"outcome": "refused", "code": "no", "detail": "x" * 200} if n % 2 else
                {"outcome": "created"} for n, _ in enumerate(rows)]
        return httpx.Response(200, json={"rows": said})

async def main(path, result):
    async with httpx.AsyncClient(transport=Forgetful(), base_url="http://rapport.test") as http:
        with Ledger() as ledger:
            sheet = Sheet(path, REGISTERS["partners"])
            await import_sheet(Client(http), sheet, REGISTERS["partners"], ledger)
            write_result(sheet, ledger, result)
            # not getrusage: its peak is also that of the process this one was forked from
            status = Path("/proc/self/status").read_text()
            peak = int(status.partition("VmHWM:")[2].split()[0])
            print(json.dumps({"counts": ledger.counts(), "kb": peak}))

path = Path(sys.argv[1])
asyncio.run(main(path, path.with_name("result-" + path.name)))
"""
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a peak is read from /proc")

HEAD = ("ref", "unit", "kind", "name", "country", "aliases", "note")


def lines(rows: int) -> Iterator[tuple[str, ...]]:
    yield HEAD
    for number in range(rows):
        name = f"University {number} of {number * 7919 % rows}"
        yield f"R-{number:06}", "hust", "university", name, "JP", f"U{number}; V{number}", "n" * 100


def sheet(folder: Path, form: str, rows: int) -> Path:
    file = folder / f"rows-{rows}.{form}"
    if form == "csv":
        file.write_text("".join(",".join(line) + "\n" for line in lines(rows)), encoding="utf-8")
        return file
    with xlsxwriter.Workbook(str(file)) as book:  # with a table of strings, as programs write it
        rows_of_it = book.add_worksheet()
        for at, line in enumerate(lines(rows)):
            rows_of_it.write_row(at, 0, line)
    return file


async def peak(file: Path, rows: int) -> float:
    """Megabytes of the process that imports it, at most."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", MEASURED, str(file)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()[-2000:]
    found = json.loads(said)
    assert sum(found["counts"].values()) == rows
    return float(found["kb"] / 1024)


async def growth(folder: Path, form: str, few: int, many: int) -> float:
    before = await peak(sheet(folder, form, few), few)
    after = await peak(sheet(folder, form, many), many)
    print(f"{form}: {before:.0f} MB for {few:,} rows, {after:.0f} MB for {many:,}")  # noqa: T201
    return after - before


@pytest.mark.ci
@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_fifty_thousand_rows_take_no_more_memory_than_five_thousand(
    tmp_path: Path, form: str
) -> None:
    assert await growth(tmp_path, form, 5_000, 50_000) < 8


async def test_two_thousand_rows_take_no_more_memory_than_two_hundred(tmp_path: Path) -> None:
    assert await growth(tmp_path, "xlsx", 200, 2_000) < 8
