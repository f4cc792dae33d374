"""Where records wait that could not take effect: encrypted, with a reason, in view of operators.

A record is parked in the same transaction that goes on past it. The row says where the record stood
and why it is here (a code and a JSON path); the record itself, which may hold anything, is
encrypted. It leaves by `Consumer.replay`, when what was wrong is mended, or by `discard`. Both are
written to the audit trail (`operations`), and so is looking at the content.
"""

import contextlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database import Database
from shared.envelope import RawRecord, pack, read_fact, unpack
from shared.errors import Rejected
from shared.failpoints import failpoint
from shared.journal import bucket_of

__all__ = [
    "BEHIND",
    "BUG",
    "EQUIVOCATION",
    "KILLED",
    "ParkedRecord",
    "Parking",
    "ToPark",
    "audit",
    "expire",
    "lock_subject",
]

BEHIND = "behind"
"""Reason: an earlier event of its subject is parked."""
BUG = "bug"
"""Reason: our own code failed with it, time and again."""
EQUIVOCATION = "equivocation"
"""Reason: it tells another history than the one that took effect."""
KILLED = "killed-the-process"
"""Reason: three processes died while they worked on it; its data was not read again."""

_COLUMNS = (
    "id, consumer, topic, partition, record_offset, epoch, subject, version, reason, path, record,"
    " parked_at"
)
_PARK = """
insert into parked (consumer, topic, partition, record_offset, epoch, subject, version, reason,
    path, record, parked_at)
select $1::text, $2::text, r.*, $3::timestamptz
from unnest($4::int[], $5::bigint[], $6::int[], $7::text[], $8::int[], $9::text[], $10::text[],
    $11::bytea[]) as r
on conflict do nothing
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToPark:
    """A record that cannot take effect. `subject` and `version` are given if the record could be
    read that far: then later events of that subject wait behind it."""

    raw: RawRecord
    reason: str
    path: str = "$"
    epoch: int = 0
    subject: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedRecord:
    """A parked record, decrypted only where `raw` is set."""

    id: int
    consumer: str
    topic: str
    partition: int
    offset: int
    epoch: int
    subject: str | None
    version: int | None
    reason: str
    path: str
    parked_at: datetime
    raw: RawRecord | None = None

    def summary(self) -> dict[str, Any]:
        """Where it stood and why it is here: no content."""
        return {
            "id": self.id,
            "consumer": self.consumer,
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
            "epoch": self.epoch,
            "subject": self.subject,
            "version": self.version,
            "reason": self.reason,
            "path": self.path,
            "parked_at": self.parked_at.isoformat(),
        }

    def full(self) -> dict[str, Any]:
        """Also the content: headers and value as text, what is not UTF-8 with escapes."""
        raw = self.raw
        if raw is None:
            return self.summary()
        return self.summary() | {
            "key": _text(raw.key),
            "headers": {
                str(_text(name.encode("utf-8", "surrogateescape"))): _text(value)
                for name, value in raw.headers
            },
            "value": _text(raw.value),
        }


class Parking:
    """The parked records of one service. `keys` are Fernet keys: the first encrypts, all decrypt.

    Raises ValueError if a key is not 32 bytes in URL-safe base64.
    """

    def __init__(self, *, database: Database, keys: Sequence[str]) -> None:
        self._database = database
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    async def park(
        self,
        connection: AsyncConnection,
        records: Sequence[ToPark],
        *,
        consumer: str,
        topic: str,
    ) -> None:
        """Keep these, in the caller's transaction; one that is already parked is passed over."""
        if any(each.subject is None for each in records):
            records = await self._not_parked(connection, records, consumer, topic)
        if not records:
            return
        parameters = (
            consumer,
            topic,
            self._database.clock.now(),
            [each.raw.partition for each in records],
            [each.raw.offset for each in records],
            [each.epoch for each in records],
            [each.subject for each in records],
            [each.version for each in records],
            [each.reason for each in records],
            [each.path for each in records],
            [self._fernet.encrypt(pack(each.raw)) for each in records],
        )
        await connection.exec_driver_sql(_PARK, parameters)
        failpoint("parking.parked", OSError)

    async def _not_parked(
        self, connection: AsyncConnection, records: Sequence[ToPark], consumer: str, topic: str
    ) -> Sequence[ToPark]:
        """Without those that could not be read before either, under an earlier epoch: a partition
        is read again from its start whenever a newer one is seen."""
        rows = await connection.exec_driver_sql(
            f"select {_COLUMNS} from parked where consumer = $1 and topic = $2"  # noqa: S608
            " and subject is null and (partition, record_offset) in"
            " (select * from unnest($3::int[], $4::bigint[]))",
            (
                consumer,
                topic,
                [each.raw.partition for each in records],
                [each.raw.offset for each in records],
            ),
        )
        known = set()
        for row in rows:
            with contextlib.suppress(InvalidToken):  # under a key that is gone: parked once more
                known.add(self._fernet.decrypt(row.record))
        return [each for each in records if each.subject is not None or pack(each.raw) not in known]

    async def list(
        self,
        *,
        id: int | None = None,  # noqa: A002 - the parked record's
        consumer: str | None = None,
        subject: str | None = None,
        reason: str | None = None,
        since: datetime | None = None,
        limit: int = 100,
    ) -> list[ParkedRecord]:
        """Those that fit every given condition, the oldest first, content left encrypted."""
        async with self._database.connect() as connection:
            rows = await connection.exec_driver_sql(
                f"select {_COLUMNS} from parked"  # noqa: S608 - our own column names
                " where ($1::bigint is null or id = $1) and ($2::text is null or consumer = $2)"
                " and ($3::text is null or subject = $3) and ($4::text is null or reason = $4)"
                " and ($5::timestamptz is null or parked_at >= $5) order by id limit $6",
                (id, consumer, subject, reason, since, limit),
            )
            return [_record(row) for row in rows]

    async def show(self, record: int, *, actor: str) -> ParkedRecord:
        """One with its content; that `actor` looked goes to the audit trail.

        Raises Rejected("parked-unknown", 404), or ("parked-key-missing", 409) if none of the keys
        opens it.
        """
        async with self._database.connect() as connection:
            found = await self._find(connection, record)
            await audit(connection, self._database, actor, "parked-shown", found.summary())
            return found

    async def discard(self, record: int, *, reason: str, actor: str) -> None:
        """Give one up. Its subject goes on after it, if it was the next of its subject.

        One that tells another history (`equivocation`) is only removed: the subject still waits
        for the version that continues the true one. Raises Rejected("parked-unknown", 404).
        """
        async with self._database.connect() as connection:
            found = await self._find(connection, record)
            if found.subject is not None:
                await lock_subject(connection, found.consumer, found.subject)
            await connection.exec_driver_sql("delete from parked where id = $1", (record,))
            failpoint("parking.discarded", OSError)
            if found.subject is not None and found.version is not None:
                await _pass_over(connection, found)
            details = found.summary() | {"why": reason}
            await audit(connection, self._database, actor, "parked-discarded", details)

    async def of_subject(
        self, connection: AsyncConnection, consumer: str, subject: str
    ) -> Sequence[ParkedRecord]:
        """All that is parked of one subject, in order of version, with content."""
        rows = await connection.exec_driver_sql(
            f"select {_COLUMNS} from parked where consumer = $1 and subject = $2"  # noqa: S608
            " order by version nulls last, id",
            (consumer, subject),
        )
        return [self._open(row) for row in rows]

    async def opened(
        self, connection: AsyncConnection, records: Iterable[int]
    ) -> Sequence[ParkedRecord]:
        """These, as far as they are still parked, with content; locked until it ends."""
        ids = [*records]
        rows = await connection.exec_driver_sql(
            f"select {_COLUMNS} from parked where id = any($1) order by id for update",  # noqa: S608
            (ids,),
        )
        return [self._open(row) for row in rows]

    async def remove(self, connection: AsyncConnection, records: Iterable[int]) -> None:
        """They have taken effect."""
        ids = [*records]
        await connection.exec_driver_sql("delete from parked where id = any($1)", (ids,))
        failpoint("parking.removed", OSError)

    async def _find(self, connection: AsyncConnection, record: int) -> ParkedRecord:
        found = await self.opened(connection, [record])
        if not found:
            raise Rejected("parked-unknown", f"there is no parked record {record}", status=404)
        return found[0]

    def _open(self, row: Any) -> ParkedRecord:
        try:
            return _record(row, unpack(self._fernet.decrypt(row.record)))
        except InvalidToken:
            raise Rejected(
                "parked-key-missing",
                f"no key of RAPPORT_PARKING_KEY opens parked record {row.id}: add the key that was"
                " first when it was parked",
            ) from None


