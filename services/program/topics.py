"""The topics: one file (`deploy/topics.yaml`) says what they are; made where they are missing.

Where Kafka asks for a log-in, the rights of `deploy/acls.yaml` are granted with them.
"""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAlreadyExistsError, for_code
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.program.acls import grant
from services.program.files import deploy_file
from shared.cluster import Kafka
from shared.settings import KafkaSettings


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Defaults(_Strict):
    """What holds for every topic that does not say otherwise."""

    partitions: int = Field(ge=1)
    replication: int = Field(ge=1)
    config: Mapping[str, str]


class Topic(_Strict):
    """One topic of the file; `config` as Kafka names it."""

    name: str
    owner: str
    partitions: int | None = None
    replication: int | None = None
    config: Mapping[str, str] = {}


class TopicFile(_Strict):
    """`deploy/topics.yaml`."""

    defaults: Defaults
    topics: Sequence[Topic]

    @classmethod
    def load(cls, path: Path | None = None) -> "TopicFile":
        """Raises pydantic.ValidationError, FileNotFoundError."""
        path = path or deploy_file("topics.yaml")
        return cls.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))

    def wanted(self, *, prefix: str, copies: int) -> list[NewTopic]:
        """What to create, with at most `copies` copies of each and never more demanded in sync."""
        return [self._wanted(topic, prefix, copies) for topic in self.topics]

    def _wanted(self, topic: Topic, prefix: str, copies: int) -> NewTopic:
        config = {**self.defaults.config, **topic.config}
        replication = min(topic.replication or self.defaults.replication, copies)
        in_sync = min(int(config.get("min.insync.replicas", "1")), replication)
        return NewTopic(
            name=f"{prefix}{topic.name}",
            num_partitions=topic.partitions or self.defaults.partitions,
            replication_factor=replication,
            topic_configs={**config, "min.insync.replicas": str(in_sync)},
        )


async def create_topics(
    kafka: str | Kafka,
    *,
    prefix: str = "",
    copies: int | None = None,
    file: TopicFile | None = None,
) -> list[str]:
    """Make the topics that are missing; those that exist stay as they are. All their names.

    `copies`: at most so many; by default as many as there are brokers. Raises KafkaError.
    """
    file = file or TopicFile.load()
    admin = AIOKafkaAdminClient(**Kafka.at(kafka).client)
    try:
        await admin.start()
        if copies is None:
            copies = len((await admin.describe_cluster())["brokers"])
        wanted = file.wanted(prefix=prefix, copies=copies)
        answer = await admin.create_topics(wanted)
    finally:
        await admin.close()
    for name, code, *message in answer.topic_errors:
        error = for_code(code)
        if code != 0 and error is not TopicAlreadyExistsError:
            raise KafkaError(f"topic {name}: {error.__name__} {message}")
    return [topic.name for topic in wanted]


async def _create_all(kafka: Kafka, *, prefix: str) -> list[str]:
    names = await create_topics(kafka, prefix=prefix)
    if kafka.logs_in:
        await grant(kafka, prefix=prefix)
    return names


def main() -> int:
    """`python -m services.program.topics`: what the jobs of compose and Kubernetes run.

    Reads RAPPORT_KAFKA_... and RAPPORT_TOPIC_PREFIX. Exit code 1 if Kafka does not answer or
    refuses: the job is run again.
    """
    if not os.environ.get("RAPPORT_KAFKA_SERVERS"):
        print("Set RAPPORT_KAFKA_SERVERS (host:port, comma separated).", file=sys.stderr)
        return 2
    try:
        settings = KafkaSettings()
    except ValidationError as incomplete:
        print(incomplete, file=sys.stderr)
        return 2
    kafka = settings.kafka
    try:
        names = asyncio.run(_create_all(kafka, prefix=settings.topic_prefix))
    except KafkaConnectionError as away:
        print(f"{kafka.why(away)}: {kafka.servers} (RAPPORT_KAFKA_SERVERS).", file=sys.stderr)
        return 1
    except KafkaError as refused:
        print(f"Kafka refused: {refused}", file=sys.stderr)
        return 1
    print("\n".join(names))
    return 0


if __name__ == "__main__":
    sys.exit(main())
