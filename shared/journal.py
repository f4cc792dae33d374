"""The journal: every fact of a service, as sent, in the transaction that changed the state.

Appended, never updated, never deleted: it is the audit trail, the outbox, and the source of every
replay. What the relay has yet to send stands in a table of its own, `unpublished`, so that the
journal itself is never written twice.

Why the order of sending is right without a clock, a sequence or a lock of ours: `unique (subject,
version)` lets version n + 1 be written only by a transaction that saw n committed. So the ids of
one subject's rows grow with their versions, and whoever reads all committed rows of a subject in
the order of their ids reads a prefix of its history.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import Rejected
from shared.facts import Fact
from shared.failpoints import failpoint
from shared.observing import metrics, traceparent

__all__ = [
    "BUCKETS",
    "MAX_FACT_BYTES",
    "JournalEntry",
    "append",
    "broken_chains",
    "bucket_of",
    "closed",
    "history",
    "reopen",
    "republish",
    "times",
]

BUCKETS: Final = 64
"""Parts of the subjects, each sent by one relay at a time. Stored in rows: never changed."""

MAX_FACT_BYTES: Final = 256 * 1024
"""Kafka refuses a record over its topic's limit for ever, so such a fact is never journaled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One fact as it was recorded and sent: `data` is the very bytes, `digest` chains them."""

    subject: str
    version: int
    type: str
    time: datetime
    actor: str
    correlation_id: str
    data: bytes
    digest: bytes

    def json(self) -> dict[str, Any]:
        """The fact's fields as JSON values."""
        fields: dict[str, Any] = json.loads(self.data)
        return fields


def bucket_of(subject: str) -> int:
    """0..63, the same in every process and for ever."""
    return zlib.crc32(subject.encode()) % BUCKETS


# One round trip: read the subject's last entry, chain the digests from it, write the entries,
# queue them and wake the relay. Where the last version is not the expected one `chain` has no
# first row, and nothing is written. Digest: sha256(the digest before || type || 0x00 || data).
_APPEND = text(r"""
with recursive
facts as materialized (
    select n, type, data
    from unnest(cast(:types as text[]), cast(:datas as bytea[]))
        with ordinality as f (type, data, n)
),
last as materialized (
    select version, digest from journal where subject = :subject order by version desc limit 1
),
chain (n, digest) as (
    select cast(0 as bigint), coalesce((select digest from last), cast('' as bytea))
    where coalesce((select version from last), 0) = :after
    union all
    select f.n,
           sha256(chain.digest || convert_to(f.type, 'UTF8') || cast('\x00' as bytea) || f.data)
    from chain join facts f on f.n = chain.n + 1
),
written as (
    insert into journal (subject, version, type, time, actor, correlation_id, traceparent,
                         data, digest, bucket)
    select :subject, :after + f.n, f.type, :time, :actor, :correlation_id, :traceparent,
           f.data, chain.digest, :bucket
    from chain join facts f using (n) order by f.n
    returning id
),
queued as (
    insert into unpublished (bucket, journal_id) select :bucket, id from written
)
select count(*), pg_notify('journal', '') from written
""")


async def append(
    connection: AsyncConnection,
    *,
    service: str,
    subject: str,
    after: int,
    facts: Sequence[Fact],
    actor: str,
    correlation_id: str,
    time: datetime,
) -> None:
    """Record what happened to `subject`, whose version was `after`; the facts get the next ones.

    In the caller's transaction, with one round trip, and the relay is woken when it commits.
    Raises Rejected("conflict", 409) if another writer was first, and the caller's transaction
    cannot be committed then, or nothing was written; Rejected("fact-too-large", 413) over 256 KiB.
    """
    if not facts:
        return
    datas = [fact.data() for fact in facts]
    for fact, data in zip(facts, datas, strict=True):
        if len(data) > MAX_FACT_BYTES:
            raise Rejected(
                "fact-too-large",
                f"{fact.type} would be {len(data)} bytes, more than {MAX_FACT_BYTES};"
                " shorten its longest lists or texts, or record it in several steps",
                status=413,
            )
    values = {
        "types": [fact.type for fact in facts],
        "datas": datas,
        "subject": subject,
        "after": after,
        "bucket": bucket_of(subject),
        "time": time,
        "actor": actor,
        "correlation_id": correlation_id,
        "traceparent": traceparent(),
    }
    try:
        written = (await connection.execute(_APPEND, values)).scalar_one()
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) != "23505":  # not a unique violation
            raise
        # the other writer committed between our look at the last version and our insert
        written = 0
    if written != len(facts):
        metrics.journal_conflicts.labels(service).inc()
        raise Rejected(
            "conflict",
            f"{subject} was changed by someone else since its version {after} was read;"
            " read it again and repeat the change",
        )
    failpoint("journal.written", OSError)


