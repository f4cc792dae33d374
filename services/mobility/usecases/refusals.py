"""What was refused of HR and the registrar: told to the owner of the system, at once and daily.

Kept is which event, where it was wrong and why; never what was in it. What came by Kafka is parked
with its content, encrypted; here stands only what its envelope says.
"""

import re
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from itertools import groupby

from pydantic import AwareDatetime, Field
from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.mobility import store
from services.mobility.domain.refusals import tell
from services.mobility.events import UpstreamRefused
from services.mobility.events.refusals import Reason
from services.mobility.incoming import UPSTREAM
from services.mobility.incoming.values import is_personal
from shared.database import Database, Transaction
from shared.envelope import read_event
from shared.errors import Poisoned, Rejected
from shared.facts import Value
from shared.identity import new_id
from shared.parking import ParkedRecord, Parking

Doer = Callable[[Database], Awaitable[None]]

_PATH = re.compile(r"[A-Za-z0-9_.$\[\]-]{1,120}")
_EVENTS = 50
"""Ids of events that a fact names; the rest is in the list."""


class Refusal(Value):
    """One event that was refused."""

    id: int
    at: AwareDatetime
    door: str = Field(description="http, or the topic.")
    source: str = Field(description='"" where it could not be read.')
    event: str = Field(description='The event\'s id; "" where it could not be read.')
    type: str
    code: str
    path: str
    parked: int | None = Field(description="By Kafka: the number under which it is parked.")


async def refusals_of(
    tx: Transaction, *, owner: str | None, since: datetime | None, after: int, limit: int
) -> list[Refusal]:
    """Refused events in order; `owner`: only of this source, or handed in under this name."""
    table = store.refusals
    query = select(table).where(table.c.id > after).order_by(table.c.id).limit(limit)
    if owner is not None:
        query = query.where(or_(table.c.source == owner, table.c.caller == owner))
    if since is not None:
        query = query.where(table.c.at >= since)
    rows = (await tx.connection.execute(query)).mappings()
    return [Refusal(**{name: row[name] for name in Refusal.model_fields}) for row in rows]


async def note_http(
    database: Database, refusal: Rejected, *, caller: str, source: str, event: str, type_: str
) -> None:
    """Keep that an event was refused at the door. The sender has been told, too."""
    async with database.connect() as connection:
        await connection.execute(
            insert(store.refusals).values(
                at=database.clock.now(),
                door="http",
                source=_plain(source),
                caller=caller,
                event=_plain(event),
                type=type_ if type_ in UPSTREAM else "",
                code=refusal.code,
                path=_place(refusal.field or "$"),
                told=False,
            )
        )


def note_parked(parking: Parking) -> Doer:
    """The job that notes what Kafka's door parked since it last looked."""

    async def note(database: Database) -> None:
        for topic in ("upstream.hr", "upstream.registrar"):
            async with database.connect() as connection:
                last = await connection.scalar(
                    select(func.max(store.refusals.c.at)).where(store.refusals.c.door == topic)
                )
            since = last - timedelta(hours=1) if last is not None else None
            records = await parking.list(consumer=f"mobility.{topic}", since=since, limit=1000)
            async with database.connect() as connection:
                noted = select(store.refusals.c.parked).where(
                    store.refusals.c.parked.in_([each.id for each in records])
                )
                known = set(await connection.scalars(noted))
                new = [each.id for each in records if each.id not in known]
                opened = await parking.opened(connection, new)
                if opened:
                    await connection.execute(
                        upsert(store.refusals).on_conflict_do_nothing(),
                        [_noted(each) for each in opened],
                    )

    return note


async def report(database: Database) -> None:
    """The job that publishes, once a day is over, what of each source was refused on it."""
    midnight = database.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    table = store.refusals
    async with database.begin(actor="refusals", correlation_id=new_id("job")) as tx:
        query = (
            select(table)
            .where(~table.c.told, table.c.at < midnight, table.c.source != "")
            .order_by(table.c.source, table.c.id)
            .with_for_update(skip_locked=True)
        )
        rows = (await tx.connection.execute(query)).all()
        for source, found in groupby(rows, key=lambda row: str(row.source)):
            mine = list(found)
            reasons = Counter((row.type, row.code, row.path) for row in mine)
            fact = UpstreamRefused(
                source=source,
                refused_on=(midnight - timedelta(days=1)).date(),
                count=len(mine),
                reasons=tuple(
                    Reason(type=type_, code=code, path=path, count=count)
                    for (type_, code, path), count in reasons.most_common(20)
                ),
                events=tuple(row.event for row in mine[:_EVENTS] if row.event),
            )
            day, facts = tell(new_id("refused"), fact)
            await tx.record(day, facts)
            ids = [row.id for row in mine]
            await tx.connection.execute(update(table).where(table.c.id.in_(ids)).values(told=True))


def forget(*, after_days: int) -> Doer:
    """The job that ends the keeping of the list."""

    async def forget_them(database: Database) -> None:
        before = database.clock.now() - timedelta(days=after_days)
        async with database.connect() as connection:
            await connection.execute(delete(store.refusals).where(store.refusals.c.at < before))

    return forget_them


def _noted(record: ParkedRecord) -> dict[str, object]:
    source = event = type_ = ""
    if record.raw is not None:
        try:
            envelope = read_event(record.raw)
            source, event, type_ = envelope.source, envelope.id, envelope.type
        except Poisoned:
            pass  # its envelope is what is wrong: only operators can find out whose it is
    return {
        "at": record.parked_at,
        "door": record.topic,
        "source": _plain(source),
        "caller": "",
        "event": _plain(event),
        "type": type_ if type_ in UPSTREAM else "",
        "code": record.reason,
        "path": _place(record.path),
        "parked": record.id,
        "told": False,
    }


def _place(path: str) -> str:
    """Where it was wrong; a field that nobody knows may have anything for its name."""
    return path if _PATH.fullmatch(path) else "$.data"


def _plain(text: str) -> str:
    """Without what looks like an address: an envelope may have some, too."""
    return "" if is_personal(text) else text[:500]
