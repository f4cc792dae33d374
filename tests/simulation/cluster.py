"""A model of Kafka: partitions, idempotent producers, groups; and what a cluster can lose.

What is modeled: appends by sequence number (a repeated one is recognized, a later one refused); one
offset per record; groups with generations, sessions, eager rebalances; committed offsets; a topic
that lost its tail, was made anew, or is on another cluster; requests and answers that are lost, and
requests that arrive after their sender gave up.

What is not: replication (a record is in the log or not), compaction, transactions, quotas.
"""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import (
    IllegalGenerationError,
    KafkaConnectionError,
    KafkaError,
    OutOfOrderSequenceNumber,
    UnknownMemberIdError,
)

from tests.simulation.world import World

__all__ = ["Cluster", "Group", "Log", "Record"]

_SESSION_SECONDS = 10.0
_REBALANCE_SECONDS = 30.0


class Record(NamedTuple):
    """As aiokafka's `ConsumerRecord`, and who appended it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    producer: int
    sequence: int


class Log:
    """One partition."""

    def __init__(self, topic: str, partition: int) -> None:
        self.place = TopicPartition(topic, partition)
        self.records: list[Record] = []

    @property
    def end(self) -> int:
        return len(self.records)

    def append(
        self, producer: int, sequence: int, contents: Sequence[tuple[Any, Any, Any]], now: float
    ) -> int:
        """The offset of the first; what stands there already is not appended again."""
        own = [record for record in self.records if record.producer == producer]
        if own and sequence != own[-1].sequence + 1:
            before = next((r for r in own if r.sequence == sequence), None)
            if before is None:
                raise OutOfOrderSequenceNumber(f"{sequence} behind {own[-1].sequence}")
            return before.offset
        first = self.end
        for nth, (key, value, headers) in enumerate(contents):
            self.records.append(
                Record(
                    self.place.topic,
                    self.place.partition,
                    first + nth,
                    int(now * 1000),
                    key,
                    value,
                    tuple(headers),
                    producer,
                    sequence + nth,
                )
            )
        return first


@dataclass
class _Member:
    seen: float
    joining: "asyncio.Future[tuple[int, list[TopicPartition]]] | None" = None
    places: list[TopicPartition] = field(default_factory=list)


class Group:
    """One consumer group, as its coordinator has it."""

    def __init__(self, world: World, places: Callable[[], list[TopicPartition]]) -> None:
        self._world = world
        self._places = places
        self.generation = 0
        self.members: dict[str, _Member] = {}
        self.committed: dict[TopicPartition, int] = {}
        self._rebalancing: asyncio.TimerHandle | None = None
        self._watch()

    def join(self, member: str) -> "asyncio.Future[tuple[int, list[TopicPartition]]]":
        """Answered when all members have joined again, or are given up."""
        joining = self._world.loop.create_future()
        self.members.setdefault(member, _Member(0)).joining = joining
        self.members[member].seen = self._world.loop.time()
        if self._rebalancing is None:
            self._rebalancing = self._world.later(_REBALANCE_SECONDS, self._complete)
        if all(each.joining is not None for each in self.members.values()):
            self._complete()
        return joining

    def heartbeat(self, member: str, generation: int) -> bool:
        """False: join again. Raises UnknownMemberIdError."""
        if member not in self.members or generation != self.generation:
            raise UnknownMemberIdError
        self.members[member].seen = self._world.loop.time()
        return self._rebalancing is None

    def leave(self, member: str) -> None:
        if self.members.pop(member, None) is not None:
            self._lost()

    def commit(self, member: str, generation: int, offsets: dict[TopicPartition, int]) -> None:
        if member not in self.members:
            raise UnknownMemberIdError
        if generation != self.generation:
            raise IllegalGenerationError
        self.committed |= offsets

    def _lost(self) -> None:
        """Somebody is gone: the others share anew."""
        if not self.members:
            self._settle()
        elif self._rebalancing is None:
            self._rebalancing = self._world.later(_REBALANCE_SECONDS, self._complete)
        elif all(each.joining is not None for each in self.members.values()):
            self._complete()

    def _complete(self) -> None:
        self._settle()
        joined = {name: each for name, each in self.members.items() if each.joining is not None}
        self.members = joined
        self.generation += 1
        places = self._places()
        names = sorted(joined)
        self._world.chance.shuffle(names)
        for nth, name in enumerate(names):
            member = joined[name]
            member.seen = self._world.loop.time()
            member.places = places[nth :: len(names)]
            joining, member.joining = member.joining, None
            assert joining is not None
            self._world.answer(joining, (self.generation, member.places))
        self._world.say("rebalanced", generation=self.generation, members=names)

    def _settle(self) -> None:
        if self._rebalancing is not None:
            self._rebalancing.cancel()
            self._rebalancing = None

    def _watch(self) -> None:
        """Give up members that do not say that they live."""
        now = self._world.loop.time()
        for name, member in list(self.members.items()):
            if member.joining is None and now - member.seen > _SESSION_SECONDS:
                self._world.say("member given up", member=name)
                self.leave(name)
        self._world.later(1.0, self._watch)


class Cluster:
    """Topics and groups, and how they are asked."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.id = "cluster-1"
        self.up = True
        self.logs: dict[str, list[Log]] = {}
        self.groups: dict[str, Group] = {}
        self.producers = itertools.count(1)
        self.clients = itertools.count(1)
        self.acknowledges = True
        """False, for who wants to see it noticed: what was sent is called written."""
        self.commits_when_read = False
        """True, for the same reason: offsets are committed before anything was done."""
        self.losses = 0
        """How often records that had been acknowledged were lost."""
        self._fetching: defaultdict[TopicPartition, list[asyncio.Future[None]]] = defaultdict(list)

    # --- asking ----------------------------------------------------------------------------------

    async def ask(self, serve: Callable[[], Any], *, safe: bool = False) -> Any:
        """One request: served, or not, and answered, or not. `safe`: it changes nothing."""
        world, odds = self.world, self.world.odds
        if world.over:
            raise KafkaConnectionError("the story is over")
        answer = world.loop.create_future()
        lost = world.happens(odds.request_lost)
        late = not safe and not lost and world.happens(odds.request_late)
        delay = world.latency()
        if lost or late:
            world.later(delay, self._fail, answer)
        if late:
            delay += world.chance.choice((0.05, 0.5, 3.0, 12.0)) * world.chance.random()
        if not lost:
            world.later(delay, self._serve, answer, serve)
        return await answer

    def _serve(self, answer: "asyncio.Future[Any]", serve: Callable[[], Any]) -> None:
        if not self.up:
            self._fail(answer)
            return
        try:
            result = serve()
        except KafkaError as error:
            result = error
        if isinstance(result, asyncio.Future):
            result.add_done_callback(lambda done: _pass_on(done, answer))
        elif self.world.happens(self.world.odds.answer_lost):
            self.world.say("answer lost")
            self.world.later(self.world.chance.choice((0.01, 1.0, 10.0)), self._fail, answer)
        else:
            self.world.answer(answer, result)

    def _fail(self, answer: "asyncio.Future[Any]") -> None:
        self.world.answer(answer, KafkaConnectionError("no answer"))

    # --- topics ----------------------------------------------------------------------------------

    def create_topic(self, topic: str, partitions: int) -> None:
        self.logs[topic] = [Log(topic, number) for number in range(partitions)]

    def places(self, topic: str) -> list[TopicPartition]:
        return [log.place for log in self.logs.get(topic, [])]

    def log(self, place: TopicPartition) -> Log:
        log: Log = self.logs[place.topic][place.partition]
        return log

    def append(
        self, place: TopicPartition, producer: int, sequence: int, contents: Sequence[Any]
    ) -> int:
        log = self.log(place)
        first = log.append(producer, sequence, contents, self.world.now())
        if log.end == first + len(contents):
            self.world.say("appended", to=f"{place.partition}@{first}", records=_names(contents))
        waiting, self._fetching[place] = self._fetching[place], []
        for each in waiting:
            if not each.done():
                each.set_result(None)
        return first

    def appended(self, place: TopicPartition) -> "asyncio.Future[None]":
        """Done with the next record there."""
        waiting = self.world.loop.create_future()
        self._fetching[place].append(waiting)
        return waiting

    def group(self, name: str, topic: str) -> Group:
        if name not in self.groups:
            self.groups[name] = Group(self.world, lambda: self.places(topic))
        return self.groups[name]

    # --- what it can lose ------------------------------------------------------------------------

    def lose_tail(self, topic: str) -> None:
        """The last records of one partition were acknowledged, and are gone."""
        log = self.world.chance.choice(self.logs[topic])
        if log.end:
            keep = log.end - self.world.chance.randint(1, min(8, log.end))
            self.losses += 1
            self.world.say("tail lost", partition=log.place.partition, from_=keep, end=log.end)
            del log.records[keep:]

    def lose_topic(self, topic: str) -> None:
        """Deleted, and made anew: empty. The committed offsets of its groups stay."""
        self.losses += 1
        self.create_topic(topic, len(self.logs[topic]))

    def lose_everything(self) -> None:
        """Another cluster stands where this one stood."""
        self.losses += 1
        self.id = f"cluster-{int(self.id.rsplit('-', 1)[1]) + 1}"
        for topic, logs in list(self.logs.items()):
            self.create_topic(topic, len(logs))
        for group in self.groups.values():
            group.committed.clear()
            for member in list(group.members):
                group.leave(member)


def _pass_on(done: "asyncio.Future[Any]", answer: "asyncio.Future[Any]") -> None:
    if not done.cancelled() and not answer.done():
        answer.set_result(done.result())


def _names(contents: Sequence[Any]) -> str:
    return ",".join(dict(headers).get("ce_id", b"?").decode() for _, _, headers in contents)
