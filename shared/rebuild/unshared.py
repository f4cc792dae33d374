"""A Kafka client that reads all of a topic by itself; its offsets stand in the rebuild's schema.

No group hears of it: the live consumer's offsets are never touched, and no right is needed that
the service does not have.
"""

from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.cluster import Kafka
from shared.database import Database
from shared.errors import Transient

__all__ = ["Unshared"]

_KEEP = """
insert into offsets (consumer, partition, next) select $1::text, o.* from unnest($2::int[],
    $3::bigint[]) as o(partition, next)
on conflict (consumer, partition) do update set next = excluded.next
"""


class Unshared(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka ships no types
    """What `Reader` asks of a client, without a group behind it."""

    def __init__(self, kafka: Kafka, *, consumer: str, database: Database) -> None:
        super().__init__(
            **kafka.client,
            client_id=f"rapport-{database.service}-rebuild",
            enable_auto_commit=False,
            auto_offset_reset="earliest",  # also where a topic was replaced by a shorter one
            max_partition_fetch_bytes=4 * 1024 * 1024,
            metadata_max_age_ms=10_000,
        )
        self._consumer = consumer
        self._database = database
        self.kept: dict[TopicPartition, int] = {}
        """The next offset of each partition: what was before it has had its effect."""

    async def open(self, places: list[TopicPartition]) -> None:
        """Go on where the schema says that these were left. Raises Transient, KafkaError."""
        async with self._database.connect() as connection:
            rows = await connection.exec_driver_sql(
                "select partition, next from offsets where consumer = $1", (self._consumer,)
            )
            known = {row.partition: row.next for row in rows}
        starts = await self.beginning_offsets(places)
        self.assign(places)
        for place in places:
            self.kept.setdefault(place, max(known.get(place.partition, 0), starts[place]))
            self.seek(place, self.kept[place])

    async def from_the_start_where_shorter(
        self, ends: Mapping[int, int]
    ) -> Mapping[TopicPartition, int]:
        """A topic that ends before where we are is another one. Returns where each begins."""
        starts: Mapping[TopicPartition, int] = await self.beginning_offsets([*self.kept])
        for place, kept in self.kept.items():
            if kept > ends[place.partition]:
                self.kept[place] = starts[place]
                self.seek(place, starts[place])
        return starts

    async def is_at(self, ends: Mapping[int, int]) -> bool:
        """True if everything before these offsets has been read."""
        for place in self.kept:
            if await self.position(place) < ends[place.partition]:
                return False
        return True

    async def committed(self, partition: TopicPartition) -> int | None:
        return self.kept.get(partition)

    async def commit(self, offsets: Mapping[TopicPartition, int] | None = None) -> None:
        """Raises KafkaError where they cannot be kept; then the next ones say the same."""
        given: Mapping[TopicPartition, Any] = offsets or {}
        self.kept.update(given)
        kept = (self._consumer, [place.partition for place in given], list(given.values()))
        try:
            async with self._database.connect() as connection:
                await connection.exec_driver_sql(_KEEP, kept)
        except Transient as away:
            raise KafkaError("the offsets cannot be kept now") from away
