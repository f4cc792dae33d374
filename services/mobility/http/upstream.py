"""`/upstream`: events of HR and the registrar by HTTP, their contract, and what became of them.

CloudEvents over HTTP in the binary, structured and batch modes. What Kafka's door parks, this one
refuses: the sender is on the line and is told at once what is wrong and where.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select

from services.mobility import store
from services.mobility.contracts import EXAMPLES, index, schema
from services.mobility.incoming import UPSTREAM
from services.mobility.usecases import choosing, refusals
from services.mobility.usecases.choosing import Choose, Chosen, Proposal
from services.mobility.usecases.refusals import Refusal
from services.mobility.usecases.upstream import Outcome, receive
from shared import inbox
from shared.consumer import UpstreamEvent
from shared.database import Transaction
from shared.dates import Instant
from shared.envelope import CloudEvent, Record, fit, read_event, read_json
from shared.errors import Poisoned, Rejected
from shared.http import Call, Page, Reads, Sends, Writes
from shared.security import Role

router = APIRouter(prefix="/upstream", tags=["upstream"])

LARGEST_BATCH = 500


class Received(BaseModel):
    """What became of one event."""

    id: str | None
    outcome: Literal["accepted", "duplicate", "discarded", "refused"]
    code: str | None = Field(default=None, description="Why it was refused; switch on this.")
    field: str | None = Field(default=None, description="JSON path of what was wrong.")
    detail: str | None = None


class Batch(BaseModel):
    """What became of the events of a batch, in their order."""

    items: list[Received]


class Unresolved(BaseModel):
    """A reference that matches nothing yet."""

    subject: str
    field: str
    sought: list[str]
    name: str | None
    country: str | None
    unit: str
    since: AwareDatetime
    proposals: list[Proposal] = Field(default=[], description="The most alike first.")


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/cloudevents+json": {
                "schema": {"type": "object"},
                "examples": {
                    type_.removeprefix("upstream."): {"value": example}
                    for type_, example in EXAMPLES.items()
                },
            },
            "application/cloudevents-batch+json": {
                "schema": {"type": "array", "maxItems": LARGEST_BATCH},
                "examples": {"two": {"value": list(EXAMPLES.values())[:2]}},
            },
            "application/json": {
                "schema": {"type": "object"},
                "description": "Binary mode: the attributes are in `ce-` headers.",
                "example": next(iter(EXAMPLES.values()))["data"],
            },
        },
    }
}


@router.post("", response_model=Received | Batch, openapi_extra=_BODY)
async def receive_upstream(request: Request, call: Sends) -> Response:
    """Hand in one event, or a batch. One that is refused changes nothing and is not kept.

    A single event that is refused answers 422. A batch answers 200 with what became of each.
    """
    body = await request.body()
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == "application/cloudevents-batch+json":
        return await _batch(call, body)
    record = _as_record(request.headers, body)
    try:
        event = _read(record)
        return await call.once(lambda tx: _take(tx, event))
    except Poisoned as poisoned:
        refusal = _refusal(poisoned)
    except Rejected as rejected:
        refusal = rejected
    await _note(call, refusal, record)
    raise refusal


@router.get("/schemas")
async def list_schemas(_call: Sends) -> dict[str, str]:
    """The types of events and the address of each one's JSON Schema."""
    return {type_: f"/mobility/upstream/schemas/{type_}" for type_ in index()}


@router.get("/schemas/{event_type}")
async def get_schema(event_type: str, _call: Sends) -> dict[str, Any]:
    """The JSON Schema of an event's data, with examples. Raises 404 for an unknown type."""
    found = schema(event_type)
    if found is None:
        raise Rejected("type-unknown", f"known are {', '.join(sorted(UPSTREAM))}", status=404)
    return found


