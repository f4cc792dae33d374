"""What reading any of the registers has in common: filters, pages, histories."""

from typing import Annotated, Any, TypeVar

from fastapi import Query

from services.agreements import store
from services.agreements.domain.decisions import Record
from shared import journal
from shared.documents import Register
from shared.errors import Rejected
from shared.http import Call, Page
from shared.operating import HistoryEntry

S = TypeVar("S", bound=Record)

Unit = Annotated[
    str | None, Query(description="Owned by or shared with this unit, or a part of it")
]
Country = Annotated[
    str | None, Query(pattern="^[A-Z]{2}$", description="Of a partner: ISO 3166-1 alpha-2")
]
Words = Annotated[
    str | None,
    Query(min_length=1, max_length=200, description="Part of a name or title, accents or not"),
]
PartnerParameter = Annotated[str | None, Query(description="The id of a partner that takes part")]
After = Annotated[str | None, Query(description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=500)]


async def page(
    call: Call,
    register: Register[S],
    *,
    unit: str | None,
    after: str | None,
    limit: int,
    **filters: Any,
) -> Page[S]:
    """One page of a register, in the order of entry. Raises Rejected("unit-unknown")."""
    units = None if unit is None else call.reference.below(call.reference.unit(unit).id)
    where = store.clauses(register, units=units, **filters)
    found = await call.read(lambda tx: register.page(tx, *where, after=after, limit=limit + 1))
    more = len(found) > limit
    return Page(items=found[:limit], next=found[limit - 1].id if more else None)


async def history(call: Call, register: Register[S], subject: str) -> Page[HistoryEntry]:
    """Every fact of a record, who recorded it and when. Raises Rejected("<kind>-unknown", 404)."""
    entries = await call.read(lambda tx: journal.history(tx.connection, subject))
    if not entries or not subject.startswith(f"{register.kind}-"):
        raise Rejected(
            f"{register.kind}-unknown", f"there is no {register.kind} {subject!r}", status=404
        )
    return Page(
        items=[
            HistoryEntry(
                version=entry.version,
                type=entry.type,
                time=entry.time,
                actor=entry.actor,
                data=entry.json(),
            )
            for entry in entries
        ]
    )
