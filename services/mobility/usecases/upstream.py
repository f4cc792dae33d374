"""Events of HR and the registrar: kept, and everything that they bear on brought up to date.

The same code takes them from Kafka and from HTTP. Nothing is concluded from one event: all that
was said of a record is read, what it comes to is worked out (`domain.targets`), and the difference
to the last time is applied (`usecases.following`).
"""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy import and_, or_, select
from sqlalchemy.dialects.postgresql import insert

from services.mobility import store
from services.mobility.domain.statements import Statement
from services.mobility.domain.targets import (
    Family,
    identity_of,
    is_of_interest,
    target_of,
    unwrapped,
)
from services.mobility.incoming import UPSTREAM
from services.mobility.incoming.hr import OtherLeave
from services.mobility.incoming.values import is_personal
from services.mobility.usecases.following import follow
from shared.consumer import UpstreamEvent
from shared.database import Transaction
from shared.errors import Rejected

Outcome = Literal["accepted", "duplicate", "discarded"]
Key = tuple[Family, str, str]
"""Family, record, and whom it is about."""

GRADUATED = "upstream.registrar.student-graduated.v1"


class TakenBack(BaseModel):
    """What is left of a statement that is not kept itself, but takes another one back."""


async def take_in(tx: Transaction, event: UpstreamEvent) -> None:
    """Kafka's door."""
    await receive(tx, event)


async def receive(tx: Transaction, event: UpstreamEvent) -> Outcome:
    """Keep an event and apply what it changes, in the caller's transaction.

    Raises Rejected: `time-missing`, `attribute-invalid`, `unit-unknown`, or what the domain says of
    a record that would make no sense (it ends before it starts).
    """
    data = unwrapped(event.data)
    if isinstance(data, OtherLeave):
        return "discarded"
    replaces, withdrawn = _text(event, "replaces"), _flag(event, "withdrawn")
    if is_personal(event.id):
        raise Rejected(
            "personal-data",
            "an id says nothing of a person: no mail address, no telephone number",
            field="id",
            status=422,
        )
    interesting = is_of_interest(
        data, lambda unit: tx.reference.unit(unit, field="data.unit").country
    )
    if not interesting and replaces is None and not withdrawn:
        return "discarded"
    if event.time is None:
        raise Rejected(
            "time-missing",
            "send the attribute `time`: it says which of two statements is the later one",
            field="time",
            status=422,
        )
    unit = getattr(data, "unit", None)
    if unit is not None:
        tx.reference.unit(unit, field="data.unit")
    family, record, about = identity_of(data)
    named = await _about_of(tx, event.source, replaces)
    await store.lock_persons(tx, [about, *named])
    kept = await tx.connection.execute(
        insert(store.upstream_events)
        .values(
            source=event.source,
            id=event.id,
            type=event.type,
            time=event.time,
            family=family,
            record=record,
            about=about,
            replaces=replaces,
            withdrawn=withdrawn,
            data=event.data.model_dump(mode="json", exclude_unset=True) if interesting else None,
            received_at=tx.now,
        )
        .on_conflict_do_nothing()
    )
    if kept.rowcount == 0:
        return "duplicate"
    await _bring_up_to_date(tx, event.source, event.id, about, graduated=event.type == GRADUATED)
    return "accepted"


async def _bring_up_to_date(
    tx: Transaction, source: str, event: str, about: str, *, graduated: bool
) -> None:
    """Work out again every record that the new event bears on."""
    table = store.upstream_events
    start = table.c.id == event
    if graduated:
        start = or_(start, table.c.about == about)
    said = await _connected(tx, source, start)
    keys: dict[Key, None] = {}
    for family, statement in said:
        keys[family, statement.record, statement.about] = None
    about_all = sorted({statement.about for _, statement in said})
    graduations = await _connected(
        tx, source, and_(table.c.type == GRADUATED, table.c.about.in_(about_all))
    )
    statements = list({each.id: each for _, each in (*said, *graduations)}.values())
    for family, record, person in keys:
        target = target_of(
            family,
            record=record,
            about=person,
            statements=statements,
            country_of=lambda unit: tx.reference.unit(unit).country,
        )
        if target is not None:
            await follow(tx, source=source, family=family, record=record, about=person, now=target)


async def _connected(tx: Transaction, source: str, start: Any) -> list[tuple[Family, Statement]]:
    """All statements of the records that those of `start` belong to or correct, in any chain."""
    table = store.upstream_events
    rows: dict[str, Any] = {}
    wanted = start
    while True:
        found = await tx.connection.execute(
            select(table).where(table.c.source == source, wanted).order_by(table.c.id)
        )
        new = {row.id: row for row in found if row.id not in rows}
        if not new:
            return [(row.family, _statement(row)) for row in rows.values()]
        rows |= new
        replaced = [row.replaces for row in new.values() if row.replaces is not None]
        wanted = and_(
            table.c.id.not_in(list(rows)),
            or_(
                table.c.record.in_(sorted({row.record for row in new.values()})),
                table.c.id.in_(replaced),
                table.c.replaces.in_(list(new)),
            ),
        )


def _statement(row: Any) -> Statement:
    data: BaseModel = TakenBack()
    if row.data is not None:
        data = unwrapped(UPSTREAM[row.type].model_validate(row.data))
    return Statement(
        source=row.source,
        id=row.id,
        type=row.type,
        time=row.time,
        record=row.record,
        about=row.about,
        data=data,
        replaces=row.replaces,
        withdrawn=row.withdrawn,
    )


async def _about_of(tx: Transaction, source: str, event: str | None) -> Sequence[str]:
    if event is None:
        return []
    table = store.upstream_events
    query = select(table.c.about).where(table.c.source == source, table.c.id == event)
    return (await tx.connection.scalars(query)).all()


def _text(event: UpstreamEvent, name: str) -> str | None:
    value = event.extensions.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise _invalid(name, "the id of the event that this one corrects")
    return value


def _flag(event: UpstreamEvent, name: str) -> bool:
    value = event.extensions.get(name, False)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise _invalid(name, "true or false")
    return value


def _invalid(name: str, expected: str) -> Rejected:
    return Rejected(
        "attribute-invalid", f"the attribute {name!r} is {expected}", field=name, status=422
    )
