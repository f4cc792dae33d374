"""One topic into the shadow, by the consumer's own code: `Reader` and `Facts` as the live one runs
them, on a client without a group."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shared.cluster import Kafka
from shared.consumer.facts import Facts
from shared.consumer.marks import Mark, Marks, Ranges
from shared.consumer.patience import Fuse
from shared.consumer.reader import Reader
from shared.consumer.subscriptions import Subscription
from shared.database import Database
from shared.envelope import RawRecord
from shared.errors import Transient
from shared.parking import KILLED, Parking
from shared.rebuild.shadow import CannotRebuild
from shared.rebuild.unshared import Unshared
from shared.relay.topic import look_at

__all__ = ["Filling"]

_Name = tuple[bytes | None, bytes | None]
"""Key and version of a record, as they are on the wire."""

_BATCH = 8_000
_QUARANTINED = """
select subject, version from public.parked
where consumer = $1 and reason = $2 and subject is not null and version is not null
union
select details->>'subject', (details->>'version')::int from public.operations
where action = 'parked-discarded' and details->>'consumer' = $1 and details->>'reason' = $2
    and details->>'subject' is not null and details->>'version' is not null
"""
_BUGS_A_MINUTE = 200
"""The live one takes years to park as many as a rebuild meets in a minute."""


class Filling:
    """One subscription of a rebuild. `database` looks into the shadow first."""

    def __init__(
        self,
        *,
        consumer: str,
        subscription: Subscription,
        topic: str,
        database: Database,
        parking: Parking,
        kafka: Kafka,
        ask: Callable[[str, int], Awaitable[None]],
    ) -> None:
        self.consumer = consumer
        self.topic = topic
        self.ask = ask
        self.total = 0
        """Records of the topic, when it was last looked at."""
        self.found = 0
        """Those that had had their effect then."""
        self._kafka = kafka
        self._database = database
        self._client: Unshared | None = None
        self.facts = Facts(
            consumer=consumer, subscription=subscription, database=database, parking=parking
        )
        self._begun = 0
        self._marks = _Killers(database, consumer=consumer, topic=subscription.topic)
        self._reader = Reader(
            consumer=consumer,
            topic=topic,
            work=self.facts,
            marks=self._marks,
            ask=ask,
            max_records=_BATCH,
            fuse=Fuse(_BUGS_A_MINUTE),
        )

    @property
    def done(self) -> int:
        """Records that have had their effect."""
        kept = self._client.kept if self._client else {}
        return sum(kept.values()) - self._begun

    async def fill(self) -> None:
        """Up to where the topic ends now. Raises CannotRebuild, Transient, KafkaError."""
        ends = (await look_at(self.topic, kafka=self._kafka)).ends
        client = await self._open(sorted(ends))
        starts = await client.from_the_start_where_shorter(ends)
        self._begun = sum(starts.values())
        self.total = sum(ends.values()) - self._begun
        self.found = self.done
        while not await self._arrived(client, ends):
            if self._reader.halted.is_set():
                raise CannotRebuild(f"{self._reader.waits_for}; what was filled is kept")
            records = await self._reader.read(client)
            for piece in self._marks.apart(records):
                await self._reader.handle(piece)

    async def _arrived(self, client: Unshared, ends: Mapping[int, int]) -> bool:
        """True if all that was before these offsets has had its effect."""
        if not await client.is_at(ends):
            return False
        await self._reader.settled()
        return await client.is_at(ends) and not self._reader.halted.is_set()

    async def _open(self, partitions: list[int]) -> Unshared:
        places = [TopicPartition(self.topic, partition) for partition in partitions]
        if self._client is None:
            await self._marks.look()
            client = Unshared(self._kafka, consumer=self.consumer, database=self._database)
            try:
                await client.start()
            except KafkaError as away:
                await client.stop()
                raise Transient(self._kafka.why(away)) from away
            self._client = client
        if [*self._client.kept] != places:
            await self._client.open(places)
        return self._client

    async def close(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await self._reader.stop()
            await client.stop()


@dataclass(slots=True)
class _Killer(Mark):
    """Knows which records have killed the live consumer; nothing else is held to be suspect."""

    known: frozenset[_Name] = frozenset()

    def suspects(self, record: RawRecord) -> bool:
        return bool(self.known) and _name(record) in self.known

    kills = suspects


class _Killers(Marks):
    """A rebuild is killed by whoever stops it, so it marks no ranges. What the live consumer has
    quarantined is quarantined again, unread."""

    _named: frozenset[_Name] = frozenset()

    async def look(self) -> None:
        """Know what the live consumer has quarantined, and perhaps an operator discarded."""
        async with self._database.connect() as connection:
            rows = await connection.exec_driver_sql(_QUARANTINED, (self._key[0], KILLED))
            self._named = frozenset((row.subject.encode(), b"%d" % row.version) for row in rows)

    def __getitem__(self, partition: int) -> Mark:
        return _Killer(epoch=super().__getitem__(partition).epoch, known=self._named)

    def apart(self, records: Sequence[RawRecord]) -> Iterator[Sequence[RawRecord]]:
        """The same, in order; each that must not be touched by itself."""
        if not self._named:
            yield from (records,) if records else ()
            return
        for killing, found in groupby(records, lambda record: _name(record) in self._named):
            piece = tuple(found)
            if killing:
                yield from ((record,) for record in piece)
            else:
                yield piece

    def suspicious(self, records: Sequence[RawRecord], ranges: Ranges) -> bool:
        del ranges
        return len(records) == 1 and self[records[0].partition].suspects(records[0])  # see `apart`

    async def start(self, ranges: Ranges) -> None:
        """Nothing is marked."""

    async def clear(self) -> None:
        """Nothing is."""


def _name(record: RawRecord) -> _Name:
    return record.key, dict(record.headers).get("ce_sequence")
