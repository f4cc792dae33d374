"""XLSX, row by row, in a memory that does not grow with the file.

Libraries keep the table of strings, or the whole sheet, in memory. Here the strings lie in a
temporary file, and of the sheet only one row is held at a time.
"""

import re
import tempfile
import zipfile
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from lxml import etree

from services.program.spreadsheets.lines import (
    MOST_COLUMNS,
    Faulty,
    Lines,
    SheetUnreadable,
    column_letters,
)
from services.program.spreadsheets.xlsx_values import Formats, number_text

__all__ = ["MOST_UNPACKED", "xlsx_lines", "xlsx_merged"]

MOST_UNPACKED = 512 * 1024 * 1024
"""Bytes of one part of the file; a sheet of 50,000 long rows has a tenth of it."""
_MOST_AT_ONCE = 16 * 1024 * 1024
"""The same of what is read as a whole: the list of sheets, the formats."""

_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_ID = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_PLACE = re.compile(r"([A-Z]{1,3})(\d+)")
_RANGE = re.compile(r"[A-Z]{1,3}(\d+):[A-Z]{1,3}(\d+)")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class _Workbook:
    """An opened file: its first sheet that is not hidden, its strings, its formats."""

    def __init__(self, archive: zipfile.ZipFile, strings: IO[bytes]) -> None:
        self._archive = archive
        self._strings = strings
        self._ends = array("Q", [0])
        self.sheet, epoch_1904 = self._first_sheet()
        self.formats = Formats(self._tree("xl/styles.xml"), epoch_1904=epoch_1904)

    def read_strings(self) -> None:
        if "xl/sharedStrings.xml" not in self._archive.namelist():
            return
        for _, item in self.parsed("xl/sharedStrings.xml", "si"):
            self._strings.write(_text_of(item).encode())
            self._ends.append(self._strings.tell())
            _forget(item)

    def string(self, index: int) -> str:
        if index < 0:
            raise IndexError(f"there is no text {index}")
        begin, end = self._ends[index], self._ends[index + 1]
        self._strings.seek(begin)
        return self._strings.read(end - begin).decode()

    def _first_sheet(self) -> tuple[str, bool]:
        book = self._tree("xl/workbook.xml")
        links = self._tree("xl/_rels/workbook.xml.rels")
        if book is None or links is None:
            raise KeyError("xl/workbook.xml")
        targets = {each.get("Id"): str(each.get("Target")) for each in links}
        properties = book.find("{*}workbookPr")
        epoch = properties is not None and properties.get("date1904") in {"1", "true"}
        for sheet in book.iterfind("{*}sheets/{*}sheet"):
            if sheet.get("state", "visible") == "visible":
                target = targets[sheet.get(_ID) or sheet.get(_STRICT_ID)]
                return str(PurePosixPath("xl") / target).removeprefix("/"), epoch
        raise SheetUnreadable("every sheet is hidden; show the one to import")

    def _tree(self, name: str) -> Any:
        if name not in self._archive.namelist():
            return None
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        with self.part(name, most=_MOST_AT_ONCE) as part:
            return etree.parse(part, parser).getroot()

    def part(self, name: str, *, most: int) -> IO[bytes]:
        info = self._archive.getinfo(name)
        if info.file_size > most:
            raise SheetUnreadable(
                f"{name} in it would be {info.file_size // 2**20} MiB; at most"
                f" {most // 2**20} are read: import it in parts"
            )
        return self._archive.open(info)

    def parsed(self, name: str, *tags: str) -> Iterator[tuple[str, Any]]:
        with self.part(name, most=MOST_UNPACKED) as part:
            yield from etree.iterparse(
                part,
                events=("end",),
                tag=[f"{{*}}{tag}" for tag in tags],
                resolve_entities=False,
                no_network=True,
                remove_comments=True,
                remove_pis=True,
            )


@contextmanager
def _opened(path: Path) -> Iterator[_Workbook]:
    """Raises SheetUnreadable for whatever is wrong with the file."""
    try:
        with (
            path.open("rb"),  # a missing file is said in the words of the system
            zipfile.ZipFile(path) as archive,
            tempfile.TemporaryFile() as strings,
        ):
            yield _Workbook(archive, strings)
    except SheetUnreadable as error:
        raise SheetUnreadable(f"{path.name}: {error}") from None
    except zipfile.BadZipFile as error:
        raise SheetUnreadable(
            f"{path.name}: cannot be read: it is no XLSX, or has a password; save it as XLSX anew"
        ) from error
    except (OSError, EOFError, KeyError, IndexError, ValueError, etree.XMLSyntaxError) as error:
        raise SheetUnreadable(f"{path.name}: cannot be read: {error}") from error


def xlsx_lines(path: Path) -> Lines:
    """Raises SheetUnreadable."""
    with _opened(path) as book:
        book.read_strings()
        line: list[str] = []
        number = 0
        for _, element in book.parsed(book.sheet, "c", "row"):
            if element.tag.endswith("}row"):
                number = int(element.get("r") or number + 1)
                yield number, line
                line = []
                _forget(element)
                continue
            text = _value(element, book)
            if text:
                index = _index(element.get("r"), default=len(line))
                if index >= MOST_COLUMNS:
                    raise SheetUnreadable(
                        f"has a cell in column {column_letters(index)}; at most {MOST_COLUMNS}"
                        " columns are read"
                    )
                line += [""] * (index + 1 - len(line))
                line[index] = text
            elif element.get("r") is None:
                line.append("")
            _forget(element)


def xlsx_merged(path: Path, *, below: int) -> str | None:
    """A range of merged cells that reaches below that row."""
    with _opened(path) as book:
        for _, element in book.parsed(book.sheet, "row", "mergeCell"):
            if element.tag.endswith("}row"):
                _forget(element)
                continue
            place = str(element.get("ref"))
            rows = _RANGE.fullmatch(place)
            if rows is not None and int(rows[2]) > below:
                return place
    return None


def _value(cell: Any, book: _Workbook) -> str:
    kind = cell.get("t", "n")
    held = cell.find("{*}v")
    value = (held.text or "") if held is not None else ""
    if kind == "inlineStr":
        return _text_of(cell)
    if not value:
        if cell.find("{*}f") is not None:
            why = (
                "holds a formula that was never calculated; open the file in a spreadsheet program"
            )
            return Faulty("=", f"{why} and save it")
        return ""
    if kind == "s":
        return book.string(int(value))
    if kind == "b":
        return "yes" if value == "1" else "no"
    if kind == "e":
        return Faulty(value, f"holds {value}")
    if kind in {"str", "d"}:
        return _unescaped(value)
    style = int(cell.get("s", "0"))
    return book.formats.day(float(value), style) or number_text(float(value))


def _text_of(element: Any) -> str:
    """All runs of a text, without what only says how it is pronounced."""
    runs = element.iter("{*}t")
    return _unescaped(
        "".join(run.text or "" for run in runs if not run.getparent().tag.endswith("}rPh"))
    )


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _index(place: str | None, *, default: int) -> int:
    if place is None:
        return default
    found = _PLACE.fullmatch(place)
    if found is None:
        raise ValueError(f"no place of a cell: {place!r}")
    index = 0
    for letter in found[1]:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


def _forget(element: Any) -> None:
    """Of what was read nothing is kept."""
    element.clear()
    parent = element.getparent()
    if parent is not None:
        while element.getprevious() is not None:
            del parent[0]
