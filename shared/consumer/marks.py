"""What is being worked on, written down before it is touched, so that a death can be traced.

A batch marks its offset range of each partition. Whoever finds a mark at its start knows that the
last process did not end well, works that range one record at a time, and when a single record was
marked three times, leaves it unread. The newest epoch of each partition stands in the same row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shared.database import Database
from shared.envelope import RawRecord
from shared.errors import Transient
from shared.failpoints import failpoint

__all__ = ["Mark", "Marks", "Ranges", "range_of"]

Ranges = Mapping[int, tuple[int, int]]
"""By partition: the first and the last offset."""

_FATAL = 3
"""Deaths on one record after which it is left alone."""


@dataclass(slots=True)
class Mark:
    """What is known of one partition."""

    epoch: int = 0
    first: int = -1
    last: int = -1
    """The range that was being worked on when a process died; -1: none."""
    attempts: int = 0

    def suspects(self, record: RawRecord) -> bool:
        """True if a process died in a range with this record."""
        return self.first <= record.offset <= self.last

    def attempt(self, first: int, last: int) -> int:
        """How many processes will have worked on just this range, with the one that starts now."""
        return self.attempts + 1 if (first, last) == (self.first, self.last) else 1

    def kills(self, record: RawRecord) -> bool:
        """True if three processes died over just this record."""
        return self.attempts >= _FATAL and self.first == record.offset == self.last


def range_of(records: Iterable[RawRecord]) -> dict[int, tuple[int, int]]:
    """What these records span. They are in order within each partition."""
    ranges: dict[int, tuple[int, int]] = {}
    for record in records:
        partition, offset = record.partition, record.offset
        first, _ = ranges.get(partition, (offset, 0))
        ranges[partition] = (first, offset)
    return ranges


# Losing a mark in a crash of the database costs nothing, so nobody waits for the disk. The setting
# holds for this one statement, which is a transaction of its own.
_MARK = """
with lazily as (select set_config('synchronous_commit', 'off', true))
insert into partitions (consumer, topic, partition, epoch, started_from, started_to, attempts)
select $1::text, $2::text, r.partition, 0, r.first, r.last, r.attempts
from lazily, unnest($3::int[], $4::bigint[], $5::bigint[], $6::int[])
    as r(partition, first, last, attempts)
order by r.partition
on conflict (consumer, topic, partition) do update set
    started_from = excluded.started_from,
    started_to = excluded.started_to,
    attempts = excluded.attempts
"""


class Marks:
    """The marks of one consumer on one topic."""

    def __init__(self, database: Database, *, consumer: str, topic: str) -> None:
        self._database = database
        self._key = (consumer, topic)
        self._known: dict[int, Mark] = {}
        self._own: dict[int, tuple[int, int, int]] = {}
        """What we have marked ourselves. We live: finding that again is no sign of a death."""

    def __getitem__(self, partition: int) -> Mark:
        return self._known[partition]

    @property
    def epochs(self) -> Mapping[int, int]:
        """The newest epoch of each partition that was loaded."""
        return {partition: mark.epoch for partition, mark in self._known.items()}

    async def load(self, partitions: set[int]) -> None:
        """Know these partitions; no I/O if they are known."""
        unknown = partitions - self._known.keys()
        if not unknown:
            return
        async with self._database.connect() as connection:
            rows = await connection.exec_driver_sql(
                "select partition, epoch, started_from, started_to, attempts from partitions"
                " where consumer = $1 and topic = $2 and partition = any($3)",
                (*self._key, list(unknown)),
            )
            found = {
                row.partition: Mark(row.epoch, row.started_from, row.started_to, row.attempts)
                if row.started_from is not None
                and self._own.get(row.partition) != (row.started_from, row.started_to, row.attempts)
                else Mark(row.epoch)
                for row in rows
            }
        for partition in unknown:
            self._known[partition] = found.get(partition, Mark())

    def suspicious(self, records: Sequence[RawRecord], ranges: Ranges) -> bool:
        """Whether any of these records, which span these ranges, is suspected."""
        del records
        return any(
            first <= self._known[partition].last and self._known[partition].first <= last
            for partition, (first, last) in ranges.items()
        )

    async def start(self, ranges: Ranges) -> None:
        """These are about to be worked on, and nothing else is."""
        for partition, (first, last) in ranges.items():
            attempt = self._known.get(partition, Mark()).attempt(first, last)
            self._own[partition] = (first, last, attempt)
        own = [self._own[partition] for partition in ranges]
        parameters = (*self._key, list(ranges), *map(list, zip(*own, strict=True)))
        async with self._database.connect(autocommit=True) as connection:
            await connection.exec_driver_sql(_MARK, parameters)
        failpoint("consumer.marked", Transient)

    async def new_epoch(self, partition: int, epoch: int) -> None:
        """From now on this partition is read as of `epoch`."""
        async with self._database.connect() as connection:
            await connection.exec_driver_sql(
                "insert into partitions (consumer, topic, partition, epoch)"
                " values ($1, $2, $3, $4) on conflict (consumer, topic, partition)"
                " do update set epoch = excluded.epoch, started_from = null, started_to = null",
                (*self._key, partition, epoch),
            )
        failpoint("consumer.epoch-stored", Transient)
        self._known[partition] = Mark(epoch)

    async def at_most(self, epoch: int) -> list[int]:
        """The owner knows of no newer epoch; those partitions that seemed to be of one, and are not
        any more."""
        wrong = [partition for partition, mark in self._known.items() if mark.epoch > epoch]
        if wrong:
            async with self._database.connect() as connection:
                await connection.exec_driver_sql(
                    "update partitions set epoch = $3::int where consumer = $1 and topic = $2"
                    " and epoch > $3::int and partition = any($4)",
                    (*self._key, epoch, wrong),
                )
            for partition in wrong:
                self._known[partition].epoch = epoch
        return wrong

    async def clear(self) -> None:
        """Nothing is being worked on: a clean end."""
        partitions, self._known = list(self._known), {}
        if not partitions:
            return
        async with self._database.connect() as connection:
            await connection.exec_driver_sql(
                "update partitions set started_from = null, started_to = null, attempts = 0"
                " where consumer = $1 and topic = $2 and partition = any($3)",
                (*self._key, partitions),
            )
        failpoint("consumer.cleared", Transient)

    def forget(self) -> None:
        """Others may work on these partitions now."""
        self._known = {}
