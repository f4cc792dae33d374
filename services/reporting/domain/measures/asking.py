"""What is asked of a measure, and what it answers."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from services.reporting.domain.records import Records
from services.reporting.incoming.reading import Record
from shared.dates import PartialDate, Period
from shared.errors import Rejected

__all__ = ["Answer", "Behind", "Counted", "Measure", "Question", "Values", "count", "narrowed"]

Values = str | tuple[str, ...] | bool | int | None
"""What a record has of one attribute: a value, several, or none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Of which unit, about which days, judged on which day; and only of which records.

    `units` is the unit and its parts; `country` the unit's own; `where` has by attribute the values
    of which one must hold. Known when: the records that are handed in say it.
    """

    unit: str
    units: Collection[str]
    country: str
    period: Period
    on: date
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def days(self) -> Period | None:
        """The days of the period that have come by `on`; None if none has."""
        first, last = self.period.first, self.period.last
        if first is None or self.on < first:
            return None
        return Period(first, self.on if last is None else min(last, self.on))

    def concerns(self, record: Record) -> bool:
        """True if the record is the unit's own, one of its parts', or shared with these."""
        units = self.units
        return record.unit in units or any(unit in units for unit in record.shared_with)

    def begins(self, day: PartialDate | None) -> bool:
        """True if what begins on this day belongs to the period and has begun by `on`.

        A day known to the month or year counts from the first day it can mean: so it belongs to
        exactly one period.
        """
        days = self.days
        return day is not None and days is not None and day.first in days


@dataclass(frozen=True, slots=True)
class Behind:
    """A record behind a number: what it is, and why it counts."""

    subject: str
    label: str
    why: str = ""
    illustrative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A number (None: cannot be said), its parts, and the records behind it."""

    value: Decimal | int | None
    records: tuple[Behind, ...] = ()
    groups: Mapping[str, Decimal | int] = field(default_factory=dict)
    """By `attribute=value`: each counted again, so they need not add up."""
    shown: Mapping[str, object] = field(default_factory=dict)
    """What must stand beside the number: an edition, a share, "about"."""
    keys: Mapping[str, int] = field(default_factory=dict)
    """What was counted, and how often one of them weighs: for unions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A named, versioned definition: `rule` is the one that `compute` follows, in words."""

    name: str
    version: int
    title: str
    rule: str
    counts: str
    """The unit of the value: persons, agreements, ..."""
    reads: frozenset[str]
    """The kinds of records it needs."""
    where: tuple[str, ...]
    """The attributes by which it can be narrowed."""
    compute: Callable[[Question, Records], Answer]
    stock: bool = False
    """True: a count of what is so on a day, which can fall; else of what happens in a period."""
    whole_past: bool = False
    """True: it needs records of before the period, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One thing that is counted once per `key`, and the record it comes from."""

    key: str
    subject: str
    label: str
    attributes: Mapping[str, Values]
    weight: int = 1
    why: str = ""
    illustrative: bool = False


def texts(values: Values) -> tuple[str, ...]:
    """The values of an attribute as they are written in questions."""
    if values is None:
        return ("unknown",)
    if isinstance(values, bool):
        return ("yes" if values else "no",)
    if isinstance(values, tuple):
        return values or ("none",)
    return (str(values),)


def narrowed(items: Iterable[Counted], where: Mapping[str, tuple[str, ...]]) -> list[Counted]:
    """Those whose attributes have one of the wanted values, for every attribute."""
    if not where:
        return list(items)
    wanted = {name: frozenset(values) for name, values in where.items()}
    return [
        item
        for item in items
        if all(
            not values.isdisjoint(texts(item.attributes.get(name)))
            for name, values in wanted.items()
        )
    ]


def count(
    items: Iterable[Counted],
    question: Question,
    *,
    groups: tuple[str, ...] = (),
    shown: Mapping[str, object] | None = None,
) -> Answer:
    """The number of distinct keys, in all and by group, of what satisfies the question."""
    kept = narrowed(items, question.where)
    keys: dict[str, int] = {}
    grouped: dict[str, dict[str, int]] = {}
    for item in kept:
        keys[item.key] = max(item.weight, keys.get(item.key, 0))
        for name in groups:
            for value in texts(item.attributes.get(name)):
                grouped.setdefault(f"{name}={value}", {})[item.key] = keys[item.key]
    return Answer(
        value=sum(keys.values()),
        records=tuple(
            Behind(item.subject, item.label, item.why, item.illustrative) for item in kept
        ),
        groups={name: sum(members.values()) for name, members in sorted(grouped.items())},
        shown=shown or {},
        keys=keys,
    )


def refuse_unknown(where: Mapping[str, object], known: Collection[str], *, field: str = "") -> None:
    """Raises Rejected("narrowing-unknown", 422) on an attribute that the measure does not have."""
    for name in where:
        if name not in known:
            raise Rejected(
                "narrowing-unknown",
                f"this measure cannot be narrowed by {name!r}; it can by {', '.join(known)}",
                field=field or name,
                status=422,
            )
