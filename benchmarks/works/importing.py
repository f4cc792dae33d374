"""An office's partners come from a spreadsheet: `rapport import`, with the whole system running.

The system is started as `rapport up` starts it, and the command as a person types it, with its
imports and its reading of the file; relays and readers share the machine with it meanwhile.
"""

import asyncio
import csv
import random
import sys
import time
from collections.abc import Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import ClassVar

import httpx

from benchmarks.place import ROOT, Place
from benchmarks.runner import Contender, Opened, Reading, WrongResult
from services.program.up import Running, UpOptions, running

__all__ = ["Importing"]

_HEAD = ["ref", "unit", "kind", "name", "country", "aliases", "identifiers", "note"]
_SYLLABLES = [first + last for first in "bdfghklmnprstvz" for last in "aeiou"]
_BODIES = ("University of {}", "{} University", "{} Institute of Technology", "Trường Đại học {}")
_KINDS = ("university", "company", "research-institute")
_COUNTRIES = ("JP", "DE", "FR", "KR", "CN", "AU", "VN", "GB", "US", "TW")


class Importing:
    """See the module."""

    name = "import"
    title = "Import of partners from a spreadsheet"
    aim = "10,000 partners in 60 s"
    limit = None

    does: ClassVar = {
        "dry run": "each row judged by the service, nothing kept",
        "first time": "each row created: a record, and a fact that goes to all readers",
        "again": "each row compared with what is there: nothing changes",
    }

    def rounds(self, _quick: bool, /) -> int:
        return 1

    @asynccontextmanager
    async def open(self, place: Place, /) -> Opened:
        rows = 1_000 if place.quick else 10_000
        sheet = place.folder / "partners.csv"
        write_sheet(sheet, rows)
        yield [Contender("import", partial(_measure, place, sheet, rows))]


def write_sheet(path: Path, rows: int) -> None:
    """Partners named for made-up towns, with aliases and an id; few are like another."""
    seeded = random.Random(7)
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(_HEAD)
        for number in range(rows):
            town = "".join(seeded.choices(_SYLLABLES, k=4)).capitalize()
            name = seeded.choice(_BODIES).format(town)
            kind, country = seeded.choice(_KINDS), seeded.choice(_COUNTRIES)
            alias, known = f"{town[:2].upper()}U{number}", f"local|{number:06}"
            lines.writerow(
                [f"B-{number:06}", "example", kind, name, country, alias, known, "seeded"]
            )


async def _measure(place: Place, sheet: Path, rows: int) -> Sequence[Reading]:
    found = []
    async with running(UpOptions(data=place.folder / "up", port=0)) as run:
        for name, more in (("dry run", ["--dry-run"]), ("first time", []), ("again", [])):
            seconds, said = await _command(place, run, "import", "partners", str(sheet), *more)
            outcome = "unchanged" if name == "again" else "created"
            if f"{rows} {outcome}" not in said:
                raise WrongResult(f"{name}: {said}")
            found.append(Reading(name, seconds, f"s for {rows:,} rows"))
        kept = await _kept(run)
        if kept != rows:
            raise WrongResult(f"{kept} partners of {rows}")
    return found


async def _command(place: Place, run: Running, *arguments: str) -> tuple[float, str]:
    """`rapport ARGUMENTS`: how long it took, and what it said."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services", *arguments),
        cwd=ROOT,
        env=place.environment({"RAPPORT_URL": run.url, "RAPPORT_TOKEN": run.token}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return time.perf_counter() - began, said.decode()[-2000:]


async def _kept(run: Running) -> int:
    """How many partners an export has."""
    headers = {"authorization": f"Bearer {run.token}"}
    async with httpx.AsyncClient(base_url=run.url, headers=headers, timeout=120) as client:
        answer = await client.get("/agreements/partners", params={"format": "csv"})
    return len(answer.text.splitlines()) - 1
