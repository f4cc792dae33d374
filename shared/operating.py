"""What operators ask every service: status, what is parked, replay, republish, history."""

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared import journal
from shared.dates import Instant
from shared.errors import Rejected
from shared.facts import Value
from shared.http import Operates, Page, Reads
from shared.parking import audit

if TYPE_CHECKING:
    from shared.service import Service

__all__ = ["router"]


class Status(BaseModel):
    """How far this service is with what it publishes and with what it reads."""

    service: str
    now: AwareDatetime
    waiting_for: list[str]
    journal: int = Field(description="Facts in the journal.")
    unpublished: int = Field(description="Facts that Kafka has not acknowledged yet.")
    epoch: int
    closed: str | None = Field(description="Why commands are refused, if they are.")
    consumers: list[dict[str, Any]] = Field(
        description="By topic: lag (events behind), held (waiting for a gap), parked, epoch."
    )


class Done(BaseModel):
    """How many records an operation touched."""

    count: int
    records: list[dict[str, Any]] = []


class Republish(Value):
    """What to send again: one subject, one type, or (neither) the whole journal."""

    subject: str | None = None
    type: str | None = None


class Replay(Value):
    """Which parked records to apply again; all given conditions must hold."""

    id: int | None = None
    subject: str | None = None
    reason: str | None = None
    since: Instant | None = None
    dry_run: bool = False
    rate: float | None = Field(default=None, gt=0, description="At most so many subjects a second.")


class Discard(Value):
    """Which parked record to give up, and why: it is written to the audit trail."""

    id: int
    reason: str = Field(min_length=3, max_length=2000)


class Reopen(Value):
    """Why a service that closed itself may record and send again."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"why": "The lost hour was entered again from the minutes of the office."}]
        }
    )

    why: str = Field(min_length=3, max_length=2000)


class HistoryEntry(BaseModel):
    """One fact of a record's journal."""

    version: int
    type: str
    time: AwareDatetime
    actor: str
    data: dict[str, Any]


def router(service: "Service") -> APIRouter:
    """The routes for one service."""
    routes = APIRouter(tags=["operating"])

    @routes.get("/status", response_model=Status)
    async def status(_call: Reads) -> Status:
        """How far behind, how much parked: `rapport doctor` reads this."""
        relay = await service.relay.status()
        return Status(
            service=service.name,
            now=service.clock.now(),
            waiting_for=service.not_ready(),
            consumers=await service.consumer.status() if service.consumer else [],
            **relay,
        )

    @routes.get("/history/{subject}", response_model=Page[HistoryEntry])
    async def history(subject: str, call: Reads) -> Page[HistoryEntry]:
        """Everything that was ever recorded of one subject, who did it and when."""
        entries = await call.read(lambda tx: journal.history(tx.connection, subject))
        if not entries:
            raise Rejected("subject-unknown", f"nothing is recorded of {subject!r}", status=404)
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

    @routes.get("/parked")
    async def parked(
        _call: Operates,
        reason: str | None = None,
        subject: str | None = None,
        since: Instant | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> dict[str, Any]:
        """What could not be processed: reason and place, without the content."""
        records = await service.parking.list(
            reason=reason, subject=subject, since=since, limit=limit
        )
        return {"items": [record.summary() for record in records]}

    @routes.get("/parked/{record:int}")
    async def parked_record(record: int, call: Operates) -> dict[str, Any]:
        """One parked record with its content; that it was read goes to the audit trail."""
        return (await service.parking.show(record, actor=call.principal.subject)).full()

    @routes.post("/parked/replay", response_model=Done)
    async def replay(body: Replay, call: Operates) -> Done:
        """Apply parked records again, in order."""
        if service.consumer is None:
            return Done(count=0)
        records = await service.consumer.replay(
            actor=call.principal.subject, **body.model_dump(exclude_none=True)
        )
        return Done(count=len(records), records=records)

    @routes.post("/parked/discard", response_model=Done)
    async def discard(body: Discard, call: Operates) -> Done:
        """Give a parked record up; later ones of its subject can then be replayed."""
        await service.parking.discard(body.id, reason=body.reason, actor=call.principal.subject)
        return Done(count=1)

    @routes.post("/republish", response_model=Done)
    async def republish(body: Republish, call: Operates) -> Response:
        """Send facts again, from the journal; readers drop what they have."""

        async def again(tx: Any) -> Done:
            count = await journal.republish(tx.connection, subject=body.subject, type=body.type)
            details = {"subject": body.subject, "type": body.type, "count": count}
            actor = call.principal.subject
            await audit(tx.connection, service.database, actor, "republished", details)
            return Done(count=count)

        return await call.once(again)

    @routes.post("/reopen", response_model=Done)
    async def reopen(body: Reopen, call: Operates) -> Done:
        """Open a service that closed itself, once what was lost is reconciled; it is audited."""
        async with service.database.connect() as connection:
            opened = await journal.reopen(
                connection, actor=call.principal.subject, why=body.why, at=service.clock.now()
            )
        return Done(count=int(opened))

    return routes
