"""A record as Kafka gave it, and as it is kept."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

__all__ = ["RawRecord", "Record", "pack", "unpack"]


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
