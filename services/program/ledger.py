"""What becomes of each row of an import, kept on disk: memory does not grow with the sheet."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

__all__ = ["Ledger", "Told", "Verdict"]

_TABLES = """
create table verdicts (row integer primary key, ref text, outcome text, field text, why text,
                       warnings text);
create table told (row integer primary key, ref text, body text);
create table waiting (row integer primary key);
create index told_by_ref on told (ref);
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one row."""

    row: int
    ref: str
    outcome: str
    """created, changed, unchanged or refused."""
    field: str = ""
    why: str = ""
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        given = {"row": self.row, "ref": self.ref, "outcome": self.outcome}
        if self.why:
            given |= {"field": self.field, "why": self.why}
        return given | ({"warnings": list(self.warnings)} if self.warnings else {})


@dataclass(frozen=True, slots=True)
class Told:
    """What a row tells, ready to be sent."""

    row: int
    ref: str
    body: dict[str, Any]
    warnings: tuple[str, ...] = ()

    def refs(self) -> set[str]:
        """The refs of other records that it names."""
        return set(_refs(self.body))


class Ledger:
    """A database without a name: SQLite keeps it on disk, and removes it at the end."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(_TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._db.close()

    def judge(self, verdict: Verdict) -> None:
        """Keep a verdict, which replaces an earlier one of that row."""
        self._db.execute(
            "insert or replace into verdicts values (?, ?, ?, ?, ?, ?)",
            (
                verdict.row,
                verdict.ref,
                verdict.outcome,
                verdict.field,
                verdict.why,
                json.dumps(verdict.warnings),
            ),
        )

    def verdicts(self, outcome: str | None = None, *, most: int = -1) -> Iterator[Verdict]:
        """In the order of the rows."""
        rows = self._db.execute(
            "select row, ref, outcome, field, why, warnings from verdicts"
            " where ?1 is null or outcome = ?1 order by row limit ?2",
            (outcome, most),
        )
        for row, ref, outcome_of_it, field, why, warnings in rows:
            yield Verdict(row, ref, outcome_of_it, field, why, tuple(json.loads(warnings)))

    def counts(self) -> Counter[str]:
        """How many rows had which outcome."""
        query = "select outcome, count(*) from verdicts group by outcome order by min(row)"
        return Counter(dict(self._db.execute(query).fetchall()))

    def keep(self, told: Told) -> None:
        """Keep what a row tells, because it may have to be told again."""
        self._db.execute(
            "insert or replace into told values (?, ?, ?)",
            (told.row, told.ref, json.dumps([told.body, told.warnings])),
        )

    def wait(self, told: Told) -> None:
        """The row names what may come in a later one."""
        self.keep(told)
        self._db.execute("insert or replace into waiting values (?)", (told.row,))

    def release(self, row: int) -> None:
        """The row waits no longer."""
        self._db.execute("delete from waiting where row = ?", (row,))

    def waiting(self, *, before: int | None, most: int) -> list[Told]:
        """Rows that wait, the last first: what names a later row comes after it."""
        rows = self._db.execute(
            "select row, ref, body from told join waiting using (row)"
            " where ?1 is null or row < ?1 order by row desc limit ?2",
            (before, most),
        )
        return [_told(*each) for each in rows]

    def told(self, ref: str) -> Told | None:
        """What the sheet tells under that ref, as far as it is kept."""
        row = self._db.execute(
            "select row, ref, body from told where ref = ? order by row desc limit 1", (ref,)
        ).fetchone()
        return None if row is None else _told(*row)


def _told(row: int, ref: str, body: str) -> Told:
    said, warnings = json.loads(body)
    return Told(row, ref, said, tuple(warnings))


def _refs(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.startswith("ref:"):
        yield value.removeprefix("ref:")
    elif isinstance(value, list):
        for each in value:
            yield from _refs(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _refs(each)
