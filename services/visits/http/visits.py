"""`/visits`: ask for a visit, list, read, correct."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from services.visits import store, usecases
from services.visits.events import Code, Direction, Status, Theme
from services.visits.http.views import (
    FollowUpOfVisit,
    VisitPath,
    VisitView,
    answer,
    policy_of,
    view_of,
)
from services.visits.usecases.commands import CorrectVisit, RequestVisit
from shared import journal
from shared.dates import Day
from shared.errors import Rejected
from shared.http import Page, Reads, Writes
from shared.operating import HistoryEntry

router = APIRouter(tags=["visits"])


@router.post("", status_code=201, response_model=VisitView)
async def request_visit(command: RequestVisit, call: Writes) -> Response:
    """Ask for a visit by the form. An inbound one at short notice needs `late: true`."""
    return await answer(
        call,
        lambda tx: usecases.request_visit(tx, command, allow=call.allow, policy=policy_of(call)),
        status=201,
    )


@router.get("")
async def list_visits(
    call: Reads,
    unit: Annotated[
        str | None,
        Query(description="Owned by, or shared with, this unit or a part of it", examples=["hust"]),
    ] = None,
    direction: Annotated[list[Direction] | None, Query()] = None,
    status: Annotated[list[Status] | None, Query()] = None,
    theme: Theme | None = None,
    partner: Annotated[Code | None, Query(description="Id of a partner")] = None,
    country: Annotated[str | None, Query(pattern="^[A-Z]{2}$")] = None,
    ref: Annotated[Code | None, Query(description="The office's own id", max_length=100)] = None,
    since: Annotated[Day | None, Query(description="With a day on or after this")] = None,
    until: Annotated[Day | None, Query(description="With a day on or before this")] = None,
    after: Annotated[Code | None, Query(description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Page[VisitView]:
    """Visits, in the order of entry."""
    if unit is not None:
        call.reference.unit(unit)
    where = store.visits_where(
        units=None if unit is None else call.reference.below(unit),
        directions=direction or (),
        statuses=status or (),
        theme=theme,
        partner=partner,
        country=country,
        ref=ref,
        since=since,
        until=until,
    )
    found = await call.read(lambda tx: store.visits.page(tx, *where, after=after, limit=limit + 1))
    return Page(
        items=[view_of(call, visit) for visit in found[:limit]],
        next=found[limit - 1].id if len(found) > limit else None,
    )


@router.get("/follow-ups", tags=["follow-ups"])
async def list_follow_ups(
    call: Reads,
    unit: Annotated[
        str | None,
        Query(description="Of visits owned by, or shared with, this unit or a part of it"),
    ] = None,
    status: Annotated[Literal["open", "done"] | None, Query()] = "open",
    after: Annotated[Code | None, Query(description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Page[FollowUpOfVisit]:
    """What is to be done next, of all visits, by the day on which it is due."""
    if unit is not None:
        call.reference.unit(unit)
    where = store.visits_where(units=None if unit is None else call.reference.below(unit))
    rows = await call.read(
        lambda tx: store.follow_ups_page(tx, *where, status=status, after=after, limit=limit + 1)
    )
    return Page(
        items=[FollowUpOfVisit.model_validate(dict(row)) for row in rows[:limit]],
        next=rows[limit - 1]["key"] if len(rows) > limit else None,
    )


@router.get("/{visit}")
async def get_visit(visit: VisitPath, call: Reads) -> VisitView:
    """One visit as it stands now."""
    found = await call.read(lambda tx: store.visits.load(tx, visit, for_update=False))
    return view_of(call, found)


@router.get("/{visit}/history")
async def get_history(visit: VisitPath, call: Reads) -> Page[HistoryEntry]:
    """Everything that was ever recorded of one visit, who did it and when."""
    entries = await call.read(lambda tx: journal.history(tx.connection, visit))
    if not entries:
        raise Rejected("visit-unknown", f"there is no visit {visit!r}", status=404)
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


@router.post("/{visit}/corrections", response_model=VisitView)
async def correct_visit(visit: VisitPath, command: CorrectVisit, call: Writes) -> Response:
    """Mend one field of its record, saying why."""
    return await answer(
        call, lambda tx: usecases.correct_visit(tx, visit, command, allow=call.allow)
    )
