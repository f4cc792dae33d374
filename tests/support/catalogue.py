"""The catalogue of everything that is published, from the code: `make contracts` writes it.

`docs/contracts/asyncapi.json` (AsyncAPI 3), one JSON Schema per fact, and a page for people; and
mobility's contract of what HR and the registrar send. It is made here, beside the tests, because
only here both sides of a topic may be imported. What was published must stay readable: the stored
files are not overwritten by what would break a reader.
"""

import importlib
import json
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

import services
from services.mobility import contracts as upstream
from services.program.topics import TopicFile
from shared.facts import Fact
from tests.support.compatibility import incompatible

ROOT = Path(__file__).resolve().parents[2]
STORED = ROOT / "docs" / "contracts"
UPSTREAM = Path(upstream.__file__).parent
SAMPLES = ROOT / "tests" / "contracts" / "samples"
COMMAND = "make contracts"
DRAFT = "https://json-schema.org/draft/2020-12/schema"


# --- what the code says --------------------------------------------------------------------------


def _modules(package: str) -> Iterator[Any]:
    """A package and all its modules; none if there is no such package."""
    try:
        module = importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        return
    yield module
    for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
        yield from _modules(f"{package}.{found.name}")


@cache
def published() -> Mapping[str, tuple[type[Fact], ...]]:
    """Every service that publishes, and its facts, in the order of their list."""
    facts = {}
    for found in pkgutil.iter_modules(services.__path__):
        for events in _modules(f"services.{found.name}.events"):
            if hasattr(events, "FACTS"):
                facts[found.name] = tuple(events.FACTS)
    return facts


def defined(service: str) -> set[type[Fact]]:
    """Every fact that a service's events define, listed or not: each class with a type."""
    return {
        value
        for module in _modules(f"services.{service}.events")
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Fact) and "type" in vars(value)
    }


@cache
def read_by(service: str) -> Mapping[str, type[BaseModel]]:
    """Every type that a service's `incoming` reads, and the model that it reads it with."""
    return {
        type_: model
        for module in _modules(f"services.{service}.incoming")
        for value in vars(module).values()
        if isinstance(value, dict)
        for type_, model in value.items()
        if isinstance(type_, str) and type_.startswith(("rapport.", "upstream."))
    }


@cache
def readers() -> Mapping[str, Mapping[str, type[BaseModel]]]:
    """Every service that reads, and what."""
    names = [found.name for found in pkgutil.iter_modules(services.__path__)]
    return {name: reads for name in names if (reads := read_by(name))}


def short(type_: str) -> str:
    """`rapport.visits.visit-closed.v1` -> `visit-closed.v1`."""
    return type_.split(".", 2)[2]


def sample_path(fact: type[Fact]) -> Path:
    """Where the fact is kept as it was once sent."""
    return SAMPLES / fact.type.split(".")[1] / f"{short(fact.type)}.json"


def sample_of(fact: type[Fact]) -> Any:
    """The data of a fact as it was once sent. Raises FileNotFoundError."""
    return json.loads(sample_path(fact).read_text(encoding="utf-8"))


# --- schemas -------------------------------------------------------------------------------------


