"""What a service says about the topics it reads: one line of `subscribers.py` each."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol, runtime_checkable

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database import Transaction

__all__ = [
    "Foresighted",
    "Projection",
    "Received",
    "Subscription",
    "UpstreamEvent",
    "UpstreamSubscription",
]


class Received(NamedTuple):
    """A fact of another service, as a projection gets it."""

    subject: str
    version: int
    type: str
    time: datetime
    """When it was recorded, aware, UTC."""
    actor: str
    data: BaseModel
    """An instance of `reads[type]`."""
    raw: bytes
    """The JSON that `data` was read from."""
    topic: str
    correlation_id: str


class Projection(Protocol):
    """Writes what a batch of facts changes, in sets: one statement per table.

    It gets each fact exactly once, those of one subject in order, none missing; it runs inside the
    transaction that has already moved the positions, so it needs no guard of its own. It may raise
    `Transient` (the batch is tried again); anything else is taken for a bug, and the subjects that
    it happens with are parked.
    """

    async def __call__(self, connection: AsyncConnection, facts: Sequence[Received], /) -> None: ...


@runtime_checkable
class Foresighted(Projection, Protocol):
    """A projection that can work out what to write while the batch before is being written."""

    async def prepare(self, connection: AsyncConnection, facts: Sequence[Received], /) -> Any:
        """What `write` needs; reads at most, on a connection that sees what was committed. It may
        be called for a batch that is never written, and any exception only means that the batch
        will be given to `__call__`, in its own transaction."""

    async def write(self, connection: AsyncConnection, prepared: Any, /) -> None:
        """Write it, in the transaction that has moved the positions; raises what `__call__` does.
        Only called if all that was expected when it was prepared has come true."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Facts of one of our services. `reads` maps a type to the narrow model of what is needed of
    it; other types only move the position."""

    topic: str
    reads: Mapping[str, type[BaseModel]]
    apply: Projection
    forget: Callable[[], None] = lambda: None
    """Called when what `apply` remembers of its tables may not be so any more."""
    tables: Mapping[str, str] = field(default_factory=dict)
    """The tables that `apply` alone writes, from these facts alone, and the column of each that has
    the subject: they can be rebuilt."""
    once: str = "it does not say which tables it alone fills"
    """Without `tables`: why these facts must not take effect a second time."""


class UpstreamEvent(NamedTuple):
    """An event of a system that is not ours."""

    id: str
    source: str
    type: str
    subject: str | None
    time: datetime | None
    extensions: Mapping[str, Any]
    """Extension attributes, such as `replaces`: text in binary mode, JSON values in structured."""
    data: BaseModel
    """An instance of `reads[type]`."""
    topic: str


@dataclass(frozen=True, slots=True)
class UpstreamSubscription:
    """Events of others: no dense versions, any order; each has its effect once, by its id and
    source. `handle` works in the transaction that also remembers the event. What it rejects is
    parked as `rejected:<code>`, and nothing behind it waits."""

    topic: str
    reads: Mapping[str, type[BaseModel]]
    handle: Callable[[Transaction, UpstreamEvent], Awaitable[None]]
