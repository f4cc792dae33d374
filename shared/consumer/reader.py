"""One topic, read by one group: batches from Kafka in, offsets out, and everything that can go
wrong in between.

    read     raw records, as many as are there                     (called by RawBatches)
    handle   mark the range -> effect -> commit the exact offsets  (called by FastStream)

`handle` lets nothing out but cancellation: FastStream would skip the batch, and the next commit
would bury it. What is transient is waited for in here, with the group kept alive by aiokafka's
heartbeats; what is a bug is isolated; and if bugs do not end, the reader halts with nothing
committed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError, UnsupportedCodecError

from shared.cluster import in_words
from shared.consumer.batches import Batch, Work
from shared.consumer.fetching import Fetching
from shared.consumer.marks import Marks
from shared.consumer.patience import TRIES, Backoff, Blown, Fuse
from shared.consumer.positions import Moved
from shared.envelope import RawRecord
from shared.errors import Transient
from shared.observing import metrics

__all__ = ["Reader"]

log = structlog.get_logger()

T = TypeVar("T")

_POLL_MS = 500
_DRAIN_SECONDS = 10.0
_ASK_SECONDS = 3.0


class _Abandoned(Exception):
    """This batch is not ours any more: others read it again from the last commit."""


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
        max_records: int = 2_000,
        fuse: Fuse | None = None,
    ) -> None:
        self.consumer = consumer
        self.topic = topic
        self.waits_for: str | None = f"{topic} has not been reached yet"
        """What this reader waits for, in words; None: it works."""
        self.halted = asyncio.Event()
        self.oldest: float | None = None
        """Unix time of the oldest record being worked on."""
        self._work = work
        self._marks = marks
        self._ask = ask
        self._max_records = max_records
        self._fuse = fuse or Fuse()
        self._fetching = Fetching()
        self._took = metrics.consumer_batch.labels(consumer, topic)
        self._kafka: AIOKafkaConsumer | None = None
        self._idle = asyncio.Event()
        self._idle.set()
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
            self._wait_for(f"Kafka: {in_words(error)}")
            await asyncio.sleep(_POLL_MS / 1000)
            return ()
        if not records and kafka.assignment():
            self.waits_for = None
        return records

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Aiokafka: these are ours now, from their committed offsets on."""
        await self._idle.wait()  # a batch of before that could not be given up in time
        self._forget()
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
        """Give a batch its effect, then commit its offsets."""
        self._idle.clear()
        started = time.perf_counter()
        self.oldest = min(record.timestamp for record in records) / 1000
        try:
            while records:
                records = await self._handle(records)
            await self.ask_for_missing()
        except _Abandoned:
            log.info("batch-abandoned", consumer=self.consumer, records=len(records))
        except Exception as error:  # nothing may leave: FastStream would skip the batch
            log.exception("consumer-failed", consumer=self.consumer)
            self._halt(f"the consumer itself failed ({type(error).__name__})")
        finally:
            self.oldest = None
            self._took.observe(time.perf_counter() - started)
            self._idle.set()

    async def _handle(self, records: Sequence[RawRecord]) -> Sequence[RawRecord]:
        """Work on records up to where a newer epoch begins; what is left to do."""
        partitions = {record.partition for record in records}
        await self._patiently(lambda: self._marks.load(partitions))
        rewinds: dict[int, tuple[int, int]] = {}
        for piece in self._pieces(records):
            if self._lost.is_set():
                raise _Abandoned
            if len(piece) == 1 and self._marks[piece[0].partition].kills(piece[0]):
                epoch = self._marks[piece[0].partition].epoch
                await self._patiently(partial(self._work.quarantine, piece[0], epoch=epoch))
                continue
            batch = self._work.read(piece, self._marks.epochs)
            for partition, rewind in batch.rewinds.items():
                rewinds.setdefault(partition, (rewind.epoch, rewind.offset))
            await self._effect(piece, batch)
        done = {
            record.partition: record.offset + 1
            for record in records
            if record.partition not in rewinds or record.offset < rewinds[record.partition][1]
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

    async def _effect(self, piece: Sequence[RawRecord], batch: Batch[Any]) -> None:
        """Whatever it takes to get this batch's effect into the database, once."""
        await self._patiently(lambda: self._marks.start(piece))
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
            await self._kafka.commit(exact)
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

    def say_away(self, error: Exception) -> None:
        """Kafka, or this topic on it, could not be reached at the start."""
        self._wait_for(f"{self.topic} cannot be reached on Kafka: {in_words(error)}")

    def _wait_for(self, what: str) -> None:
        if what != self.waits_for:
            log.warning("consumer-waits", consumer=self.consumer, why=what)
        self.waits_for = what

    def _retried(self, why: str) -> None:
        metrics.consumer_retries.labels(self.consumer, self.topic, why).inc()

    def _halt(self, why: str) -> None:
        log.error("consumer-halted", consumer=self.consumer, why=why)
        self.waits_for = f"{self.consumer} has stopped, mend it and start again: {why}"
        self.halted.set()

    # --- how far ---------------------------------------------------------------------------------

    async def reached(self) -> dict[int, int] | None:
        """The next offset of each partition of the topic for this group, whoever reads it; None if
        that cannot be said now."""
        kafka = self._kafka
        partitions = kafka.partitions_for_topic(self.topic) if kafka is not None else None
        if kafka is None or not partitions:
            return None
        places = [TopicPartition(self.topic, partition) for partition in partitions]
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                starts = await kafka.beginning_offsets(places)
                committed = [await kafka.committed(place) for place in places]
        except (KafkaError, TimeoutError):
            return None
        return {
            place.partition: max(starts[place], offset or 0)
            for place, offset in zip(places, committed, strict=True)
        }

    async def lag(self) -> int | None:
        """Records of the topic that this group has not committed yet; None if it cannot be said."""
        kafka, reached = self._kafka, await self.reached()
        if kafka is None or reached is None:
            return None
        places = [TopicPartition(self.topic, partition) for partition in reached]
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                ends = await kafka.end_offsets(places)
        except (KafkaError, TimeoutError):
            return None
        behind: int = sum(max(0, end - reached[place.partition]) for place, end in ends.items())
        return behind

    def lag_seconds(self) -> float:
        """Age of the oldest record that is being worked on; 0 if none is."""
        return 0.0 if self.oldest is None else max(0.0, time.time() - self.oldest)