class _Untitled(GenerateJsonSchema):
    """Without the titles that only repeat the fields' names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False


def schema_of(fact: type[Fact]) -> dict[str, Any]:
    """What readers may rely on: open, for there may be more fields tomorrow, and without defaults,
    for a field that is not sent did not change."""
    body = fact.model_json_schema(mode="serialization", schema_generator=_Untitled)
    definitions = body.pop("$defs", {})
    for part in (body, *definitions.values()):
        if part.get("additionalProperties") is False:
            del part["additionalProperties"]
    for field in body["properties"].values():
        field.pop("default", None)
    if fact.type.endswith("-corrected.v1"):
        whole = _whole(fact)
        if whole is not None:
            fields = schema_of(whole)
            body["properties"]["changes"]["properties"] = fields["properties"]
            definitions |= fields.get("$defs", {})
    described = {"$schema": DRAFT, "$id": f"urn:rapport:schema:{fact.type}", "title": fact.type}
    schema = described | {name: body[name] for name in body if name not in ("title", "type")}
    schema |= {"type": "object"} | ({"$defs": definitions} if definitions else {})
    if sample_path(fact).exists():
        schema["examples"] = [sample_of(fact)]
    return schema


def _whole(corrected: type[Fact]) -> type[Fact] | None:
    """The fact that carries the whole of the record that this one corrects."""
    stem = corrected.type.removesuffix("corrected.v1")
    for fact in published()[corrected.type.split(".")[1]]:
        if fact.type in (f"{stem}recorded.v1", f"{stem}reported.v1"):
            return fact
    return None


# --- the document --------------------------------------------------------------------------------

_FACT_HEADERS: dict[str, tuple[str, str]] = {
    "content-type": ("application/json", r"^application/json$"),
    "ce_specversion": ("CloudEvents 1.0", r"^1\.0$"),
    "ce_id": ("subject and version: unique for ever", r"^.+:\d+$"),
    "ce_source": ("the service", r"^/rapport/[a-z]+$"),
    "ce_type": ("what happened, with its version", r"^rapport\.[a-z]+\.[a-z-]+\.v\d+$"),
    "ce_subject": ("the record's id; the record's key in Kafka, too", r"^[a-z-]+-[0-9a-z]+$"),
    "ce_time": ("when it was recorded; when it happened stands in the data", r"Z$"),
    "ce_sequence": ("the subject's version: 1, 2, 3, without gaps", r"^\d+$"),
    "ce_digest": ("SHA-256 of the digest before it, the type, NUL and the data", r"^[0-9a-f]{64}$"),
    "ce_epoch": ("which filling of the topic this record belongs to", r"^\d+$"),
    "ce_actor": ("who did it, by the subject of their token", r""),
    "ce_correlationid": ("of the request that it came from", r""),
    "ce_dataschema": ("the `$id` of the schema of the data", r"^urn:rapport:schema:"),
    "ce_traceparent": ("W3C trace context, where there is one", r""),
}
OPTIONAL_HEADERS = frozenset({"ce_traceparent"})


def _header_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "required": [name for name in _FACT_HEADERS if name not in OPTIONAL_HEADERS],
        "properties": {
            name: {"type": "string", "description": text} | ({"pattern": shape} if shape else {})
            for name, (text, shape) in _FACT_HEADERS.items()
        },
    }


_UPSTREAM_HEADERS = {
    "type": "object",
    "description": "Binary mode. In structured mode these are members of the event, without `ce_`.",
    "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"],
    "properties": {
        "content-type": {"type": "string", "description": "application/json"},
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {"type": "string", "description": "unique within the source, for ever"},
        "ce_source": {"type": "string", "description": "your system"},
        "ce_type": {"type": "string"},
        "ce_time": {"type": "string", "format": "date-time", "description": "when it was said"},
        "ce_replaces": {"type": "string", "description": "id of the event that this one corrects"},
        "ce_withdrawn": {"type": "string", "enum": ["true", "false"]},
    },
}


def _payload(address: str) -> dict[str, Any]:
    schema_format = "application/schema+json;version=draft-2020-12"
    return {"schemaFormat": schema_format, "schema": {"$ref": address}}


def _message(fact: type[Fact], service: str) -> dict[str, Any]:
    message: dict[str, Any] = {
        "name": fact.type,
        "title": short(fact.type),
        "summary": " ".join((fact.__doc__ or "").split()),
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/fact-headers"},
        "correlationId": {"location": "$message.header#/ce_correlationid"},
        "payload": _payload(f"{service}/{short(fact.type)}.schema.json"),
        "bindings": {"kafka": {"key": {"type": "string", "description": "the subject"}}},
    }
    if sample_path(fact).exists():
        message["examples"] = [{"payload": sample_of(fact)}]
    return message


def _upstream_message(type_: str) -> dict[str, Any]:
    return {
        "name": type_,
        "title": short(type_),
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/upstream-headers"},
        "payload": _payload(f"../../services/mobility/contracts/{upstream.index()[type_]}"),
        "examples": [{"payload": upstream.EXAMPLES[type_]["data"]}],
    }


def _topic_of(type_: str) -> str:
    first, second, _ = type_.split(".", 2)
    return f"{second}.events" if first == "rapport" else f"{first}.{second}"


def _asyncapi() -> dict[str, Any]:
    messages = {f.type: _message(f, service) for service, fs in published().items() for f in fs}
    messages |= {type_: _upstream_message(type_) for type_ in upstream.index()}
    file = TopicFile.load()
    partitions = {each.name: each.partitions or file.defaults.partitions for each in file.topics}
    channels: dict[str, Any] = {}
    for type_ in messages:
        topic = _topic_of(type_)
        binding = {"topic": topic, "partitions": partitions[topic], "bindingVersion": "0.5.0"}
        channel = {"address": topic, "messages": {}, "bindings": {"kafka": binding}}
        channels.setdefault(topic, channel)["messages"][type_] = _ref("components/messages", type_)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Rapport",
            "version": "1.0.0",
            "description": "What the services of Rapport publish and read, as CloudEvents 1.0 on"
            " Kafka, binary mode. Every installation may put a prefix before the topics.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": _operations(),
        "components": {
            "messages": messages,
            "schemas": {"fact-headers": _header_schema(), "upstream-headers": _UPSTREAM_HEADERS},
        },
    }


def _operations() -> dict[str, Any]:
    operations = {}
    for service, facts in published().items():
        topic = f"{service}.events"
        operations[f"{service}-publishes"] = _operation("send", topic, [f.type for f in facts])
    for service, reads in readers().items():
        for topic in dict.fromkeys(map(_topic_of, reads)):
            types = [type_ for type_ in reads if _topic_of(type_) == topic]
            name = f"{service}-reads-{topic.replace('.', '-')}"
            operations[name] = _operation("receive", topic, types)
    return operations


def _operation(action: str, topic: str, types: list[str]) -> dict[str, Any]:
    messages = [_ref(f"channels/{topic}/messages", type_) for type_ in types]
    return {"action": action, "channel": _ref("channels", topic), "messages": messages}


def _ref(place: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/{place}/{name}"}


# --- the page ------------------------------------------------------------------------------------


def _page() -> str:
    lines = [
        "# Contracts",
        "",
        f"Written from the code by `{COMMAND}`; do not edit. The same for programs:",
        "[asyncapi.json](asyncapi.json) (AsyncAPI 3), and one JSON Schema per type.",
        "",
        "A fact carries the new value of every field of its record that it changed, under the",
        "field's own name; what is absent did not change. Merge the facts of a subject in the",
        "order of `ce_sequence`, those of a `-corrected` from their `changes`. Pass over what you",
        "do not know: there may be more fields and types tomorrow. What is here stays as it is;",
        "what would break a reader comes as a new type (`.v2`). What HR and the registrar send is",
        "told in",
        "[upstream.md](../upstream.md).",
        "",
    ]
    for service, facts in published().items():
        lines += [f"## `{service}.events`", "", "| type | what happened | read by |"]
        lines += ["| --- | --- | --- |"]
        for fact in facts:
            told = " ".join((fact.__doc__ or "").split())
            link = f"[{short(fact.type)}]({service}/{short(fact.type)}.schema.json)"
            lines.append(f"| {link} | {told} | {_read_by(fact.type)} |")
        lines.append("")
    lines += ["## `upstream.hr`, `upstream.registrar`", "", "| type | read by |", "| --- | --- |"]
    for type_, file in upstream.index().items():
        link = f"[{type_}](../../services/mobility/contracts/{file})"
        lines.append(f"| {link} | {_read_by(type_)} |")
    return "\n".join(lines) + "\n"


def _read_by(type_: str) -> str:
    return ", ".join(service for service, reads in readers().items() if type_ in reads) or "-"


# --- stored and generated ------------------------------------------------------------------------


def generated() -> dict[str, str]:
    """What `docs/contracts` must hold: text by path."""
    files = {"README.md": _page(), "asyncapi.json": _json(_asyncapi())}
    for service, facts in published().items():
        for fact in facts:
            files[f"{service}/{short(fact.type)}.schema.json"] = _json(schema_of(fact))
    return files


def stored() -> dict[str, str]:
    """What `docs/contracts` holds."""
    return {
        path.relative_to(STORED).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(STORED.rglob("*"))
        if path.is_file()
    }


def stored_upstream() -> dict[str, str]:
    """What is kept of the contract of HR and the registrar."""
    return {path.name: path.read_text(encoding="utf-8") for path in UPSTREAM.glob("*.json")}


def broken(
    before: Mapping[str, str], after: Mapping[str, str], *, only_read: bool = False
) -> list[str]:
    """What would break a reader if the files `before` became those `after`; or, where we only read,
    what would break a sender."""
    found = []
    for name, text in before.items():
        if not name.endswith(".schema.json"):
            continue
        if name not in after:
            found.append(f"{name}: is gone, but its facts stand in journals for ever")
            continue
        sentences = incompatible(json.loads(text), json.loads(after[name]), only_read=only_read)
        found += [f"{name}: {sentence}" for sentence in sentences]
    return found


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def write() -> int:
    """Write all files anew, unless that would break a reader or a sender; the exit code."""
    files, sent_to_us = generated(), upstream.generated()
    breaks = broken(stored(), files) + broken(stored_upstream(), sent_to_us, only_read=True)
    if breaks:
        sys.stderr.write("\n".join(breaks))
        sys.stderr.write(
            "\n\nNothing was written. Make it a new type (.v2) and keep the old one readable;"
            "\nonly if nobody ever sent one, delete its stored file first.\n"
        )
        return 1
    by_path = {STORED / name: text for name, text in files.items()}
    by_path |= {UPSTREAM / name: text for name, text in sent_to_us.items()}
    for path, text in by_path.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(by_path)} files\n")
    return 0


if __name__ == "__main__":
    sys.exit(write())
