"""`/visits/calendars`: addresses that calendars subscribe to; `/visits/{visit}/calendar.ics`."""

import hashlib
import json
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import Field

from services.visits import usecases
from services.visits.events import Code
from services.visits.http.views import VisitPath
from services.visits.usecases import Addresses, CalendarMade
from services.visits.usecases.calendars import MakeCalendar
from shared.http import Context, Page, Reads, Writes

__all__ = ["ADDRESSES", "router"]

ADDRESSES = "addresses"
"""Under this name the wiring puts what makes addresses into the context's parts."""

router = APIRouter(tags=["calendars"])

Secret = Annotated[str, Path(min_length=1, max_length=100)]
CalendarPath = Annotated[
    str, Path(pattern="^[a-z0-9-]{1,100}$", examples=["calendar-01k9zq5v4t2m8r6w0x3y7a1b2c"])
]
Known = Annotated[str | None, Header(alias="if-none-match", max_length=1000)]

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/calendar": {}}, "description": "iCalendar (RFC 5545)."},
    304: {"description": "It is what `If-None-Match` names."},
}


class CalendarAddressed(CalendarMade):
    """A calendar with its address. Whoever has the address reads the calendar."""

    url: str = Field(description="Told only here; it is not kept.")


@router.post(
    "/calendars", status_code=201, response_model=CalendarAddressed, response_class=Response
)
async def make_calendar(command: MakeCalendar, call: Writes) -> Response:
    """Make an address that calendars subscribe to, for a unit or a person."""
    addresses = _addresses(call.context)
    answer = await call.once(
        lambda tx: usecases.make_calendar(tx, command, allow=call.allow, addresses=addresses),
        status=201,
    )
    # the address is added to what `once` keeps for a repeated request, so that it is kept nowhere
    made = json.loads(bytes(answer.body))
    made["url"] = addresses.address(made["id"])
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    return Response(json.dumps(made), answer.status_code, headers)


@router.get("/calendars")
async def list_calendars(
    call: Reads,
    after: Annotated[Code | None, Query(description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Page[CalendarMade]:
    """All calendars that were made, without their addresses."""
    found = await call.read(lambda tx: usecases.calendars_made(tx, after=after, limit=limit + 1))
    return Page(items=found[:limit], next=found[limit - 1].id if len(found) > limit else None)


@router.delete("/calendars/{calendar:id}", response_model=CalendarMade)
async def revoke_calendar(calendar: CalendarPath, call: Writes) -> Response:
    """Revoke a calendar: its address leads nowhere from now on."""
    return await call.once(lambda tx: usecases.revoke_calendar(tx, calendar, allow=call.allow))


@router.get("/calendars/{secret}.ics", response_class=Response, responses=_ANSWERS)
async def read_calendar(secret: Secret, request: Request, known: Known = None) -> Response:
    """The calendar at an address. No token is asked for: the address is the secret."""
    context: Context = request.app.state.context
    async with context.database.read() as tx:
        content = await usecases.calendar_at(tx, secret, addresses=_addresses(context))
    return _calendar(content, known)


@router.get("/{visit}/calendar.ics", response_class=Response, responses=_ANSWERS)
async def get_calendar_of_visit(visit: VisitPath, call: Reads, known: Known = None) -> Response:
    """One visit with its programme and legs, to be put into a calendar by hand."""
    addresses = _addresses(call.context)
    content = await call.read(lambda tx: usecases.calendar_of_visit(tx, visit, addresses=addresses))
    answer = _calendar(content, known)
    answer.headers["content-disposition"] = f'attachment; filename="{visit}.ics"'
    return answer


def _calendar(content: bytes, known: str | None) -> Response:
    """The calendar, or nothing where the reader has these very bytes."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache", "referrer-policy": "no-referrer"}
    tags = {each.strip().removeprefix("W/") for each in (known or "").split(",")}
    if tags & {tag, "*"}:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type="text/calendar; charset=utf-8")


def _addresses(context: Context) -> Addresses:
    addresses = context.parts[ADDRESSES]
    if not isinstance(addresses, Addresses):
        raise TypeError(f"the wiring put {type(addresses)} where the addresses belong")
    return addresses
