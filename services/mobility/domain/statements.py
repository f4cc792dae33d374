"""What HR and the registrar said, and which of it still stands.

Their events come late, twice, in any order, corrected and taken back. So nothing is concluded from
one event: all that was said is kept, and what stands is worked out from the whole. Whoever has the
same statements comes to the same result, in whatever order they came.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One event of HR or the registrar."""

    source: str
    id: str
    """Unique within the source."""
    type: str
    time: datetime
    """When it was said, by the sender's clock."""
    record: str
    """The sender's number of what it is about."""
    about: str
    """The person's ref (or unit, year and level of a headcount)."""
    data: BaseModel
    replaces: str | None = None
    """Id of the event that this one corrects."""
    withdrawn: bool = False
    """It takes back what it names, or all of its kind that was said before."""

    @property
    def said(self) -> tuple[datetime, str]:
        """The order of saying; ids settle what the clock leaves open."""
        return self.time, self.id


def standing(statements: Sequence[Statement]) -> list[Statement]:
    """Those that were neither corrected nor taken back, in the order of what they tell.

    A correction stands in the place of what it corrects. Copies that were sent before, under other
    ids, are corrected with it.
    """
    by_id = {each.id: each for each in statements}
    gone = {
        other.id
        for each in statements
        if each.replaces is not None or each.withdrawn
        for other in statements
        if _covers(each, other, by_id)
    }
    left = (each for each in statements if each.id not in gone and not each.withdrawn)
    return in_order(left, by_id)


def in_order(statements: Iterable[Statement], known: Mapping[str, Statement]) -> list[Statement]:
    """By when they were first said: a correction keeps the time of what it corrects.

    `known`: all statements by id, those that were corrected too.
    """

    def place(each: Statement) -> tuple[datetime, datetime, str]:
        first = known.get(_root(each, known))
        return (first.time if first else each.time, *each.said)

    return sorted(statements, key=place)


def _covers(one: Statement, other: Statement, by_id: Mapping[str, Statement]) -> bool:
    """True if `one` does away with `other`."""
    if one.id == other.id:
        return False
    if one.replaces == other.id:
        return True
    if not other.said < one.said:
        return False
    if one.replaces is None:
        return _same_matter(one, other)
    if _root(one, by_id) == _root(other, by_id):
        return True
    named = by_id.get(one.replaces)
    return (
        named is not None
        and _same_matter(named, other)
        and named.data == other.data
        and other.replaces is None
    )


def _same_matter(one: Statement, other: Statement) -> bool:
    return (one.type, one.record, one.about) == (other.type, other.record, other.about)


def _root(statement: Statement, by_id: Mapping[str, Statement]) -> str:
    """The id of what was first said, following corrections back (it may not have come yet)."""
    seen = {statement.id}
    root = statement
    while root.replaces is not None:
        if root.replaces in seen:
            return min(seen)  # a circle has no beginning
        seen.add(root.replaces)
        if root.replaces not in by_id:
            return root.replaces
        root = by_id[root.replaces]
    return root.id
