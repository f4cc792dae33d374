"""What a projection of a history must hold: a fold in a few lines, which shares no code with any.

`history` is what each fact set; `records` is what is known now: of each field the newest value. A
reader keeps at least the fields it reads (`READ`), and of objects in them what it likes.
"""

import json
from collections.abc import Sequence
from typing import Any

from benchmarks.history import Event
from benchmarks.runner import WrongResult

__all__ = ["READ", "check_history", "check_records"]

READ = {
    "visits": frozenset(
        {
            "unit",
            "ref",
            "direction",
            "title",
            "purpose",
            "theme",
            "topic",
            "starts_on",
            "ends_on",
            "place",
            "status",
            "partners",
            "members",
            "legs",
            "hosts",
        }
    ),
    "mobility": frozenset(
        {
            "unit",
            "person_ref",
            "direction",
            "who",
            "kind",
            "level",
            "field",
            "partner",
            "partner_name",
            "host_country",
            "agreement",
            "programme",
            "funding",
            "nationality",
            "prior_education_country",
            "planned_from",
            "planned_until",
            "virtual_days",
            "credits",
            "status",
        }
    ),
    "agreements": frozenset(
        {
            "unit",
            "ref",
            "kind",
            "title",
            "parties",
            "status",
            "proposed_on",
            "valid_from",
            "valid_until",
            "renewal",
        }
    ),
}
"""The fields of these services' facts that reporting reads, as far as this office writes them."""


Rows = Sequence[tuple[str, int, str]]
"""Subject, version, JSON; by subject and version."""


def check_history(rows: Rows, events: Sequence[Event]) -> None:
    """What every fact set, once, in order. Raises WrongResult."""
    expected = ((event, _set(event)) for event in sorted(events, key=lambda e: e[1:3]))
    for (subject, version, text), (event, fields) in zip(rows, expected, strict=False):
        _same(subject, version, event)
        read = READ[event.service]
        found = json.loads(text)
        _compare(event, found, {n: v for n, v in fields.items() if n in read or n in found})
    _complete(len(events), rows)


def check_records(rows: Rows, events: Sequence[Event]) -> None:
    """Every record at its last version, with its state. Raises WrongResult."""
    last: dict[str, tuple[Event, dict[str, Any]]] = {}
    for event in events:
        state = last[event.subject][1] if event.subject in last else {}
        read = READ[event.service]
        state |= {name: value for name, value in _set(event).items() if name in read}
        last[event.subject] = (event, state)
    for (subject, version, text), key in zip(rows, sorted(last), strict=False):
        event, state = last[key]
        _same(subject, version, event)
        _compare(event, json.loads(text), state)
    _complete(len(last), rows)


def _complete(expected: int, rows: Rows) -> None:
    if len(rows) != expected:
        raise WrongResult(f"{len(rows)} rows instead of {expected}")


def _same(subject: str, version: int, event: Event) -> None:
    if (subject, version) != (event.subject, event.version):
        raise WrongResult(f"{subject} {version} instead of {event.subject} {event.version}")


def _set(event: Event) -> dict[str, Any]:
    """The fields that a fact set."""
    fields: dict[str, Any] = json.loads(event.data)
    changes: dict[str, Any] = fields.get("changes", fields)
    return changes


def _compare(event: Event, found: dict[str, Any], expected: dict[str, Any]) -> None:
    at = f"{event.subject} {event.version}"
    if found.keys() != expected.keys():
        differ = sorted(found.keys() ^ expected.keys())
        raise WrongResult(f"{at} differs in having {', '.join(differ)}")
    for name, value in expected.items():
        if not _within(found[name], value):
            raise WrongResult(f"{at}: {name} is {found[name]!r}, not {value!r}")


def _within(found: Any, told: Any) -> bool:
    """Equal, but that objects may have fewer members."""
    if isinstance(found, dict) and isinstance(told, dict):
        return all(name in told and _within(found[name], told[name]) for name in found)
    if isinstance(found, list) and isinstance(told, list):
        return len(found) == len(told) and all(map(_within, found, told))
    return bool(found == told)