async def expire(database: Database, *, topics: str, before: datetime) -> int:
    """Delete what was parked before then of the topics whose names begin so; how many records.

    Only for topics in which nothing waits behind what is parked.
    """
    async with database.connect() as connection:
        gone = await connection.exec_driver_sql(
            "delete from parked where starts_with(topic, $1::text) and subject is null"
            " and parked_at < $2::timestamptz returning id",
            (topics, before),
        )
        ids = [row.id for row in gone]
        if ids:
            details = {"topics": topics, "before": before.isoformat(), "ids": ids}
            await audit(connection, database, "retention", "parked-expired", details)
    return len(ids)


async def lock_subject(connection: AsyncConnection, consumer: str, subject: str) -> None:
    """Until the transaction ends, nobody else parks behind, replays or discards of this subject,
    and no rebuild takes over."""
    await connection.exec_driver_sql(
        "select pg_advisory_xact_lock(hashtextextended($1::text || chr(10) || $2::text, 11))"
        " from (select from generations where consumer = $1::text for share) as ours"
        " right join (values (1)) as once on true",
        (consumer, subject),
    )


async def audit(
    connection: AsyncConnection, database: Database, actor: str, action: str, details: Any
) -> None:
    """Write to the audit trail what an operator did."""
    await connection.exec_driver_sql(
        "insert into operations (at, actor, action, details) values ($1, $2, $3, $4::text::jsonb)",
        (database.clock.now(), actor, action, json.dumps(details)),
    )
    failpoint("parking.audited", OSError)


async def _pass_over(connection: AsyncConnection, record: ParkedRecord) -> None:
    """Move the position past a discarded record, if that was the next."""
    if record.reason == EQUIVOCATION or record.raw is None:
        return
    fact = read_fact(record.raw)  # it was read before it was parked under its subject
    if fact.version == 1:
        await connection.exec_driver_sql(
            "insert into positions (consumer, subject, version, digest, bucket)"
            " values ($1, $2, 1, $3, $4) on conflict do nothing",
            (record.consumer, fact.subject, fact.digest, bucket_of(fact.subject)),
        )
    else:
        await connection.exec_driver_sql(
            "update positions set version = $3::int, digest = $4"
            " where consumer = $1 and subject = $2 and version = $3::int - 1",
            (record.consumer, fact.subject, fact.version, fact.digest),
        )


def _record(row: Any, raw: RawRecord | None = None) -> ParkedRecord:
    return ParkedRecord(
        id=row.id,
        consumer=row.consumer,
        topic=row.topic,
        partition=row.partition,
        offset=row.record_offset,
        epoch=row.epoch,
        subject=row.subject,
        version=row.version,
        reason=row.reason,
        path=row.path,
        parked_at=row.parked_at,
        raw=raw,
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="backslashreplace")
