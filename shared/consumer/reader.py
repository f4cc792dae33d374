"""One topic, read by one group: batches from Kafka in, offsets out, and everything that can go
wrong in between.

    read     raw records, as many as are there                     (called by RawBatches)
    handle   mark the range -> work it out -> at its turn: effect, exact offsets  (by FastStream)

`handle` lets nothing out but cancellation: FastStream would skip the batch, and the next commit
would bury it. What is transient is waited for in here, with the group kept alive by aiokafka's
heartbeats; what is a bug is isolated; and if bugs do not end, the reader halts with nothing
committed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import (
    ConsumerStoppedError,
    KafkaConnectionError,
    KafkaError,
    UnsupportedCodecError,
)

from shared.cluster import in_words
from shared.consumer.batches import Batch, Rewind, Work
from shared.consumer.distance import lag, reached
from shared.consumer.fetching import Fetching
from shared.consumer.marks import Marks, Ranges, range_of
from shared.consumer.patience import TRIES, Backoff, Blown, Fuse
from shared.consumer.positions import Moved
from shared.envelope import RawRecord
from shared.errors import Transient
from shared.failpoints import failpoint
from shared.observing import metrics

__all__ = ["Reader"]

log = structlog.get_logger()

T = TypeVar("T")

_POLL_MS = 500
_SLICE_RECORDS = 250
"""Records that are read at once; the batch that is being written waits for no more than these."""
_DRAIN_SECONDS = 10.0


class _Abandoned(Exception):
    """This batch is not ours any more: others read it again from the last commit."""


class _Hand:
    """A batch from when it is handed over until it has had its effect, or was given up."""

    def __init__(self, records: Sequence[RawRecord]) -> None:
        self.records = records
        self.ranges = range_of(records)
        self.batch: Batch[Any] = Batch()
        self.since = time.perf_counter()
        self.oldest = min(record.timestamp for record in records) / 1000
        """Unix time of its oldest record."""


class Reader(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """Reads one topic for one consumer.

    `topic` is the name on the cluster; `work` gives the records their effect; `ask` is told which
    subjects have a gap, and after which version.
    """

    def __init__(
        self,
        *,
        consumer: str,
        topic: str,
        work: Work[Any],
        marks: Marks,
        ask: Callable[[str, int], Awaitable[None]],
        max_records: int = 5_000,
        fuse: Fuse | None = None,
    ) -> None:
        self.consumer = consumer
        self.topic = topic
        self.waits_for: str | None = f"{topic} has not been reached yet"
        """What this reader waits for, in words; None: it works."""
        self.halted = asyncio.Event()
        self._work = work
        self._marks = marks
        self._ask = ask
        self._max_records = max_records
        self._fuse = fuse or Fuse()
        self._fetching = Fetching()
        self._took = metrics.consumer_batch.labels(consumer, topic)
        self._kafka: AIOKafkaConsumer | None = None
        self._hands: list[_Hand] = []
        """At most two: the batch that is being written, and the one that is worked out."""
        self._writing: asyncio.Task[None] | None = None
        self._idle = asyncio.Event()
        """Set while nothing is in hand."""
        self._idle.set()
        self._assigned = self._read_in = 0
        """How often partitions were assigned, now and when the last records were read."""
        self._stopping = False
        self._lost = asyncio.Event()
        """Set when the batch in hand is not ours any more, or we stop."""

    # --- from Kafka ------------------------------------------------------------------------------

    async def read(self, kafka: AIOKafkaConsumer) -> Sequence[RawRecord]:
        """What is there, at once; or nothing after half a second."""
        self._kafka = kafka
        if self._stopping or self.halted.is_set():
            await asyncio.Event().wait()  # until FastStream cancels this task
        try:
            records = await self._fetching.some(kafka, timeout_ms=_POLL_MS, most=self._max_records)
        except (UnicodeDecodeError, ConsumerStoppedError):
            return ()  # the next call gets past it, or there is none
        except UnsupportedCodecError:
            self._halt("records are compressed with a codec that is not installed")
            return ()
        except KafkaError as error:
            self._wait_for(f"{self.topic} cannot be read: {in_words(error)}")
            await asyncio.sleep(_POLL_MS / 1000)
            return ()
        self._read_in = self._assigned
        if not records and kafka.assignment():
            self.waits_for = None
        return records

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Aiokafka: these are ours now, from their committed offsets on."""
        await self._idle.wait()  # a batch of before that could not be given up in time
        self._assigned += 1
        self._forget()
        self._fetching.went_astray()  # aiokafka may have read on, and we took nothing of that
        self._lost.clear()
        self.waits_for = None
        log.info("partitions-assigned", consumer=self.consumer, count=len(assigned))

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Aiokafka: finish what is in hand, and commit it; others wait for us."""
        del revoked  # the eager protocol takes them all
        await self._drain()

    async def settled(self) -> None:
        """Until all that was handed over has had its effect, or was given up."""
        await self._idle.wait()

    async def stop(self) -> None:
        """Take nothing more in; finish the batch in hand, or give it up if it has to wait."""
        self._stopping = True
        await self._drain()
        self._kafka = None  # a stopped client that is asked something connects again, for good

    async def _drain(self) -> None:
        self._lost.set()
        try:
            await asyncio.wait_for(self._idle.wait(), _DRAIN_SECONDS)
            await self._marks.clear()
        except TimeoutError:
            log.warning("drain-timed-out", consumer=self.consumer)
            if self._stopping and self._writing is not None:
                self._writing.cancel()
        except Transient:
            pass  # the range stays marked: it will be worked singly, and nothing is lost
        finally:
            self._forget()

    def _forget(self) -> None:
        self._work.forget()
        self._marks.forget()
        self._fetching.forget()

    # --- to the database -------------------------------------------------------------------------

    async def handle(self, records: Sequence[RawRecord]) -> None:
        """Give a batch its effect, then commit its offsets.

        A plain one is only worked out here, and written behind: this returns when the batch
        before it is written, so that the next one comes while PostgreSQL is busy with it.
        """
        if self._read_in != self._assigned:
            return  # of partitions that were taken from us, between `read` and here
        hand = _Hand(records)
        self._take(hand)
        behind = False
        try:
            plain = await self._prepare(hand)
            await self._turn()
            if self._lost.is_set() or self.halted.is_set():
                raise _Abandoned
            if plain:
                self._writing = asyncio.create_task(self._finish(hand, self._write(hand)))
                behind = True
                await asyncio.sleep(0)  # its first statement is on its way before the next decode
            else:
                behind = True
                await self._finish(hand, self._work_through(hand))
        except _Abandoned:
            log.info("batch-abandoned", consumer=self.consumer, records=len(records))
        except Exception as error:  # noqa: BLE001 - nothing may leave, or FastStream skips it
            self._fail(error)
        finally:
            if not behind:
                self._let_go(hand)

    async def _prepare(self, hand: "_Hand") -> bool:
        """Mark the batch, read its envelopes, foresee what it will do. False if it is not plain:
        a process died in it, or a newer epoch begins in it."""
        records = hand.records
        await self._patiently(lambda: self._marks.load(set(hand.ranges)))
        if self._marks.suspicious(records, hand.ranges):
            return False
        if not self._work.foresees:
            await self._turn()
        await self._patiently(lambda: self._marks.start(self._in_hand()))
        for start in range(0, len(records), _SLICE_RECORDS):
            part = records[start : start + _SLICE_RECORDS]
            self._work.read(part, self._marks.epochs, hand.batch)
            await asyncio.sleep(0)
        if hand.batch.rewinds:
            return False
        await self._work.prepare(hand.batch)
        return True

    async def _turn(self) -> None:
        """Until the batch before this one is written, or given up."""
        if self._writing is not None:
            await asyncio.wait({self._writing})
            self._writing = None

    async def _write(self, hand: "_Hand") -> None:
        """A plain batch, at its turn."""
        await self._effect(hand.batch)
        await self._commit({place: last + 1 for place, (_, last) in hand.ranges.items()})

    async def _work_through(self, hand: "_Hand") -> None:
        """A batch that wants care, with nothing else in hand."""
        records = hand.records
        while records:
            records = await self._handle(records)

    async def _finish(self, hand: "_Hand", work: Coroutine[Any, Any, None]) -> None:
        """Do it, and let nothing out."""
        try:
            await work
            await self.ask_for_missing()
        except _Abandoned:
            log.info("batch-abandoned", consumer=self.consumer, records=len(hand.records))
        except Exception as error:  # noqa: BLE001 - nothing may leave, or FastStream skips it
            self._fail(error)
        finally:
            self._let_go(hand)

    def _take(self, hand: "_Hand") -> None:
        self._idle.clear()
        self._hands.append(hand)

    def _let_go(self, hand: "_Hand") -> None:
        self._took.observe(time.perf_counter() - hand.since)
        self._hands.remove(hand)
        if not self._hands:
            self._idle.set()

    def _in_hand(self) -> Ranges:
        """What all batches in hand span together."""
        spans: dict[int, tuple[int, int]] = {}
        for hand in self._hands:
            for place, (first, last) in hand.ranges.items():
                begun, ended = spans.get(place, (first, last))
                spans[place] = (min(begun, first), max(ended, last))
        return spans

    async def _handle(self, records: Sequence[RawRecord]) -> Sequence[RawRecord]:
        """Work on records up to where a newer epoch begins; what is left to do."""
        await self._patiently(lambda: self._marks.load({record.partition for record in records}))
        rewinds: dict[int, Rewind] = {}
        for piece in self._pieces(records):
            if self._lost.is_set():
                raise _Abandoned
            if len(piece) == 1 and self._marks[piece[0].partition].kills(piece[0]):
                epoch = self._marks[piece[0].partition].epoch
                await self._patiently(partial(self._work.quarantine, piece[0], epoch=epoch))
                continue
            await self._patiently(partial(self._marks.start, range_of(piece)))
            batch: Batch[Any] = Batch()
            self._work.read(piece, self._marks.epochs, batch)
            rewinds = batch.rewinds | rewinds
            await self._effect(batch)
        done = {
            record.partition: record.offset + 1
            for record in records
            if record.partition not in rewinds or record.offset < rewinds[record.partition].offset
        }
        await self._commit(done)
        again: list[RawRecord] = []
        for partition, (epoch, offset) in rewinds.items():
            if await self._patiently(partial(self._rewind, partition, epoch, offset)):
                continue
            again += [r for r in records if r.partition == partition and r.offset >= offset]
        return again

    def _pieces(self, records: Sequence[RawRecord]) -> Iterator[Sequence[RawRecord]]:
        """All in one piece; but those in a range that a process died in, one by one."""
        suspects = [r for r in records if self._marks[r.partition].suspects(r)]
        for record in suspects:
            yield (record,)
        if not suspects:
            yield records
        elif len(suspects) < len(records):
            yield [r for r in records if not self._marks[r.partition].suspects(r)]

    async def _effect(self, batch: Batch[Any]) -> None:
        """Whatever it takes to get this batch's effect into the database, once."""
        backoff = Backoff()
        for _ in range(TRIES):
            try:
                await self._patiently(lambda: self._work.together(batch))
            except _Abandoned:
                raise
            except Exception:  # any class: a bug, to be isolated if it stays
                log.exception("batch-failed", consumer=self.consumer)
                self._retried("bug")
                self._work.forget()
                await backoff.wait(self._lost)
            else:
                return
        try:
            await self._patiently(lambda: self._work.apart(batch, self._fuse))
        except Blown:
            self._halt("events fail one after the other: the fault is ours, not theirs")
            raise _Abandoned from None

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do it, as often as it takes, while only what passes is in the way.

        Raises _Abandoned when the partitions are lost meanwhile, or what is no passing trouble.
        """
        backoff = Backoff()
        while True:
            try:
                result = await work()
            except Moved:
                log.info("positions-moved", consumer=self.consumer)
                self._retried("moved")
                self._work.forget()
            except (Transient, KafkaError) as away:
                self._wait_for(str(away) or type(away).__name__)
                self._retried("transient")
                self._work.forget()
            else:
                self.waits_for = None
                return result
            await backoff.wait(self._lost)
            if self._lost.is_set():
                raise _Abandoned

    async def _commit(self, offsets: dict[int, int]) -> None:
        """Commit just these. If that fails they are read again, and dropped as duplicates."""
        if self._kafka is None or not offsets:
            return
        exact = {TopicPartition(self.topic, p): offset for p, offset in offsets.items()}
        try:
            failpoint("consumer.acknowledging", KafkaConnectionError)
            await self._kafka.commit(exact)
            failpoint("consumer.acknowledged", KafkaConnectionError)
        except KafkaError as error:
            log.info("offsets-not-committed", consumer=self.consumer, why=type(error).__name__)

    async def _rewind(self, partition: int, epoch: int, offset: int) -> bool:
        """A newer filling of the topic begins here: read it from its start, if this is not it.

        The start is committed before the epoch is stored: a death in between repeats the rewind.
        """
        kafka, place = self._kafka, TopicPartition(self.topic, partition)
        if kafka is None:
            raise _Abandoned
        start = (await kafka.beginning_offsets([place]))[place]
        if offset > start:
            log.warning(
                "new-epoch",
                consumer=self.consumer,
                topic=self.topic,
                partition=partition,
                epoch=epoch,
            )
            kafka.seek(place, start)
            self._fetching.moved(place, start)
            await kafka.commit({place: start})
            failpoint("consumer.rewound", KafkaConnectionError)
        await self._marks.new_epoch(partition, epoch)
        return bool(offset > start)

    async def doubt(self, epoch: int) -> None:
        """The owner fills its topic for this time. A record that claims a later one is forged or
        broken: it must not hide the next filling, nor keep counts from being compared for ever."""
        wrong = await self._marks.at_most(epoch)
        if wrong:
            log.error(
                "epoch-unknown-to-its-owner", consumer=self.consumer, partitions=wrong, epoch=epoch
            )

    async def ask_for_missing(self) -> None:
        """Ask the owner for what comes after each gap, if that is due."""
        try:
            for subject, after in (await self._work.missing()).items():
                await self._ask(subject, after)
        except (Transient, KafkaError) as away:
            log.info("replay-not-asked", consumer=self.consumer, why=type(away).__name__)

    def say_away(self, why: str) -> None:
        """Kafka, or this topic on it, could not be reached at the start."""
        self._wait_for(f"{self.topic} cannot be read: {why}")

    def _wait_for(self, what: str) -> None:
        if what != self.waits_for:
            log.warning("consumer-waits", consumer=self.consumer, why=what)
        self.waits_for = what

    def _retried(self, why: str) -> None:
        metrics.consumer_retries.labels(self.consumer, self.topic, why).inc()

    def _fail(self, error: Exception) -> None:
        log.error("consumer-failed", consumer=self.consumer, exc_info=error)
        self._halt(f"the consumer itself failed ({type(error).__name__})")

    def _halt(self, why: str) -> None:
        log.error("consumer-halted", consumer=self.consumer, why=why)
        self.waits_for = f"{self.consumer} has stopped, mend it and start again: {why}"
        self.halted.set()

    # --- how far ---------------------------------------------------------------------------------

    async def reached(self) -> dict[int, int] | None:
        """The next offset of each partition of the topic for this group, whoever reads it; None if
        that cannot be said now."""
        return None if self._kafka is None else await reached(self._kafka, self.topic)

    async def lag(self) -> int | None:
        """Records of the topic that this group has not committed yet; None if it cannot be said."""
        return None if self._kafka is None else await lag(self._kafka, self.topic)

    def lag_seconds(self) -> float:
        """Age of the oldest record that is being worked on; 0 if none is."""
        oldest = min((hand.oldest for hand in self._hands), default=None)
        return 0.0 if oldest is None else max(0.0, time.time() - oldest)
