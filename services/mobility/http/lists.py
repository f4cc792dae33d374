"""What the lists of all registers have in common: filters and pages."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query
from sqlalchemy import ColumnElement

from services.mobility import store
from services.mobility.domain.decisions import Record
from shared.documents import Register
from shared.http import Call, Page

S = TypeVar("S", bound=Record)

_ID = r"^[a-z0-9-]{1,100}$"

Unit = Annotated[
    str | None, Query(description="Owned by or shared with this unit, or a part of it")
]
IdParameter = Annotated[str | None, Query(pattern=_ID, description="The id of a record")]
PersonParameter = Annotated[
    str | None, Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$", description="A person_ref")
]
PartnerParameter = Annotated[str | None, Query(pattern=_ID, description="The id of a partner")]
After = Annotated[str | None, Query(pattern=_ID, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=500)]


async def page(
    call: Call,
    register: Register[S],
    *,
    unit: str | None,
    after: str | None,
    limit: int,
    also: Sequence[ColumnElement[bool]] = (),
    **equal: Any,
) -> Page[S]:
    """One page of a register, in the order of entry. Raises Rejected("unit-unknown")."""
    units = None if unit is None else call.reference.below(call.reference.unit(unit).id)
    where = [*store.clauses(register, units=units, **equal), *also]
    found = await call.read(lambda tx: register.page(tx, *where, after=after, limit=limit + 1))
    more = len(found) > limit
    return Page(items=found[:limit], next=found[limit - 1].id if more else None)
