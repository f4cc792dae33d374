"""Facts -> what is known of a record: each state known from one instant until the next.

Folding is merging: a state is the one before it with the fields of a fact laid over it. The result
does not depend on how the facts were cut into batches. Values stay the JSON that the owner wrote:
they are looked at where a question is asked, and only those that place a record are read here.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from services.reporting.incoming import FIELDS, kind_of
from shared.dates import PartialDate

__all__ = ["Folded", "Told", "fields_of", "fold"]

_DAYS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "stay": (("actual_from", "planned_from"), ("actual_until", "planned_until")),
    "visit": (("starts_on",), ("ends_on", "starts_on")),
    "application": (("submitted_on",), ()),
}
"""Per kind, the fields that say its first and its last day, the first that is set. Kinds that are
not here hold for days without end, and are few."""
_UNITS: Final = frozenset({"unit", "shared_with", "parties"})
_PLACING: Final = _UNITS.union(*(name for names in _DAYS.values() for name in names))
"""The fields that say whose a record is, and which days it is about."""
_VALUES: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_VALUE: Final = msgspec.json.Decoder()
_OBJECT: Final = msgspec.json.Encoder()

_State = Mapping[str, msgspec.Raw]


class Told(NamedTuple):
    """One fact, as a fold reads it: `fields` is the JSON object of what it set."""

    subject: str
    version: int
    time: datetime
    fields: bytes


@dataclass(frozen=True, slots=True)
class Folded:
    """A record as it was known from one instant on. `state` is a JSON object (bytes, as many of
    these are remembered), `units` those whose record it is, `first` and `last` the days it can be
    about: None without a limit."""

    subject: str
    version: int
    known_from: datetime
    state: bytes
    units: tuple[str, ...]
    first: date | None
    last: date | None

    @property
    def kind(self) -> str:
        return kind_of(self.subject)

    def concerns(self, units: Collection[str], *, first: date | None, last: date | None) -> bool:
        """Whether it is one of these units' and can be about a day from `first` to `last`."""
        return (
            not set(units).isdisjoint(self.units)
            and (last is None or self.first is None or self.first <= last)
            and (first is None or self.last is None or self.last >= first)
        )


def fields_of(data: bytes) -> bytes:
    """The JSON object of what a fact sets; that of its `changes` where it is a correction."""
    if b'"changes"' in data:
        changes = _VALUES.decode(data).get("changes")
        if changes is not None:
            return bytes(changes)
    return data


def fold(
    before: Mapping[str, Folded], facts: Iterable[Told]
) -> tuple[list[Told], dict[str, Folded]]:
    """The facts with the instant from which each was known, and what they leave each record at.

    `before` has the last state of each subject that had one; a subject's facts come in order. A
    fact recorded by a clock that was behind is known no earlier than the one before it.
    """
    known: list[Told] = []
    states: dict[str, dict[str, msgspec.Raw]] = {}
    last: dict[str, Told] = {}
    moved: set[str] = set()
    for fact in facts:
        subject, _, time, fields = fact
        state = states.get(subject)
        if state is None:
            found = before.get(subject)
            state = states[subject] = {} if found is None else _VALUES.decode(found.state)
            since = None if found is None else found.known_from
        else:
            since = last[subject].time
        if since is not None and since > time:
            fact = fact._replace(time=since)
        told = _VALUES.decode(fields)
        names = FIELDS[kind_of(subject)]
        for name, value in told.items():
            if name in names:
                state[name] = value
        if not _PLACING.isdisjoint(told):
            moved.add(subject)
        last[subject] = fact
        known.append(fact)
    return known, {
        subject: _placed(fact, states[subject], before.get(subject), moved=subject in moved)
        for subject, fact in last.items()
    }


def _placed(fact: Told, state: _State, before: Folded | None, *, moved: bool) -> Folded:
    if before is not None and not moved:
        units, first, last = before.units, before.first, before.last
    else:
        units, (first, last) = _units(state), _span(kind_of(fact.subject), state)
    return Folded(fact.subject, fact.version, fact.time, _OBJECT.encode(state), units, first, last)


def _units(state: _State) -> tuple[str, ...]:
    """Whose record it is: the owner, those it is shared with, and our parties."""
    owner, shared, parties = (_value(state, name) for name in ("unit", "shared_with", "parties"))
    units = [owner, *(shared or ())]
    units += [each["party"] for each in parties or () if each["side"] == "ours"]
    return tuple(dict.fromkeys(unit for unit in units if unit))


def _span(kind: str, state: _State) -> tuple[date | None, date | None]:
    """The first and the last day it can be about."""
    firsts, lasts = _DAYS.get(kind, ((), ()))
    return _days(_first_set(state, firsts))[0], _days(_first_set(state, lasts))[1]


def _first_set(state: _State, names: tuple[str, ...]) -> str | None:
    found = (_value(state, name) for name in names)
    return next((str(value) for value in found if value), None)


def _value(state: _State, name: str) -> Any:
    value = state.get(name)
    return None if value is None else _VALUE.decode(value)


@lru_cache(maxsize=20_000)
def _days(text: str | None) -> tuple[date | None, date | None]:
    """The first and the last day that a date can mean."""
    if text is None:
        return None, None
    known = PartialDate(text)
    return known.first, known.last
