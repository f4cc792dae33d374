"""The topics, made from the one file that the manifests read too."""

import asyncio
import os
import subprocess
import sys
from typing import Any

import pytest
from aiokafka.errors import KafkaError
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._resource import ResourceType

from services.program.topics import TopicFile, create_topics


def _job(kafka_servers: str, prefix: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.program.topics"],
        env={**os.environ, "RAPPORT_KAFKA_SERVERS": kafka_servers, "RAPPORT_TOPIC_PREFIX": prefix},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_the_topics_job_makes_what_is_missing_and_may_run_again(
    kafka_servers: str, topics: str
) -> None:
    wanted = {f"{topics}{topic.name}" for topic in TopicFile.load().topics}
    for _ in range(2):
        ended = _job(kafka_servers, topics)
        assert ended.returncode == 0, ended.stderr
        assert set(ended.stdout.split()) == wanted


async def _config(admin: AdminClient, topic: str) -> dict[str, Any]:
    """As the broker has it; a broker may learn of a new topic a moment after it was made."""
    resource = ConfigResource(ResourceType.TOPIC, topic)
    for _ in range(50):
        answer = admin.describe_configs([resource])[resource]
        try:
            config: dict[str, Any] = await asyncio.to_thread(answer.result, 20)
            return {name: entry.value for name, entry in config.items()}
        except KafkaException:
            await asyncio.sleep(0.1)
    raise AssertionError(f"the broker does not know {topic} after 5 s")


async def test_topics_refuse_batches_that_could_unpack_into_more(
    kafka_servers: str, topics: str
) -> None:
    """The broker itself holds to what the file says: as it is asked, not as we believe."""
    admin = AdminClient({"bootstrap.servers": kafka_servers})
    for topic in TopicFile.load().topics:
        config = await _config(admin, f"{topics}{topic.name}")
        assert config["compression.type"] == "uncompressed"
        assert int(config["max.message.bytes"]) == 1_048_576
        forever = topic.name != "rapport.control"
        assert (config["retention.ms"] == "-1") is forever, topic.name


def test_a_topics_job_without_an_address_says_what_to_set() -> None:
    ended = _job("", "")
    assert ended.returncode == 2
    assert "RAPPORT_KAFKA_SERVERS" in ended.stderr


async def test_a_refusal_by_kafka_is_an_error_and_not_a_topic_less(kafka_servers: str) -> None:
    with pytest.raises(KafkaError, match="InvalidTopic"):
        await create_topics(kafka_servers, prefix="not/allowed/")
