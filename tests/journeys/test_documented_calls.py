"""Every call that our documents show is run, in the order of its page, against the demo offices."""

import asyncio
import csv
import os
import shutil
import sys
from pathlib import Path

import openpyxl
import pytest

from tests.journeys.conftest import System
from tests.journeys.pages import PAGES, ROOT, script, shown_but_not_marked


def _of_an_office(folder: Path) -> None:
    """The folder a reader of the pages sits in: the repository's files, and an office's own."""
    for each in ("deploy", "docs"):
        (folder / each).symlink_to(ROOT / each)
    demo = ROOT / "deploy" / "demo"  # of the office in whose sheets no row is wrong
    for name in ("agreements", "partners", "visits"):
        shutil.copy(demo / "icst" / f"{name}.csv", folder)
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet()
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as rows:
            for row in csv.reader(rows):
                sheet.append(row)
        book.save(folder / f"{name}.xlsx")
    shutil.copy(demo / "hust" / "hr.ndjson", folder / "hr-events.ndjson")


@pytest.mark.ci
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "page", [page for page in PAGES if script(page)], ids=lambda page: page.stem
)
async def test_the_calls_of_a_page_do_what_it_says(
    system: System, page: Path, tmp_path: Path
) -> None:
    _of_an_office(tmp_path)
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-euo",
        "pipefail",
        "-c",
        script(page),
        cwd=tmp_path,
        env=os.environ
        | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "RAPPORT_DATA": str(system.run.data),
            "RAPPORT_URL": system.run.url,
            "RAPPORT_TOKEN": system.run.token,
            "COLUMNS": "200",
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()[-6000:]


def test_every_command_in_a_document_stands_where_it_is_run() -> None:
    assert [each for page in PAGES for each in shown_but_not_marked(page)] == []
