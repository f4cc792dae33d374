"""The model of Kafka in the shapes of aiokafka's clients, as far as the product uses them."""

import asyncio
from collections import deque
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, NamedTuple

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    ConsumerStoppedError,
    IllegalGenerationError,
    IllegalStateError,
    KafkaConnectionError,
    KafkaError,
    ProducerClosed,
    UnknownMemberIdError,
)

from tests.simulation.cluster import Cluster, Record

__all__ = ["ModelAdmin", "ModelConsumer", "ModelProducer"]

_RETRY_SECONDS = 0.1
_HEARTBEAT_SECONDS = 2.0
_ANSWER_SECONDS = 10.0
_JOIN_SECONDS = 40.0
_FETCH_AT_MOST = 20
_BATCH_RECORDS = 5
"""Real batches are larger; small ones make more of them."""


class ModelAdmin:
    """What `shared.relay.topic` uses of `AIOKafkaAdminClient`."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def start(self) -> None:
        await self._cluster.ask(lambda: None, safe=True)

    async def close(self) -> None:
        """Nothing is open."""

    async def describe_cluster(self) -> dict[str, Any]:
        return {"cluster_id": await self._cluster.ask(lambda: self._cluster.id, safe=True)}

    async def describe_topics(self, topics: Sequence[str]) -> list[dict[str, Any]]:
        places = await self._cluster.ask(lambda: self._cluster.places(topics[0]), safe=True)
        return [{"partitions": [{"partition": place.partition} for place in places]}]


class _Answer(NamedTuple):
    offset: int


class _Batch:
    def __init__(self) -> None:
        self.contents: list[tuple[Any, Any, Any]] = []
        self.answer: asyncio.Future[_Answer] | None = None

    def append(self, *, timestamp: Any, key: Any, value: Any, headers: Any) -> object | None:
        del timestamp
        if len(self.contents) == _BATCH_RECORDS:
            return None
        self.contents.append((key, value, headers))
        return self


class ModelProducer:
    """What relay and control use of `AIOKafkaProducer`. As in aiokafka one batch of a partition is
    in flight at a time, numbered when it is sent, and repeated until it is answered."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._producer = 0
        self._queues: dict[TopicPartition, deque[_Batch]] = {}
        self._delivering: list[asyncio.Task[None]] = []
        self._numbers: dict[TopicPartition, int] = {}
        self._known: dict[str, set[int]] = {}
        self.client = self
        self._sender = self
        self.sender_task = None
        self._closed = False

    async def start(self) -> None:
        self._producer = await self._cluster.ask(lambda: next(self._cluster.producers), safe=True)

    async def partitions_for(self, topic: str) -> set[int]:
        if topic not in self._known:
            places = await self._cluster.ask(lambda: self._cluster.places(topic), safe=True)
            self._known[topic] = {place.partition for place in places}
        return self._known[topic]

    def create_batch(self) -> _Batch:
        return _Batch()

    async def send_batch(
        self, batch: _Batch, topic: str, *, partition: int
    ) -> "asyncio.Future[_Answer]":
        if self._closed:
            raise ProducerClosed
        place = TopicPartition(topic, partition)
        batch.answer = asyncio.get_running_loop().create_future()
        if place not in self._queues:
            self._queues[place] = deque()
        self._queues[place].append(batch)
        if len(self._queues[place]) == 1:
            self._delivering.append(asyncio.create_task(self._deliver(place)))
        return batch.answer

    async def send_and_wait(
        self, topic: str, value: bytes, *, key: bytes, headers: Sequence[tuple[str, bytes]]
    ) -> None:
        batch = _Batch()
        batch.append(timestamp=None, key=key, value=value, headers=headers)
        await (await self.send_batch(batch, topic, partition=0))

    async def _deliver(self, place: TopicPartition) -> None:
        queue = self._queues[place]
        while queue:
            batch = queue[0]
            number = self._numbers.get(place, 0)
            self._numbers[place] = number + len(batch.contents)
            try:
                result: _Answer | KafkaError = _Answer(await self._insist(place, number, batch))
            except KafkaError as refused:
                result = refused
            queue.popleft()
            assert batch.answer is not None
            if batch.answer.done():
                continue
            if isinstance(result, KafkaError):
                batch.answer.set_exception(result)
            else:
                batch.answer.set_result(result)

    async def _insist(self, place: TopicPartition, number: int, batch: _Batch) -> int:
        while True:
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    offset: int = await self._cluster.ask(
                        lambda: self._cluster.append(place, self._producer, number, batch.contents)
                    )
                    return offset
            except (KafkaConnectionError, TimeoutError):
                if not self._cluster.acknowledges:
                    return -1
                await asyncio.sleep(_RETRY_SECONDS)

    async def close(self) -> None:
        """Of its connections: what is in flight may still arrive."""
        self._closed = True
        for task in self._delivering:
            task.cancel()

    async def stop(self) -> None:
        await self.close()


