"""What a service knows of its topic, and what it does when the topic is not what it was.

Kafka is a cache of the journals. So a topic that is empty, shorter than what was published, or on
another cluster is no accident to mourn: it is filled again, under a new *epoch*, which tells
readers to begin at the beginning. The other way round there is no such remedy: a topic that holds
facts which the journal lacks says that this database was restored from an older back-up. Recording
anything more would contradict what readers know: the service *closes* until that is reconciled.
"""

import json
from collections.abc import Mapping
from typing import Final

import asyncpg
import structlog

from shared.cluster import Kafka
from shared.failpoints import failpoint
from shared.journal import BUCKETS
from shared.relay.topic import Published, Topic, look_at, published_after

__all__ = ["LOCKS", "MARK_SENT", "Publication"]

log = structlog.get_logger()

LOCKS: Final = 7_302_027
"""Class of the advisory locks (class, bucket); BUCKETS itself is the look at the topic."""

_LONG_SECONDS: Final = 3600.0
"""For what takes as long as the journal is large, or waits for another relay that does it."""

_MY_TURN: Final = "select pg_advisory_xact_lock($1, $2)"
_REMEMBER: Final = """
insert into publication (topic) values ($1) on conflict (topic) do nothing
"""
_RECORDED: Final = """
select epoch, cluster_id, offsets, closed_reason from publication where topic = $1
"""
_ALL_BUCKETS: Final = """
select pg_advisory_xact_lock($1, bucket) from generate_series(0, $2) bucket
"""
# $1 topic, $2 offsets as JSON (never backwards: several relays come here, in any order), $3 and $4
# the rows that are in the log
MARK_SENT: Final = """
with gone as (
    delete from unpublished using unnest($3::smallint[], $4::bigint[]) as sent (bucket, journal_id)
    where unpublished.bucket = sent.bucket and unpublished.journal_id = sent.journal_id
)
update publication set offsets = offsets || (
    select coalesce(jsonb_object_agg(partition, greatest(
               cast(reached as bigint), cast(offsets ->> partition as bigint))), '{}')
    from jsonb_each_text($2::jsonb) as sent (partition, reached)
) where topic = $1
"""
_NEW_EPOCH: Final = """
update publication set epoch = epoch + 1, cluster_id = $2, offsets = $3 where topic = $1
returning epoch
"""
_QUEUE_ALL: Final = """
insert into unpublished (bucket, journal_id) select bucket, id from journal order by id
on conflict do nothing
"""
_UNKNOWN: Final = """
select seen.nth from unnest($1::text[], $2::integer[], $3::bytea[])
    with ordinality as seen (subject, version, digest, nth)
where not exists (
    select from journal
    where journal.subject = seen.subject and journal.version = seen.version
      and journal.digest = seen.digest
)
order by seen.nth limit 1
"""
_ON: Final = "update publication set cluster_id = $2 where topic = $1"
_CLOSE: Final = "update publication set offsets = $2, closed_reason = $3 where topic = $1"


