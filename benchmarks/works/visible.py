"""From an HTTP command until its effect can be read in another service's projection.

The service that takes the command and the one that projects it are processes of their own, as they
run in production. A trigger on the projection's table tells when a row is committed.
"""

import secrets
import statistics
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, ClassVar, NamedTuple

import asyncpg

from benchmarks.callers import Answered, commands
from benchmarks.place import Place
from benchmarks.runner import Contender, Opened, Reading, WrongResult
from benchmarks.settings import environment_of, settings_in
from services.program.topics import create_topics
from shared.clock import Clock
from shared.embedded import free_ports
from shared.security import Role, Tokens
from tests.support.publishing import create_topic, until

__all__ = ["Visible"]

_TELL = """
create function tell() returns trigger language plpgsql as
$$ begin perform pg_notify('seen', subject) from told; return null; end $$;
create trigger tell after insert on records
    referencing new table as told for each statement execute function tell();
"""
_IDIOM_WRITES = """
create table partners (id text primary key, fields json not null);
create table outbox (number bigint generated always as identity primary key,
    subject text not null, data json not null, sent boolean not null);
create index on outbox (sent);
"""
_IDIOM_READS = """
create table records (subject text primary key, version int not null, state json not null);
"""


class System(NamedTuple):
    """What takes the commands, and where their effect shows."""

    port: int
    path: str
    token: str
    projection: str


class Visible:
    """See the module."""

    name = "visible"
    title = "HTTP command to projection visible"
    aim = "p50 8 ms and p99 15 ms at 50 commands/s; 500 commands/s by one process"
    limit = None

    does: ClassVar = {
        "rapport": "agreements and reporting, each a process of its own; 50 commands/s",
        "idiom": "an outbox polled every second, rows sent one by one; FastStream as in its docs",
        "idiom-0.1s": "the same, polled ten times a second",
        "rapport-500": "500 commands/s at one process; the rate at which they became visible",
    }

    def rounds(self, quick: bool, /) -> int:
        return 3 if quick else 5

    @asynccontextmanager
    async def open(self, place: Place, /) -> Opened:
        seconds = 4 if place.quick else 20
        async with AsyncExitStack() as stack:
            ours = await stack.enter_async_context(_rapport(place))
            usual = await stack.enter_async_context(_idiom(place, poll=1.0))
            quicker = await stack.enter_async_context(_idiom(place, poll=0.1))
            paced = partial(_paced, count=50 * seconds, per_second=50)
            yield (
                Contender("rapport", partial(paced, ours, "rapport")),
                Contender("idiom", partial(paced, usual, "idiom")),
                Contender("idiom-0.1s", partial(paced, quicker, "idiom-0.1s")),
                Contender(
                    "rapport-500", partial(_sustained, ours, count=500 * seconds, per_second=500)
                ),
            )


async def _paced(system: System, name: str, *, count: int, per_second: float) -> Sequence[Reading]:
    waits = sorted(seen - due for due, seen in await _through(system, count, per_second))
    return [
        Reading(name, statistics.median(waits) * 1000, "ms p50"),
        Reading(name, waits[int(len(waits) * 0.99)] * 1000, "ms p99"),
    ]


async def _sustained(system: System, *, count: int, per_second: float) -> Sequence[Reading]:
    times = await _through(system, count, per_second)
    took = max(seen for _, seen in times) - min(due for due, _ in times)
    return [Reading("rapport-500", count / took, "commands/s")]


async def _through(system: System, count: int, per_second: float) -> list[tuple[float, float]]:
    """Send them; when each was due, and when its effect was seen. Raises WrongResult."""
    seen: dict[str, float] = {}
    projection = await asyncpg.connect(system.projection)

    def tell(_connection: object, _pid: int, _channel: str, subject: object) -> None:
        seen.setdefault(str(subject), time.perf_counter())

    await projection.add_listener("seen", tell)
    send = partial(commands, system.port, system.path, _partner, token=system.token)
    await send(count=20, per_second=50)  # so that pools and caches are full
    try:
        answered = await send(count=count, per_second=per_second)
        await until(lambda: all(each.id in seen for each in answered), True, within=120)
    except AssertionError:
        raise WrongResult("not all commands had their effect within two minutes") from None
    except ExceptionGroup as refused:
        raise WrongResult(str(refused.exceptions[0])) from None
    await _check(projection, answered)
    await projection.close()
    return [(due, seen[id_]) for due, id_ in answered]


async def _check(projection: asyncpg.Connection, answered: Sequence[Answered]) -> None:
    """Every command that was answered is there, once."""
    query = """
        select count(*) from records
        where subject = any($1) and version = 1 and state->>'name' like 'University %'
    """
    found = await projection.fetchval(query, [each.id for each in answered])
    if found != len(answered):
        raise WrongResult(f"{found} of {len(answered)} commands had their effect")


def _partner(number: int) -> dict[str, Any]:
    name = f"University {secrets.token_hex(6)} {number}"
    return {"unit": "hust", "kind": "university", "name": name, "country": "JP"}


@asynccontextmanager
async def _rapport(place: Place) -> AsyncIterator[System]:
    prefix = f"v{secrets.token_hex(4)}."
    await create_topics(place.kafka, prefix=prefix)
    ports = free_ports(2)
    names = ("agreements", "reporting")
    addresses = [await place.database(name) for name in names]
    await _execute(addresses[1], _TELL)
    async with AsyncExitStack() as stack:
        settings: Mapping[str, str] = {}
        for name, port, dsn in zip(names, ports, addresses, strict=True):
            settings = settings_in(place, dsn, prefix) | {"http_port": str(port)}
            settings = settings | {"log_level": "error"}
            given = environment_of(settings)
            await stack.enter_async_context(
                place.serving(port, "/ready", "-m", f"services.{name}", "run", given=given)
            )
        token = Tokens(settings["token_key"], Clock()).issue(
            subject="lan", roles=[Role.COORDINATOR], units=["*"], seconds=86_400
        )
        yield System(ports[0], "/agreements/partners", token, addresses[1])


@asynccontextmanager
async def _idiom(place: Place, *, poll: float) -> AsyncIterator[System]:
    topic = f"{secrets.token_hex(4)}.idiom"
    create_topic(place.kafka, topic, partitions=6)
    (port,) = free_ports(1)
    writes, reads = await place.database(), await place.database()
    await _execute(writes, _IDIOM_WRITES)
    await _execute(reads, _IDIOM_READS + _TELL)
    kept: dict[str, Any] = {"kafka": place.kafka, "topic": topic}
    reader = await place.start("benchmarks.contenders.idiom", half="read", dsn=reads, **kept)
    writer = await place.start(
        "benchmarks.contenders.idiom", half="write", dsn=writes, port=port, poll=poll, **kept
    )
    try:
        await place.answering(port, "/openapi.json", writer)
        yield System(port, "/partners", "", reads)
    finally:
        for process in (writer, reader):
            process.terminate()
            await process.communicate()


async def _execute(dsn: str, statements: str) -> None:
    database = await asyncpg.connect(dsn)
    await database.execute(statements)
    await database.close()
