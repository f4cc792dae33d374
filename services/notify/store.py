"""The tables of this service, and the questions that are asked of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    and_,
    bindparam,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from services.notify.domain import Item, Subscriber
from shared.database import Transaction, metadata_of
from shared.documents import Register, register_table
from shared.personal import Personal

metadata = metadata_of()

_subscribers = register_table("subscribers", metadata)
addresses = Personal(
    "addresses", metadata, Column("unsubscribe_token", Text, nullable=False, unique=True)
)
"""Name and e-mail address of each subscriber, by id: sealed, and nowhere else but in their mail."""
records = Table(
    "records",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("state", JSONB, nullable=False),
    Column("valid_until", Text, index=True),
    Column("status", Text, index=True),
)
items = Table(
    "items",
    metadata,
    Column("id", Text, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("interest", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("happened_on", Date, nullable=False, index=True),
    Column("known_on", DateTime(timezone=True), nullable=False),
)
digests = Table(
    "digests",
    metadata,
    Column("subscriber", Text, ForeignKey("subscribers.id"), primary_key=True),
    Column("period", Text, primary_key=True),
    Column("state", Text, nullable=False, index=True),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("last_day", Date, nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("lease_until", DateTime(timezone=True)),
    Column("message_id", Text),
    Column("message", LargeBinary),  # sealed: it is addressed
    Column("answer", Text),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)
digest_items = Table(
    "digest_items",
    metadata,
    Column("subscriber", Text, ForeignKey("subscribers.id"), primary_key=True),
    Column("item", Text, ForeignKey("items.id"), primary_key=True),
    Column("period", Text, nullable=False),
)

subscribers = Register(_subscribers, Subscriber, kind="subscriber")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A digest that this process may work on until its lease ends; `attempt` is the fence."""

    subscriber: str
    period: str
    attempt: int
    state: str
    message_id: str | None
    message: bytes | None
    due_at: datetime
    last_day: date


