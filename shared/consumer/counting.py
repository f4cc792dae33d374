"""Comparing with what the owner says it has published: finds what no gap can show, a lost last
event of a subject."""

from collections.abc import Awaitable, Callable, Mapping

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.control import Counts
from shared.database import Database
from shared.journal import bucket_of

__all__ = ["Counting"]

log = structlog.get_logger()

_ASK_AT_MOST = 5
"""Times that the same difference is asked about; then a person must look."""


class Counting:
    """The comparison for one consumer. `reached` gives the committed offset of each partition, or
    None while that is not known; `ask` asks the owner for a whole bucket."""

    def __init__(
        self,
        database: Database,
        *,
        consumer: str,
        reached: Callable[[], Awaitable[Mapping[int, int] | None]],
        ask: Callable[[int], Awaitable[None]],
    ) -> None:
        self._database = database
        self._consumer = consumer
        self._reached = reached
        self._ask = ask
        self._heard: Counts | None = None
        self._strange: int | None = None
        """The epoch of a count, when it was not that of what we have read."""
        self._asked: dict[int, tuple[int, int]] = {}
        """By bucket: how many were missing, and how often that was asked about."""

    def hear(self, counts: Counts) -> None:
        """The owner has counted; compared as soon as we have read that far."""
        self._heard = counts

    async def compare(self) -> None:
        """Ask for the buckets of which we know less than the owner. Raises Transient."""
        counts, reached = self._heard, await self._reached() if self._heard else None
        if counts is None or reached is None:
            return
        if any(reached.get(partition, 0) <= last for partition, last in counts.offsets.items()):
            return  # the tick after the next batch compares
        self._heard = None
        async with self._database.connect() as connection:
            if not await self._same_epoch(connection, counts) and self._strange != counts.epoch:
                # its filling is on its way to us; if the next count finds us no further, we were
                # put behind it (offsets reset to the end), and only a replay will show it to us
                self._strange = counts.epoch
                return
            known = await self._known(connection)
        for bucket, published in counts.buckets.items():
            missing = published - known.get(bucket, 0)
            if missing > 0:
                await self._miss(bucket, missing)
            else:
                self._asked.pop(bucket, None)

    async def _miss(self, bucket: int, missing: int) -> None:
        before, times = self._asked.get(bucket, (0, 0))
        times = times + 1 if before == missing else 1
        self._asked[bucket] = (missing, times)
        if times > _ASK_AT_MOST:
            return
        level = log.error if times == _ASK_AT_MOST else log.warning
        level("events-missing", consumer=self._consumer, bucket=bucket, missing=missing)
        await self._ask(bucket)

    async def _same_epoch(self, connection: AsyncConnection, counts: Counts) -> bool:
        rows = await connection.exec_driver_sql(
            "select partition, epoch from partitions where consumer = $1", (self._consumer,)
        )
        epochs = {row.partition: row.epoch for row in rows}
        return all(epochs.get(partition) == counts.epoch for partition in counts.offsets)

    async def _known(self, connection: AsyncConnection) -> dict[int, int]:
        """By bucket: events that took effect, and those that are held or parked ahead of them."""
        rows = await connection.exec_driver_sql(
            "select bucket, sum(version) as events from positions where consumer = $1 group by 1",
            (self._consumer,),
        )
        known = {row.bucket: int(row.events) for row in rows}
        ahead = await connection.exec_driver_sql(
            """
            select a.subject, count(distinct a.version) as events
            from (
                select subject, version from held where consumer = $1
                union all
                select subject, version from parked where consumer = $1 and version is not null
            ) a left join positions p on p.consumer = $1 and p.subject = a.subject
            where a.version > coalesce(p.version, 0)
            group by a.subject
            """,
            (self._consumer,),
        )
        for row in ahead:
            bucket = bucket_of(row.subject)
            known[bucket] = known.get(bucket, 0) + int(row.events)
        return known
