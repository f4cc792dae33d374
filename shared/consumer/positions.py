"""How far a consumer is with each subject: version and digest, compared and set.

Positions are written *first* in a batch's transaction. If another instance was here meanwhile (a
rebalance, a paused process that woke up), fewer rows move than were meant to, and nothing of the
batch is written.

The same statement locks the consumer's generation for as long as the batch takes. A rebuild that
switches to newly filled tables waits for that, and what was decided on the old ones is void.
"""

from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.failpoints import failpoint
from shared.journal import bucket_of

__all__ = ["START", "Known", "Moved", "Position", "Positions"]


class Position(NamedTuple):
    """The last version of a subject that took effect, and its digest; START: none did."""

    version: int
    digest: bytes


START: Final = Position(0, b"")


class Known(dict[str, Position]):
    """Positions by subject, and the generation of the tables that they were read for."""

    generation: int


class Moved(Exception):
    """The stored positions, or the tables, are not those this batch was decided on: read them,
    decide again."""


# Both halves touch their rows in subject order, so that two instances cannot lock one another out.
_ADVANCE = """
with ours as materialized (
    select generation from generations where consumer = $1::text for share
), batch as materialized (
    select b.* from ours, unnest(
        $2::text[], $3::int[], $4::bytea[], $5::int[], $6::bytea[], $7::smallint[]
    ) as b(subject, version, digest, was, was_digest, bucket)
    where ours.generation = $8::int
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
select (select count(*) from started) + (select count(*) from moved) from ours
where generation = $8::int
"""
_GENERATION = "select generation from generations where consumer = $1"
_FIRST = "insert into generations (consumer) values ($1) on conflict do nothing"
_READ = "select subject, version, digest from positions where consumer = $1 and subject = any($2)"


class Positions:
    """The positions of one consumer: in the database, the recently used ones also in memory.

    What is remembered may be stale; `advance` finds out.
    """

    def __init__(self, consumer: str, *, remember: int = 50_000) -> None:
        self._consumer = consumer
        self._remembered: dict[str, Position] = {}
        self._limit = remember
        self._generation: int | None = None

    async def of(
        self,
        connection: AsyncConnection,
        subjects: Collection[str],
        *,
        expected: Mapping[str, Position] | None = None,
    ) -> Known:
        """The position of each subject; START for those never seen. `expected` are those that a
        transaction under way is about to reach."""
        if self._generation is None:
            self._generation = await self._stored_generation(connection)
        found = Known()
        found.generation = self._generation
        for known in (self._remembered, expected or {}):
            found.update((subject, known[subject]) for subject in subjects if subject in known)
        unknown = [subject for subject in subjects if subject not in found]
        if unknown:
            rows = await connection.exec_driver_sql(_READ, (self._consumer, unknown))
            found.update(dict.fromkeys(unknown, START))
            found.update((row.subject, Position(row.version, row.digest)) for row in rows)
        return found

    async def advance(
        self,
        connection: AsyncConnection,
        before: Known,
        after: Mapping[str, Position],
    ) -> None:
        """Set the position of each subject in `after`, if it still is what `before` says.

        Whatever a transaction writes, it comes after this, even if nothing moves: a rebuild then
        waits for it. Raises Moved, and then the transaction must be rolled back.
        """
        subjects = list(after)
        parameters = (
            self._consumer,
            subjects,
            [after[subject].version for subject in subjects],
            [after[subject].digest for subject in subjects],
            [before[subject].version for subject in subjects],
            [before[subject].digest for subject in subjects],
            [bucket_of(subject) for subject in subjects],
            before.generation,
        )
        moved = (await connection.exec_driver_sql(_ADVANCE, parameters)).scalar_one_or_none()
        if moved != len(subjects):
            raise Moved
        failpoint("consumer.advanced", OSError)

    def remember(self, positions: Mapping[str, Position]) -> None:
        """Keep positions that are now committed; the longest unused ones make room."""
        known = self._remembered
        for subject, position in positions.items():
            known.pop(subject, None)
            known[subject] = position
        for subject in list(islice(known, max(0, len(known) - self._limit))):
            del known[subject]

    def forget(self, subjects: Iterable[str] | None = None) -> None:
        """Read these (or all, and the generation) from the database next time."""
        if subjects is None:
            self._generation = None
            self._remembered.clear()
        else:
            for subject in subjects:
                self._remembered.pop(subject, None)

    async def _stored_generation(self, connection: AsyncConnection) -> int:
        mine = (self._consumer,)
        found = (await connection.exec_driver_sql(_GENERATION, mine)).scalar_one_or_none()
        if found is None:
            await connection.exec_driver_sql(_FIRST, mine)
            found = (await connection.exec_driver_sql(_GENERATION, mine)).scalar_one()
        return int(found)
