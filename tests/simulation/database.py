"""A model of PostgreSQL: transactions in READ COMMITTED, locks, and connections that break.

What is modeled: a statement sees what was committed when it began, and its own transaction's
writes; whoever writes a row that another open transaction has written waits for that one's end;
advisory locks; deadlocks; NOTIFY at commit; commits whose answer is lost; sessions that are ended
because they idle in a transaction.

What is not: a statement that had to wait runs anew on a new snapshot (PostgreSQL looks again only
at the rows that it waited for). `test_models.py` holds both to the same scenarios.
"""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import asyncpg

from tests.simulation.scheduling import Process
from tests.simulation.world import World

__all__ = ["Blocked", "Row", "Server", "Session", "Transaction"]

Statement = Callable[["Transaction", Any], list["Row"]]


class Row(dict[str, Any]):
    """A row of a result: by name, as an attribute, or unpacked."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values())


class Blocked(Exception):
    """Another transaction holds what is needed."""

    def __init__(self, by: "Transaction") -> None:
        self.by = by


class Transaction:
    """What one transaction has written and locked."""

    def __init__(self, server: "Server") -> None:
        self.server = server
        self.writes: dict[tuple[str, Any], dict[str, Any] | None] = {}
        self.locks: set[Any] = set()
        self.waits_for: Transaction | None = None
        self.then: list[Callable[[], None]] = []
        """Who waits for its end."""
        self.notifies = False
        self.failed = False
        self.ended = False

    # --- what statements are made of -------------------------------------------------------------

    def get(self, table: str, key: Any) -> dict[str, Any] | None:
        if (table, key) in self.writes:
            return self.writes[table, key]
        return self.server.tables[table].get(key)

    def rows(self, table: str) -> Iterator[tuple[Any, dict[str, Any]]]:
        """All that this transaction can see now, in the order of the keys' insertion."""
        own = {key: row for (of, key), row in self.writes.items() if of == table}
        for key, row in self.server.tables[table].items():
            if key not in own:
                yield key, row
        for key, written in own.items():
            if written is not None:
                yield key, written

    def put(self, table: str, key: Any, row: dict[str, Any]) -> None:
        self.lock((table, key))
        self.writes[table, key] = row

    def delete(self, table: str, key: Any) -> None:
        self.lock((table, key))
        self.writes[table, key] = None

    def lock(self, what: Any) -> None:
        """Until the end of this transaction; Blocked while another holds it."""
        holder = self.server.holders.get(what)
        if holder is None:
            self.server.holders[what] = self
            self.locks.add(what)
        elif holder is not self:
            raise Blocked(holder)

    def try_lock(self, what: Any) -> bool:
        try:
            self.lock(what)
        except Blocked:
            return False
        return True

    def next_id(self, table: str) -> int:
        """A sequence: never taken back."""
        return next(self.server.sequences[table])

    # --- its end ---------------------------------------------------------------------------------

    def commit(self) -> None:
        if not self.failed:
            for (table, key), row in self.writes.items():
                if row is None:
                    self.server.tables[table].pop(key, None)
                else:
                    self.server.tables[table][key] = row
            if self.notifies:
                self.server.notify()
        self.end()

    def end(self) -> None:
        """Without a commit before: it never was."""
        if self.ended:
            return
        self.ended = True
        for what in self.locks:
            del self.server.holders[what]
        then, self.then = self.then, []
        for resume in then:
            resume()


class Server:
    """One database, all that is committed in it, and who is connected."""

    def __init__(self, world: World, statements: Callable[[str], tuple[str, Statement]]) -> None:
        self.world = world
        self.find = statements
        self.tables: dict[str, dict[Any, dict[str, Any]]] = defaultdict(dict)
        self.holders: dict[Any, Transaction] = {}
        self.sequences: dict[str, Iterator[int]] = defaultdict(lambda: itertools.count(1))
        self.sessions: list[Session] = []
        self.unknown: list[str] = []
        """Statements that the model does not know."""
        self.up = True

    async def connect(self, *, idle_limit: float | None = None) -> "Session":
        session = Session(self, idle_limit=idle_limit)
        await asyncio.sleep(self.world.latency())
        if not self.up or self.world.over:
            raise ConnectionRefusedError("the database is down")
        self.sessions.append(session)
        return session

    def notify(self) -> None:
        for session in self.sessions:
            for listener in session.listeners:
                self.world.loop.call_later(
                    self.world.latency(), listener, context=session.process.context
                )

    def cut(self, sessions: Sequence["Session"]) -> None:
        """These connections are gone, and what was open in them."""
        for session in list(sessions):
            session.closed()

    def restart(self, seconds: float) -> None:
        self.up = False
        self.cut(self.sessions)
        self.world.later(seconds, self._start)

    def _start(self) -> None:
        self.up = True


