"""CloudEvents 1.0 on Kafka: what is written into a record's headers, and how a record is read.

Two readers, because two kinds of record come in. `read_fact` is for our own facts (binary mode,
dense versions, chained digests) and is on the path of every event, so it only does what must be
known before the data is touched. `read_event` is for the upstream boundary (binary and structured
mode), where nothing is trusted.

Whatever cannot be read raises `Poisoned` with a code and a JSON path: never with content, which may
be personal.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec
from pydantic import BaseModel, ValidationError

from shared.errors import Poisoned

__all__ = [
    "CloudEvent",
    "FactRecord",
    "RawRecord",
    "Record",
    "chained",
    "decode",
    "fit",
    "headers_of",
    "pack",
    "path_of",
    "read_event",
    "read_fact",
    "read_json",
    "unpack",
]

MAX_RECORD_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_KEYS = 2_000
MAX_STRING_BYTES = 8 * 1024
MAX_HEADERS = 32
MAX_HEADER_BYTES = 8 * 1024
MAX_ATTRIBUTE = 512
_MAX_INT4 = 2_147_483_647

M = TypeVar("M", bound=BaseModel)


class RawRecord(Protocol):
    """A record as Kafka gave it: nothing decoded. Aiokafka's `ConsumerRecord` is one."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


class Record(NamedTuple):
    """A record that was kept: held until a gap is filled, or parked. `timestamp` is in ms."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


_Kept = tuple[str, int, int, int, bytes | None, bytes | None, list[tuple[bytes, bytes | None]]]


def pack(record: RawRecord) -> bytes:
    """All of a record, as bytes to keep."""
    where = (record.topic, record.partition, record.offset, record.timestamp)
    headers = [(name.encode("utf-8", "surrogateescape"), value) for name, value in record.headers]
    return msgspec.msgpack.encode((*where, record.key, record.value, headers))


def unpack(packed: bytes) -> RawRecord:
    """The record that `pack` kept."""
    topic, partition, offset, timestamp, key, value, headers = msgspec.msgpack.decode(
        packed, type=_Kept
    )
    names = ((name.decode("utf-8", "surrogateescape"), each) for name, each in headers)
    return Record(topic, partition, offset, timestamp, key, value, tuple(names))


# --- our own facts -------------------------------------------------------------------------------


class FactRecord(NamedTuple):
    """One of our facts, its envelope read and checked, its data untouched."""

    subject: str
    version: int
    """Dense from 1 within the subject."""
    type: str
    digest: bytes
    """32 bytes, as the publisher chained it; see `chained`."""
    epoch: int
    """Which filling of the topic this record belongs to."""
    headers: Mapping[str, bytes]
    raw: RawRecord

    @property
    def data(self) -> bytes:
        return self.raw.value or b""

    @property
    def time(self) -> datetime:
        """When it was recorded (not: when it happened), aware. Raises Poisoned."""
        return _instant(self.headers["ce_time"].decode(), "$.headers.ce_time")

    @property
    def actor(self) -> str:
        return self.headers.get("ce_actor", b"").decode()

    @property
    def correlation_id(self) -> str:
        return self.headers.get("ce_correlationid", b"").decode()


def chained(previous: bytes, type: str, data: bytes) -> bytes:  # noqa: A002 - CloudEvents' word
    """The digest of a version: of the digest before it (empty for version 1), type and data."""
    return hashlib.sha256(b"%b%b\0%b" % (previous, type.encode(), data)).digest()


def headers_of(
    *,
    service: str,
    subject: str,
    version: int,
    type: str,  # noqa: A002 - CloudEvents' word
    time: datetime,
    digest: bytes,
    epoch: int,
    actor: str,
    correlation_id: str,
    traceparent: str | None = None,
) -> list[tuple[str, bytes]]:
    """The headers of one of our facts in binary mode. The record's key is `subject`."""
    headers = [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", f"{subject}:{version}".encode()),
        ("ce_source", f"/rapport/{service}".encode()),
        ("ce_type", type.encode()),
        ("ce_subject", subject.encode()),
        ("ce_time", time.astimezone(UTC).isoformat().replace("+00:00", "Z").encode()),
        ("ce_sequence", b"%d" % version),
        ("ce_digest", digest.hex().encode()),
        ("ce_epoch", b"%d" % epoch),
        ("ce_actor", actor.encode()),
        ("ce_correlationid", correlation_id.encode()),
        ("ce_dataschema", f"urn:rapport:schema:{type}".encode()),
    ]
    if traceparent:
        headers.append(("ce_traceparent", traceparent.encode()))
    return headers


