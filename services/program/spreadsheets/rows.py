"""A sheet of one register: its heading matched with the columns, then row by row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from services.program.spreadsheets.csv_lines import csv_lines
from services.program.spreadsheets.lines import (
    MOST_COLUMNS,
    Faulty,
    Lines,
    SheetUnreadable,
    column_letters,
)
from services.program.spreadsheets.xlsx_lines import xlsx_lines, xlsx_merged
from shared.sheets.layout import CellUnreadable, Column, Layout
from shared.sheets.writing import signs_of, unguarded

__all__ = ["Row", "Sheet"]

_LIKE_XLSX = {".xlsx", ".xlsm"}
_OTHERS = {".xls", ".ods"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number as the spreadsheet program shows it, its cells that hold something."""

    number: int
    line: list[str]
    cells: Mapping[str, str]

    def checked(self) -> Mapping[str, str]:
        """The cells. Raises CellUnreadable for one that shows an error of its program."""
        for column, cell in self.cells.items():
            if isinstance(cell, Faulty):
                raise CellUnreadable(column, cell.why)
        return self.cells


class Sheet:
    """A file that has been looked through once: it can be read to its end.

    Making one raises SheetUnreadable, so that nothing of a broken file is imported.
    """

    def __init__(self, path: Path, layout: Layout, *, encoding: str | None = None) -> None:
        self.path = path
        self._layout = layout
        self._encoding = encoding
        self._is_csv = path.suffix.lower() not in _LIKE_XLSX | _OTHERS
        self.heading: list[str] = []
        self._columns: list[Column | None] = []
        self._heading_at = 0
        self.rows = sum(1 for _ in self._survey())
        if not self.heading:
            raise SheetUnreadable(f"{path.name}: is empty; the first row must name the columns")
        if path.suffix.lower() in _LIKE_XLSX:
            merged = xlsx_merged(path, below=self._heading_at)
            if merged is not None:
                raise SheetUnreadable(
                    f"{path.name}: the cells {merged} are merged, and only the first of them has a"
                    " value; split them, and fill each row"
                )

    def __iter__(self) -> Iterator[Row]:
        """The rows below the heading, empty ones and comments left out."""
        for number, line in self._filled():
            if number > self._heading_at:
                named = zip(self._columns, line, strict=False)
                cells = {each.name: cell for each, cell in named if each is not None and cell}
                if cells:
                    yield Row(number, line, cells)

    def _survey(self) -> Iterator[int]:
        for number, line in self._filled():
            if not self.heading:
                self.heading, self._heading_at = line, number
                self._columns = [self._column(index, name) for index, name in enumerate(line)]
                self._check_columns()
            elif len(line) > len(self.heading):
                raise SheetUnreadable(
                    f"{self.path.name}, row {number}: more cells than the heading has columns"
                    f" ({len(self.heading)}); is a comma missing its quotes?"
                )
            else:
                self._check_unnamed(number, line)
                yield number

    def _filled(self) -> Lines:
        """Lines with something in them: cells trimmed, and without empty ones at the end."""
        for number, line in self._lines():
            cells = [each if isinstance(each, Faulty) else each.strip() for each in line]
            while cells and not cells[-1]:
                cells.pop()
            if not cells or (cells[0].startswith("#") and not isinstance(cells[0], Faulty)):
                continue
            if len(cells) > MOST_COLUMNS:
                raise SheetUnreadable(
                    f"{self.path.name}, row {number}: {len(cells)} columns; at most {MOST_COLUMNS}"
                    " are read"
                )
            yield number, [self._unguarded(at, cell) for at, cell in enumerate(cells)]

    def _unguarded(self, at: int, cell: str) -> str:
        if isinstance(cell, Faulty):
            return cell
        return unguarded(cell, signs_of("csv" if self._is_csv else "xlsx", column=at))

    def _lines(self) -> Lines:
        if self._is_csv:
            return csv_lines(self.path, self._encoding)
        if self.path.suffix.lower() in _OTHERS:
            return _other_lines(self.path)
        return xlsx_lines(self.path)

    def _column(self, index: int, name: str) -> Column | None:
        """The column of that heading; None for one that is to be passed over."""
        if not name or name.startswith("#"):
            return None
        column = self._layout.find(name)
        if column is not None:
            return column
        like = self._layout.like(name)
        perhaps = f"; did you mean {' or '.join(like)}?" if like else "."
        raise SheetUnreadable(
            f"{self.path.name}: column {column_letters(index)}, {name[:60]!r}, is none of"
            f" {self._layout.name}{perhaps} Begin its name with # to leave it out; the names are"
            f" {', '.join(self._layout.columns)}"
        )

    def _check_columns(self) -> None:
        names = [column.name for column in self._columns if column is not None]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise SheetUnreadable(f"{self.path.name}: the column {min(twice)!r} stands twice")
        lacking = [each.name for each in self._layout.columns.values() if each.required]
        missing = [name for name in lacking if name not in names]
        if missing:
            raise SheetUnreadable(
                f"{self.path.name}: the column {missing[0]!r} is missing, which every row needs"
            )

    def _check_unnamed(self, number: int, line: list[str]) -> None:
        for index, (name, cell) in enumerate(zip_longest(self.heading, line, fillvalue="")):
            if cell and not name:
                raise SheetUnreadable(
                    f"{self.path.name}, row {number}: {cell[:40]!r} stands in column"
                    f" {column_letters(index)}, which has no name"
                )


def _other_lines(path: Path) -> Lines:
    """Formats of before and of others; these are read as a whole."""
    try:
        with path.open("rb"):  # a missing file is said in the words of the system
            pass
        sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
        for number, line in enumerate(sheet.iter_rows(), start=1):
            yield number, [_text(cell) for cell in line]
    except (OSError, CalamineError) as error:
        raise SheetUnreadable(f"{path.name}: cannot be read: {error}") from error


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
