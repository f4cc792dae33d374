"""A service of a few routes, for tests of what all services share at their HTTP interface."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath
from pydantic import BaseModel, Field
from sqlalchemy import text

from shared.clock import Clock
from shared.database import Database, Transaction
from shared.errors import Rejected
from shared.http import Call, Context, Operates, Reads, Sends, Writes, create_app
from shared.observing import traceparent
from shared.reference import Reference
from shared.security import Role, Tokens

UNITS = """
units:
  - {id: hust, name: A university, zone: Asia/Ho_Chi_Minh, country: VN}
  - {id: hust/me, name: School of Mechanical Engineering}
"""
NEAR = Role.COORDINATOR
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Thing(BaseModel):
    """What the tiny service keeps."""

    unit: str = "hust"
    name: str
    count: int = Field(default=1, ge=1)
    more: Any = None


class Kept(BaseModel):
    """What it answers."""

    id: int
    version: int = 1


class Count(BaseModel):
    """How many there are."""

    things: int


router = APIRouter()
working = asyncio.Event()
"""Set while a use case stands in its transaction."""
go_on = asyncio.Event()
"""What a slow use case waits for."""


@router.post("/things", status_code=201)
async def keep(
    thing: Thing, call: Writes, _aside: Annotated[str | None, Query(alias="x")] = None
) -> Response:
    """Keep a thing; "slow" waits inside its transaction, "twice" is refused after writing."""
    return await call.once(
        lambda tx: _keep(tx, call, thing), status=201, location=lambda kept: f"/things/{kept.id}"
    )


async def _keep(tx: Transaction, call: Call, thing: Thing) -> Kept:
    call.allow(thing.unit)
    added = await tx.connection.execute(
        text("insert into things (name, more) values (:name, cast(:more as jsonb)) returning id"),
        {"name": thing.name, "more": json.dumps(thing.more)},
    )
    if thing.name == "slow":
        working.set()
        await go_on.wait()
    if thing.name == "traced":
        assert (traceparent() or "").split("-")[1] == TRACE.split("-")[1]
    if thing.name == "twice":
        raise Rejected("thing-known", "there is one of that name", field="name")
    if thing.name == "bug":
        raise ZeroDivisionError
    return Kept(id=added.scalar_one())


@router.get("/things")
async def count(call: Reads, name: str | None = None) -> Count:
    """How many there are, or are of that name."""
    query = text("select count(*) from things where name = coalesce(:name, name)")

    async def ask(tx: Transaction) -> Count:
        return Count(things=(await tx.connection.execute(query, {"name": name})).scalar_one())

    return await call.read(ask)


@router.get("/things/{name}")
async def one(name: Annotated[str, InPath(max_length=200)], call: Reads) -> Count:
    """How many there are of that name."""
    return await count(call, name)


@router.post("/sweep")
async def sweep(_call: Operates) -> Count:
    """For operators."""
    return Count(things=0)


@router.post("/hand-in")
async def hand_in(_call: Sends) -> Count:
    """For upstream systems."""
    return Count(things=0)


class Waiting:
    """Readiness as the tests set it."""

    reasons: Sequence[str] = ()

    def not_ready(self) -> list[str]:
        return list(self.reasons)


Client = httpx.AsyncClient


def context_of(url: str, folder: Path) -> Context:
    (folder / "units.yaml").write_text(UNITS)
    reference, clock = Reference.load(folder / "units.yaml"), Clock()
    return Context(
        service="tests",
        database=Database(url, service="tests", clock=clock, reference=reference),
        tokens=Tokens("a key of tests, longer than 32 bytes", clock),
        reference=reference,
        readiness=Waiting(),
    )


def client_of(context: Context, **headers: str) -> Client:
    app = create_app(context=context, title="Tests", description="Tests.", routers=[router])
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return Client(transport=transport, base_url="http://rapport.test", headers=headers)


def caller(
    context: Context, *roles: Role, units: Sequence[str] = ("*",), who: str = "lan"
) -> Client:
    token = context.tokens.issue(subject=who, roles=roles, units=units, seconds=600)
    return client_of(context, authorization=f"Bearer {token}")


def refused(answer: httpx.Response, status: int, code: str, field: str | None = None) -> Any:
    """The answer is a problem as RFC 9457 has it; returns it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["code"], body["status"]) == (code, status)
    assert body["type"] == f"urn:rapport:refusal:{code}"
    assert body["title"]
    assert body["detail"]
    assert body.get("field") == field
    return body


async def things(client: Client, **query: str) -> int:
    answer = await client.get("/tests/things", params=query)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["things"])
