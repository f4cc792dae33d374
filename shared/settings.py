"""What every service process reads from its environment; a service adds its own in settings.py."""

from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AnyHttpUrl, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.clock import Clock
from shared.cluster import Kafka, Protocol

__all__ = ["KafkaSettings", "Settings"]


class KafkaSettings(BaseSettings):
    """Where Kafka is, and as whom we come: all that a process needs which only makes topics.

    Raises pydantic.ValidationError, which names the variables but never shows their values.
    """

    model_config = SettingsConfigDict(
        env_prefix="RAPPORT_", frozen=True, hide_input_in_errors=True, extra="ignore"
    )

    kafka_servers: str = "127.0.0.1:9092"
    """host:port, comma separated."""
    kafka_security: Protocol = "PLAINTEXT"
    """As Kafka names it; SASL_... logs in by SCRAM-SHA-512."""
    kafka_user: str | None = None
    kafka_password: SecretStr | None = None
    kafka_ca_file: Path | None = None
    """Who vouches for the brokers' certificates (PEM); unset: whom the system trusts."""
    topic_prefix: str = ""
    """Put before every topic, group and user: many installations on one cluster."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kafka_security.startswith("SASL_") and not (
            self.kafka_user and self.kafka_password
        ):
            raise ValueError(f"{self.kafka_security} needs RAPPORT_KAFKA_USER and _PASSWORD")
        if self.kafka_ca_file is not None and not self.kafka_ca_file.is_file():
            raise ValueError("RAPPORT_KAFKA_CA_FILE does not exist")
        return self

    @cached_property
    def kafka(self) -> Kafka:
        password = self.kafka_password
        return Kafka(
            servers=self.kafka_servers,
            protocol=self.kafka_security,
            user=self.kafka_user,
            password=password.get_secret_value() if password else None,
            ca_file=self.kafka_ca_file,
        )


class Settings(KafkaSettings):
    """The plumbing's settings: `RAPPORT_DATABASE_URL`, `RAPPORT_KAFKA_SERVERS`, ..."""

    database_url: SecretStr
    """This service's own database: postgresql://user:password@host:port/name."""
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8000, ge=0, le=65535)
    public_url: AnyHttpUrl = AnyHttpUrl("http://127.0.0.1:8080")
    """Where people reach Rapport: links in mail and reports begin with it."""
    token_key: SecretStr
    """Signs and verifies access tokens (HS256), at least 32 bytes."""
    parking_key: Annotated[tuple[SecretStr, ...], NoDecode]
    """Fernet keys, comma separated: the first encrypts, all decrypt."""
    personal_key: Annotated[tuple[SecretStr, ...], NoDecode] = Field(min_length=1)
    """The same, for names of persons and what else is personal."""
    reference: Path
    """The file of units that every service loads."""
    now: datetime | None = None
    """Where the clock starts (ISO 8601 with offset); unset: the real time."""
    now_set_at: float | None = None
    """Real unix seconds at which the clock showed RAPPORT_NOW."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"

    @field_validator("parking_key", "personal_key", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(value.split(",")) if isinstance(value, str) else value

    @field_validator("token_key")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value().encode()) < 32:
            raise ValueError("needs at least 32 bytes")
        return value

    @cached_property
    def clock(self) -> Clock:
        return Clock(self.now, self.now_set_at)
