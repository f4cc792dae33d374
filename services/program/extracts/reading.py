"""The rows of an extract as the other system wrote them: CSV with any separator, or XLSX."""

import csv
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from services.program.extracts.mapping import column_key
from services.program.spreadsheets import SheetUnreadable

__all__ = ["columns_of", "rows_of"]

_SEPARATORS = ",;\t|"


def rows_of(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row below the heading with its number and its cells by column. Raises SheetUnreadable,
    before the first row where the heading is at fault."""
    lines = iter(_lines(path))
    heading = [column_key(name) for name in _heading(path, lines)]
    twice = {name for name in heading if name and heading.count(name) > 1}
    if twice:
        raise SheetUnreadable(f"{path.name}: the column {min(twice)!r} stands twice")
    for number, line in lines:
        if not any(cell.strip() for cell in line):
            continue
        if len(line) > len(heading) and any(cell.strip() for cell in line[len(heading) :]):
            raise SheetUnreadable(
                f"{path.name}, row {number}: more cells than the heading has columns"
            )
        yield number, dict(zip(heading, (cell.strip() for cell in line), strict=False))


def columns_of(path: Path) -> list[str]:
    """The heading as it is written. Raises SheetUnreadable."""
    return _heading(path, iter(_lines(path)))


def _heading(path: Path, lines: Iterator[tuple[int, list[str]]]) -> list[str]:
    for _, line in lines:
        if any(cell.strip() for cell in line):
            return [cell.strip() for cell in line]
    raise SheetUnreadable(f"{path.name}: is empty; the first row must name the columns")


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    if path.suffix.lower() in (".xlsx", ".xlsm", ".xls", ".ods"):
        yield from _sheet(path)
        return
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            separator = max(_SEPARATORS, key=first.count)
            reader = csv.reader(file, delimiter=separator, strict=True)
            for line in reader:
                yield reader.line_num, line
    except UnicodeDecodeError as error:
        raise SheetUnreadable(
            f"{path.name}: is not UTF-8 (byte {error.start}); have it written as UTF-8, or as XLSX"
        ) from error
    except csv.Error as error:
        raise SheetUnreadable(f"{path.name}: breaks off or is damaged: {error}") from error


def _sheet(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open("rb"):  # a missing file is said in the words of the system
            pass
        sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
        for number, line in enumerate(sheet.iter_rows(), start=1):
            yield number, [_text(cell) for cell in line]
    except CalamineError as error:
        raise SheetUnreadable(f"{path.name}: cannot be read: {error}") from error


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat()
    return str(cell)
