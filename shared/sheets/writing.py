"""Rows written as CSV or XLSX, so that no cell is taken for a formula.

A spreadsheet program runs what begins with one of some signs. In XLSX a cell says that it is text;
in CSV an apostrophe before it does, and reading takes that apostrophe away again.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Literal, Protocol, TypeAlias

import xlsxwriter

__all__ = ["MEDIA", "Format", "Writer", "guarded", "signs_of", "unguarded", "writer"]

Format: TypeAlias = Literal["csv", "xlsx"]
MEDIA: Final[dict[Format, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

_FORMULA: Final = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""What begins a formula for some program, also full-width."""
_COMMENT: Final = "#"
"""What in the first column begins a comment for ours."""
_LONGEST_CELL = 32_767
_CUT = " [cut here: a cell of XLSX holds no more; export it as CSV]"


def signs_of(form: Format, *, column: int) -> str:
    """What a cell of that column may not begin with."""
    return (_FORMULA if form == "csv" else "") + ("" if column else _COMMENT)


def guarded(text: str, signs: str) -> str:
    """The text, with an apostrophe before it if it begins with a sign."""
    return f"'{text}" if _risky(text, signs) else text


def unguarded(text: str, signs: str) -> str:
    """The text that was guarded."""
    return text[1:] if text.startswith("'") and _risky(text[1:], signs) else text


def _risky(text: str, signs: str) -> bool:
    return text.lstrip("'").startswith(tuple(signs))


class Writer(Protocol):
    """Takes rows, and gives bytes as they become ready."""

    def add(self, rows: Iterable[Sequence[str]]) -> bytes:
        """The bytes of these rows, as far as the format lets them go already."""

    def end(self) -> Iterable[bytes]:
        """What is left."""


def writer(form: Format, *, folder: Path, title: str) -> Writer:
    """A new file in that format; `folder` is for what must lie on disk until the end."""
    return _Csv() if form == "csv" else _Xlsx(folder / "rows.xlsx", title)


class _Csv:
    """With a byte order mark, by which Excel knows UTF-8."""

    def __init__(self) -> None:
        self._begin = "\ufeff"

    def add(self, rows: Iterable[Sequence[str]]) -> bytes:
        text = io.StringIO()
        lines = csv.writer(text, lineterminator="\r\n")
        for row in rows:
            lines.writerow(
                [guarded(cell, signs_of("csv", column=at)) for at, cell in enumerate(row)]
            )
        written, self._begin = self._begin + text.getvalue(), ""
        return written.encode()

    def end(self) -> Iterable[bytes]:
        return ()


class _Xlsx:
    """Written into a file row by row: memory does not grow with the rows."""

    def __init__(self, path: Path, title: str) -> None:
        self._path = path
        options = {
            "constant_memory": True,
            "tmpdir": str(path.parent),
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        }
        self._book = xlsxwriter.Workbook(str(path), options)
        self._sheet = self._book.add_worksheet(title[:31])
        self._text = self._book.add_format({"num_format": "@"})
        self._bold = self._book.add_format({"num_format": "@", "bold": True})
        self._sheet.freeze_panes(1, 1)
        self._at = 0

    def add(self, rows: Iterable[Sequence[str]]) -> bytes:
        for row in rows:
            form = self._text if self._at else self._bold
            for column, cell in enumerate(row):
                if cell:
                    text = guarded(cell, signs_of("xlsx", column=column))
                    self._sheet.write_string(self._at, column, _fitting(text), form)
            self._at += 1
        return b""

    def end(self) -> Iterable[bytes]:
        self._book.close()
        with self._path.open("rb") as file:
            while chunk := file.read(256 * 1024):
                yield chunk
        self._path.unlink()


def _fitting(text: str) -> str:
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - len(_CUT)] + _CUT
