"""Conditions that share places: the format may give the same way, kind and level several numbers
in one year (one for each field, say); an agreement of ours gives one, and theirs are its sum.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from services.agreements.events.values import Places
from services.agreements.gateways.ewp.terms import Particulars

__all__ = ["Group", "grouped"]


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions of which each overlaps another, and the places that they are together."""

    conditions: tuple[Particulars, ...]
    lines: tuple[Places, ...]


def grouped(conditions: Iterable[Particulars]) -> list[Group]:
    """In the order in which their first conditions come."""
    groups: list[list[Particulars]] = []
    for each in conditions:
        mine = [group for group in groups if any(_overlap(each, other) for other in group)]
        groups = [group for group in groups if group not in mine]
        groups.append([*(condition for group in mine for condition in group), each])
    return [Group(tuple(group), tuple(_lines(group))) for group in groups]


def _overlap(one: Particulars, other: Particulars) -> bool:
    return (
        (one.direction, one.kind) == (other.direction, other.kind)
        and (one.levels == other.levels or not set(one.levels).isdisjoint(other.levels))
        and one.from_year <= other.until_year
        and other.from_year <= one.until_year
    )


def _lines(group: Sequence[Particulars]) -> list[Places]:
    """From each year in which something begins or has ended to the next one: the sum of then."""
    counted = [each for each in group if each.maximum is not None]
    turns = sorted({year for each in counted for year in (each.from_year, each.until_year + 1)})
    lines: list[Places] = []
    for first, after in pairwise(turns):
        then = [each for each in counted if each.from_year <= first <= each.until_year]
        if not then:
            continue
        line = Places(
            direction=then[0].direction,
            kind=then[0].kind,
            levels=tuple(sorted({level for each in then for level in each.levels})),
            maximum=sum(each.maximum or 0 for each in then),
            from_year=first,
            until_year=after - 1,
        )
        if lines and _goes_on(lines[-1], line):
            line = line.model_copy(update={"from_year": lines.pop().from_year})
        lines.append(line)
    return lines


def _goes_on(before: Places, line: Places) -> bool:
    return before.until_year == (line.from_year or 0) - 1 and (before.levels, before.maximum) == (
        line.levels,
        line.maximum,
    )
