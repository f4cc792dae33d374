"""Rows of a CSV or XLSX file, as text by column, each with its row number."""

import csv
import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

__all__ = ["Row", "SheetUnreadable", "read_rows"]


class SheetUnreadable(Exception):
    """The file as a whole cannot be read; the message says where and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number as the spreadsheet program shows it, and its cells that hold text."""

    number: int
    cells: dict[str, str]


def read_rows(path: Path) -> Iterator[Row]:
    """The rows below the heading, empty ones left out. Raises SheetUnreadable."""
    lines = _xlsx(path) if path.suffix.lower() in {".xlsx", ".xls", ".ods"} else _csv(path)
    heading: list[str] | None = None
    for number, line in lines:
        cells = [cell.strip() for cell in line]
        if not any(cells) or cells[0].startswith("#"):
            continue
        if heading is None:
            heading = [cell.lower().replace(" ", "_") for cell in cells]
            _check(heading, path)
            continue
        beyond = [cell for cell in cells[len(heading) :] if cell]
        if beyond:
            raise SheetUnreadable(
                f"{path.name}, row {number}: more cells than the heading has columns"
                f" ({len(heading)}); is a comma missing its quotes?"
            )
        yield Row(number, {name: cell for name, cell in zip(heading, cells, strict=False) if cell})
    if heading is None:
        raise SheetUnreadable(f"{path.name}: is empty; the first row must name the columns")


def _check(heading: list[str], path: Path) -> None:
    twice = {name for name in heading if name and heading.count(name) > 1}
    if twice:
        raise SheetUnreadable(f"{path.name}: the column {min(twice)!r} stands twice")


def _csv(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            for line in reader:
                yield reader.line_num, line
    except UnicodeDecodeError as error:
        raise SheetUnreadable(
            f"{path.name}: is not UTF-8 (byte {error.start}); save it as `CSV UTF-8`, or as XLSX"
        ) from error
    except (OSError, csv.Error) as error:
        raise SheetUnreadable(f"{path.name}: cannot be read: {error}") from error


def _xlsx(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open("rb"):  # a missing file is said in the words of the system
            pass
        sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
        for number, line in enumerate(sheet.iter_rows(), start=1):
            yield number, [_text(cell) for cell in line]
    except (OSError, CalamineError) as error:
        raise SheetUnreadable(f"{path.name}: cannot be read: {error}") from error


def _text(cell: Any) -> str:
    """A cell as a person would type it: 12 for 12.0, the day for a date at midnight."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    if isinstance(cell, datetime.date | datetime.datetime):
        return cell.isoformat()
    return str(cell)
