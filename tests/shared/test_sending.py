"""What is known to be in the log is told from what is not, and nothing overtakes what is not."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from shared.cluster import Kafka
from shared.relay.sending import Sender
from tests.support.publishing import WHEN, create_topic, read_all


class Small:
    """A topic of one partition that takes nothing over 20 000 bytes, and a sender to it."""

    def __init__(self, kafka_servers: str, topic: str) -> None:
        self.kafka_servers = kafka_servers
        self.topic = topic
        self.sender = Sender(service="tests", topic=topic, kafka=Kafka.at(kafka_servers))

    def log(self) -> list[tuple[str, int]]:
        return [(seen.subject, seen.version) for seen in read_all(self.kafka_servers, self.topic)]


@pytest.fixture
async def small(kafka_servers: str, topic_prefix: str) -> AsyncIterator[Small]:
    topic = f"{topic_prefix}small.events"
    create_topic(kafka_servers, topic, partitions=1, max_message_bytes="20000")
    made = Small(kafka_servers, topic)
    yield made
    await made.sender.drop()


def rows(*facts: tuple[str, int, int]) -> Sequence[dict[str, Any]]:
    """(subject, version, size), as the relay reads them from the journal."""
    return [
        {
            "subject": subject,
            "version": version,
            "type": "t",
            "time": WHEN,
            "actor": "a",
            "correlation_id": "c",
            "traceparent": None,
            "data": b"x" * size,
            "digest": b"",
        }
        for subject, version, size in facts
    ]


async def test_what_was_not_taken_is_not_called_sent(small: Small) -> None:
    sent = await small.sender.send(rows(("a", 1, 30_000), ("a", 2, 1), ("b", 1, 1)), epoch=1)
    assert (list(sent.acknowledged), sent.unknown) == ([], 3)
    assert small.log() == []


async def test_nothing_is_taken_behind_what_a_new_producer_could_not_send(small: Small) -> None:
    """A partition that does not know a producer takes any sequence number from it."""
    batch = rows(("a", 1, 30_000), ("a", 2, 1))
    await small.sender.send(batch, epoch=1)  # refused as a whole: from now on each travels alone
    sent = await small.sender.send(batch, epoch=1)
    assert sent.too_large == {"a"}
    assert list(sent.acknowledged) == []
    assert small.log() == []


async def test_an_offset_that_is_given_out_again_is_noticed(small: Small) -> None:
    sent = await small.sender.send(rows(("a", 1, 1)), epoch=1)
    assert (sent.offsets, sent.log_was_cut) == ({0: 0}, False)
    small.sender.reached[0] = 7  # so far it was known to reach
    assert (await small.sender.send(rows(("a", 2, 1)), epoch=1)).log_was_cut
