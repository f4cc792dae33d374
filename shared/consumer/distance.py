"""How far a group is on its topic, asked of Kafka itself."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

__all__ = ["lag", "reached"]

_ASK_SECONDS = 3.0


async def reached(kafka: AIOKafkaConsumer, topic: str) -> dict[int, int] | None:
    """The next offset of each partition for the client's group, whoever reads it; None if that
    cannot be said now."""
    partitions = kafka.partitions_for_topic(topic)
    if not partitions:
        return None
    places = [TopicPartition(topic, partition) for partition in partitions]
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


async def lag(kafka: AIOKafkaConsumer, topic: str) -> int | None:
    """Records of the topic that the group has not committed yet; None if it cannot be said now."""
    at = await reached(kafka, topic)
    if at is None:
        return None
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            ends = await kafka.end_offsets([TopicPartition(topic, partition) for partition in at])
    except (KafkaError, TimeoutError):
        return None
    behind: int = sum(max(0, end - at[place.partition]) for place, end in ends.items())
    return behind
