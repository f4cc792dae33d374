"""Records out of aiokafka, none left out.

When `getmany` raises half-way through what it has fetched (a header's name that is not UTF-8, a
checksum that is wrong), the records before that place are gone, aiokafka's position is behind
them, and the next commit would bury them. So this keeps its own account of what was handed over
and goes back there after every error. It then has the records read leniently for a while, so that
one with such a name comes through, and is parked like any other that cannot be read.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords, _MemoryRecordsPy

__all__ = ["Fetching"]

_SLICE_RECORDS = 500
"""Aiokafka parses when it is asked, and nothing else runs meanwhile: some 5 ms."""
_LENIENT_RECORDS = 20_000
"""Read leniently after an error: what was prefetched, several times over."""


class Fetching:
    """What one consumer has handed over of each partition."""

    def __init__(self) -> None:
        self._next: dict[TopicPartition, int] = {}
        self._lenient = 0
        self._assignment = 0
        """How often the partitions have changed."""
        self._astray = False
        """Records of this assignment were handed over and not taken."""
        fetcher.MemoryRecords = _records_of  # the one place where aiokafka chooses its parser

    async def some(
        self, kafka: AIOKafkaConsumer, *, timeout_ms: int, most: int
    ) -> Sequence[ConsumerRecord]:
        """What is there, at once, in order within each partition; () if nothing comes in time.

        Raises KafkaError or UnicodeDecodeError; the next call goes on, and nothing is left out.
        """
        handed: list[ConsumerRecord] = []
        assignment = self._assignment
        while len(handed) < most:
            try:
                if self._astray:
                    await self._return(kafka)
                batches = await kafka.getmany(
                    timeout_ms=0 if handed else timeout_ms, max_records=_SLICE_RECORDS
                )
            except Exception:  # any class: aiokafka has lost its place, and only we know it
                await self._go_back(kafka)
                if handed:
                    break  # the next call meets it again
                raise
            if assignment != self._assignment:
                handed, assignment = [], self._assignment  # those before are read again
                if self._astray:
                    continue
            for place, records in batches.items():
                self._next[place] = records[-1].offset + 1
                handed += records
            if not batches:
                break
            await asyncio.sleep(0)  # others have waited while this slice was parsed
        if self._lenient:
            self._lenient = max(0, self._lenient - len(handed)) if handed else 0
            if not self._lenient:
                _in_need.discard(id(self))
        return handed

    async def _go_back(self, kafka: AIOKafkaConsumer) -> None:
        """To where the next record was to be handed over."""
        _in_need.add(id(self))
        self._lenient = _LENIENT_RECORDS
        await self._return(kafka)

    async def _return(self, kafka: AIOKafkaConsumer) -> None:
        for place in kafka.assignment():
            known = self._next.get(place)
            if known is None:
                known = await kafka.committed(place)
            if known is None:
                known = (await kafka.beginning_offsets([place]))[place]
            kafka.seek(place, known)
        self._astray = False

    def went_astray(self) -> None:
        """What was handed over of this assignment had no effect: go back to what is committed."""
        self._astray = True

    def moved(self, place: TopicPartition, offset: int) -> None:
        """The caller has sought another place."""
        self._next[place] = offset

    def forget(self) -> None:
        """The partitions are others now, or start from their committed offsets."""
        self._next.clear()
        self._lenient = 0
        self._assignment += 1
        _in_need.discard(id(self))


_in_need: set[int] = set()
"""Those that have just met what aiokafka's own parser cannot read."""


def _records_of(data: bytes) -> MemoryRecords:
    return _LenientRecords(data) if _in_need else MemoryRecords(data)


class _LenientRecords(_MemoryRecordsPy):  # type: ignore[misc]  # aiokafka ships no types
    """What a fetch has brought; in names of headers, what is not UTF-8 becomes surrogates."""

    def next_batch(self, *_: object) -> object:
        data = self._next_slice
        if data is None or len(data) < self.MIN_SLICE or data[self.MAGIC_OFFSET] < 2:
            return super().next_batch()
        self._cache_next()
        return _LenientBatch(data)


class _LenientBatch(_DefaultRecordBatchPy):  # type: ignore[misc]  # aiokafka ships no types
    def __init__(self, buffer: memoryview) -> None:
        super().__init__(buffer)
        self._buffer: bytearray = _LenientBuffer(self._buffer)

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _LenientBuffer(self._buffer)


class _LenientBuffer(bytearray):
    """Slices of it know how to decode what is not UTF-8."""

    def __getitem__(self, index: Any) -> Any:
        part = super().__getitem__(index)
        return _LenientText(part) if isinstance(index, slice) else part


class _LenientText(bytes):
    __slots__ = ()

    def decode(self, *_: object, **__: object) -> str:
        return super().decode("utf-8", "surrogateescape")
