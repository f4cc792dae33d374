"""Facts of others -> what is known of their records, in sets."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting import store
from services.reporting.domain.folding import Folded, Told, fields_of, fold
from shared.consumer import Received

__all__ = ["Recording"]


class _Changes(NamedTuple):
    """What a batch does to the tables."""

    told: Sequence[Told]
    records: Mapping[str, Folded]


class Recording:
    """The projection of one subscription, with a bounded memory of what it folded last.

    A remembered state is used only where a fact continues it: facts never change, so version n of a
    subject is the same whoever folded it. That is why a batch can be folded while the one before
    it is still being written; `remember` is a multiple of what two batches can hold.
    """

    def __init__(self, *, remember: int = 30_000) -> None:
        self._remember = remember
        self._latest: dict[str, Folded] = {}

    async def __call__(self, connection: AsyncConnection, facts: Sequence[Received], /) -> None:
        for subject, version in _firsts(facts).items():
            if (known := self._latest.get(subject)) is not None and known.version != version - 1:
                del self._latest[subject]  # the transaction sees what is true
        await self.write(connection, await self.prepare(connection, facts))

    async def prepare(self, connection: AsyncConnection, facts: Sequence[Received], /) -> _Changes:
        """Fold them onto what is remembered, or stored. Raises LookupError where a fact follows
        something else than what is remembered: only its transaction can tell what that is."""
        before, missing = {}, []
        for subject, version in _firsts(facts).items():
            remembered = self._latest.get(subject)
            if remembered is None:
                missing.append(subject)
            elif remembered.version == version - 1:
                before[subject] = remembered
            else:
                raise LookupError(subject)
        if missing:
            before |= await store.latest(connection, missing)
        told = [Told(fact.subject, fact.version, fact.time, fields_of(fact.raw)) for fact in facts]
        changes = _Changes(*fold(before, told))
        self._keep(changes.records)
        return changes

    async def write(self, connection: AsyncConnection, changes: _Changes, /) -> None:
        """Two statements, whatever the size of the batch."""
        await store.keep(connection, changes.told, changes.records.values())

    def forget(self) -> None:
        """A batch had no effect after all, or the tables were rebuilt by another version of this
        code: what was folded may never be true."""
        self._latest.clear()

    def _keep(self, records: Mapping[str, Folded]) -> None:
        for subject, record in records.items():
            self._latest.pop(subject, None)
            self._latest[subject] = record
        while len(self._latest) > self._remember:
            del self._latest[next(iter(self._latest))]


def _firsts(facts: Sequence[Received]) -> dict[str, int]:
    """The first version of each subject in a batch, but of those that begin in it."""
    firsts: dict[str, int] = {}
    for fact in facts:
        firsts.setdefault(fact.subject, fact.version)
    return {subject: version for subject, version in firsts.items() if version > 1}
