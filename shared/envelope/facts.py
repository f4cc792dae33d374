"""Our own facts: binary mode, dense versions, chained digests."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from shared.envelope.limits import (
    bounded_headers,
    digest_in,
    instant_of,
    invalid,
    kind_in,
    name_in,
    number_in,
    plainly_within_limits,
    read_json,
)
from shared.envelope.records import RawRecord
from shared.errors import Poisoned

__all__ = ["FactRecord", "chained", "decode", "headers_of", "read_fact"]

M = TypeVar("M", bound=BaseModel)


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
        return instant_of(self.headers["ce_time"].decode(), "$.headers.ce_time")

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
    headers = bounded_headers(record)
    if record.value is None:
        raise Poisoned("value-missing")
    try:
        if headers["ce_specversion"] != b"1.0":
            raise Poisoned("specversion-unknown", "$.headers.ce_specversion")
        subject = headers["ce_subject"]
        if subject != record.key:
            raise Poisoned("key-is-not-subject", "$.headers.ce_subject")
        fact = FactRecord(
            name_in(subject, "ce_subject"),
            number_in(headers["ce_sequence"], "ce_sequence"),
            kind_in(headers["ce_type"], "ce_type"),
            digest_in(headers["ce_digest"]),
            number_in(headers["ce_epoch"], "ce_epoch"),
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
    if not plainly_within_limits(data):
        read_json(data)
    try:
        read: M = model.__pydantic_validator__.validate_json(data)
    except ValidationError as error:
        raise invalid(error, "$") from None  # its text contains the input
    return read
