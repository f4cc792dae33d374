"""Facts -> the versions of a record: each known from one instant until the next.

Folding is merging: a version is the one before it with the fields of a fact laid over it. The
result does not depend on how the facts were cut into batches.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import BaseModel

from services.reporting.incoming import kind_of
from shared.dates import PartialDate

__all__ = ["Told", "Version", "fields_of", "fold"]

_DAYS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "stay": (("actual_from", "planned_from"), ("actual_until", "planned_until")),
    "visit": (("starts_on",), ("ends_on", "starts_on")),
    "application": (("submitted_on",), ()),
}
"""Per kind, the fields that say its first and its last day, the first that is set. Kinds that are
not here hold for days without end, and are few."""


class Told(NamedTuple):
    """One fact, as a fold reads it."""

    subject: str
    version: int
    time: datetime
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Version:
    """A record as it was known from one instant on. `state` holds JSON values."""

    subject: str
    version: int
    known_from: datetime
    state: Mapping[str, Any]

    @property
    def kind(self) -> str:
        return kind_of(self.subject)

    @property
    def units(self) -> list[str]:
        """Whose record it is: the owner, those it is shared with, and our parties."""
        state = self.state
        units = [state.get("unit") or "", *(state.get("shared_with") or ())]
        units += [each["party"] for each in state.get("parties") or () if each["side"] == "ours"]
        return list(dict.fromkeys(unit for unit in units if unit))

    @property
    def first(self) -> date | None:
        """The first day it can be about; None: no limit."""
        return _days(_first_set(self.state, _DAYS.get(self.kind, ((), ()))[0]))[0]

    @property
    def last(self) -> date | None:
        """The last day it can be about; None: no limit."""
        return _days(_first_set(self.state, _DAYS.get(self.kind, ((), ()))[1]))[1]


def fields_of(data: BaseModel) -> dict[str, Any]:
    """The fields that a fact sets, as JSON values; those of `changes` where it is a correction."""
    fields = data.model_dump(mode="json", exclude_unset=True, by_alias=True)
    changes: dict[str, Any] = fields.pop("changes", {})
    return fields | changes


def fold(before: Mapping[str, Version], facts: Iterable[Told]) -> list[Version]:
    """Every version that the facts make, in their order.

    `before` has the last version of each subject that had one; a subject's facts come in order. A
    fact recorded by a clock that was behind is known no earlier than the one before it.
    """
    latest = dict(before)
    made = []
    for fact in facts:
        earlier = latest.get(fact.subject)
        version = Version(
            subject=fact.subject,
            version=fact.version,
            known_from=fact.time if earlier is None else max(fact.time, earlier.known_from),
            state=dict(fact.fields) if earlier is None else {**earlier.state, **fact.fields},
        )
        latest[fact.subject] = version
        made.append(version)
    return made


@lru_cache(maxsize=20_000)
def _days(text: str | None) -> tuple[date | None, date | None]:
    """The first and the last day that a date can mean."""
    if text is None:
        return None, None
    known = PartialDate(text)
    return known.first, known.last


def _first_set(state: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        if state.get(name):
            return str(state[name])
    return None
