"""Sending events, and telling what is known to be in the log from what is not.

An acknowledged event is in the log of all in-sync replicas. Of any other one nothing is known: the
request may be lost, or its answer, or it may still arrive. So an unacknowledged event is sent
again, by a new producer; and because within one subject nothing is called sent that stands behind
something unknown, the first appearance of version n + 1 is always behind one of version n.
"""

import asyncio
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)

from shared.cluster import Kafka, in_words
from shared.failpoints import failpoint
from shared.relay.topic import kafka_may_be_away

__all__ = ["Queued", "Sender", "Sent", "partition_of"]

_BATCH_BYTES: Final = 128 * 1024
_LIMIT_SECONDS: Final = 6.0
"""After this an unanswered send is unknown: an idempotent producer itself would try for ever."""
_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)


class Queued(Protocol):
    """A row of the journal that waits to be sent, as the relay reads it."""

    def __getitem__(self, name: str, /) -> Any: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of a batch, by index of its rows.

    `acknowledged`: in the log; nothing unknown of the same subject stands before one of them.
    `unknown`: how many are to be sent again. `too_large`: subjects of which Kafka refused an
    event for its size, which no second attempt can change. `offsets`: the last one written, by
    partition. `log_was_cut`: an offset was given out a second time, so the topic has lost events.
    `error`: what made something unknown, the first of it, in words.
    """

    epoch: int
    acknowledged: Sequence[int]
    unknown: int
    too_large: frozenset[str]
    offsets: Mapping[int, int]
    log_was_cut: bool
    error: str | None


def partition_of(subject: str, partitions: int) -> int:
    """A subject's partition: CRC-32 of the key, as librdkafka's `consistent` partitioner has it.

    (aiokafka's own partitioner hashes in Python, which would cost a fifth of the relay's time.)
    """
    return zlib.crc32(subject.encode()) % partitions


class Sender:
    """One idempotent producer at a time, and a new one after every doubt."""

    def __init__(self, *, service: str, topic: str, kafka: Kafka) -> None:
        self._topic = topic
        self._source = f"/rapport/{service}".encode()
        self._kafka = kafka
        self._producer: AIOKafkaProducer | None = None
        self._known_to: set[int] = set()  # partitions that have taken a batch of this producer
        self._alone: set[str] = set()  # subjects whose events travel one by one, see `_pack`
        self.reached: dict[int, int] = {}
        """The highest offset known of each partition; given out again, it was lost before."""

    async def send(self, rows: Sequence[Queued], *, epoch: int) -> Sent:
        """Send the rows, each subject's in the order given; at most some six seconds.

        Raises Transient where no producer can be had: nothing was sent.
        """
        producer = await self._ready()
        with kafka_may_be_away(self._kafka):  # a topic that is gone is gone from its memory too
            partitions = len(await producer.partitions_for(self._topic))
        parcels = self._pack(producer, rows, partitions=partitions, epoch=epoch)
        lines = [
            asyncio.create_task(self._send_in_order(producer, partition, line))
            for partition, line in parcels.items()
        ]
        try:
            await asyncio.wait(lines, timeout=_LIMIT_SECONDS)
        finally:
            for line in lines:
                line.cancel()
            await asyncio.gather(*lines, return_exceptions=True)
        sent = self._sum_up(rows, parcels, epoch=epoch)
        if sent.unknown:
            await self.drop()
        return sent

    async def _ready(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                **self._kafka.client,
                enable_idempotence=True,
                acks="all",
                max_batch_size=_BATCH_BYTES,
                linger_ms=0,
                # half of it: within the limit it may ask a second broker, where the first one hangs
                request_timeout_ms=int(_LIMIT_SECONDS * 500),
            )
            self._producer = producer
            try:
                with kafka_may_be_away(self._kafka):
                    async with asyncio.timeout(_LIMIT_SECONDS):
                        await producer.start()
                        await producer.partitions_for(self._topic)
            except BaseException:
                await self.drop()
                raise
        return self._producer

    def _pack(
        self, producer: AIOKafkaProducer, rows: Sequence[Queued], *, partitions: int, epoch: int
    ) -> "dict[int, list[_Parcel]]":
        """Fill Kafka batches by hand: three times as fast as one `send` for each event.

        Kafka takes or refuses a batch as a whole. After a refusal for size the subjects that were
        in it get batches of their own, so that the next one names the culprit alone.
        """
        parcels: dict[int, list[_Parcel]] = {}
        fixed = [
            ("content-type", b"application/json"),
            ("ce_specversion", b"1.0"),
            ("ce_source", self._source),
            ("ce_epoch", str(epoch).encode()),
        ]
        for index, row in enumerate(rows):
            subject: str = row["subject"]
            line = parcels.setdefault(partition_of(subject, partitions), [])
            alone = subject in self._alone
            if not line or alone or line[-1].alone:
                line.append(_Parcel(producer.create_batch(), alone=alone))
            key, headers, data = subject.encode(), [*fixed, *_headers(row)], row["data"]
            if not line[-1].put(index, key, data, headers):
                line.append(_Parcel(producer.create_batch(), alone=alone))
                if not line[-1].put(index, key, data, headers):
                    raise AssertionError("an empty batch takes any one record")
        return parcels

    async def _send_in_order(
        self, producer: AIOKafkaProducer, partition: int, line: "Sequence[_Parcel]"
    ) -> None:
        """Put a partition's batches in flight one behind the other, and note their ends.

        The sequence numbers of an idempotent producer see to it that nothing is taken behind a
        batch that failed. Except the first: a partition that does not know the producer yet takes
        any number, so there the first answer is awaited before anything follows.
        """
        answers: list[tuple[_Parcel, asyncio.Future[Any]]] = []
        try:
            for parcel in line:
                answer = await producer.send_batch(parcel.batch, self._topic, partition=partition)
                answers.append((parcel, answer))
                failpoint("relay.flying", KafkaConnectionError)
                if partition not in self._known_to:
                    await answer
                    self._known_to.add(partition)
            await asyncio.wait([answer for _, answer in answers])
        except KafkaError:
            pass  # what was not taken is as unknown as what was taken and not answered
        finally:
            for parcel, answer in answers:
                parcel.note(answer)

    def _sum_up(
        self, rows: Sequence[Queued], parcels: "Mapping[int, Sequence[_Parcel]]", *, epoch: int
    ) -> Sent:
        acknowledged: list[int] = []
        too_large: set[str] = set()
        doubtful: set[str] = set()
        offsets: dict[int, int] = {}
        suspects: set[str] = set()
        unknown = 0
        cut = False
        error: str | None = None
        for partition, line in parcels.items():
            for parcel in line:
                subjects = {rows[index]["subject"] for index in parcel.indices}
                if parcel.refused and parcel.alone:
                    too_large |= subjects
                elif parcel.refused:
                    suspects |= subjects
                error = error or parcel.error
                if not parcel.arrived:
                    doubtful |= subjects
                    unknown += len(parcel.indices)
                    continue
                for index in parcel.indices:
                    if rows[index]["subject"] in doubtful:
                        unknown += 1
                    else:
                        acknowledged.append(index)
                if parcel.offset >= 0:
                    cut = cut or parcel.offset <= self.reached.get(partition, -1)
                    offsets[partition] = parcel.offset + len(parcel.indices) - 1
                    self.reached[partition] = offsets[partition]
        self._alone = suspects | (self._alone - too_large if too_large else set())
        return Sent(
            epoch=epoch,
            acknowledged=acknowledged,
            unknown=unknown,
            too_large=frozenset(too_large),
            offsets=offsets,
            log_was_cut=cut,
            error=error if unknown else None,
        )

    async def drop(self) -> None:
        """Let the producer go, within two seconds, whatever it still waits for.

        Its own `stop()` waits until everything is delivered, which may be never; and it has no
        other way to abandon what is queued, so its parts are ended by hand.
        """
        producer, self._producer = self._producer, None
        self._known_to.clear()
        if producer is None:
            return
        producer._closed = True  # noqa: SLF001
        delivering: asyncio.Task[None] | None = producer._sender.sender_task  # noqa: SLF001
        await producer.client.close()
        for _ in range(5):
            # each cancel reaches one await further in: it waits for its requests in flight
            if delivering is not None and not delivering.done():
                delivering.cancel()
                await asyncio.wait({delivering}, timeout=0.4)


class _Parcel:
    """One Kafka batch of one partition, the rows in it, and how it ended."""

    __slots__ = ("alone", "arrived", "batch", "error", "indices", "offset", "refused")

    def __init__(self, batch: Any, *, alone: bool) -> None:
        self.batch = batch
        self.alone = alone
        self.indices: list[int] = []
        self.arrived = False
        self.refused = False
        self.error: str | None = "TimeoutError"
        self.offset = -1

    def put(self, index: int, key: bytes, data: bytes, headers: list[tuple[str, bytes]]) -> bool:
        """False if the batch is full."""
        # no timestamp of ours: the broker refuses one that is too far ahead of its own clock
        if self.batch.append(timestamp=None, key=key, value=data, headers=headers) is None:
            return False
        self.indices.append(index)
        return True

    def note(self, answer: "asyncio.Future[Any]") -> None:
        if not answer.done() or answer.cancelled():
            answer.cancel()
            return
        error = answer.exception()
        self.refused = isinstance(error, _TOO_LARGE)
        self.error = in_words(error) if error is not None else None
        if error is None:
            self.arrived = True
            # -1 where the broker knows the batch from an earlier try but not its place any more
            self.offset = answer.result().offset


def _headers(row: Queued) -> list[tuple[str, bytes]]:
    """CloudEvents 1.0, Kafka binding, binary mode: one header for each attribute."""
    subject: bytes = row["subject"].encode()
    version: bytes = b"%d" % row["version"]
    time: datetime = row["time"]
    headers = [
        ("ce_id", subject + b":" + version),
        ("ce_type", row["type"].encode()),
        ("ce_subject", subject),
        ("ce_sequence", version),
        ("ce_time", time.isoformat().encode()),
        ("ce_digest", row["digest"].hex().encode()),
        ("ce_actor", row["actor"].encode()),
        ("ce_correlationid", row["correlation_id"].encode()),
        ("ce_dataschema", b"urn:rapport:schema:" + row["type"].encode()),
    ]
    if row["traceparent"] is not None:
        headers.append(("ce_traceparent", row["traceparent"].encode()))
    return headers
