"""What a cell may hold, how it is read, and how the same value is written.

A cell of several values separates them by `;`, the parts of each by `|`, and the values inside a
part by `,`. A backslash before one of these makes it a letter like others. What is written is read
as the same value; the service judges values, here only shapes are known.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Protocol

from shared.dates import PartialDate
from shared.sheets.naming import Words, folded, nearest

__all__ = ["Codes", "Date", "Isced", "Kind", "Many", "Number", "One", "Parts", "Plain", "YesNo"]

_DATE = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})月?(?:[-/.]?(\d{1,2})日?)?)?年?")
_SERIAL = re.compile(r"\d{5}(\.\d+)?")
_WHOLE_AS_FLOAT = re.compile(r"(-?\d+)\.0+")
_FIRST_OF_EXCEL = date(1899, 12, 30)
_SEPARATORS = "\\;|,"


class Kind(Protocol):
    """What one kind of cell holds."""

    @property
    def name(self) -> str:
        """By which its explanation is found."""

    def read(self, cell: str) -> Any:
        """The JSON value; raises ValueError that says what was expected. `cell` is not empty."""

    def write(self, value: Any) -> str:
        """The cell of a JSON value that is not None."""


@dataclass(frozen=True, slots=True)
class Plain:
    """Text as it stands; `name` says of what: text, record, unit, person, country."""

    name: str = "text"

    def read(self, cell: str) -> str:
        return cell.upper() if self.name == "country" and len(cell) == 2 else cell

    def write(self, value: Any) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class YesNo:
    name: str = "yes-no"

    def read(self, cell: str) -> bool:
        word = folded(cell)
        if word in {"yes", "true", "1", "co", "是"}:
            return True
        if word in {"no", "false", "0", "khong", "否"}:
            return False
        raise ValueError("expected yes or no")

    def write(self, value: Any) -> str:
        return "yes" if value else "no"


@dataclass(frozen=True, slots=True)
class Number:
    """A number; `whole`: without a fraction. 2019.0 is 2019: some programs write it so."""

    whole: bool = False

    @property
    def name(self) -> str:
        return "whole" if self.whole else "number"

    def read(self, cell: str) -> float:
        plain = _WHOLE_AS_FLOAT.fullmatch(cell)
        try:
            return int(plain[1] if plain else cell) if self.whole else float(cell)
        except ValueError:
            raise ValueError(
                "expected a whole number" if self.whole else "expected a number"
            ) from None

    def write(self, value: Any) -> str:
        return repr(int(value)) if float(value).is_integer() else repr(float(value))


@dataclass(frozen=True, slots=True)
class Date:
    """A date as far as it is known, also as 2019/5/14 or 2019年5月14日."""

    name: str = "date"

    def read(self, cell: str) -> str:
        plain = _WHOLE_AS_FLOAT.fullmatch(cell)
        text = plain[1] if plain else cell
        if _SERIAL.fullmatch(text):
            day = _FIRST_OF_EXCEL + timedelta(days=int(float(text)))
            raise ValueError(
                f"{text} is a day as Excel counts it ({day} perhaps): give the column the format"
                " of a date, or write 2019-05-14"
            )
        shape = _DATE.fullmatch(text)
        if shape is None:
            raise ValueError(f"expected a date as 2019-05-14, 2019-05 or 2019, not {text[:40]!r}")
        known = [shape[1], *(part.zfill(2) for part in shape.groups()[1:] if part)]
        try:
            return str(PartialDate("-".join(known)))
        except ValueError:
            raise ValueError(f"there is no day {text[:40]!r}") from None

    def write(self, value: Any) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class Isced:
    """A code of four digits, whose zero at the front spreadsheets like to lose."""

    name: str = "isced"

    def read(self, cell: str) -> str:
        plain = _WHOLE_AS_FLOAT.fullmatch(cell)
        text = plain[1] if plain else cell
        if text.isdecimal() and len(text) == 3:
            raise ValueError(
                f"{text} has three digits of four: 0{text} perhaps, whose zero was lost;"
                " give the column the format of text"
            )
        return text

    def write(self, value: Any) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class Codes:
    """One of some words, in any of the three languages."""

    codes: tuple[str, ...]
    words: Words
    _by_name: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        # a code's own name before what another is called elsewhere
        for names in ([(code, code) for code in self.codes], self._translated()):
            for name, code in names:
                self._by_name.setdefault(folded(name) or name, code)

    def _translated(self) -> list[tuple[str, str]]:
        return [(name, code) for code in self.codes for name in self.words.all(code)[1:]]

    @property
    def name(self) -> str:
        return "codes"

    def read(self, cell: str) -> str:
        code = self._by_name.get(folded(cell) or cell)
        if code is None:
            names = [name for each in self.codes for name in self.words.all(each)]
            like = nearest(cell, names)
            perhaps = f"; did you mean {like[0]}?" if like else ""
            raise ValueError(f"expected one of {', '.join(self.codes)}{perhaps}")
        return code

    def write(self, value: Any) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class Many:
    """Several values: separated by `;`, or by `,` inside a part."""

    kind: Kind
    separator: str = ";"

    @property
    def name(self) -> str:
        return "many" if self.separator == ";" else "commas"

    def read(self, cell: str) -> list[Any]:
        return [_read(self.kind, each) for each in _split(cell, self.separator)]

    def write(self, value: Any) -> str:
        inside = ";" if self.separator == ";" else ";|,"
        written = (_write(self.kind, each, inside=inside) for each in value)
        return f"{self.separator} ".join(each for each in written if each)


@dataclass(frozen=True, slots=True)
class Parts:
    """One value of several parts, separated by `|`; empty ones at the end are left out."""

    parts: Mapping[str, Kind]

    @property
    def name(self) -> str:
        return "parts"

    def read(self, cell: str) -> dict[str, Any]:
        cells = [each.strip() for each in _pieces(cell, "|")]
        if len(cells) > len(self.parts):
            raise ValueError(f"expected at most {len(self.parts)} parts: {' | '.join(self.parts)}")
        found = {}
        for (name, kind), each in zip(self.parts.items(), cells, strict=False):
            if each:
                try:
                    found[name] = _read(kind, each)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
        return found

    def write(self, value: Any) -> str:
        cells = [
            "" if value.get(name) is None else _write(kind, value[name], inside=";|")
            for name, kind in self.parts.items()
        ]
        while cells and not cells[-1]:
            cells.pop()
        return "|".join(f" {cell} " if cell else " " for cell in cells).strip()


@dataclass(frozen=True, slots=True)
class One:
    """Exactly one value of several parts."""

    kind: Parts

    @property
    def name(self) -> str:
        return "one"

    def read(self, cell: str) -> Any:
        several = _split(cell, ";")
        if len(several) != 1:
            raise ValueError(f"expected one value: {' | '.join(self.kind.parts)}")
        return self.kind.read(several[0])

    def write(self, value: Any) -> str:
        return self.kind.write(value)


_COMPOUND = (Many, Parts, One)


def _read(kind: Kind, piece: str) -> Any:
    """A piece of a cell, whose separators are still escaped."""
    return kind.read(piece if isinstance(kind, _COMPOUND) else _unescaped(piece))


def _write(kind: Kind, value: Any, *, inside: str) -> str:
    written = kind.write(value)
    return written if isinstance(kind, _COMPOUND) else _escaped(written, inside)


def _escaped(text: str, separators: str) -> str:
    return re.sub(rf"[\\{re.escape(separators)}]", lambda found: f"\\{found[0]}", text)


def _unescaped(text: str) -> str:
    return re.sub(r"\\([\\;|,])", r"\1", text)


def _split(cell: str, separator: str) -> list[str]:
    """The pieces that are not empty."""
    return [piece.strip() for piece in _pieces(cell, separator) if piece.strip()]


def _pieces(cell: str, separator: str) -> Sequence[str]:
    """What stands between separators that have no backslash before them."""
    if separator not in cell:
        return [cell]
    return list(_walked(cell, separator))


def _walked(cell: str, separator: str) -> Iterator[str]:
    piece: list[str] = []
    signs = iter(cell)
    for sign in signs:
        if sign == "\\":
            after = next(signs, "")
            piece += sign, after
        elif sign == separator:
            yield "".join(piece)
            piece = []
        else:
            piece.append(sign)
    yield "".join(piece)
