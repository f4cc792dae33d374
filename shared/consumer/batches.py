"""A batch of records whose envelopes are read, and what can work on one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from shared.consumer.patience import Fuse
from shared.envelope import RawRecord
from shared.errors import Poisoned, Rejected
from shared.parking import BUG, ParkedRecord, ToPark

__all__ = ["Batch", "Rewind", "Work", "reason_of"]

E = TypeVar("E")


class Rewind(NamedTuple):
    """From this record on a partition belongs to a newer filling of its topic."""

    epoch: int
    offset: int


@dataclass(slots=True)
class Batch(Generic[E]):
    """What could be read, in log order, and what could not."""

    events: list[E] = field(default_factory=list)
    poisoned: list[ToPark] = field(default_factory=list)
    rewinds: dict[int, Rewind] = field(default_factory=dict)
    """By partition; the records from there on are not in this batch."""
    ahead: Any = None
    """What `Work.prepare` has worked out."""


class Work(Protocol[E]):
    """How one subscription's records take effect. All of it may be repeated: what has had its
    effect is found out and dropped. Raises Transient, Moved (try again), or what went wrong."""

    def read(
        self, records: Sequence[RawRecord], epochs: Mapping[int, int], batch: Batch[E]
    ) -> None:
        """Add the records to the batch, envelopes read; no I/O. `epochs`: the newest known of each
        partition."""

    @property
    def foresees(self) -> bool:
        """Whether it is known what the batch in hand will have done. If not, `prepare` may only
        be called when nothing is in hand."""

    async def prepare(self, batch: Batch[E]) -> None:
        """Work out as much of `together` as can be while the batch before is being written."""

    async def together(self, batch: Batch[E]) -> None:
        """The whole batch in one transaction, or nothing of it."""

    async def apart(self, batch: Batch[E], fuse: Fuse) -> None:
        """As much as possible, in small transactions; what fails is parked. Raises Blown."""

    async def quarantine(self, record: RawRecord, *, epoch: int) -> None:
        """Park it, its data unread."""

    async def replay(
        self, records: Sequence[ParkedRecord], *, actor: str, dry_run: bool
    ) -> list[dict[str, Any]]:
        """Try parked records again, each with all that waits behind it; what became of each."""

    async def missing(self) -> dict[str, int]:
        """Subjects whose owner is to be asked now for what comes after a version."""

    async def tidy(self) -> None:
        """Drop what is kept in vain, now and then. Raises Transient."""

    def forget(self) -> None:
        """Others may work on these partitions now: trust nothing that is remembered."""


def reason_of(error: Exception) -> Poisoned:
    """Under which reason and path an event is parked whose effect failed with this."""
    if isinstance(error, Poisoned):
        return error
    if isinstance(error, Rejected):
        return Poisoned(f"rejected:{error.code}", error.field or "$")
    return Poisoned(BUG)
