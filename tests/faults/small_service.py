"""A small service, whole, as a process: `python -m tests.faults.small_service run`.

It has all the plumbing that a real one has (HTTP with keys, journal, relay, control, consumer,
inbox, parking) and two tables: the register of its notes, and `effects`, what its projections did.
It reads its own topic, and one of an upstream system. Projections have no guard against doubles.
A row in `thorns` makes what is named there fail, until the row is gone.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import control, database
from shared.commands import command_line
from shared.consumer import (
    Received,
    Subscription,
    UpstreamEvent,
    UpstreamSubscription,
    gaps,
    subscriber,
)
from shared.database import Transaction
from shared.documents import Register, register_table
from shared.errors import Rejected
from shared.facts import Fact, State
from shared.http import Writes
from shared.relay import relay
from shared.service import Service
from shared.settings import Settings

NAME = "tests"
TOPIC = "tests.events"
UPSTREAM = "upstream.tests"
HAPPENED = "upstream.tests.happened.v1"

TABLES = """
create table alembic_version (version_num text);
create table notes (
    id text primary key, version integer not null, ref text unique, unit text not null,
    status text not null, document jsonb not null
);
create table effects (
    id bigint generated always as identity, source text, subject text, version integer, ref text
);
create table thorns (ref text)
"""


class Noted(Fact):
    """Something was written down: `last` says under which ref."""

    type: ClassVar[str] = "rapport.tests.noted.v1"
    last: str


class Note(State):
    """The last of what was written down under one id."""

    last: str = ""


class NotedRead(BaseModel):
    """What is read of it."""

    last: str


class Happened(BaseModel):
    """What is read of an upstream event."""

    ref: str


class Writing(BaseModel):
    """A command: write `ref` down under `note`."""

    note: str
    ref: str


notes = Register(register_table("notes", MetaData()), Note, kind="note")
router = APIRouter()


@router.post("/notes", status_code=201)
async def write(body: Writing, call: Writes) -> Response:
    """Write something down; notes need not be made before."""

    async def in_one_transaction(tx: Transaction) -> Note:
        found = await notes.find(tx, id=body.note, for_update=True)
        fact = Noted(last=body.ref)
        return await notes.save(tx, (found or Note(id=body.note)).after(fact), fact)

    return await call.once(in_one_transaction, status=201)


async def thorny(connection: AsyncConnection, refs: Sequence[str]) -> bool:
    query = "select count(*) from thorns where ref = any($1)"
    return bool((await connection.exec_driver_sql(query, ([*refs],))).scalar_one())


async def apply(connection: AsyncConnection, facts: Sequence[Received]) -> None:
    """One row for each fact."""
    refs = [fact.data.model_dump()["last"] for fact in facts]
    if await thorny(connection, refs):
        raise ZeroDivisionError
    await connection.exec_driver_sql(
        "insert into effects (source, subject, version, ref)"
        " select 'fact', * from unnest($1::text[], $2::int[], $3::text[])",
        ([fact.subject for fact in facts], [fact.version for fact in facts], refs),
    )


async def handle(tx: Transaction, event: UpstreamEvent) -> None:
    """One row for each event."""
    ref = event.data.model_dump()["ref"]
    if await thorny(tx.connection, [ref]):
        raise Rejected("thorny", "there is a thorn in it")
    await tx.connection.exec_driver_sql(
        "insert into effects (source, subject, ref) values ('upstream', $1, $2)", (event.id, ref)
    )


def build(settings: Settings) -> Service:
    """The service, with nothing opened yet."""
    return Service(
        name=NAME,
        settings=settings,
        title="Small",
        description="For tests.",
        routers=[router],
        subscriptions=[
            Subscription(TOPIC, {Noted.type: NotedRead}, apply),
            UpstreamSubscription(UPSTREAM, {HAPPENED: Happened}, handle),
        ],
    )


# Limits of minutes become seconds: what they guard is the same, and tests need not wait.
HURRIED = [
    (subscriber, "_SESSION_MS", 6_000),  # the least that a broker allows
    (gaps, "_ASK_AGAIN", timedelta(seconds=2)),
    (control, "_AGAIN_SECONDS", 1.0),
    (control, "_COUNT_SECONDS", 5.0),
    (relay, "_IDLE_SECONDS", 5),
    (relay, "_LONGEST_SECONDS", 15),
    (database, "_IDLE_SECONDS", 5),
    (database, "_LONGEST_SECONDS", 15),
]


if __name__ == "__main__":
    for module, limit, value in HURRIED:
        setattr(module, limit, value)
    command_line(NAME, build)()
