"""`rapport send`: upstream events from a file to Kafka, each checked first against its schema.

Owners of HR and registrar systems can run the check without a running Rapport: the schemas are part
of this package. Kafka gets what was in the file, byte for byte, as a CloudEvent in structured mode.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match

from services.program.client import Unreachable
from shared.cluster import Kafka, in_words
from shared.settings import KafkaSettings

__all__ = ["Checked", "check_file", "kafka_of", "send_events"]

_ENVELOPE: Mapping[str, Any] = {
    "type": "object",
    "required": ["specversion", "id", "source", "type", "time", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1, "maxLength": 200},
        "source": {"type": "string", "minLength": 1, "maxLength": 500},
        "type": {"type": "string"},
        "time": {"type": "string", "format": "date-time"},
        "replaces": {"type": "string", "minLength": 1},
        "withdrawn": {"enum": [True, False, "true", "false"]},
        "data": {"type": "object"},
    },
}


@dataclass(frozen=True, slots=True)
class Checked:
    """One line of the file: the event, or where it is wrong and why."""

    line: int
    raw: bytes
    id: str = ""
    type: str = ""
    topic: str = ""
    key: str = ""
    path: str = ""
    why: str = ""

    @property
    def ok(self) -> bool:
        return not self.why

    def as_dict(self) -> dict[str, Any]:
        found = {"line": self.line, "id": self.id, "type": self.type, "ok": self.ok}
        return found if self.ok else found | {"path": self.path, "why": self.why}


def check_file(path: Path) -> list[Checked]:
    """Every event of an NDJSON file against the envelope and its type's schema."""
    lines = path.read_bytes().splitlines()
    return [_check(number, raw) for number, raw in enumerate(lines, start=1) if raw.strip()]


def _check(line: int, raw: bytes) -> Checked:
    try:
        event = json.loads(raw)
    except (ValueError, UnicodeDecodeError) as error:
        return Checked(line, raw, path="$", why=f"not JSON in UTF-8: {error}")
    wrong = best_match(Draft202012Validator(_ENVELOPE).iter_errors(event))
    if wrong is not None:
        return Checked(line, raw, path=wrong.json_path, why=wrong.message)
    known = _addressed(line, raw, event)
    schema = _schemas().get(event["type"])
    if schema is None:
        known_types = ", ".join(sorted(_schemas()))
        return _wrong(known, "$.type", f"unknown type; known are {known_types}")
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    wrong = best_match(validator.iter_errors(event["data"]))
    if wrong is not None:
        return _wrong(known, "$.data" + wrong.json_path.removeprefix("$"), wrong.message)
    return known


def _addressed(line: int, raw: bytes, event: Mapping[str, Any]) -> Checked:
    """The event with its topic (by its type) and key (what keeps one record's events in order)."""
    owner = "registrar" if str(event["type"]).startswith("upstream.registrar.") else "hr"
    key = str(event["data"].get("record") or event["data"].get("person_ref") or event["id"])
    return Checked(
        line, raw, id=event["id"], type=event["type"], topic=f"upstream.{owner}", key=key
    )


def _wrong(event: Checked, path: str, why: str) -> Checked:
    return replace(event, path=path, why=why)


@cache
def _schemas() -> dict[str, Any]:
    """The published schema of each upstream type, as the mobility service generated it."""
    folder = files("services.mobility") / "contracts"
    index: dict[str, str] = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return {
        type_: json.loads((folder / name).read_text(encoding="utf-8"))
        for type_, name in index.items()
    }


async def send_events(kafka: str | Kafka, events: Sequence[Checked], *, prefix: str = "") -> int:
    """Send checked events to Kafka, in the order of the file; how many were acknowledged.

    Raises Unreachable; what was acknowledged before stays sent, and sending the file again is
    harmless (events are known by source and id).
    """
    kafka = Kafka.at(kafka)
    producer = AIOKafkaProducer(
        **kafka.client, acks="all", enable_idempotence=True, request_timeout_ms=15_000
    )
    headers = [("content-type", b"application/cloudevents+json; charset=utf-8")]
    try:
        await producer.start()
        sent = [
            await producer.send(
                prefix + event.topic, event.raw, key=event.key.encode(), headers=headers
            )
            for event in events
        ]
        for acknowledged in sent:
            await acknowledged
    except KafkaError as error:
        raise Unreachable(
            f"Kafka at {kafka.servers} does not take events: {in_words(error)}"
        ) from error
    finally:
        await producer.stop()
    return len(events)


def prefix_of(running: Mapping[str, Any]) -> str:
    """What stands before names of topics: RAPPORT_TOPIC_PREFIX here, or of that `rapport up`."""
    here = os.environ.get("RAPPORT_TOPIC_PREFIX")
    if here is not None:
        return here
    settings = running.get("settings", {}).get("mobility", {})
    return str(settings.get("RAPPORT_TOPIC_PREFIX", ""))


def kafka_of(running: Mapping[str, Any]) -> Kafka:
    """That of RAPPORT_KAFKA_..., or of the `rapport up` of this machine. Raises Unreachable."""
    if os.environ.get("RAPPORT_KAFKA_SERVERS"):
        return KafkaSettings().kafka
    if "kafka_servers" not in running:
        raise Unreachable("No Kafka is known: start `rapport up`, or set RAPPORT_KAFKA_SERVERS.")
    return Kafka.at(str(running["kafka_servers"]))
