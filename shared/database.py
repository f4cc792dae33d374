"""PostgreSQL: one engine per process, one transaction per use case."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import MetaData, event, make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolUsedUp
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared import journal
from shared.clock import Clock
from shared.errors import Rejected, Transient
from shared.expecting import Expectation
from shared.facts import Fact, State
from shared.failpoints import failpoint
from shared.reference import Reference
from shared.sealing import Cipher

__all__ = ["Database", "Transaction", "metadata_of", "transient"]

_AWAY = ("08", "53", "57P", "58030", "40001", "40P01", "55P03", "25006", "25P03", "25P04")
"""SQLSTATEs of what passes: connection, resources (a full disk, too), shutdown, input or output,
serialization, deadlock, lock."""

_IDLE_SECONDS = 60
"""A process that hangs in its transaction loses it then: others wait for the rows it has locked."""
_ASKED_AFTER_SECONDS = 10
"""A pooled connection that idled so long is asked whether it still lives, before it is used."""
_ALONE_SECONDS = 600
"""The same for a job, whose lock idles while the job works on other connections."""
_LONGEST_SECONDS = 3600
"""No transaction of ours takes so long. One that hangs in the midst of sending a statement is not
idle for the server, and would be left alone for ever."""


def metadata_of() -> MetaData:
    """Metadata with the naming convention, so that migrations can name every constraint."""
    return MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One transaction, and who works in it, when, and why."""

    connection: AsyncConnection
    service: str
    clock: Clock
    reference: Reference
    now: datetime
    actor: str
    correlation_id: str
    cipher: Cipher = field(default_factory=Cipher)
    """For what is personal (`shared.personal`)."""
    expectation: Expectation | None = None

    def found(self, kind: str, version: int | None, *named: object) -> None:
        """A record was loaded to be changed (None: there is none), by these values. If the request
        names it so, it must be what the caller expects. Raises Rejected(..., 412)."""
        if self.expectation is not None and self.expectation.names(named):
            self.expectation.compare(kind, version)

    async def record(self, state: State, facts: Sequence[Fact]) -> None:
        """Journal the facts that led to `state`, whose version counts the last of them.

        Raises Rejected("conflict") if another writer was first.
        """
        await journal.append(
            self.connection,
            service=self.service,
            subject=state.id,
            after=state.version - len(facts),
            facts=facts,
            actor=self.actor,
            correlation_id=self.correlation_id,
            time=self.now,
        )


class Database:
    """The engine of one process, and the ways to use it. Opening costs nothing until first use."""

    def __init__(
        self,
        url: str,
        *,
        service: str,
        clock: Clock,
        reference: Reference,
        pool: int = 8,
        settings: Mapping[str, str] | None = None,
        cipher: Cipher | None = None,
    ) -> None:
        self.url = make_url(url).set(drivername="postgresql+asyncpg")
        self.dsn = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self.service = service
        self.clock = clock
        self.reference = reference
        self.cipher = cipher or Cipher()
        self.engine: AsyncEngine = create_async_engine(
            self.url,
            pool_size=pool,
            max_overflow=pool,
            connect_args={
                "timeout": 5,
                "server_settings": {
                    "timezone": "UTC",
                    "idle_in_transaction_session_timeout": f"{_IDLE_SECONDS}s",
                    "transaction_timeout": f"{_LONGEST_SECONDS}s",
                    **(settings or {}),
                },
            },
        )
        event.listen(self.engine.sync_engine, "checkin", _put_by)
        event.listen(self.engine.sync_engine, "checkout", _must_be_alive)

    def beside(self, schema: str) -> "Database":
        """The same database, of which only this schema is seen, and where a commit does not wait
        for the disk: for what can be filled again."""
        return Database(
            self.url.render_as_string(hide_password=False),
            service=self.service,
            clock=self.clock,
            reference=self.reference,
            settings={"search_path": schema, "synchronous_commit": "off"},
        )

    @cached_property
    def _autocommitting(self) -> AsyncEngine:
        return self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @cached_property
    def _reading(self) -> AsyncEngine:
        return self.engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    @asynccontextmanager
    async def connect(self, *, autocommit: bool = False) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction that commits at the end of the block; with `autocommit`
        each statement is a transaction of its own, which saves a lone one two round trips.

        Raises Transient where the database is away.
        """
        async with _connected(self._autocommitting if autocommit else self.engine) as connection:
            yield connection

    @asynccontextmanager
    async def begin(
        self, *, actor: str, correlation_id: str, expectation: Expectation | None = None
    ) -> AsyncIterator[Transaction]:
        """A transaction for one use case; commits at the end of the block, or changes nothing.

        Raises Transient where the database is away, Rejected("service-closed", 503) while this
        service is closed because its database turned out to be older than what it published.
        """
        async with self.connect() as connection:
            closed = await journal.closed(connection)
            if closed is not None:
                raise Rejected("service-closed", closed, status=503)
            yield self._transaction(connection, actor, correlation_id, expectation)
            failpoint("database.committing", OSError)
        failpoint("database.committed", Transient)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        """A read-only transaction on one snapshot."""
        async with _connected(self._reading) as connection:
            yield self._transaction(connection, "reader", "")

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[bool]:
        """True if this block is the only one of that name in all replicas, else False."""
        async with self.connect() as connection:
            held = await connection.scalar(
                text(
                    "select pg_try_advisory_xact_lock(hashtextextended(:name, 7)) from"
                    " set_config('idle_in_transaction_session_timeout', :longest, true)"
                ),
                {"name": name, "longest": f"{_ALONE_SECONDS}s"},
            )
            yield bool(held)

    def _transaction(
        self,
        connection: AsyncConnection,
        actor: str,
        correlation_id: str,
        expectation: Expectation | None = None,
    ) -> Transaction:
        return Transaction(
            connection=connection,
            service=self.service,
            clock=self.clock,
            reference=self.reference,
            now=self.clock.now(),
            actor=actor,
            correlation_id=correlation_id,
            cipher=self.cipher,
            expectation=expectation,
        )

    async def close(self) -> None:
        await self.engine.dispose()


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    try:
        async with engine.begin() as connection:
            yield connection
    except (OSError, TimeoutError, PoolUsedUp) as error:
        raise Transient("the database cannot be reached") from error
    except DBAPIError as error:
        if transient(error):
            raise Transient("the database is away or busy") from error
        if _unstorable(error):
            raise Rejected(
                "value-unstorable", "a text holds a character that cannot be kept", status=422
            ) from error
        raise


def _put_by(_connection: Any, record: Any) -> None:
    """A connection goes back to the pool."""
    record.info["put by"] = time.monotonic()


def _must_be_alive(connection: Any, record: Any, _handed_out: object) -> None:
    """Before a connection of the pool is used again. Asyncpg knows if the server closed it; only
    one that idled may have died unnoticed, and is asked: asking each would cost three round trips.
    """
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError("closed by the server")
    put_by = record.info.get("put by")
    if put_by is not None and time.monotonic() - put_by > _ASKED_AFTER_SECONDS:
        try:
            connection.ping()
        except (OSError, connection.dbapi.Error) as error:
            raise InvalidatePoolError("it does not answer") from error


def transient(error: DBAPIError) -> bool:
    """True if the same statement can succeed later without anyone mending anything."""
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return True
    state = getattr(error.orig, "sqlstate", None) or ""
    return state.startswith(_AWAY)


def _unstorable(error: DBAPIError) -> bool:
    """True for NUL and what else PostgreSQL's text cannot hold, from wherever it came."""
    return getattr(error.orig, "sqlstate", None) in ("22021", "22P05")
