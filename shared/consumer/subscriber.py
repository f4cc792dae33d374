"""FastStream as this consumer uses it: wiring and life cycle, nothing of its delivery semantics.

Every argument here stands against a way in which records were lost, repeated or held back; each is
held by a test in tests/shared/test_faststream_traps.py.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aiokafka import ConsumerRecord
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaMessage
from faststream.kafka.subscriber.usecase import BatchSubscriber

from shared.cluster import Kafka
from shared.consumer.reader import Reader

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer

__all__ = ["RawBatches", "broker_for", "subscribe"]

_SESSION_MS = 10_000
_REQUEST_MS = 5_000
"""A broker that hangs keeps its connections: after this, another one is asked."""
_REBALANCE_MS = 30_000
"""How long others wait for a member that finishes its batch."""


class RawBatches(BatchSubscriber):
    """A batch subscriber that hands over what is there, at once, and raw."""

    __slots__ = ()

    async def get_msg(self, consumer: "AIOKafkaConsumer") -> tuple[ConsumerRecord, ...]:
        """FastStream's own sleeps after an empty poll, and holds the next lone event back."""
        assert isinstance(self._listener, Reader)  # noqa: S101 - `subscribe` saw to it
        return tuple(await self._listener.read(consumer))


def broker_for(*, service: str, kafka: Kafka, graceful_seconds: float = 15.0) -> KafkaBroker:
    """FastStream's broker for one process. It opens nothing before a subscriber starts."""
    return KafkaBroker(
        kafka.servers.split(","),
        security=kafka.security,
        client_id=f"rapport-{service}",
        consumer_only=True,  # no producer, no rights to administer
        allow_auto_create_topics=False,
        apply_types=False,  # no pydantic between the broker and us
        graceful_timeout=graceful_seconds,  # without one, `stop` waits for no batch
        metadata_max_age_ms=10_000,
        request_timeout_ms=_REQUEST_MS,
        logger=None,  # we log what matters, without content
    )


def subscribe(broker: KafkaBroker, reader: Reader, *, group: str) -> RawBatches:
    """One subscriber: `reader` reads, handles and commits."""
    subscriber = broker.subscriber(
        reader.topic,
        group_id=group,
        batch=True,
        listener=reader,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.MANUAL,  # any other acknowledges what had no effect
        no_reply=True,  # or a `reply_to` header makes us publish to a topic of the sender's choice
        parser=_untouched,
        decoder=_undecoded,
        max_partition_fetch_bytes=4 * 1024 * 1024,
        session_timeout_ms=_SESSION_MS,
        heartbeat_interval_ms=_SESSION_MS // 5,
        rebalance_timeout_ms=_REBALANCE_MS,
        max_poll_interval_ms=24 * 3600 * 1000,  # waiting for the database is no reason to leave
        include_in_schema=True,
    )
    subscriber.__class__ = RawBatches  # FastStream has no hook for it; the class adds no state

    async def handle(records: Any) -> None:  # FastStream makes a model of what stands here
        await reader.handle(records)

    subscriber(handle)
    assert isinstance(subscriber, RawBatches)  # noqa: S101 - says to mypy what the line above did
    return subscriber


async def _untouched(records: Sequence[ConsumerRecord]) -> KafkaMessage:
    """A message that only carries the records. FastStream's own parser decodes every header, and a
    record with one that is not UTF-8 is then skipped without a word."""
    return KafkaMessage(raw_message=records, body=b"", consumer=None)  # type: ignore[arg-type]


async def _undecoded(message: KafkaMessage) -> Any:
    return message.raw_message
