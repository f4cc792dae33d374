"""Which events of others have had their effect: remembered in the effect's own transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.envelope import CloudEvent

__all__ = ["receive"]


async def receive(
    connection: AsyncConnection, *, consumer: str, events: Sequence[CloudEvent], now: datetime
) -> list[CloudEvent]:
    """Remember these, and give back those that are new: each once, in the order they came.

    An event is known by its source and id. Another instance that is about to remember the same
    one is waited for.
    """
    first: dict[tuple[str, str], CloudEvent] = {}
    for event in events:
        first.setdefault((event.source, event.id), event)
    keys = sorted(first)  # everybody in the same order, so that nobody locks anybody out
    rows = await connection.exec_driver_sql(
        """
        insert into inbox (consumer, source, event_id, received_at)
        select $1::text, e.source, e.id, $2::timestamptz
        from unnest($3::text[], $4::text[]) as e(source, id)
        on conflict do nothing
        returning source, event_id
        """,
        (consumer, now, [source for source, _ in keys], [id_ for _, id_ in keys]),
    )
    new = {(row.source, row.event_id) for row in rows}
    return [event for key, event in first.items() if key in new]
