"""A look at a topic from outside: is it there, on which cluster, how far does it reach, with what.

Each look opens its own connections and asks anew: metadata that a client remembers is exactly
what cannot be trusted after a topic or a cluster was replaced.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.cluster import Kafka
from shared.errors import Transient

__all__ = ["Published", "Topic", "kafka_may_be_away", "look_at", "published_after"]

_LIMIT_SECONDS: Final = 10.0
_QUIET_SECONDS: Final = 5.0
_ONE_BROKER_MS: Final = 2000
"""One that hangs accepts connections all the same: then another one is asked."""

_AWAY: Final = (KafkaError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """`ends`: the offset that the next record will get, by partition."""

    cluster_id: str
    ends: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A record of the topic that says which fact of whose journal it is."""

    partition: int
    offset: int
    subject: str
    version: int
    digest: bytes


@contextlib.contextmanager
def kafka_may_be_away(kafka: Kafka) -> Iterator[None]:
    """What goes wrong inside between us and the cluster is Transient."""
    try:
        yield
    except _AWAY as away:
        raise Transient(kafka.why(away)) from away


async def look_at(topic: str, *, kafka: Kafka) -> Topic:
    """Raises Transient where the cluster cannot be asked, or has no such topic."""
    with kafka_may_be_away(kafka):
        async with asyncio.timeout(_LIMIT_SECONDS):
            found = await _look_at(topic, kafka=kafka)
    if not found.ends:
        raise Transient(f"the topic {topic} does not exist, or may not be seen by this service")
    return found


async def _look_at(topic: str, *, kafka: Kafka) -> Topic:
    admin = AIOKafkaAdminClient(**kafka.client, request_timeout_ms=_ONE_BROKER_MS)
    try:
        await admin.start()
        cluster = (await admin.describe_cluster())["cluster_id"]
        [found] = await admin.describe_topics([topic])
    finally:
        await admin.close()
    partitions = [
        TopicPartition(topic, partition["partition"]) for partition in found["partitions"]
    ]
    if not partitions:
        return Topic(cluster_id=cluster, ends={})
    reader = AIOKafkaConsumer(
        **kafka.client, enable_auto_commit=False, request_timeout_ms=_ONE_BROKER_MS
    )
    try:
        await reader.start()
        reader.assign(partitions)
        ends = await reader.end_offsets(partitions)
    finally:
        await reader.stop()
    return Topic(
        cluster_id=cluster,
        ends={partition.partition: end for partition, end in sorted(ends.items())},
    )


async def published_after(
    topic: str,
    *,
    kafka: Kafka,
    source: str,
    offsets: Mapping[int, int],
    ends: Mapping[int, int],
) -> AsyncIterator[list[Published]]:
    """What `source` published behind `offsets` (last ones known) and before `ends`, in batches.

    Records that do not say whose fact they are, or of another source, are none of ours and are
    passed over. Raises Transient if the topic cannot be read to these ends.
    """
    starts = {
        TopicPartition(topic, partition): offsets.get(partition, -1) + 1
        for partition, end in ends.items()
        if offsets.get(partition, -1) + 1 < end
    }
    if not starts:
        return
    reader = AIOKafkaConsumer(
        **kafka.client,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        request_timeout_ms=_ONE_BROKER_MS,
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    try:
        with kafka_may_be_away(kafka):
            async with asyncio.timeout(_LIMIT_SECONDS):
                await reader.start()
        reader.assign(list(starts))
        for partition, start in starts.items():
            reader.seek(partition, start)
        open_ones = set(starts)
        while open_ones:
            batches: Mapping[TopicPartition, list[Any]] = {}
            with kafka_may_be_away(kafka):
                async with asyncio.timeout(_QUIET_SECONDS):
                    while open_ones and not batches:  # for ever, if the topic has lost its end
                        batches = await reader.getmany(
                            *open_ones, timeout_ms=1000, max_records=5000
                        )
                        for partition in list(open_ones):
                            if await reader.position(partition) >= ends[partition.partition]:
                                open_ones.discard(partition)
            records = [record for batch in batches.values() for record in batch]
            ours = [known for record in records if (known := _known(record, source)) is not None]
            if ours:
                yield ours
    finally:
        await reader.stop()


def _known(record: Any, source: str) -> Published | None:
    headers = dict(record.headers)
    if headers.get("ce_source") != source.encode():
        return None
    try:
        return Published(
            partition=record.partition,
            offset=record.offset,
            subject=headers["ce_subject"].decode(),
            version=int(headers["ce_sequence"]),
            digest=bytes.fromhex(headers["ce_digest"].decode()),
        )
    except (KeyError, ValueError):
        return None