async def history(connection: AsyncConnection, subject: str) -> list[JournalEntry]:
    """All that happened to `subject`, oldest first; [] if it is unknown."""
    rows = await connection.execute(
        text(
            "select subject, version, type, time, actor, correlation_id, data, digest"
            " from journal where subject = :subject order by version"
        ),
        {"subject": subject},
    )
    return [JournalEntry(**row) for row in rows.mappings()]


async def times(
    connection: AsyncConnection, subjects: Sequence[str]
) -> dict[str, tuple[datetime, datetime]]:
    """When each subject was first and last written of."""
    rows = await connection.execute(
        text(
            "select subject, min(time), max(time) from journal"
            " where subject = any(cast(:subjects as text[])) group by subject"
        ),
        {"subjects": list(subjects)},
    )
    return {subject: (first, last) for subject, first, last in rows}


async def republish(
    connection: AsyncConnection,
    *,
    subject: str | None = None,
    type: str | None = None,  # noqa: A002 - the attribute's name on the wire
    bucket: int | None = None,
    after: int = 0,
) -> int:
    """Queue entries to be sent again: all, or those of a subject, type, bucket, behind a version.

    Returns how many were queued that were not yet. Readers drop what they have already applied.
    """
    queued = await connection.execute(
        text("""
            with queued as (
                insert into unpublished (bucket, journal_id)
                select bucket, id from journal
                where (cast(:subject as text) is null or subject = :subject)
                  and (cast(:type as text) is null or type = :type)
                  and (cast(:bucket as smallint) is null or bucket = :bucket)
                  and version > :after
                order by id
                on conflict do nothing
                returning 1
            )
            select count(*), pg_notify('journal', '') from queued
            """),
        {"subject": subject, "type": type, "bucket": bucket, "after": after},
    )
    return int(queued.scalar_one())


async def closed(connection: AsyncConnection) -> str | None:
    """Why this service may not record anything now, or None.

    Set by the relay when the topic holds events that this database does not: it was restored from
    an older back-up, and whatever it recorded now would contradict what readers already know.
    """
    reason: str | None = await connection.scalar(
        text("select closed_reason from publication where closed_reason is not null limit 1")
    )
    return reason


async def reopen(connection: AsyncConnection, *, actor: str, why: str, at: datetime) -> bool:
    """Record and send again, after an operator reconciled what had closed this service.

    False if it was not closed. It goes to the audit trail. The relay does not look again at what
    it closed for, only at what comes behind; so this is no way to make the difference go away.
    """
    reopened = await connection.scalar(
        text("""
            with reopened as (
                update publication set closed_reason = null
                where closed_reason is not null returning topic
            ), noted as (
                insert into operations (at, actor, action, details)
                select cast(:at as timestamptz), :actor, 'reopen',
                       jsonb_build_object('topic', topic, 'why', cast(:why as text))
                from reopened
            )
            select count(*) from reopened
            """),
        {"at": at, "actor": actor, "why": why},
    )
    return bool(reopened)


async def broken_chains(connection: AsyncConnection) -> list[str]:
    """The subjects whose digests do not follow from their bytes: someone changed the trail."""
    rows = await connection.scalars(
        text(r"""
            select distinct subject from (
                select subject, version, digest, row_number() over subjects as expected_version,
                       sha256(coalesce(lag(digest) over subjects, cast('' as bytea))
                              || convert_to(type, 'UTF8') || cast('\x00' as bytea) || data)
                           as expected
                from journal window subjects as (partition by subject order by version)
            ) entries
            where digest <> expected or version <> expected_version
            order by subject
            """)
    )
    return list(rows)