def read_fact(record: RawRecord) -> FactRecord:
    """The envelope of one of our facts. Raises Poisoned.

    The data is not looked at: many facts are of types that the reader passes over.
    """
    headers = _headers(record)
    if record.value is None:
        raise Poisoned("value-missing")
    try:
        if headers["ce_specversion"] != b"1.0":
            raise Poisoned("specversion-unknown", "$.headers.ce_specversion")
        subject = headers["ce_subject"]
        if subject != record.key:
            raise Poisoned("key-is-not-subject", "$.headers.ce_subject")
        fact = FactRecord(
            _name(subject, "ce_subject"),
            _number(headers["ce_sequence"], "ce_sequence"),
            _name(headers["ce_type"], "ce_type"),
            _digest(headers["ce_digest"]),
            _number(headers["ce_epoch"], "ce_epoch"),
            headers,
            record,
        )
        if "ce_id" in headers and "ce_source" in headers and "ce_time" in headers:
            return fact
    except KeyError as missing:
        raise Poisoned("header-missing", f"$.headers.{missing.args[0]}") from None
    raise Poisoned("header-missing", "$.headers")


def decode(model: type[M], data: bytes) -> M:
    """The part of a fact's data that `model` reads. Raises Poisoned.

    The bytes are known to be what the owner's serializer wrote (the digest is checked before), so
    the limits are shown to hold by counting, and only where that is not enough by parsing twice.
    """
    if not _plainly_within_limits(data):
        read_json(data)
    try:
        read: M = model.__pydantic_validator__.validate_json(data)
    except ValidationError as error:
        raise _invalid(error, "$") from None  # its text contains the input
    return read


# --- events of others ----------------------------------------------------------------------------


class CloudEvent(NamedTuple):
    """An event of another system, in either mode; `data` is parsed JSON within the limits."""

    id: str
    source: str
    type: str
    subject: str | None
    time: datetime | None
    extensions: Mapping[str, Any]
    data: Any


def fit(model: type[M], event: CloudEvent) -> M:
    """The event's data as `model`. Raises Poisoned."""
    try:
        return model.model_validate_json(json.dumps(event.data))
    except ValidationError as error:
        raise _invalid(error, "$.data") from None  # its text contains the input


def read_event(record: RawRecord) -> CloudEvent:
    """An upstream event, binary or structured. Raises Poisoned."""
    headers = _headers(record)
    if record.value is None:
        raise Poisoned("value-missing")
    media = headers.get("content-type", b"").decode().partition(";")[0].strip().lower()
    attributes = {
        name[3:]: value.decode() for name, value in headers.items() if name.startswith("ce_")
    }
    plain = media in ("", "application/json", "text/json")
    if media == "application/cloudevents+json" or (plain and not attributes):
        return _structured(record.value)  # the SDK's 1.x says application/json of these
    if media.startswith("application/cloudevents") or not (plain or media.endswith("+json")):
        raise Poisoned("content-type-unknown", "$.headers.content-type")
    return _event(attributes, read_json(record.value), at="$.headers.ce_")


def _structured(value: bytes) -> CloudEvent:
    body = read_json(value)
    if not isinstance(body, dict):
        raise Poisoned("event-not-object")
    if "data_base64" in body:
        raise Poisoned("data-not-json", "$.data_base64")
    data = body.pop("data", None)
    return _event(body, data, at="$.")


def _event(attributes: dict[str, Any], data: Any, *, at: str) -> CloudEvent:
    def text(name: str, *, required: bool) -> str | None:
        value = attributes.pop(name, None)
        if value is None and not required:
            return None
        if not isinstance(value, str) or not value or len(value) > MAX_ATTRIBUTE:
            raise Poisoned("attribute-invalid" if value else "attribute-missing", f"{at}{name}")
        if not value.isprintable():
            raise Poisoned("attribute-invalid", f"{at}{name}")
        return value

    if text("specversion", required=True) != "1.0":
        raise Poisoned("specversion-unknown", f"{at}specversion")
    id_, source, type_ = (text(name, required=True) for name in ("id", "source", "type"))
    time = text("time", required=False)
    subject = text("subject", required=False)
    return CloudEvent(
        id=str(id_),
        source=str(source),
        type=str(type_),
        subject=subject,
        time=None if time is None else _instant(time, f"{at}time"),
        extensions=attributes,
        data=data,
    )


# --- limits --------------------------------------------------------------------------------------