@router.get("/refusals")
async def list_refusals(
    call: Sends,
    since: Instant | None = None,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Page[Refusal]:
    """What was refused, by whichever door. The owner of a system sees what has its token's name
    for a source, or was handed in with that token; coordinators see all."""
    owner = None if call.principal.has([Role.COORDINATOR]) else call.principal.subject
    found = await call.read(
        lambda tx: refusals.refusals_of(tx, owner=owner, since=since, after=after, limit=limit + 1)
    )
    items = found[:limit]
    return Page(items=items, next=str(items[-1].id) if len(found) > limit else None)


@router.get("/unresolved")
async def list_unresolved(
    call: Reads,
    unit: str | None = None,
    proposals: Annotated[bool, Query(description="Also partners with names like these.")] = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Page[Unresolved]:
    """The coordinator's list: names and refs that match nothing that is known here."""
    table = store.unresolved
    query = select(table).order_by(table.c.since, table.c.subject, table.c.field).limit(limit)
    if unit is not None:
        query = query.where(table.c.unit.in_(sorted(call.reference.below(unit))))

    async def rows(tx: Transaction) -> list[Unresolved]:
        found = [dict(row) for row in (await tx.connection.execute(query)).mappings()]
        alike = await choosing.proposals(tx, found) if proposals else {}
        return [
            Unresolved(
                subject=row["subject"],
                field=row["field"],
                sought=row["keys"],
                name=row["name"],
                country=row["country"],
                unit=row["unit"],
                since=row["since"],
                proposals=alike.get((row["subject"], row["field"], row["sought"]), []),
            )
            for row in found
        ]

    return Page(items=await call.read(rows))


@router.post("/unresolved/choices", response_model=Chosen)
async def choose_partner(command: Choose, call: Writes) -> Response:
    """Say which partner is meant: what waits under the name follows, and what is to come."""
    return await call.once(lambda tx: choosing.choose(tx, call.allow, command))


async def _batch(call: Call, body: bytes) -> Response:
    try:
        events = read_json(body)
    except Poisoned as poisoned:
        raise _refusal(poisoned) from None
    if not isinstance(events, list) or len(events) > LARGEST_BATCH:
        raise Rejected(
            "batch-invalid", f"a batch is a list of at most {LARGEST_BATCH} events", status=422
        )
    items = [await _one_of_many(call, each) for each in events]
    return Response(Batch(items=items).model_dump_json(), media_type="application/json")


async def _one_of_many(call: Call, body: Any) -> Received:
    """An event of a batch in a transaction of its own: others are not held up by it."""
    id_ = body.get("id") if isinstance(body, dict) and isinstance(body.get("id"), str) else None
    headers = {"content-type": "application/cloudevents+json"}
    record = _as_record(headers, json.dumps(body).encode())
    try:
        event = _read(record)
        async with call.context.database.begin(
            actor=call.principal.subject, correlation_id=call.correlation_id
        ) as tx:
            return await _take(tx, event)
    except Poisoned as poisoned:
        refusal = _refusal(poisoned)
    except Rejected as rejected:
        if rejected.status == 503:
            raise
        refusal = rejected
    await _note(call, refusal, record)
    return Received(
        id=id_, outcome="refused", code=refusal.code, field=refusal.field, detail=refusal.message
    )


async def _note(call: Call, refusal: Rejected, record: Record) -> None:
    """What is wrong with the event, and not what is done with it just now, is noted."""
    if refusal.status not in (409, 422):
        return
    try:
        envelope = read_event(record)
        source, event, type_ = envelope.source, envelope.id, envelope.type
    except Poisoned:
        source = event = type_ = ""
    await refusals.note_http(
        call.context.database,
        refusal,
        caller=call.principal.subject,
        source=source,
        event=event,
        type_=type_,
    )


async def _take(tx: Transaction, event: UpstreamEvent) -> Received:
    envelope = CloudEvent(
        id=event.id,
        source=event.source,
        type=event.type,
        subject=event.subject,
        time=event.time,
        extensions=event.extensions,
        data=None,
    )
    new = await inbox.receive(
        tx.connection, consumer=_consumer(event.type), events=[envelope], now=tx.now
    )
    outcome: Outcome = await receive(tx, event) if new else "duplicate"
    return Received(id=event.id, outcome=outcome)


def _consumer(event_type: str) -> str:
    """Under this name Kafka's door remembers events too: one has its effect once, by either."""
    return f"mobility.{'.'.join(event_type.split('.')[:2])}"


def _as_record(headers: Mapping[str, str], body: bytes) -> Record:
    """The request as Kafka would have brought it: `ce-type` is the header `ce_type`."""
    kept = [
        (name.lower().replace("ce-", "ce_", 1), value.encode())
        for name, value in headers.items()
        if name.lower().startswith("ce-") or name.lower() == "content-type"
    ]
    return Record(
        topic="http",
        partition=0,
        offset=0,
        timestamp=0,
        key=None,
        value=body,
        headers=tuple(kept),
    )


def _read(record: Record) -> UpstreamEvent:
    """Raises Poisoned."""
    envelope = read_event(record)
    model = UPSTREAM.get(envelope.type)
    if model is None:
        raise Poisoned("type-unknown", "$.type")
    return UpstreamEvent(
        id=envelope.id,
        source=envelope.source,
        type=envelope.type,
        subject=envelope.subject,
        time=envelope.time,
        extensions=envelope.extensions,
        data=fit(model, envelope),
        topic="http",
    )


def _refusal(poisoned: Poisoned) -> Rejected:
    code, _, why = poisoned.code.partition(":")
    detail = f"the event cannot be read at {poisoned.path}"
    if code == "type-unknown":
        detail = f"there is no such type; known are {', '.join(sorted(UPSTREAM))}"
    elif why:
        detail = f"{poisoned.path}: {why.replace('_', ' ')}; see /mobility/upstream/schemas"
    return Rejected(code, detail, field=poisoned.path, status=422)
