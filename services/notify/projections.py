"""Facts -> records and items of news, in sets."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify import store
from services.notify.domain import Item, news_of
from services.notify.incoming import Read
from shared.consumer import Received

__all__ = ["collect"]


async def collect(connection: AsyncConnection, facts: Sequence[Received]) -> None:
    """Fold the facts into the records, and keep what is news about agreements and visits."""
    known = await store.states(connection, {fact.subject for fact in facts})
    changes: dict[str, dict[str, Any]] = {}
    found: dict[str, Item] = {}
    for fact in facts:
        merged = cast(Read, fact.data).merged()
        changes.setdefault(fact.subject, {}).update(merged)
        state = known.get(fact.subject, {}) | changes[fact.subject]
        for item in news_of(fact.subject, state, known_on=fact.time, changed=merged):
            found.setdefault(item.id, item)
    await store.fold(connection, changes)
    await store.add_items(connection, list(found.values()))