def _headers(record: RawRecord) -> dict[str, bytes]:
    """The headers by name, once size, number and encoding are known to be sound."""
    if record.value is not None and len(record.value) > MAX_RECORD_BYTES:
        raise Poisoned("record-too-large")
    if len(record.headers) > MAX_HEADERS:
        raise Poisoned("headers-too-many", "$.headers")
    headers: dict[str, bytes] = dict(record.headers)  # type: ignore[arg-type]
    if len(headers) != len(record.headers):
        raise Poisoned("header-twice", "$.headers")
    try:
        joined = b"\n".join(headers.values())  # one pass in C over all of them
    except TypeError:  # a header may be null: then the line above said more than is so
        raise Poisoned("header-null", "$.headers") from None
    names = "".join(headers)
    if len(joined) + len(names) > MAX_HEADER_BYTES:
        raise Poisoned("headers-too-large", "$.headers")
    if not names.isascii() and any("\ud800" <= letter <= "\udfff" for letter in names):
        raise Poisoned("header-name-not-utf-8", "$.headers")  # surrogates stand for the bytes
    if not joined.isascii():
        for name, value in headers.items():
            try:
                value.decode()
            except UnicodeDecodeError:
                raise Poisoned("header-not-utf-8", path_of(("headers", name))) from None
    return headers


def _name(value: bytes, header: str) -> str:
    text = value.decode()
    if not text or len(text) > MAX_ATTRIBUTE or not text.isprintable():
        raise Poisoned("header-invalid", f"$.headers.{header}")
    return text


def _number(value: bytes, header: str) -> int:
    if not value.isdigit() or len(value) > 10 or not 0 < (number := int(value)) <= _MAX_INT4:
        raise Poisoned("header-invalid", f"$.headers.{header}")
    return number


def _digest(value: bytes) -> bytes:
    try:
        digest = bytes.fromhex(value.decode())
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise Poisoned("header-invalid", "$.headers.ce_digest")
    return digest


def _instant(text: str, path: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Poisoned("time-invalid", path) from None
    if instant.tzinfo is None:
        raise Poisoned("time-without-offset", path)
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise Poisoned("time-invalid", path) from None


def _plainly_within_limits(data: bytes) -> bool:
    """True if counting bytes shows that `read_json` would find nothing."""
    return (
        len(data) <= MAX_STRING_BYTES
        and data.count(b"{") + data.count(b"[") <= MAX_DEPTH
        and data.count(b":") <= MAX_KEYS
        and b"\\u" not in data
        and b"NaN" not in data
        and b"Infinity" not in data
    )


def read_json(data: bytes) -> Any:
    """Strict JSON within our limits, as Python values. Raises Poisoned.

    Refused: over 256 KiB, 32 levels, 2 000 keys, strings over 8 KiB; NaN and infinities; a key
    twice in one object; lone surrogates; NUL.
    """
    if len(data) > MAX_RECORD_BYTES:
        raise Poisoned("record-too-large")
    try:
        value = json.loads(data.decode(), object_pairs_hook=_object, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise Poisoned("json-not-utf-8") from None
    except RecursionError:
        raise Poisoned("json-too-deep") from None
    except ValueError:
        raise Poisoned("json-invalid") from None
    keys = 0
    for path, item in _walk(value):
        if len(path) >= MAX_DEPTH and isinstance(item, (dict, list)):
            raise Poisoned("json-too-deep", path_of(path))
        if isinstance(item, str):
            _check_text(item, path)
        elif isinstance(item, float) and not math.isfinite(item):
            raise Poisoned("json-not-finite", path_of(path))
        elif isinstance(item, dict):
            keys += len(item)
            if keys > MAX_KEYS:
                raise Poisoned("json-too-many-keys", path_of(path))
            for key in item:
                _check_text(key, path)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Poisoned("json-key-twice")
    return members


def _no_constant(_name: str) -> Any:
    raise Poisoned("json-not-finite")


def _check_text(text: str, path: tuple[str | int, ...]) -> None:
    if "\0" in text:
        raise Poisoned("json-nul", path_of(path))
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise Poisoned("json-lone-surrogate", path_of(path)) from None
    if size > MAX_STRING_BYTES:
        raise Poisoned("json-string-too-long", path_of(path))


def _walk(value: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value with its path, the root first; without recursion."""
    stack: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while stack:
        path, item = stack.pop()
        yield path, item
        if isinstance(item, dict):
            stack.extend(((*path, key), child) for key, child in item.items())
        elif isinstance(item, list):
            stack.extend(((*path, index), child) for index, child in enumerate(item))


# --- what may be said of content -----------------------------------------------------------------

_SPEAKABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")


def path_of(location: Sequence[str | int], root: str = "$") -> str:
    """`("parties", 0, "side")` -> `$.parties[0].side`. A key that is no plain name shows as `*`:
    keys are the sender's, and may be anything."""
    path = root
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if _SPEAKABLE.fullmatch(part) else ".*"
    return path


def _invalid(error: ValidationError, root: str) -> Poisoned:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return Poisoned(f"data-invalid:{first['type']}", path_of(first["loc"], root))
