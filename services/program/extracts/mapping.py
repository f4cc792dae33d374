"""Which column of an extract is which field, and which of its words mean which of ours."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.program.extracts.kinds import KINDS, Fields, Kind, System

__all__ = ["Entry", "Mapping_", "RowUnreadable", "column_key"]

_NUMBERS = frozenset({"virtual_days", "year", "students", "graduates"})
_POINTS = frozenset({"credits_planned", "credits_awarded", "credits_recognised"})
_FLAGS = frozenset(
    {"paid", "keynote", "foreign_expert", "returned_early", "ended_early", "taken", "graduate"}
)
_YES = frozenset({"yes", "true", "1", "y", "x"})
_NO = frozenset({"no", "false", "0", "n"})
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")

Column = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class RowUnreadable(Exception):
    """A row cannot be read: `field`, and why."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field
        self.why = why


class Person(BaseModel):
    """How the ref of a person is made."""

    model_config = ConfigDict(extra="forbid")

    column: Column
    hashed: bool = True
    """True for a number that others know (of a student, of an employee): what is sent instead is
    worked out from it and from a secret of this mapping. False: the column holds a ref."""
    prefix: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{0,10}:?$")] = ""


class Entry(BaseModel):
    """One row, read."""

    row: int
    key: str
    fields: Fields
    name: str = ""


class Mapping_(BaseModel):  # noqa: N801 - `Mapping` is the one of collections
    """What stands in a mapping's file."""

    model_config = ConfigDict(extra="forbid")

    system: System
    source: Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9._/-]{1,100}$")]
    rows: Literal["exchange", "enrolment", "destination", "headcount", "contract", "leave"]
    record: Column | None = None
    person: Person | None = None
    name: list[Column] = []
    """The columns of the person's name; it goes to the table of persons and nowhere else."""
    columns: dict[str, Column]
    values: dict[str, dict[str, str]] = {}
    constants: dict[str, str] = {}
    dates: str = "%Y-%m-%d"
    most_missing: float | None = Field(default=None, ge=0, le=1)

    @model_validator(mode="after")
    def _fits(self) -> "Mapping_":
        kind = self.kind
        if kind.system != self.system:
            raise ValueError(f"rows of the kind {self.rows!r} come from {kind.system}")
        unknown = (set(self.columns) | set(self.constants)) - kind.known
        if unknown:
            raise ValueError(
                f"{min(unknown)!r} is no field of {self.rows!r}; there are"
                f" {', '.join(sorted(kind.known))}"
            )
        if kind.named and (self.record is None or self.person is None):
            raise ValueError("say which columns `record` and `person` are")
        return self

    @property
    def kind(self) -> Kind:
        return KINDS[self.rows]

    def read(self, number: int, cells: Mapping[str, str], *, secret: str) -> Entry:
        """One row. Raises RowUnreadable."""
        cell = {column_key(name): value for name, value in cells.items()}
        fields: Fields = {}
        for field, column in self.columns.items():
            value = cell.get(column_key(column), "").strip()
            if field in self.values:
                value = self._ours(field, value)
            if value:
                fields[field] = self._typed(field, value)
        for field, constant in self.constants.items():
            fields.setdefault(field, self._typed(field, constant))
        if self.kind.named:
            fields["record"] = self._needed(cell, "record", self.record)
            fields["person_ref"] = self._person(cell, secret)
        key = ":".join(str(fields.get(part, "")) for part in self.kind.key)
        name = " ".join(cell.get(column_key(each), "").strip() for each in self.name).strip()
        return Entry(row=number, key=key, fields=fields, name=name)

    def key_of(self, cells: Mapping[str, str]) -> str:
        """The key of a row that cannot be read otherwise, so that it is not taken for gone."""
        if self.record is None:
            return ""
        cell = {column_key(name): value for name, value in cells.items()}
        return cell.get(column_key(self.record), "").strip()

    def _needed(self, cell: Mapping[str, str], field: str, column: str | None) -> str:
        value = cell.get(column_key(column or ""), "").strip()
        if not value:
            raise RowUnreadable(field, f"the column {column!r} is empty")
        return value

    def _person(self, cell: Mapping[str, str], secret: str) -> str:
        assert self.person is not None  # noqa: S101 - the validator saw to it
        value = self._needed(cell, "person_ref", self.person.column)
        if self.person.hashed:
            message = f"{self.source}\n{value.casefold()}".encode()
            value = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()[:24]
        return f"{self.person.prefix}{value}"

    def _ours(self, field: str, value: str) -> str:
        known = {word.casefold(): ours for word, ours in self.values[field].items()}
        if value and value.casefold() not in known:
            raise RowUnreadable(
                field, f"the mapping does not say what {value!r} is; it knows {', '.join(known)}"
            )
        return known.get(value.casefold(), "")

    def _typed(self, field: str, value: str) -> Any:
        if field in _FLAGS:
            if value.casefold() not in _YES | _NO:
                raise RowUnreadable(field, f"{value!r} is neither yes nor no")
            return value.casefold() in _YES
        if field in _NUMBERS | _POINTS:
            try:
                return int(value) if field in _NUMBERS else float(value.replace(",", "."))
            except ValueError:
                raise RowUnreadable(field, f"{value!r} is no number") from None
        if field == "on" or field.endswith("_on"):
            return self._day(field, value)
        return value

    def _day(self, field: str, value: str) -> str:
        if _DAY.match(value):  # what a spreadsheet's own date becomes
            return value
        try:
            return datetime.strptime(value, self.dates).date().isoformat()  # noqa: DTZ007 a day
        except ValueError:
            raise RowUnreadable(field, f"{value!r} is no day in the form {self.dates}") from None


def column_key(name: str) -> str:
    """How a column is found: whatever its case and its spaces."""
    return "_".join(name.strip().casefold().replace("_", " ").split())
