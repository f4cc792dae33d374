"""What every kind of file gives: its lines, numbered, each a list of texts."""

from collections.abc import Iterator
from typing import Self, TypeAlias

__all__ = ["ERRORS", "MOST_COLUMNS", "Faulty", "Lines", "SheetUnreadable", "column_letters"]

MOST_COLUMNS = 1000
"""No register has a tenth of them: a sheet with more is none of ours."""
ERRORS = frozenset(
    {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!"}
)
"""What a spreadsheet program shows where a formula has no value."""

Lines: TypeAlias = Iterator[tuple[int, list[str]]]


class SheetUnreadable(Exception):
    """The file as a whole cannot be read; the message says where and what to do."""


class Faulty(str):
    """The text of a cell that holds no value; `why` says so."""

    why: str

    def __new__(cls, text: str, why: str) -> Self:
        made = super().__new__(cls, text)
        made.why = why
        return made


def column_letters(index: int) -> str:
    """0 -> A, 26 -> AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
