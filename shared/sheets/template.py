"""The empty workbook of a register: its columns, what may stand in each, lists to choose from."""

import io
from typing import Any

import xlsxwriter

from shared.sheets.cells import Codes, YesNo
from shared.sheets.explaining import explained, head
from shared.sheets.layout import Column, Layout
from shared.sheets.naming import Language

__all__ = ["template"]

_ROWS = 50_000
"""How far down the lists to choose from reach."""


def template(layout: Layout, language: Language) -> bytes:
    """An XLSX: the sheet to fill, the sheet that explains it, and one hidden, of the lists."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False})
    made = _Template(book, layout, language)
    made.fill_in()
    made.explain()
    book.close()
    return file.getvalue()


class _Template:
    def __init__(self, book: Any, layout: Layout, language: Language) -> None:
        self._layout = layout
        self._language: Language = language
        self._text = book.add_format({"num_format": "@"})
        self._bold = book.add_format({"bold": True, "num_format": "@"})
        self._needed = book.add_format({"bold": True, "num_format": "@", "bg_color": "#FFE699"})
        self._wrapped = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
        self._sheet = book.add_worksheet(layout.title[language][:31])
        self._page = book.add_worksheet(head("sheet", language))
        self._lists = book.add_worksheet("lists")
        self._lists.hide()

    def fill_in(self) -> None:
        self._sheet.freeze_panes(1, 1)
        for at, column in enumerate(self._layout.columns.values()):
            width = max(14, len(column.labels[self._language]) + 4)
            self._sheet.set_column(at, at, width, self._text)
            form = self._needed if column.required else self._bold
            self._sheet.write_string(0, at, column.labels[self._language], form)
            self._choices(at, column)

    def _choices(self, at: int, column: Column) -> None:
        """A list to choose from, where a cell holds one of some words."""
        words = self._words(column)
        if not words:
            return
        for row, word in enumerate(words):
            self._lists.write_string(row, at, word)
        letter = xlsxwriter.utility.xl_col_to_name(at)
        self._sheet.data_validation(
            1,
            at,
            _ROWS,
            at,
            {
                "validate": "list",
                "source": f"=lists!${letter}$1:${letter}${len(words)}",
                "error_type": "warning",
            },
        )

    def _words(self, column: Column) -> list[str]:
        if isinstance(column.kind, Codes):
            return [self._layout.words.said(code, self._language) for code in column.kind.codes]
        if isinstance(column.kind, YesNo):
            return {"en": ["yes", "no"], "vi": ["có", "không"], "zh": ["是", "否"]}[self._language]
        return []

    def explain(self) -> None:
        heads = [head(each, self._language) for each in ("column", "name", "needed", "holds")]
        heads.append(head("example", self._language))
        self._page.write_row(0, 0, heads, self._bold)
        for width, at in zip((24, 24, 14, 80, 50), range(5), strict=True):
            self._page.set_column(at, at, width)
        for row, column in enumerate(self._layout.columns.values(), start=1):
            cells = [
                column.labels[self._language],
                column.name,
                head("yes", self._language) if column.required else "",
                explained(column, self._language, self._layout.words),
                self._layout.example.get(column.name, ""),
            ]
            for at, cell in enumerate(cells):
                self._page.write_string(row, at, cell, self._wrapped)
        for row, said in enumerate(("rows", "escape"), start=len(self._layout.columns) + 2):
            self._page.write_string(row, 0, head(said, self._language))
