"""Facts of others -> versions of their records, in sets."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting import store
from services.reporting.domain.folding import Told, Version, fields_of, fold
from shared.consumer import Received

__all__ = ["Recording"]


class Recording:
    """The projection of one subscription, with a bounded memory of what it wrote last.

    A remembered version is used only where a fact continues it: facts never change, so version n of
    a subject is the same whoever made it, also after a transaction that was rolled back.
    """

    def __init__(self, *, remember: int = 20_000) -> None:
        self._remember = remember
        self._latest: dict[str, Version] = {}

    def forget(self) -> None:
        """The tables may have been rebuilt, by another version of this code."""
        self._latest.clear()

    async def __call__(self, connection: AsyncConnection, facts: Sequence[Received], /) -> None:
        told = [Told(fact.subject, fact.version, fact.time, fields_of(fact.data)) for fact in facts]
        firsts: dict[str, int] = {}
        for fact in told:
            firsts.setdefault(fact.subject, fact.version)
        before, missing = {}, []
        for subject, version in firsts.items():
            if version == 1:
                continue
            remembered = self._latest.get(subject)
            if remembered is not None and remembered.version == version - 1:
                before[subject] = remembered
            else:
                missing.append(subject)
        if missing:
            before |= await store.latest(connection, missing)
        made = fold(before, told)
        await store.add_versions(connection, made, before=before)
        self._keep(made)

    def _keep(self, made: Sequence[Version]) -> None:
        for version in made:
            self._latest.pop(version.subject, None)
            self._latest[version.subject] = version
        while len(self._latest) > self._remember:
            del self._latest[next(iter(self._latest))]
