"""How far a consumer is with each subject: version and digest, compared and set.

Positions are written *first* in a batch's transaction. If another instance was here meanwhile (a
rebalance, a paused process that woke up), fewer rows move than were meant to, and nothing of the
batch is written.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.journal import bucket_of

__all__ = ["START", "Moved", "Position", "Positions"]


class Position(NamedTuple):
    """The last version of a subject that took effect, and its digest; START: none did."""

    version: int
    digest: bytes


START: Final = Position(0, b"")


class Moved(Exception):
    """The stored positions are not those this batch was decided on: read them, decide again."""


# Both halves touch their rows in subject order, so that two instances cannot lock one another out.
_ADVANCE = """
with batch as materialized (
    select * from unnest($2::text[], $3::int[], $4::bytea[], $5::int[], $6::bytea[], $7::smallint[])
        as b(subject, version, digest, was, was_digest, bucket)
    order by subject
), started as (
    insert into positions (consumer, subject, version, digest, bucket)
    select $1::text, subject, version, digest, bucket from batch where was = 0
    on conflict do nothing
    returning 1
), moved as (
    update positions p set version = b.version, digest = b.digest from batch b
    where p.consumer = $1::text and p.subject = b.subject
        and p.version = b.was and p.digest = b.was_digest and b.was > 0
    returning 1
)
select (select count(*) from started) + (select count(*) from moved)
"""
_READ = "select subject, version, digest from positions where consumer = $1 and subject = any($2)"


class Positions:
    """The positions of one consumer: in the database, the recently used ones also in memory.

    What is remembered may be stale; `advance` finds out.
    """

    def __init__(self, consumer: str, *, remember: int = 50_000) -> None:
        self._consumer = consumer
        self._remembered: dict[str, Position] = {}
        self._limit = remember

    async def of(self, connection: AsyncConnection, subjects: Iterable[str]) -> dict[str, Position]:
        """The position of each subject; START for those never seen."""
        known = self._remembered
        found = {subject: known[subject] for subject in subjects if subject in known}
        unknown = [subject for subject in subjects if subject not in found]
        if unknown:
            rows = await connection.exec_driver_sql(_READ, (self._consumer, unknown))
            found.update(dict.fromkeys(unknown, START))
            found.update((row.subject, Position(row.version, row.digest)) for row in rows)
        return found

    async def advance(
        self,
        connection: AsyncConnection,
        before: Mapping[str, Position],
        after: Mapping[str, Position],
    ) -> None:
        """Set the position of each subject in `after`, if it still is what `before` says.

        Raises Moved, and then the transaction must be rolled back.
        """
        if not after:
            return
        subjects = list(after)
        parameters = (
            self._consumer,
            subjects,
            [after[subject].version for subject in subjects],
            [after[subject].digest for subject in subjects],
            [before[subject].version for subject in subjects],
            [before[subject].digest for subject in subjects],
            [bucket_of(subject) for subject in subjects],
        )
        moved = (await connection.exec_driver_sql(_ADVANCE, parameters)).scalar_one()
        if moved != len(subjects):
            raise Moved

    def remember(self, positions: Mapping[str, Position]) -> None:
        """Keep positions that are now committed; the longest unused ones make room."""
        known = self._remembered
        for subject, position in positions.items():
            known.pop(subject, None)
            known[subject] = position
        for subject in list(islice(known, max(0, len(known) - self._limit))):
            del known[subject]

    def forget(self, subjects: Iterable[str] | None = None) -> None:
        """Read these (or all) from the database next time."""
        if subjects is None:
            self._remembered.clear()
        else:
            for subject in subjects:
                self._remembered.pop(subject, None)
