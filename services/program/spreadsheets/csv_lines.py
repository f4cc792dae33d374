"""CSV, line by line: in UTF-8 or UTF-16, or in the encoding that was named."""

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from services.program.spreadsheets.lines import ERRORS, Faulty, Lines, SheetUnreadable

__all__ = ["csv_lines"]

_MOST_OF_A_LINE = 1024 * 1024
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DELIMITERS = ",;\t"


def csv_lines(path: Path, encoding: str | None) -> Lines:
    """Raises SheetUnreadable."""
    encoding = encoding or _encoding(path)
    number = 0
    try:
        with path.open(encoding=encoding, newline="") as file:
            reader = csv.reader(
                _bounded(file, path), delimiter=_delimiter(path, encoding), strict=True
            )
            for line in reader:
                number = reader.line_num
                yield number, [Faulty(c, f"holds {c}") if c in ERRORS else c for c in line]
    except UnicodeError as error:
        raise SheetUnreadable(
            f"{path.name}: is not {encoding.removesuffix('-sig').upper()} (after row {number});"
            " save it as `CSV UTF-8` or as XLSX, or say what it is with --encoding, as cp1258"
            " (Vietnamese) or gb18030 (Chinese)"
        ) from error
    except LookupError as error:
        raise SheetUnreadable(f"there is no encoding {encoding!r}") from error
    except OSError as error:
        raise SheetUnreadable(f"{path.name}: cannot be read: {error}") from error
    except csv.Error as error:
        raise SheetUnreadable(
            f"{path.name}, after row {number}: cannot be read: {error}; is a quote not closed?"
        ) from error


def _encoding(path: Path) -> str:
    try:
        with path.open("rb") as file:
            begins = file.read(2)
    except OSError as error:
        raise SheetUnreadable(f"{path.name}: cannot be read: {error}") from error
    return "utf-16" if begins in _UTF_16 else "utf-8-sig"


def _delimiter(path: Path, encoding: str) -> str:
    """What stands most often in the heading: programs of many countries write semicolons."""
    with path.open(encoding=encoding, newline="") as file:
        for line in _bounded(file, path):
            if line.strip(' "\t\r\n,;') and not line.lstrip('"').startswith("#"):
                return max(_DELIMITERS, key=line.count)
    return ","


def _bounded(file: TextIO, path: Path) -> Iterator[str]:
    while line := file.readline(_MOST_OF_A_LINE + 1):
        if len(line) > _MOST_OF_A_LINE:
            raise SheetUnreadable(f"{path.name}: has a line of over {_MOST_OF_A_LINE} letters")
        yield line