class Publication:
    """The row of `publication` for one topic: epoch, cluster, last offsets, and the doors."""

    def __init__(self, *, service: str, topic: str, kafka: Kafka) -> None:
        self._source = f"/rapport/{service}"
        self._topic = topic
        self._kafka = kafka

    async def check(
        self, connection: asyncpg.Connection, *, cut_in_epoch: int | None = None
    ) -> dict[int, int]:
        """Compare the topic with what was recorded of it, and set right what can be.

        Many relays may do this at once: they take turns. `cut_in_epoch` says that the caller saw
        events of that epoch vanish. Returns the last offset of each partition. Raises Transient
        where the topic cannot be looked at; nothing was changed then.
        """
        async with connection.transaction():
            await connection.execute(_MY_TURN, LOCKS, BUCKETS, timeout=_LONG_SECONDS)
            await connection.execute(_REMEMBER, self._topic)
            # in this order: other relays go on sending, so the topic may only be seen later
            recorded = await connection.fetchrow(_RECORDED, self._topic)
            topic = await look_at(self._topic, kafka=self._kafka)
            failpoint("relay.looked", asyncpg.ConnectionDoesNotExistError)
            if recorded is None or recorded["closed_reason"] is not None:
                return {}
            offsets = {int(part): last for part, last in json.loads(recorded["offsets"]).items()}
            another = recorded["cluster_id"] not in (None, topic.cluster_id)
            shorter = any(last >= topic.ends.get(part, 0) for part, last in offsets.items())
            if another or shorter or recorded["epoch"] == cut_in_epoch:
                why = "another-cluster" if another else "events-lost"
                # of another cluster's records nothing is known yet: all of them are looked at
                offsets = {} if another else _last(topic)
                await self._fill_again(connection, topic, offsets=offsets, why=why)
            unknown = await self._first_unknown(connection, topic, offsets)
            if unknown is not None:
                await self._close(connection, topic, unknown)
            elif offsets != _last(topic) or recorded["cluster_id"] is None:
                await connection.execute(MARK_SENT, self._topic, json.dumps(_last(topic)), [], [])
                await connection.execute(_ON, self._topic, topic.cluster_id)
            failpoint("relay.checked", asyncpg.ConnectionDoesNotExistError)
        return _last(topic)

    async def _fill_again(
        self,
        connection: asyncpg.Connection,
        topic: Topic,
        *,
        offsets: Mapping[int, int],
        why: str,
    ) -> None:
        # wait for batches in flight, so that nothing of the old epoch comes behind the new one
        await connection.fetch(_ALL_BUCKETS, LOCKS, BUCKETS - 1, timeout=_LONG_SECONDS)
        epoch = await connection.fetchval(
            _NEW_EPOCH, self._topic, topic.cluster_id, json.dumps(offsets)
        )
        failpoint("relay.epoch-opened", asyncpg.ConnectionDoesNotExistError)
        queued = await connection.execute(_QUEUE_ALL, timeout=_LONG_SECONDS)
        failpoint("relay.all-queued", asyncpg.ConnectionDoesNotExistError)
        log.warning(
            "topic-filled-again",
            topic=self._topic,
            why=why,
            epoch=epoch,
            events=int(queued.rsplit(" ", 1)[1]),
        )

    async def _first_unknown(
        self, connection: asyncpg.Connection, topic: Topic, offsets: Mapping[int, int]
    ) -> Published | None:
        """The first event behind `offsets` that is not in the journal.

        Those that are there are our own: sent by another relay this moment, or before a crash.
        """
        seen_all = published_after(
            self._topic,
            kafka=self._kafka,
            source=self._source,
            offsets=offsets,
            ends=topic.ends,
        )
        async for seen in seen_all:
            nth: int | None = await connection.fetchval(
                _UNKNOWN,
                [event.subject for event in seen],
                [event.version for event in seen],
                [event.digest for event in seen],
            )
            if nth is not None:
                return seen[nth - 1]
        return None

    async def _close(
        self, connection: asyncpg.Connection, topic: Topic, unknown: Published
    ) -> None:
        reason = (
            f"the topic {self._topic} holds events that this database does not, the first of them"
            f" {unknown.subject}:{unknown.version} (partition {unknown.partition}, offset"
            f" {unknown.offset}): the database was restored from an older back-up. Restore a newer"
            " one; `rapport doctor` says what else can be done"
        )
        await connection.execute(_CLOSE, self._topic, json.dumps(_last(topic)), reason)
        failpoint("relay.closing", asyncpg.ConnectionDoesNotExistError)
        log.error("service-closed", topic=self._topic, why=reason)


def _last(topic: Topic) -> dict[int, int]:
    """The last offset of each partition that has any record."""
    return {partition: end - 1 for partition, end in topic.ends.items() if end > 0}