async def fold(connection: Any, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Merge the fields of each subject into its record: one statement for all."""
    await connection.execute(
        text(
            "insert into records (subject, state, valid_until, status)"
            " select key, value, value->>'valid_until', value->>'status'"
            " from jsonb_each(cast(:changes as jsonb))"
            " on conflict (subject) do update set state = records.state || excluded.state,"
            " valid_until = (records.state || excluded.state)->>'valid_until',"
            " status = (records.state || excluded.state)->>'status'"
        ).bindparams(bindparam("changes", type_=JSONB)),
        {"changes": changes},
    )


async def states(connection: Any, subjects: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The folded states of these subjects, by subject."""
    rows = await connection.execute(
        select(records.c.subject, records.c.state).where(records.c.subject.in_(list(subjects)))
    )
    return {row.subject: row.state for row in rows}


async def expiring(tx: Transaction, *, before: str) -> dict[str, dict[str, Any]]:
    """The states of agreements whose last day lies before (a date as text, ISO 8601)."""
    rows = await tx.connection.execute(
        select(records.c.subject, records.c.state).where(
            records.c.subject.like("agreement-%"), records.c.valid_until < before
        )
    )
    return {row.subject: row.state for row in rows}


async def still_to_come(tx: Transaction) -> dict[str, dict[str, Any]]:
    """The states of visits, stays and appointments of which something may still be to come."""
    since = (tx.now.date() - timedelta(days=60)).isoformat()
    returned = and_(records.c.status == "completed", records.c.state["ends_on"].astext >= since)
    ahead = records.c.status.in_(("requested", "accepted", "planned", "approved", "confirmed"))
    visits = and_(records.c.subject.like("visit-%"), or_(ahead, returned))
    stays = and_(
        records.c.subject.like("stay-%"),
        records.c.status.in_(("confirmed", "under-way", "transcript-received")),
    )
    guests = and_(records.c.subject.like("appointment-%"), records.c.status == "appointed")
    rows = await tx.connection.execute(
        select(records.c.subject, records.c.state).where(or_(visits, stays, guests))
    )
    return {row.subject: row.state for row in rows}


async def add_items(connection: Any, found: Sequence[Item]) -> None:
    """Keep items that are not known yet; what is known stays as it is."""
    if found:
        rows = [
            {
                "id": item.id,
                "subject": item.subject,
                "interest": item.interest,
                "what": item.what,
                "happened_on": item.happened_on,
                "known_on": item.known_on,
            }
            for item in found
        ]
        await connection.execute(insert(items).on_conflict_do_nothing(), rows)


async def unclaimed(tx: Transaction, subscriber: str, *, until: Any, since: Any) -> list[Item]:
    """Items that happened in these days and stand in no digest of this subscriber."""
    taken = select(digest_items.c.item).where(digest_items.c.subscriber == subscriber)
    rows = await tx.connection.execute(
        select(items)
        .where(
            items.c.happened_on <= until,
            items.c.happened_on >= since,
            items.c.id.not_in(taken),
        )
        .order_by(items.c.happened_on, items.c.id)
    )
    return [Item(**row) for row in rows.mappings()]


async def items_of(tx: Transaction, subscriber: str, period: str) -> list[Item]:
    """The items that a digest claimed."""
    rows = await tx.connection.execute(
        select(items)
        .join(digest_items, digest_items.c.item == items.c.id)
        .where(digest_items.c.subscriber == subscriber, digest_items.c.period == period)
        .order_by(items.c.happened_on, items.c.id)
    )
    return [Item(**row) for row in rows.mappings()]


async def claim_items(tx: Transaction, subscriber: str, period: str, found: Sequence[Item]) -> None:
    """Put items into a digest: each is in exactly one of a subscriber's."""
    if found:
        rows = [{"subscriber": subscriber, "item": item.id, "period": period} for item in found]
        await tx.connection.execute(insert(digest_items).on_conflict_do_nothing(), rows)


async def ensure_digest(
    tx: Transaction, subscriber: str, *, period: str, due_at: datetime, last_day: Any
) -> None:
    """A digest that is due, unless there is one for that period or a later one."""
    later = select(digests.c.period).where(
        digests.c.subscriber == subscriber, digests.c.last_day >= last_day
    )
    if (await tx.connection.execute(later.limit(1))).first() is None:
        await tx.connection.execute(
            insert(digests)
            .values(
                subscriber=subscriber,
                period=period,
                state="due",
                due_at=due_at,
                last_day=last_day,
                changed_at=tx.now,
            )
            .on_conflict_do_nothing()
        )


async def claim_digest(tx: Transaction, *, lease_until: datetime) -> Claimed | None:
    """Take one digest that nobody works on: a new one, one to be tried again, or one whose worker
    died before anything was sent. One whose worker died while sending becomes `unknown`."""
    await tx.connection.execute(text(_DIED_WHILE_SENDING), {"now": tx.now})
    found = await tx.connection.execute(text(_TAKE_ONE), {"until": lease_until, "now": tx.now})
    row = found.mappings().one_or_none()
    if row is None:
        return None
    message = tx.cipher.open_bytes(row["message"]) if row["message"] is not None else None
    return Claimed(**dict(row) | {"message": message})


_DIED_WHILE_SENDING = """
update digests
   set state = 'unknown', changed_at = :now, answer = 'its sender died before the answer came'
 where state = 'submitting' and lease_until < :now
"""
_TAKE_ONE = """
update digests
   set attempt = attempt + 1, lease_until = :until, changed_at = :now,
       state = case when message is null then 'claimed' else 'rendered' end
 where (subscriber, period) = (
       select subscriber, period from digests
        where (state in ('due', 'failed-temporarily') and coalesce(lease_until, due_at) <= :now)
           or (state in ('claimed', 'rendered') and lease_until < :now)
        order by due_at for update skip locked limit 1)
returning subscriber, period, attempt, state, message_id, message, due_at, last_day
"""


IN_HAND = ("claimed", "rendered", "submitting")
"""States in which a digest is somebody's, until the lease ends."""


async def move(
    tx: Transaction, claimed: Claimed, to: str, *, of: Sequence[str] = IN_HAND, **columns: Any
) -> bool:
    """Move a digest on, if this attempt is still the one that may. False: another took it over."""
    query = (
        digests.update()
        .where(
            digests.c.subscriber == claimed.subscriber,
            digests.c.period == claimed.period,
            digests.c.attempt == claimed.attempt,
            digests.c.state.in_(of),
        )
        .values(state=to, changed_at=tx.now, **columns)
    )
    return (await tx.connection.execute(query)).rowcount == 1
