"""The model of PostgreSQL in the two shapes that the product knows: asyncpg's and SQLAlchemy's."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy.exc import DBAPIError, IntegrityError

from shared.clock import Clock
from shared.database import Database
from shared.reference import Reference
from tests.simulation.database import Row, Server, Session

__all__ = ["AsyncpgConnection", "ModelDatabase"]


class AsyncpgConnection:
    """What the relay uses of `asyncpg.Connection`."""

    def __init__(self, session: Session, *, limit: float | None) -> None:
        self._session = session
        self._limit = limit

    async def add_listener(self, _channel: str, callback: Callable[..., object]) -> None:
        self._session.listeners.append(callback)

    def terminate(self) -> None:
        self._session.close()

    async def fetch(self, sql: str, *values: Any, **limits: float) -> list[Row]:
        async with asyncio.timeout(limits.get("timeout", self._limit)):
            return await self._session.run(sql, values)

    async def fetchrow(self, sql: str, *values: Any) -> Row | None:
        rows = await self.fetch(sql, *values)
        return rows[0] if rows else None

    async def fetchval(self, sql: str, *values: Any) -> Any:
        row = await self.fetchrow(sql, *values)
        return None if row is None else next(iter(row))

    async def execute(self, sql: str, *values: Any, **limits: float) -> str:
        return f"DONE {len(await self.fetch(sql, *values, **limits))}"

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        if self._session.broken:
            raise asyncpg.InterfaceError("connection is closed")
        self._session.begin()
        try:
            yield
        except BaseException:
            await self._session.rollback()
            raise
        await self._session.commit()


class ModelDatabase(Database):
    """The product's own `Database`, on the model."""

    def __init__(self, server: Server) -> None:
        super().__init__("postgresql://model/model", service="sim", clock=_CLOCK, reference=_NONE)
        self.server = server
        self.engine = _Engine(server)  # type: ignore[assignment]


_CLOCK = Clock()
_NONE = Reference({})


class _Engine:
    def __init__(self, server: Server) -> None:
        self._server = server

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator["_Connection"]:
        session = await self._server.connect()
        session.begin()
        connection = _Connection(session)
        try:
            yield connection
            if not connection.rolled_back:
                with _as_sqlalchemy_says():
                    await session.commit()
        except Exception:
            with contextlib.suppress(asyncpg.PostgresError):
                await session.rollback()
            raise
        finally:
            session.close()

    def execution_options(self, **options: Any) -> "_Engine":
        """A lone statement ends as it does in a transaction of its own."""
        assert options == {"isolation_level": "AUTOCOMMIT"}
        return self

    async def dispose(self) -> None:
        """Nothing is pooled."""


class _Connection:
    """What the plumbing uses of `AsyncConnection`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.rolled_back = False

    async def exec_driver_sql(self, sql: str, parameters: Sequence[Any] = ()) -> "_Result":
        return await self._run(sql, parameters)

    async def execute(self, clause: Any, parameters: Mapping[str, Any]) -> "_Result":
        sql = clause.text if hasattr(clause, "text") else clause.element.text
        return await self._run(sql, parameters)

    async def rollback(self) -> None:
        self.rolled_back = True
        await self._session.rollback()

    async def _run(self, sql: str, parameters: Any) -> "_Result":
        with _as_sqlalchemy_says():
            return _Result(await self._session.run(sql, parameters))


class _Result:
    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def mappings(self) -> "_Result":
        return self

    def all(self) -> list[Row]:
        return self._rows

    def one(self) -> Row:
        [row] = self._rows
        return row

    def one_or_none(self) -> Row | None:
        return self._rows[0] if self._rows else None

    def scalar_one_or_none(self) -> Any:
        return next(iter(self._rows[0])) if self._rows else None

    def scalar_one(self) -> Any:
        return next(iter(self.one()))


@contextlib.contextmanager
def _as_sqlalchemy_says() -> Iterator[None]:
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        raise IntegrityError("", None, error) from error
    except asyncpg.PostgresError as error:
        gone = isinstance(error, asyncpg.PostgresConnectionError)
        raise DBAPIError("", None, error, connection_invalidated=gone) from error
