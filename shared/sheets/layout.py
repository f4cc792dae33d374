"""How the records of a register look as rows of a sheet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from shared.sheets.cells import Codes, Date, Isced, Kind, Many, Number, One, Parts, Plain, YesNo
from shared.sheets.naming import LANGUAGES, Language, Words, folded, nearest

__all__ = ["CellUnreadable", "Column", "Layout", "layouts_of"]

_PLAIN = ("text", "record", "any-id", "unit", "person", "country")
_SIMPLE: dict[str, Kind] = {
    "yes-no": YesNo(),
    "whole": Number(whole=True),
    "number": Number(),
    "date": Date(),
    "isced": Isced(),
    **{name: Plain(name) for name in _PLAIN},
}
_FIRST: dict[str, Any] = {"ref": "text", "unit*": "unit"}
_LAST: dict[str, Any] = {"shared_with": {"many": "unit"}, "illustrative": "yes-no", "note": "text"}
"""What a record of any register has."""


class CellUnreadable(ValueError):
    """A cell whose shape is wrong: the column, and what was expected."""

    def __init__(self, column: str, expected: str) -> None:
        super().__init__(f"{column}: {expected}")
        self.column = column
        self.expected = expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: `a.b` reaches into an object; several can fill one list, each `where` it says."""

    name: str
    kind: Kind
    required: bool
    of: str
    where: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[Language, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    """Other names by which a sheet may call it."""

    def put(self, body: dict[str, Any], cell: str) -> None:
        """Read a cell into the body. Raises CellUnreadable."""
        try:
            value = self.kind.read(cell)
        except ValueError as error:
            raise CellUnreadable(self.name, str(error)) from None
        if self.where:
            body.setdefault(self.of, []).extend(each | self.where for each in value)
        elif "." in self.of:
            outer, _, inner = self.of.partition(".")
            body.setdefault(outer, {})[inner] = value
        else:
            body[self.of] = value

    def take(self, record: Mapping[str, Any]) -> Any:
        """The value that the column shows of a record; None: nothing."""
        outer, _, inner = self.of.partition(".")
        value = record.get(outer)
        if inner and value is not None:
            value = value.get(inner)
        if self.where and value is not None:
            value = [each for each in value if self._shows(each)]
        return value

    def _shows(self, item: Mapping[str, Any]) -> bool:
        return all(item.get(name) == value for name, value in self.where.items())

    def cell(self, record: Mapping[str, Any]) -> str:
        """What stands in this column for a record."""
        value = self.take(record)
        return "" if value is None else self.kind.write(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A register: where it is served, and its columns in order."""

    service: str
    name: str
    title: Mapping[Language, str]
    listed: str | None
    """The path of its list; None: there is none to export."""
    records: str
    """The path under which a row is told."""
    columns: Mapping[str, Column]
    example: Mapping[str, str]
    words: Words
    _by_name: dict[str, Column] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        for column in self.columns.values():
            for name in (column.name, *column.labels.values(), *column.also):
                self._by_name.setdefault(folded(name), column)

    def find(self, heading: str) -> Column | None:
        """The column of that name, in any of the languages."""
        return self._by_name.get(folded(heading))

    def like(self, heading: str) -> list[str]:
        """Names of columns that look like it."""
        names = {name for each in self.columns.values() for name in each.labels.values()}
        return nearest(heading, sorted(names | set(self.columns)))

    def body(self, cells: Mapping[str, str]) -> dict[str, Any]:
        """What a row tells, without its ref. Raises CellUnreadable for the first wrong cell."""
        body: dict[str, Any] = {}
        for name, cell in cells.items():
            column = self.columns.get(name)
            if column is None:
                known = ", ".join(self.columns)
                raise CellUnreadable(name, f"no such column; known: {known}")
            if name != "ref":
                column.put(body, cell)
        return body

    def row(self, record: Mapping[str, Any]) -> list[str]:
        """The cells of a record, in the order of the columns."""
        return [column.cell(record) for column in self.columns.values()]

    def heading(self, language: Language) -> list[str]:
        """What stands above the columns: names that never change, or those of a language."""
        return [column.labels[language] for column in self.columns.values()]


@cache
def layouts_of(service: str) -> Mapping[str, Layout]:
    """The registers that a service describes, by name; {} if it describes none."""
    folder = files("services") / service / "sheets"
    if not folder.is_dir():
        return {}
    said = yaml.safe_load((folder / "words.yaml").read_text(encoding="utf-8"))
    words = Words({word: tuple(names) for word, names in said.items()})
    told = yaml.safe_load((folder / "registers.yaml").read_text(encoding="utf-8"))
    return {name: _layout(service, name, each, words) for name, each in told.items()}


def _layout(service: str, name: str, told: Mapping[str, Any], words: Words) -> Layout:
    filed = told.get("filed", True)
    columns = _FIRST | told["columns"] | _LAST if filed else told["columns"]
    made = [_column(key, each, words) for key, each in columns.items()]
    return Layout(
        service=service,
        name=name,
        title=dict(zip(LANGUAGES, told["title"], strict=True)),
        listed=told.get("list"),
        records=told["records"],
        columns={column.name: column for column in made},
        example=told["example"],
        words=words,
    )


def _column(key: str, told: Any, words: Words) -> Column:
    name = key.removesuffix("*")
    labels = {language: words.said(name, language) for language in LANGUAGES}
    labels["en"] = name.replace("_", " ").replace(".", " ").capitalize()
    return Column(
        name=name,
        kind=_kind(told, words),
        required=key.endswith("*"),
        of=told.get("of", name) if isinstance(told, dict) else name,
        where=told.get("where", {}) if isinstance(told, dict) else {},
        labels=labels,
        also=words.all(told["also"]) if isinstance(told, dict) and "also" in told else (),
    )


def _kind(told: Any, words: Words) -> Kind:
    match told:
        case str():
            return _SIMPLE[told]
        case list():
            return Codes(tuple(told), words)
        case {"is": inner}:
            return _kind(inner, words)
        case {"many": inner}:
            return Many(_kind(inner, words))
        case {"commas": inner}:
            return Many(_kind(inner, words), ",")
        case {"items": parts}:
            return Many(_parts(parts, words))
        case {"one": parts}:
            return One(_parts(parts, words))
        case _:
            raise ValueError(f"no kind of cell: {told}")


def _parts(told: Mapping[str, Any], words: Words) -> Parts:
    return Parts({name: _kind(each, words) for name, each in told.items()})
