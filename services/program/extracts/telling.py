"""From what a row said to what it says now: the events that tell it. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from services.program.extracts.kinds import Fields, Kind, Part, nested, own

__all__ = ["Told", "Vanished", "events_of", "is_over", "told_by", "vanished_of"]

Vanished = list[dict[str, Any]]
"""What was said of a row when it was gone: taken back if the row is there again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing to say."""

    type: str
    data: Fields
    withdrawn: bool = False
    opens: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {"type": self.type, "data": self.data, "withdrawn": self.withdrawn}


def told_by(kind: Kind, before: Fields | None, now: Fields | None, *, on: str) -> list[Told]:
    """What is to be said so that upstream's word becomes what the row says now.

    `before` None: the row is new. `now` None: it is gone; what that means, the kind says. `on`: the
    day of the extract (YYYY-MM-DD).
    """
    if before is None:
        return [] if now is None else _whole(kind, now)
    vanished: Vanished = before.get("vanished", [])
    if now is None:
        return [] if vanished or before.get("over") else vanished_of(kind, before, on=on)
    if any(each["withdrawn"] for each in vanished):
        return _whole(kind, now)
    again = [Told(type=each["type"], data=each["data"], withdrawn=True) for each in vanished]
    if before.get("person_ref") != now.get("person_ref"):
        return [*again, _opening(kind, before, withdrawn=True), *_whole(kind, now)]
    return [*again, *_changed(kind, before, now, on=on), *_parts(kind, before, now)]


def vanished_of(kind: Kind, row: Fields, *, on: str) -> list[Told]:
    """What it means that the row is gone."""
    if kind.ends is None or is_over(kind, row, on=on):
        return []
    if row.get(kind.first, "") >= on:
        return [_opening(kind, row, withdrawn=True)]
    last = (date.fromisoformat(on) - timedelta(days=1)).isoformat()
    data = _about(kind, row) | {"on": last} | dict(kind.closing or {}) | dict(kind.fixed)
    return [Told(type=kind.ends.type, data=data)]


def is_over(kind: Kind, row: Fields, *, on: str) -> bool:
    """True where nothing is expected any more, so that an extract may leave the row out."""
    if row.get("vanished") or row.get("state") in ("rejected", "withdrawn", "no-show"):
        return True
    if kind.ends is None or any(field in row for field in kind.ends.when):
        return True
    return bool(row.get(kind.last)) and row[kind.last] < on


def events_of(
    told: list[Told], *, source: str, extract: str, key: str, revision: int, at: datetime
) -> list[dict[str, Any]]:
    """As CloudEvents. Their ids follow from what changed and from how often the row has changed:
    said again after a crash they are the same, and said again after a change back they are not."""
    events = []
    for number, each in enumerate(told):
        identity = [source, extract, key, revision, number, each.type, each.data, each.withdrawn]
        digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
        event = {
            "specversion": "1.0",
            "id": f"x-{digest[:32]}",
            "source": source,
            "type": each.type,
            "time": (at + timedelta(milliseconds=number)).isoformat(),
            "datacontenttype": "application/json",
            "data": each.data,
        }
        events.append(event | ({"withdrawn": True} if each.withdrawn else {}))
    return events


def _whole(kind: Kind, row: Fields) -> list[Told]:
    return [_opening(kind, row), *_parts(kind, None, row)]


def _opening(kind: Kind, row: Fields, *, withdrawn: bool = False) -> Told:
    data = _about(kind, row) | dict(kind.fixed) | nested(own(row, _same(kind.fields)))
    return Told(type=kind.opens, data=data, withdrawn=withdrawn, opens=True)


def _changed(kind: Kind, before: Fields, now: Fields, *, on: str) -> list[Told]:
    fields = _same(kind.fields)
    if own(before, fields) == own(now, fields):
        return []
    change = kind.changes
    if change is None:
        return [_opening(kind, now)]
    told = []
    if any(before.get(name) != now.get(name) for name in set(kind.fields) - set(change.fields)):
        told.append(_opening(kind, now))
    news = {name: now.get(name) for name in change.fields if before.get(name) != now.get(name)}
    if news:
        told.append(Told(type=change.type, data=_about(kind, now) | {"on": on} | news))
    return told


def _parts(kind: Kind, before: Fields | None, now: Fields) -> list[Told]:
    told = []
    for part in kind.parts:
        was = _part(kind, part, before) if before is not None else None
        is_now = _part(kind, part, now)
        if is_now is not None and is_now != was:
            told.append(Told(type=part.type, data=is_now))
        elif is_now is None and was is not None:
            told.append(Told(type=part.type, data=was, withdrawn=True))
    return told


def _part(kind: Kind, part: Part, row: Fields) -> Fields | None:
    if not any(field in row for field in part.when):
        return None
    return _about(kind, row) | dict(kind.fixed) | own(row, part.fields)


def _about(kind: Kind, row: Fields) -> Fields:
    return own(row, _same(("record", "person_ref"))) if kind.named else {}


def _same(fields: tuple[str, ...]) -> Mapping[str, str]:
    return {name: name for name in fields}
