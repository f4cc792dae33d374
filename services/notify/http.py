"""HTTP in: parse, call one use case, answer."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from sqlalchemy import select

from services.notify import store, usecases
from services.notify.domain import Subscriber
from services.notify.events import Interest, PeriodKind
from services.notify.rendering import Renderer
from shared.database import Transaction
from shared.errors import Rejected
from shared.facts import Value
from shared.http import Call, Context, Operates, Page, Reads, Writes
from shared.identity import new_id

__all__ = ["routers"]

router = APIRouter(tags=["mail"])

Ref = Annotated[str, Path(min_length=1, max_length=100)]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("not a time zone; write it as in Asia/Ho_Chi_Minh") from error
    return name


class Subscribing(Value):
    """Who gets mail, about what, how often."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "email": "dean@me.example",
                    "name": "Dean's office",
                    "units": ["hust/me"],
                    "period": "weekly",
                    "zone": "Asia/Ho_Chi_Minh",
                    "interests": ["agreements", "visits", "reminders"],
                }
            ]
        },
    )

    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
    name: str = Field(default="", max_length=200)
    units: list[str] = Field(default=[], max_length=100, description='"*" is every unit.')
    period: PeriodKind = "weekly"
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    interests: list[Interest] = Field(default=["agreements", "visits", "reminders"], max_length=3)
    sources: list[Annotated[str, StringConstraints(min_length=1, max_length=500)]] = Field(
        default=[], max_length=20, description="Systems that they look after: `/hust/hr`."
    )

    @model_validator(mode="after")
    def _wants_something(self) -> "Subscribing":
        if not self.sources and not (self.units and self.interests):
            raise ValueError("say which units and interests, or which sources")
        return self


class SubscriberView(BaseModel):
    """A subscriber, without the address."""

    id: str
    version: int
    ref: str
    units: list[str]
    period: PeriodKind
    zone: str
    interests: list[Interest]
    sources: list[str]
    status: str


class DigestView(BaseModel):
    """One digest: whose, for which period, and how far it has come."""

    subscriber: str
    period: str
    state: str
    due_at: AwareDatetime
    attempt: int
    message_id: str | None
    answer: str | None


class Fate(Value):
    """What an operator found out about a digest of unknown fate, or decides of one given up."""

    taken: bool = Field(description="true: it arrived; false: send it again, byte for byte.")


class Erased(BaseModel):
    """Whose address was forgotten."""

    ref: str
    erased: bool = True


def _view(subscriber: Subscriber) -> SubscriberView:
    return SubscriberView(**subscriber.model_dump())


@router.put("/subscribers/{ref}", response_model=SubscriberView)
async def put_subscriber(ref: Ref, body: Subscribing, call: Writes) -> Response:
    """Subscribe somebody, or change what they get; the same again changes nothing."""
    for unit in body.units:
        call.allow(unit)
    command = usecases.PutSubscriber(ref=ref, **body.model_dump())
    created = False

    async def work(tx: Transaction) -> SubscriberView:
        nonlocal created
        subscriber, created = await usecases.put_subscriber(tx, command)
        return _view(subscriber)

    return await call.once(work, status_of=lambda _: 201 if created else 200)


@router.delete("/subscribers/{ref}/address", response_model=Erased)
async def erase_address(ref: Ref, call: Writes) -> Response:
    """Forget name and address of a subscriber for good; what was counted stays."""

    async def work(tx: Transaction) -> Erased:
        await _allowed(call, tx, ref)
        await usecases.erase_address(tx, ref)
        return Erased(ref=ref)

    return await call.once(work)


async def _allowed(call: Call, tx: Transaction, ref: str) -> None:
    subscriber = await store.subscribers.find(tx, ref=ref)
    for unit in subscriber.units if subscriber else ():
        call.allow(unit)


@router.get("/subscribers/{ref}")
async def get_subscriber(ref: Ref, call: Reads) -> SubscriberView:
    """What a subscriber gets, without name and address."""

    async def read(tx: Transaction) -> SubscriberView:
        found = await store.subscribers.find(tx, ref=ref)
        if found is None:
            raise Rejected("subscriber-unknown", f"there is no subscriber {ref!r}", status=404)
        return _view(found)

    return await call.read(read)


@router.get("/subscribers", response_model=Page[SubscriberView])
async def list_subscribers(
    call: Reads,
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Page[SubscriberView]:
    """Who gets mail, without names and addresses."""
    found = await call.read(lambda tx: store.subscribers.page(tx, after=after, limit=limit + 1))
    items = [_view(each) for each in found[:limit]]
    return Page(items=items, next=items[-1].id if len(found) > limit else None)


@router.get("/digests", response_model=Page[DigestView])
async def list_digests(
    call: Reads, state: str | None = None, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> Page[DigestView]:
    """The newest digests and what became of them."""
    names = ["subscriber", "period", "state", "due_at", "attempt", "message_id", "answer"]
    query = select(*(store.digests.c[name] for name in names))
    if state is not None:
        query = query.where(store.digests.c.state == state)
    query = query.order_by(store.digests.c.due_at.desc()).limit(limit)

    async def read(tx: Transaction) -> list[Any]:
        return list((await tx.connection.execute(query)).mappings())

    return Page(items=[DigestView(**row) for row in await call.read(read)])


@router.post("/digests/{subscriber}/{period}/fate", response_model=Fate)
async def settle_digest(subscriber: str, period: str, body: Fate, call: Operates) -> Response:
    """Decide what became of a digest whose server never answered."""

    async def work(tx: Transaction) -> Fate:
        await usecases.settle_unknown(tx, subscriber, period, taken=body.taken)
        return body

    return await call.once(work)


@router.get("/unsubscribe/{token}", response_class=HTMLResponse)
async def ask_unsubscribe(token: str, request: Request) -> HTMLResponse:
    """The page behind the link of a mail: it asks, and changes nothing."""
    del token  # the form posts to this same address
    return HTMLResponse(_renderer(request).unsubscribe_page(done=False))


@router.post("/unsubscribe/{token}", response_class=HTMLResponse)
async def unsubscribe(token: str, request: Request) -> HTMLResponse:
    """One click (RFC 8058), or the page's button: no more mail. Saying it twice is as once."""
    context: Context = request.app.state.context
    async with context.database.begin(
        actor="subscriber", correlation_id=new_id("unsubscribe")
    ) as tx:
        await usecases.unsubscribe(tx, token)
    return HTMLResponse(_renderer(request).unsubscribe_page(done=True))


def _renderer(request: Request) -> Renderer:
    renderer: Renderer = request.app.state.context.parts["renderer"]
    return renderer


routers = [router]
