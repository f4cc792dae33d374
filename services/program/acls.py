"""Who may do what on Kafka: `deploy/acls.yaml` says it; granted where topics are made."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import yaml
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import CreateAclsRequest
from pydantic import BaseModel, ConfigDict

from services.program.files import deploy_file
from shared.cluster import Kafka

__all__ = ["AclFile", "Grant", "grant"]

# numbers of Kafka's protocol
_TOPIC: Final = 2
_GROUP: Final = 3
_READ: Final = 3
_WRITE: Final = 4
_LITERAL: Final = 3
_ALLOW: Final = 3


class Grant(NamedTuple):
    """One right of one user; reading and writing let it see the topic, too."""

    user: str
    operation: int
    resource: int
    name: str


class User(BaseModel):
    """One user of the file, and all that it may do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    writes: Sequence[str]
    reads: Sequence[str]
    groups: Sequence[str]


class AclFile(BaseModel):
    """`deploy/acls.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    users: Sequence[User]

    @classmethod
    def load(cls, path: Path | None = None) -> "AclFile":
        """Raises pydantic.ValidationError, FileNotFoundError."""
        path = path or deploy_file("acls.yaml")
        return cls.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))

    def grants(self, *, prefix: str) -> Iterator[Grant]:
        """Every right, with the installation's prefix before users, topics and groups."""
        for user in self.users:
            for operation, resource, names in (
                (_WRITE, _TOPIC, user.writes),
                (_READ, _TOPIC, user.reads),
                (_READ, _GROUP, user.groups),
            ):
                for name in names:
                    yield Grant(f"{prefix}{user.name}", operation, resource, f"{prefix}{name}")


async def grant(kafka: Kafka, *, prefix: str = "", file: AclFile | None = None) -> None:
    """Grant what the file says; what is granted already stays. Raises KafkaError."""
    client = AIOKafkaClient(**kafka.client)
    try:
        await client.bootstrap()
        for right in (file or AclFile.load()).grants(prefix=prefix):
            answer = await client.send(
                client.get_random_node(),
                CreateAclsRequest(
                    right.resource,
                    right.name,
                    _LITERAL,
                    f"User:{right.user}",
                    "*",
                    right.operation,
                    _ALLOW,
                ),
            )
            for code, message in answer.creation_responses:
                if code != 0:
                    raise KafkaError(f"{right.user}: {for_code(code).__name__} {message}")
    finally:
        await client.close()