class Session:
    """A connection, as the server has it."""

    def __init__(self, server: Server, *, idle_limit: float | None) -> None:
        self.server = server
        self.world = server.world
        self.process = Process.current()
        self.listeners: list[Callable[[], object]] = []
        self.broken = False
        self.transaction: Transaction | None = None
        self._idle_limit = idle_limit
        self._idle: asyncio.TimerHandle | None = None
        self._pending: set[asyncio.Future[Any]] = set()

    # --- the client's side -----------------------------------------------------------------------

    async def run(self, sql: str, parameters: Any) -> list[Row]:
        """One statement; in a transaction of its own if none is open."""
        try:
            name, statement = self.server.find(sql)
        except AssertionError as unknown:
            self.server.unknown.append(str(unknown))  # the product takes it for a bug of its own
            raise
        result: list[Row] = await self._ask(self._serve, name, statement, parameters)
        return result

    def begin(self) -> None:
        self.transaction = Transaction(self.server)

    async def commit(self) -> None:
        await self._ask(self._serve_commit)

    async def rollback(self) -> None:
        if not self.broken:
            await self._ask(self._serve_rollback)

    def close(self) -> None:
        """The client hangs up; the server notices a moment later."""
        if not self.broken:
            self.world.later(self.world.latency(), self.closed)

    async def _ask(self, serve: Callable[..., None], *arguments: Any) -> Any:
        if self.broken or self.world.over:
            raise asyncpg.ConnectionDoesNotExistError("connection was closed")
        answer = self.world.loop.create_future()
        self._pending.add(answer)
        self.world.later(self.world.latency(), serve, answer, *arguments)
        try:
            return await answer
        finally:
            self._pending.discard(answer)

    # --- the server's side -----------------------------------------------------------------------

    def _serve(
        self, answer: "asyncio.Future[Any]", name: str, statement: Statement, parameters: Any
    ) -> None:
        if self.broken:
            return
        if self.world.happens(self.world.odds.database_cut):
            self.world.say("connection cut before", statement=name)
            self.closed()
            return
        self._busy()
        alone = self.transaction is None
        transaction = self.transaction or Transaction(self.server)
        if transaction.failed:
            self._reply(answer, asyncpg.InFailedSQLTransactionError("aborted"))
            return
        before = dict(transaction.writes)
        transaction.waits_for = None
        try:
            rows = statement(transaction, parameters)
        except Blocked as blocked:
            transaction.writes = before
            if _goes_around(transaction, blocked.by):
                self._fail(transaction, answer, asyncpg.DeadlockDetectedError("deadlock"))
                return
            self.world.say("waits", statement=name)
            transaction.waits_for = blocked.by
            blocked.by.then.append(lambda: self._serve(answer, name, statement, parameters))
            if alone:
                self.transaction, self._alone = transaction, True
        except asyncpg.PostgresError as error:
            transaction.writes = before
            self._fail(transaction, answer, error)
        else:
            if alone or self._alone:
                transaction.commit()
                self.transaction, self._alone = None, False
            if rows or name not in _QUIET:
                self.world.say(name, rows=len(rows))
            self._reply(answer, rows)

    _alone = False
    """The transaction is of the statement that waits, and ends with it."""

    def _fail(
        self, transaction: Transaction, answer: "asyncio.Future[Any]", error: Exception
    ) -> None:
        self.world.say("statement failed", error=type(error).__name__)
        transaction.failed = True
        transaction.end()
        self._reply(answer, error)

    def _serve_commit(self, answer: "asyncio.Future[Any]") -> None:
        if self.broken or self.transaction is None:
            return
        cut = self.world.happens(self.world.odds.database_cut)
        if cut and self.world.happens(0.5):
            self.world.say("connection cut before commit")
            self.closed()
            return
        if self.transaction.writes:
            self.world.say("commit")
        self.transaction.commit()
        self.transaction = None
        if cut:
            self.world.say("connection cut behind commit")
            self.closed()
        else:
            self._reply(answer, None)

    def _serve_rollback(self, answer: "asyncio.Future[Any]") -> None:
        if self.broken:
            return
        if self.transaction is not None:
            self.transaction.end()
            self.transaction = None
        self._reply(answer, None)

    def _reply(self, answer: "asyncio.Future[Any]", result: Any) -> None:
        if self.transaction is not None and self._idle_limit is not None:
            self._idle = self.world.later(self._idle_limit, self._idles)
        self.world.answer(answer, result)

    def _busy(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _idles(self) -> None:
        self.world.say("session ended, idle in transaction", of=self.process)
        self.closed()

    def closed(self) -> None:
        """The connection is gone; whoever waits for an answer learns it, sooner or later."""
        if self.broken:
            return
        self.broken = True
        self._busy()
        if self in self.server.sessions:
            self.server.sessions.remove(self)
        if self.transaction is not None:
            self.transaction.end()
        gone = asyncpg.ConnectionDoesNotExistError("connection was closed in the middle")
        for answer in self._pending:
            self.world.answer(answer, gone)


_QUIET = {"take buckets", "read gauges", "what changed", "counts of a consumer"}
"""Asked all the time; not worth a line of the trace when they find nothing."""


def _goes_around(waiting: Transaction, holder: Transaction | None) -> bool:
    while holder is not None:
        if holder is waiting:
            return True
        holder = holder.waits_for
    return False
