"""The thread that a record is part of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.reporting import store
from services.reporting.domain.threads import came_from, led_to
from services.reporting.incoming import KINDS, kind_of
from shared.database import Transaction
from shared.errors import Rejected

__all__ = ["Thread", "thread_of"]

_STEPS = 3
_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """Records by subject, and which of them came from which."""

    subject: str
    records: Mapping[str, Mapping[str, Any]]
    links: tuple[tuple[str, str], ...]
    """(earlier, later)."""


async def thread_of(tx: Transaction, subject: str) -> Thread:
    """At most three steps in both directions, at most two hundred records.

    Raises Rejected("record-unknown", 404).
    """
    found = await store.states_of(tx, [subject])
    if kind_of(subject) not in KINDS or not found:
        raise Rejected("record-unknown", f"no record {subject!r} is known here", status=404)
    newest = dict(found)
    for _ in range(_STEPS):
        named = {
            each
            for state in newest.values()
            for each in (*came_from(state), *led_to(state))
            if each not in found
        }
        further = await store.states_of(tx, named) if named else {}
        further |= await store.referring_to(tx, list(newest), limit=_MOST)
        newest = {each: state for each, state in further.items() if each not in found}
        found |= newest
        if not newest or len(found) >= _MOST:
            break
    links = {
        link
        for each, state in found.items()
        for link in (
            *((earlier, each) for earlier in came_from(state)),
            *((each, later) for later in led_to(state)),
        )
        if link[0] in found and link[1] in found
    }
    return Thread(subject=subject, records=found, links=tuple(sorted(links)))
