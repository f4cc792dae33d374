"""The thread that a record is part of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.reporting import store
from services.reporting.domain.threads import Link, came_from, led_to
from services.reporting.incoming import KINDS, kind_of
from shared.database import Transaction
from shared.errors import Rejected

__all__ = ["Thread", "thread_of"]

_STEPS = 6
_MOST = 200

_States = dict[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """Records by subject, and which of them came from which."""

    subject: str
    records: Mapping[str, Mapping[str, Any]]
    links: tuple[Link, ...]


async def thread_of(tx: Transaction, subject: str) -> Thread:
    """All that a record came from, and what all of that led to: at most two hundred records.

    A follow-up is named as `<visit>:<id>`. Raises Rejected("record-unknown", 404).
    """
    record, _, follow_up = subject.partition(":")
    found = await store.states_of(tx, [record])
    if kind_of(record) not in KINDS or not found or not _has(found[record], follow_up):
        raise Rejected("record-unknown", f"no record {subject!r} is known here", status=404)
    # first to the roots: what an agreement led to may be more than there is room for
    await _add_earlier(tx, found)
    await _add_later(tx, found)
    return Thread(subject=record, records=found, links=_links(found))


def _has(state: Mapping[str, Any], follow_up: str) -> bool:
    ids = [each.get("id") for each in state.get("follow_ups") or ()]
    return not follow_up or follow_up in ids


async def _add_earlier(tx: Transaction, found: _States) -> None:
    newest = dict(found)
    for _ in range(_STEPS):
        named = [link.earlier for each in newest.items() for link in came_from(*each)]
        refs = [each[4:] for each in named if each.startswith("ref:")]
        further = await store.states_of(tx, named)
        further |= await store.visits_called(tx, refs)
        further |= await store.leading_to(tx, list(newest))
        newest = _new(further, found)
        if not newest:
            return


async def _add_later(tx: Transaction, found: _States) -> None:
    newest = dict(found)
    for _ in range(_STEPS):
        named = [link.later for each in newest.items() for link in led_to(*each)]
        refs = [_token(state) for each, state in newest.items() if kind_of(each) == "visit"]
        further = await store.states_of(tx, named)
        further |= await store.coming_from(tx, list(newest), refs, limit=_MOST)
        newest = _new(further, found)
        if not newest:
            return


def _new(further: _States, found: _States) -> _States:
    """Those that were not found yet are, as long as there is room."""
    newest = [each for each in further.items() if each[0] not in found]
    newest = newest[: max(0, _MOST - len(found))]
    found |= newest
    return dict(newest)


def _links(found: _States) -> tuple[Link, ...]:
    by_ref = {_token(state): each for each, state in found.items() if kind_of(each) == "visit"}
    links: dict[tuple[str, str], Link] = {}
    for each in found.items():
        for link in (*came_from(*each), *led_to(*each)):
            earlier = by_ref.get(link.earlier, link.earlier)
            if earlier in found and link.later in found:
                links[earlier, link.later] = Link(earlier, link.later, link.follow_up)
    return tuple(sorted(links.values()))


def _token(state: Mapping[str, Any]) -> str:
    """How others name a visit that the office has an id of its own for."""
    return f"ref:{state.get('ref') or ''}"
