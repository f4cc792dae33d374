"""A database for machines of Hypothesis, which are no coroutines and begin anew many times."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import asyncpg

__all__ = ["Ground"]

T = TypeVar("T")


class Ground:
    """An event loop and a connection, for one machine."""

    def __init__(self, url: str, *tables: str) -> None:
        self.runner = asyncio.Runner()
        self.eye: asyncpg.Connection = self.run(asyncpg.connect(url))
        self.run(self.eye.execute(f"truncate {', '.join(tables)} restart identity"))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database says."""
        return [tuple(row) for row in self.run(self.eye.fetch(query, *values))]

    def end(self) -> None:
        self.run(self.eye.close())
        self.runner.close()
