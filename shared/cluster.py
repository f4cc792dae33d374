"""Where Kafka is, and as whom we come."""

import ssl
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from aiokafka import errors
from faststream.security import BaseSecurity, SASLScram512

__all__ = ["Kafka", "Protocol", "in_words"]

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]

_REFUSALS = {
    errors.TopicAuthorizationFailedError: "this service's user may not use the topic",
    errors.GroupAuthorizationFailedError: "this service's user may not use its group",
    errors.ClusterAuthorizationFailedError: "this service's user may not ask this of the cluster",
}


@dataclass(frozen=True, kw_only=True)
class Kafka:
    """A cluster: addresses, and the log-in that it asks for (SCRAM-SHA-512), if it asks."""

    servers: str
    """host:port, comma separated."""
    protocol: Protocol = "PLAINTEXT"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    """Who vouches for the brokers' certificates; None: whom the system trusts."""

    @classmethod
    def at(cls, servers: "str | Kafka") -> "Kafka":
        """An address alone is a cluster that asks for no log-in."""
        return cls(servers=servers) if isinstance(servers, str) else servers

    @property
    def logs_in(self) -> bool:
        return self.protocol.startswith("SASL_")

    @cached_property
    def client(self) -> dict[str, Any]:
        """The arguments that every client of aiokafka is opened with."""
        given: dict[str, Any] = {
            "bootstrap_servers": self.servers.split(","),
            "security_protocol": self.protocol,
            "ssl_context": self._trust,
        }
        if self.logs_in:
            given |= {
                "sasl_mechanism": "SCRAM-SHA-512",
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return given

    @cached_property
    def security(self) -> BaseSecurity:
        """The same for FastStream."""
        if self.logs_in:
            return SASLScram512(self.user or "", self.password or "", ssl_context=self._trust)
        return BaseSecurity(ssl_context=self._trust)

    def why(self, away: BaseException) -> str:
        """What keeps us from it, in words. A log-in that is refused looks like an absence."""
        if type(away) in _REFUSALS:
            return in_words(away)
        if self.logs_in:
            return f"Kafka cannot be reached, or does not accept the user {self.user}"
        return "Kafka cannot be reached"

    @cached_property
    def _trust(self) -> ssl.SSLContext | None:
        if not self.protocol.endswith("SSL"):
            return None
        return ssl.create_default_context(cafile=self.ca_file)


def in_words(error: BaseException) -> str:
    """What a client's error says to whoever runs the service."""
    return _REFUSALS.get(type(error), type(error).__name__)
