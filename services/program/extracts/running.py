"""One run: read the file, work out the difference, say it, remember that it was said.

Rows go in portions. Of each, what is about to be said is left with the service first, then it is
said, then it is noted as said. Whoever dies in between is finished by the next run: the same words
under the same ids, which have their effect once.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from rich.progress import Progress

from services.program.client import Client
from services.program.extracts.difference import Change, Difference, Known, Refusal, compare
from services.program.extracts.mapping import Entry, Mapping_, RowUnreadable
from services.program.extracts.reading import rows_of
from services.program.extracts.telling import Told, events_of
from services.program.output import stderr

__all__ = ["Outcome", "TooMuchMissing", "import_extract"]

T = TypeVar("T")

_PORTION = 100
"""Rows that are said together: some hundred events, well below what one request may hold."""
_NAMES = 500
_BATCH = 400
"""Events in one request."""


class TooMuchMissing(Exception):
    """The extract lacks so much of the last one that it is taken for a broken one."""


@dataclass(slots=True)
class Outcome:
    """What became of an extract."""

    difference: Difference
    events: dict[str, int] = field(default_factory=dict)
    """By outcome: accepted, duplicate, discarded, refused."""
    names: dict[str, int] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    finished: int = 0
    """Rows of a run that had died, finished first."""


async def import_extract(
    client: Client,
    name: str,
    path: Path,
    *,
    allow_missing: int | None = None,
    dry_run: bool = False,
) -> Outcome:
    """Import a full extract by the mapping of that name.

    Raises TooMuchMissing before anything is said, SheetUnreadable, Refused, Unreachable.
    """
    kept = await client.get(f"/mobility/extracts/{name}")
    mapping = Mapping_.model_validate(kept["mapping"])
    at = datetime.fromisoformat(kept["now"])
    known = {each.key: each async for each in _known(client, name)}
    entries, unreadable = _entries(mapping, path, secret=kept["secret"])
    run = _Run(client, name, mapping, at)
    outcome = Outcome(Difference())
    if not dry_run:
        outcome.finished = await run.finish(known, outcome)
    run.pass_over(known)
    difference = compare(mapping.kind, entries, unreadable, known, on=at.date().isoformat())
    outcome.difference = difference
    outcome.refused += difference.refused
    share = mapping.most_missing if mapping.most_missing is not None else kept["most_missing"]
    most = max(1, int(share * difference.live)) if allow_missing is None else allow_missing
    if len(difference.missing) > most:
        raise TooMuchMissing(
            f"{path.name} lacks {len(difference.missing)} of {difference.live} rows that were in"
            f" the last extract and are not over; at most {most} may be missing. Is it cut off? If"
            f" they are really gone: --allow-missing {len(difference.missing)}"
        )
    if dry_run:
        return outcome
    with Progress(console=stderr, transient=True) as progress:
        task = progress.add_task(f"{path.name} by {name}", total=len(difference.changes))
        for portion in _portions(difference.changes, _PORTION):
            await run.say(portion, outcome)
            progress.update(task, advance=len(portion))
    if mapping.name:
        await run.tell_names(entries, outcome)
    return outcome


class _Run:
    def __init__(self, client: Client, name: str, mapping: Mapping_, at: datetime) -> None:
        self._client = client
        self._name = name
        self._mapping = mapping
        self._at = at
        self._unkept: set[str] = set()

    async def finish(self, known: dict[str, Known], outcome: Outcome) -> int:
        """Say again what a run that died was about to say; it counts as said from then on."""
        begun = [each for each in known.values() if each.announced is not None]
        for portion in _portions(begun, _PORTION):
            changes = [_resumed(each) for each in portion]
            at = datetime.fromisoformat(str(portion[0].announced["at"]))  # type: ignore[index]  # begun
            refused = await self.say(changes, outcome, announced=True, at=at)
            for change in changes:
                document = change.before if change.key in refused else self._after(change)
                known[change.key] = Known(change.key, change.revision, document)
                if change.instead_of:
                    known.pop(change.instead_of, None)
        return len(begun)

    def pass_over(self, known: Mapping[str, Known]) -> None:
        """Of these nothing is kept, as far as is known: their names are not told either."""
        self._unkept |= {
            key for key, each in known.items() if each.document and each.document.get("unkept")
        }

    async def say(
        self,
        changes: Sequence[Change],
        outcome: Outcome,
        *,
        announced: bool = False,
        at: datetime | None = None,
    ) -> set[str]:
        """The keys of those that were refused."""
        at = at or self._at
        self._unkept -= {each.key for each in changes}
        if not announced:
            rows = [_row(each, each.before, announced=_announcement(each, at)) for each in changes]
            await self._keep(rows)
        events = {
            change.key: events_of(
                change.told,
                source=self._mapping.source,
                extract=self._name,
                key=change.instead_of or change.key,
                revision=change.revision,
                at=at,
            )
            for change in changes
        }
        opens = {
            change.key: [each.opens and not each.withdrawn for each in change.told]
            for change in changes
        }
        refused: dict[str, dict[str, Any]] = {}
        for opening in (True, False):
            wanted = [
                (key, event)
                for key, each in events.items()
                for event, is_opening in zip(each, opens[key], strict=True)
                if is_opening == opening and key not in refused and key not in self._unkept
            ]
            for batch in _portions(wanted, _BATCH):
                await self._hand_in(batch, refused, outcome, opening=opening)
        by_key = {change.key: change for change in changes}
        for key, why in refused.items():
            change = by_key[key]
            text = f"{why['code']}: {why['detail']}"
            outcome.refused.append(Refusal(change.row, key, str(why.get("field") or ""), text))
        await self._keep(
            [
                _row(each, each.before if each.key in refused else self._after(each))
                for each in changes
            ],
            forget=[each.instead_of for each in changes if each.instead_of],
        )
        return set(refused)

    async def _hand_in(
        self,
        batch: Sequence[tuple[str, dict[str, Any]]],
        refused: dict[str, dict[str, Any]],
        outcome: Outcome,
        *,
        opening: bool,
    ) -> None:
        answer = await self._client.hand_in([event for _, event in batch])
        for (key, _), became in zip(batch, answer["items"], strict=True):
            said = became["outcome"]
            outcome.events[said] = outcome.events.get(said, 0) + 1
            if said == "refused":
                refused.setdefault(key, became)
            if said == "discarded" and opening:
                self._unkept.add(key)

    async def tell_names(self, entries: Iterable[Entry], outcome: Outcome) -> None:
        """Names of those whom an event was kept of; of nobody else."""
        refused = {each.key for each in outcome.refused}
        named = [
            {"ref": e.fields["person_ref"], "unit": e.fields["unit"], "name": e.name}
            for e in entries
            if e.name and "unit" in e.fields and e.key not in refused and e.key not in self._unkept
        ]
        for portion in _portions(named, _NAMES):
            answer = await self._client.post("/mobility/persons", {"items": portion})
            for became, count in answer["counts"].items():
                outcome.names[became] = outcome.names.get(became, 0) + count

    def _after(self, change: Change) -> dict[str, Any] | None:
        """What a row that was said says last; `unkept`: nothing of it is kept upstream."""
        if change.now is None and change.before is not None:
            return change.before | {"vanished": [each.as_dict() for each in change.told]}
        if change.now is not None and change.key in self._unkept:
            return change.now | {"unkept": True}
        return change.now

    async def _keep(self, rows: Sequence[dict[str, Any]], forget: Sequence[str] = ()) -> None:
        path = f"/mobility/extracts/{self._name}/rows"
        await self._client.put(path, {"items": list(rows), "forget": list(forget)})


def _entries(mapping: Mapping_, path: Path, *, secret: str) -> tuple[list[Entry], list[Refusal]]:
    entries, unreadable = [], []
    for number, cells in rows_of(path):
        try:
            entries.append(mapping.read(number, cells, secret=secret))
        except RowUnreadable as error:
            key = mapping.key_of(cells)
            unreadable.append(Refusal(number, key, error.field, error.why))
    return entries, unreadable


async def _known(client: Client, name: str) -> AsyncIterator[Known]:
    after: str | None = None
    while True:
        page = await client.get(f"/mobility/extracts/{name}/rows", after=after, limit=1000)
        for each in page["items"]:
            yield Known(each["key"], each["revision"], each["document"], each["announced"])
        after = page["next"]
        if after is None:
            return


def _announcement(change: Change, at: datetime) -> dict[str, Any]:
    return {
        "now": change.now,
        "told": [each.as_dict() | {"opens": each.opens} for each in change.told],
        "at": at.isoformat(),
        "row": change.row,
        "instead_of": change.instead_of,
    }


def _resumed(known: Known) -> Change:
    said: Mapping[str, Any] = known.announced or {}
    return Change(
        key=known.key,
        state="changed",
        row=said["row"],
        before=known.document,
        now=said["now"],
        told=[Told(**each) for each in said["told"]],
        revision=known.revision,
        instead_of=said["instead_of"],
    )


def _row(
    change: Change, document: dict[str, Any] | None, *, announced: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What is kept of the row: until it is said, what it said before."""
    return {
        "key": change.key,
        "revision": change.revision,
        "document": document,
        "announced": announced,
    }


def _portions(items: Sequence[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while portion := list(islice(iterator, size)):
        yield portion
