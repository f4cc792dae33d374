"""Journal -> Kafka: takes buckets, sends what waits in them, and marks it as sent.

One step is one transaction of PostgreSQL:

1. lock some buckets that have unpublished rows (`pg_try_advisory_xact_lock`: a bucket that another
   relay holds is left to it);
2. *in a new statement*, so that its snapshot is younger than the locks, read their rows in the
   order of the journal: for each subject a prefix of what waits, never a later version first;
3. send them, and wait for the acknowledgement of all in-sync replicas;
4. delete the rows that were acknowledged, record the offsets reached, commit.

A crash between 3 and 4 sends again: readers see duplicates, never a gap and never another order.
Any number of relays may run, in any number of processes, without a leader.
"""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator
from typing import Any, Final

import asyncpg
import structlog
from sqlalchemy import text

from shared.cluster import Kafka
from shared.database import Database
from shared.errors import Transient
from shared.failpoints import failpoint
from shared.journal import BUCKETS
from shared.observing import metrics
from shared.relay.publication import LOCKS, MARK_SENT, Publication
from shared.relay.sending import Sender, Sent

__all__ = ["Relay"]

log = structlog.get_logger()

_ROWS: Final = 2000
_BYTES: Final = 16 * 1024 * 1024
_POLL_SECONDS: Final = 1.0
"""NOTIFY may be lost with its connection; the poll is what cannot be."""
_CHECK_SECONDS: Final = 30.0
_REFUSED_SECONDS: Final = 60.0
_IDLE_SECONDS: Final = 60
_LONGEST_SECONDS: Final = 3600
_GRACE_SECONDS: Final = 3.0
"""For the batch in hand when the process stops; broken off, it is sent again by who comes next."""

# CASE, because PostgreSQL may otherwise lock first and look for rows afterwards; LIMIT, so that
# no more is locked than will be worked. $1: the buckets in the order of this turn.
_TAKE: Final = """
select bucket from unnest($1::smallint[]) bucket
where case when exists (select from unpublished waiting where waiting.bucket = bucket.bucket)
           then pg_try_advisory_xact_lock($3, bucket) else false end
limit $2
"""
_READ: Final = """
select next.*, publication.epoch
from publication
cross join unnest($2::smallint[]) as taken (bucket)
cross join lateral (
    select sized.* from (
        select unpublished.bucket, journal_id, subject, version, type, time, actor,
               correlation_id, traceparent, data, digest,
               sum(octet_length(data)) over (order by journal_id) - octet_length(data) as before
        from unpublished join journal on journal.id = journal_id
        where unpublished.bucket = taken.bucket and subject <> all ($5::text[])
        order by journal_id limit $3
    ) sized where before < $4
) next
where publication.topic = $1 and publication.closed_reason is null
"""
_GAUGES: Final = """
select epoch, cast(closed_reason is not null as integer) as closed,
       (select count(*) from unpublished) as unpublished
from publication where topic = $1
"""
_STATUS: Final = text("""
select
    (select case when estimate > 100000 then estimate else (select count(*) from journal) end
     from (select cast(reltuples as bigint) as estimate
           from pg_class where oid = cast('journal' as regclass)) sizes) as journal,
    (select count(*) from unpublished) as unpublished,
    coalesce((select epoch from publication where topic = :topic), 1) as epoch,
    (select closed_reason from publication where topic = :topic) as closed
""")

_DATABASE_AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,  # the connection is gone
    asyncpg.InternalClientError,  # it went while we slept in the midst of a statement
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, restarted, cancelled
    asyncpg.InsufficientResourcesError,  # a full disk, too
    asyncpg.PostgresIOError,
    asyncpg.TransactionRollbackError,
    asyncpg.InvalidTransactionStateError,  # the session hung too long in its transaction
    asyncpg.ReadOnlySQLTransactionError,  # a standby that is not promoted yet
    asyncpg.InvalidCatalogNameError,  # the database is being restored
    asyncpg.InvalidAuthorizationSpecificationError,
)


