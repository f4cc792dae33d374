"""An extract against the one before: which rows are new, changed, gone, refused. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from services.program.extracts.kinds import Fields, Kind
from services.program.extracts.mapping import Entry
from services.program.extracts.telling import Told, is_over, told_by

__all__ = ["Change", "Difference", "Known", "Refusal", "compare"]

State = Literal["new", "changed", "vanished", "renumbered", "unchanged"]


@dataclass(frozen=True, slots=True)
class Known:
    """What is kept of a row of the last extract. `announced`: what was about to be said when a run
    ended, with the day of that extract; the next run finishes that first."""

    key: str
    revision: int
    document: Fields | None
    announced: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that says nothing now, and why; what it said before stays."""

    row: int
    key: str
    field: str
    why: str


@dataclass(slots=True, kw_only=True)
class Change:
    """What one row comes to."""

    key: str
    state: State
    row: int
    before: Fields | None
    now: Fields | None
    told: list[Told]
    revision: int
    instead_of: str | None = None
    """The key it had before it was numbered anew."""


@dataclass(slots=True)
class Difference:
    """All of it."""

    changes: list[Change] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    unchanged: int = 0
    live: int = 0
    """Rows of the last extract that were not over on the day of this one."""
    missing: list[str] = field(default_factory=list)
    """Of those, the keys of the ones that this extract does not have."""

    @property
    def counts(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for change in self.changes:
            found[change.state] = found.get(change.state, 0) + 1
        if self.unchanged:
            found["unchanged"] = self.unchanged
        if self.refused:
            found["refused"] = len(self.refused)
        return found


def compare(
    kind: Kind,
    entries: Iterable[Entry],
    unreadable: Iterable[Refusal],
    known: Mapping[str, Known],
    *,
    on: str,
) -> Difference:
    """The difference of an extract of this day from what is known of the last one."""
    found = Difference(refused=list(unreadable))
    present = {each.key for each in found.refused if each.key}
    wanted: dict[str, Entry] = {}
    for entry in entries:
        other = wanted.get(entry.key)
        if other is not None and (other.fields, other.name) != (entry.fields, entry.name):
            why = f"rows {other.row} and {entry.row} say different things of it"
            found.refused.append(Refusal(entry.row, entry.key, "record", why))
            present.add(entry.key)
        wanted.setdefault(entry.key, entry)
    wanted = {key: entry for key, entry in wanted.items() if key not in present}
    present |= wanted.keys()
    live = {
        key
        for key, each in known.items()
        if each.document is not None and not is_over(kind, each.document, on=on)
    }
    found.live = len(live)
    renumbered = _renumbered(kind, wanted, known, live - present)
    taken = set(renumbered.values())
    for key, entry in wanted.items():
        instead = renumbered.get(key)
        last = known.get(instead or key)
        before = last.document if last else None
        now = entry.fields
        if before is not None and (instead or "filed_as" in before):
            # what upstream knows under its first number goes on under that number
            now = now | {"record": before["record"], "filed_as": entry.fields["record"]}
        told = told_by(kind, before, now, on=on)
        if told and before is not None and "unkept" in before:
            told = told_by(kind, None, now, on=on)
        if not told and before is not None and instead is None:
            found.unchanged += 1
            continue
        state: State = "new" if before is None else "renumbered" if instead else "changed"
        found.changes.append(
            Change(
                key=key,
                state=state,
                row=entry.row,
                before=before,
                now=now,
                told=told,
                revision=(last.revision if last else 0) + 1,
                instead_of=instead,
            )
        )
    for key in sorted(live - present - taken):
        last = known[key]
        found.missing.append(key)
        found.changes.append(
            Change(
                key=key,
                state="vanished",
                row=0,
                before=last.document,
                now=None,
                told=told_by(kind, last.document, None, on=on),
                revision=last.revision + 1,
            )
        )
    return found


def _renumbered(
    kind: Kind, wanted: Mapping[str, Entry], known: Mapping[str, Known], gone: set[str]
) -> dict[str, str]:
    """New keys of rows that are gone under another one and say exactly the same of the person."""
    if not kind.named:
        return {}

    def content(fields: Fields) -> str:
        return repr(sorted((k, v) for k, v in fields.items() if k not in ("record", "filed_as")))

    old: dict[str, list[str]] = {}
    for key in gone:
        document = known[key].document
        if document is not None:
            old.setdefault(content(document), []).append(key)
    new: dict[str, list[str]] = {}
    for key, entry in wanted.items():
        if key not in known:
            new.setdefault(content(entry.fields), []).append(key)
    return {
        keys[0]: old[said][0]
        for said, keys in new.items()
        if len(keys) == 1 and len(old.get(said, ())) == 1
    }