class ModelConsumer:
    """What the product uses of `AIOKafkaConsumer`: in a group with a listener, or assigned."""

    def __init__(
        self,
        cluster: Cluster,
        topic: str | None = None,
        *,
        group: str | None = None,
        listener: ConsumerRebalanceListener | None = None,
        latest: bool = False,
    ) -> None:
        self._cluster = cluster
        self._topic = topic
        self._group = cluster.group(group, topic) if group and topic else None
        self._listener = listener
        self._latest = latest
        self._member = f"member-{next(cluster.clients)}"
        self._generation = -1
        self._positions: dict[TopicPartition, int | None] = {}
        self._buffers: dict[TopicPartition, list[Record]] = {}
        self._reassigning = self._group is not None
        self._changed = asyncio.Event()
        """Records came, or the assignment is another."""
        self._wanted = asyncio.Event()
        """Somebody took records, or sought: there is room for more."""
        self._tasks: list[asyncio.Task[None]] = []
        self._beating: asyncio.Task[None] | None = None
        self._rejoin = asyncio.Event()
        self._closed = False

    async def start(self) -> None:
        await self._cluster.ask(lambda: None, safe=True)
        if self._group is not None:
            self._tasks.append(asyncio.create_task(self._coordinate()))
        elif self._topic is not None:
            places = self._cluster.places(self._topic)
            self.assign(places)
            if self._latest:
                self._positions |= await self.end_offsets(places)

    async def stop(self) -> None:
        self._closed = True
        if self._group is not None:
            group, member = self._group, self._member
            self._cluster.world.later(0.001, group.leave, member)
        for task in [*self._tasks, *filter(None, [self._beating])]:
            task.cancel()
        self._changed.set()

    def assign(self, places: Collection[TopicPartition]) -> None:
        self._positions = dict.fromkeys(places)
        self._buffers = {}
        self._tasks += [
            asyncio.create_task(self._fetch(place, self._positions)) for place in places
        ]

    # --- the group -------------------------------------------------------------------------------

    async def _coordinate(self) -> None:
        group, listener = self._group, self._listener
        assert group is not None
        assert listener is not None
        before: set[TopicPartition] = set()
        while True:
            self._reassigning = True
            await listener.on_partitions_revoked(before)
            joined = await self._join(group)
            self._rejoin.clear()
            self._generation, places = joined
            for task in self._tasks[1:]:
                task.cancel()
            del self._tasks[1:]
            self.assign(places)
            self._reassigning = False
            self._changed.set()
            before = set(places)
            await listener.on_partitions_assigned(before)
            if self._beating is None or self._beating.done():
                self._beating = asyncio.create_task(self._beat(group))
            await self._rejoin.wait()

    async def _join(self, group: Any) -> tuple[int, list[TopicPartition]]:
        while True:
            try:
                async with asyncio.timeout(_JOIN_SECONDS):
                    answer: tuple[int, list[TopicPartition]] = await self._cluster.ask(
                        lambda: group.join(self._member)
                    )
            except (KafkaError, TimeoutError):
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return answer

    async def _beat(self, group: Any) -> None:
        """Goes on while the listener finishes what is in hand."""
        while True:
            await asyncio.sleep(_HEARTBEAT_SECONDS)
            try:
                if not await self._cluster.ask(
                    lambda: group.heartbeat(self._member, self._generation), safe=True
                ):
                    self._rejoin.set()
            except UnknownMemberIdError:
                self._rejoin.set()
                return
            except KafkaError:
                continue

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        group, generation = self._group, self._generation
        assert group is not None
        if not self._positions.keys() >= offsets.keys():
            raise IllegalStateError("not assigned")
        while True:
            try:
                # never late: a commit that comes behind a later one repeats records, no more
                await self._cluster.ask(
                    lambda: group.commit(self._member, generation, offsets), safe=True
                )
            except (UnknownMemberIdError, IllegalGenerationError) as gone:
                self._rejoin.set()
                raise CommitFailedError from gone
            except KafkaConnectionError:
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                self._cluster.world.say("offsets committed", offsets=_short(offsets))
                return

    async def committed(self, place: TopicPartition) -> int | None:
        group = self._group
        assert group is not None
        offset: int | None = await self._cluster.ask(lambda: group.committed.get(place), safe=True)
        return offset

    # --- records ---------------------------------------------------------------------------------

    async def _fetch(
        self, place: TopicPartition, positions: dict[TopicPartition, int | None]
    ) -> None:
        """Keep the buffer of one partition filled, for one assignment."""
        while self._positions is positions and not self._closed:
            try:
                if self._buffers.get(place):
                    self._wanted.clear()
                    await self._wanted.wait()
                    continue
                at = await self._position(place, positions)
                asking = partial(self._read, place, at)
                records, coming = await self._cluster.ask(asking, safe=True)
            except KafkaError:
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            if positions[place] != at or self._positions is not positions:
                continue  # sought meanwhile
            if records is None:
                positions[place] = 0  # out of range: from the earliest
            elif records:
                self._buffers[place] = records
                self._changed.set()
            else:
                await asyncio.wait({coming}, timeout=0.5)

    async def _position(
        self, place: TopicPartition, positions: dict[TopicPartition, int | None]
    ) -> int:
        at = positions[place]
        if at is None:
            at = await self.committed(place) if self._group is not None else None
            if positions[place] is None:
                positions[place] = at if at is not None else 0
        return positions[place] or 0

    def _read(self, place: TopicPartition, at: int) -> tuple[list[Record] | None, Any]:
        log = self._cluster.log(place)
        if at > log.end:
            return None, None
        return log.records[at : at + _FETCH_AT_MOST], self._cluster.appended(place)

    async def getmany(
        self, *places: TopicPartition, timeout_ms: int = 0, max_records: int = 500
    ) -> dict[TopicPartition, list[Record]]:
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_ms / 1000
        while True:
            if self._closed:
                raise ConsumerStoppedError
            drained: dict[TopicPartition, list[Record]] = {}
            for place, buffer in self._buffers.items():
                if not buffer or self._reassigning or (places and place not in places):
                    continue
                drained[place] = buffer[:max_records]
                del buffer[:max_records]
                max_records -= len(drained[place])
                self._positions[place] = drained[place][-1].offset + 1
                if max_records == 0:
                    break
            self._wanted.set()
            if drained:
                if self._cluster.commits_when_read and self._group is not None:
                    self._group.committed |= {
                        place: records[-1].offset + 1 for place, records in drained.items()
                    }
                return drained
            self._changed.clear()
            waits = None if self._reassigning else until - loop.time()
            if waits is not None and waits <= 0:
                return {}
            try:
                await asyncio.wait_for(self._changed.wait(), waits)
            except TimeoutError:
                return {}

    def seek(self, place: TopicPartition, offset: int) -> None:
        if place not in self._positions:
            raise IllegalStateError("not assigned")
        self._positions[place] = offset
        self._buffers.pop(place, None)
        self._wanted.set()

    async def position(self, place: TopicPartition) -> int:
        return await self._position(place, self._positions)

    def assignment(self) -> set[TopicPartition]:
        return set(self._positions)

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return {place.partition for place in self._cluster.places(topic)} or None

    async def beginning_offsets(self, places: Sequence[TopicPartition]) -> dict[Any, int]:
        starts: dict[Any, int] = await self._cluster.ask(
            lambda: dict.fromkeys(places, 0), safe=True
        )
        return starts

    async def end_offsets(self, places: Sequence[TopicPartition]) -> dict[Any, int]:
        ends: dict[Any, int] = await self._cluster.ask(
            lambda: {place: self._cluster.log(place).end for place in places}, safe=True
        )
        return ends


def _short(offsets: dict[TopicPartition, int]) -> dict[int, int]:
    return {place.partition: offset for place, offset in offsets.items()}