class Relay:
    """Publishes one service's journal to its topic, for as long as `run` runs."""

    def __init__(
        self, *, service: str, database: Database, topic: str, kafka_servers: str | Kafka
    ) -> None:
        self._database = database
        self._topic = topic
        kafka = Kafka.at(kafka_servers)
        self._publication = Publication(service=service, topic=topic, kafka=kafka)
        self._sender = Sender(service=service, topic=topic, kafka=kafka)
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._stopped = asyncio.Event()
        self._stopped.set()
        self._running: asyncio.Task[None] | None = None
        self._waits_for: str | None = "the relay has not looked at its topic yet"
        self._width = BUCKETS
        self._refused: dict[str, float] = {}

    def not_ready(self) -> str | None:
        """What the relay waits for, or None while it can send."""
        return self._waits_for

    async def status(self) -> dict[str, Any]:
        """`journal` (facts; an estimate over 100 000), `unpublished`, `epoch`, `closed`."""
        async with self._database.connect() as connection:
            row = (await connection.execute(_STATUS, {"topic": self._topic})).mappings().one()
        return dict(row)

    async def run(self) -> None:
        """Send until `stop`. While database, Kafka or topic is away it waits; it never gives up."""
        self._stopped.clear()
        self._running = asyncio.create_task(self._run())
        try:
            await self._running
        except asyncio.CancelledError:
            if not self._stopping.is_set():
                raise
        finally:
            await self._sender.drop()
            self._stopped.set()

    async def stop(self) -> None:
        """End `run` after the batch in hand, or in the midst of it if that takes too long."""
        self._stopping.set()
        self._woken.set()
        if self._running is not None:
            await asyncio.wait({self._running}, timeout=_GRACE_SECONDS)
            self._running.cancel()
        await self._stopped.wait()

    async def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                async with self._connected() as connection:
                    await self._check(connection)
                    failures = 0
                    await self._work(connection)
            except (Transient, *_DATABASE_AWAY) as away:
                failures += 1
                why = str(away) if isinstance(away, Transient) else "the database is away"
                self._wait_for(why, error=type(away.__cause__ or away).__name__)
                # full jitter: relays that lost the same broker must not come back as one
                await self._pause(random.uniform(0, min(5.0, 0.2 * 2 ** min(failures, 8))))

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection of its own: pools reset LISTEN, and a step may wait for Kafka."""
        connection = await asyncpg.connect(
            self._database.dsn,
            timeout=5,
            command_timeout=60,
            server_settings={
                "application_name": f"relay {self._topic}",
                "timezone": "UTC",
                # a relay that hangs, between its statements or in the midst of sending one, must
                # not keep its buckets for ever
                "idle_in_transaction_session_timeout": f"{_IDLE_SECONDS}s",
                "transaction_timeout": f"{_LONGEST_SECONDS}s",
                "jit": "off",
            },
        )
        try:
            await connection.add_listener("journal", self._wake)
            yield connection
        finally:
            connection.terminate()

    def _wake(self, *_notice: object) -> None:
        self._woken.set()

    async def _work(self, connection: asyncpg.Connection) -> None:
        checked = time.monotonic()
        while not self._stopping.is_set():
            self._woken.clear()
            sent = await self._step(connection)
            if sent is not None and (sent.unknown or sent.log_was_cut):
                # the reason may be that this is not the topic any more that it was
                await self._check(connection, after=sent)
            elif time.monotonic() - checked > _CHECK_SECONDS:
                await self._check(connection)
                checked = time.monotonic()
            elif sent is not None:
                self._wait_for(None)
            if sent is None or not sent.acknowledged:
                await self._pause(_POLL_SECONDS)

    async def _check(self, connection: asyncpg.Connection, *, after: Sent | None = None) -> None:
        cut = after.epoch if after is not None and after.log_was_cut else None
        self._sender.reached = await self._publication.check(connection, cut_in_epoch=cut)
        if after is None or after.acknowledged or after.too_large:
            self._wait_for(None)
        else:
            self._wait_for(f"Kafka does not take events for {self._topic}: {after.error}")
        [row] = await connection.fetch(_GAUGES, self._topic)
        metrics.relay_unpublished.labels(self._topic).set(row["unpublished"])
        metrics.relay_epoch.labels(self._topic).set(row["epoch"])
        metrics.relay_closed.labels(self._topic).set(row["closed"])

    async def _step(self, connection: asyncpg.Connection) -> Sent | None:
        """One batch; None if nothing waits that is ours to send."""
        began = time.monotonic()
        async with connection.transaction():
            rows = await self._take(connection)
            if not rows:
                return None
            failpoint("relay.taken", asyncpg.ConnectionDoesNotExistError)
            sent = await self._sender.send(rows, epoch=rows[0]["epoch"])
            failpoint("relay.sent", asyncpg.ConnectionDoesNotExistError)
            if not sent.log_was_cut:
                done = [rows[index] for index in sent.acknowledged]
                await connection.execute(
                    MARK_SENT,
                    self._topic,
                    json.dumps(sent.offsets),
                    [row["bucket"] for row in done],
                    [row["journal_id"] for row in done],
                )
            failpoint("relay.marked", asyncpg.ConnectionDoesNotExistError)
        failpoint("relay.committed", asyncpg.ConnectionDoesNotExistError)
        self._note(sent, seconds=time.monotonic() - began)
        return sent

    def _note(self, sent: Sent, *, seconds: float) -> None:
        metrics.relay_batch.labels(self._topic).observe(seconds)
        metrics.relay_sent.labels(self._topic).inc(len(sent.acknowledged))
        if sent.unknown:
            metrics.relay_unknown.labels(self._topic).inc(sent.unknown)
            log.warning("sends-unknown", topic=self._topic, events=sent.unknown, error=sent.error)
        for subject in sent.too_large:
            # an operator may raise the topic's limit, so it is tried again now and then
            self._refused[subject] = time.monotonic() + _REFUSED_SECONDS
            log.error("event-too-large-for-topic", topic=self._topic, subject=subject)
        metrics.relay_refused.labels(self._topic).set(len(self._refused))

    async def _take(self, connection: asyncpg.Connection) -> list[Any]:
        now = time.monotonic()
        self._refused = {s: until for s, until in self._refused.items() if until > now}
        order = random.sample(range(BUCKETS), BUCKETS)
        taken = await connection.fetch(_TAKE, order, self._width, LOCKS)
        buckets = [row["bucket"] for row in taken]
        if not buckets:
            return []
        share = max(1, _ROWS // len(buckets))
        rows = await connection.fetch(
            _READ, self._topic, buckets, share, _BYTES // len(buckets), list(self._refused)
        )
        # few rows in many buckets, or many rows in few: either way a batch worth its round trips
        full = len(rows) >= _ROWS // 2
        self._width = max(1, self._width // 2) if full else min(BUCKETS, self._width * 2)
        return rows

    async def _pause(self, seconds: float) -> None:
        """Until something was journaled, or `stop`, or the time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()

    def _wait_for(self, what: str | None, *, error: str | None = None) -> None:
        """Say it when it changes: in the log, and to whoever asks `not_ready`."""
        if what == self._waits_for:
            return
        self._waits_for = what
        if what is None:
            log.info("relay-ready", topic=self._topic)
        else:
            log.warning("relay-waits", topic=self._topic, why=what, error=error)
