"""A log-in at Kafka is complete, or the process says what is missing before it starts."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.cluster import Kafka
from shared.settings import KafkaSettings


def test_an_address_alone_is_a_cluster_without_log_in() -> None:
    kafka = Kafka.at("one:9092,two:9092")
    assert kafka == KafkaSettings(kafka_servers="one:9092,two:9092").kafka
    assert kafka.client == {
        "bootstrap_servers": ["one:9092", "two:9092"],
        "security_protocol": "PLAINTEXT",
        "ssl_context": None,
    }


def test_a_log_in_reaches_aiokafka_and_faststream_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_KAFKA_SECURITY", "SASL_SSL")
    monkeypatch.setenv("RAPPORT_KAFKA_USER", "rapport-visits")
    monkeypatch.setenv("RAPPORT_KAFKA_PASSWORD", "a secret of tests")
    kafka = KafkaSettings().kafka
    assert kafka.client["sasl_mechanism"] == "SCRAM-SHA-512"
    assert kafka.client["sasl_plain_username"] == "rapport-visits"
    assert kafka.client["ssl_context"] is not None
    assert kafka.security.ssl_context is kafka.client["ssl_context"]
    assert "a secret" not in repr(kafka)


@pytest.mark.parametrize("given", [{}, {"kafka_user": "u"}, {"kafka_password": "p"}])
def test_a_log_in_without_user_or_password_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="RAPPORT_KAFKA_USER"):
        KafkaSettings.model_validate({"kafka_security": "SASL_PLAINTEXT", **given})


def test_a_file_of_authorities_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="RAPPORT_KAFKA_CA_FILE"):
        KafkaSettings(kafka_security="SSL", kafka_ca_file=tmp_path / "none.pem")
