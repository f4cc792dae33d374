"""How each kind of place is reached: what is done to a lane while it works."""

import asyncio
import hashlib
import json
import signal
import zlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaException

from tests.faults.driving import Lane, Process
from tests.faults.small_service import TOPIC, Noted
from tests.support.publishing import create_topic, delete_topic

__all__ = ["DIGESTS", "MATRIX", "SCENARIOS", "Scenario"]

Step = Callable[[Lane, Process], Coroutine[Any, Any, None]]


async def nothing(_lane: Lane, _process: Process) -> None:
    """Commands alone lead here."""


@dataclass(frozen=True)
class Scenario:
    """`before`: the process starts. `provoke`: runs beside the load, to its end, in every mode.

    `discarded`: refs that an operator gives up in it. `cut`: subjects that lose a fact on the way.
    `ends`: the process is asked to stop.
    """

    provoke: Step = nothing
    before: Callable[[Lane], Awaitable[None]] | None = None
    discarded: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    ends: bool = False


async def written(lane: Lane, note: str, ref: str) -> None:
    """A command that is given again until it is known to be taken."""

    async def taken() -> bool:
        for process in [each for each in lane.living if each.taking]:
            if await lane.command(note, process, ref=ref) == "ok":
                return True
        return False

    await lane.until(taken, f"{ref} was not taken")


async def some_effects(lane: Lane) -> None:
    """What is published has been read."""
    many = "select 1 from effects having count(*) > 20"
    await lane.until(lambda: lane.sql(many), "nothing has an effect")


async def upstream_events(lane: Lane, _process: Process) -> None:
    for number in range(8):
        for _ in range(2):  # upstream systems repeat themselves
            await asyncio.to_thread(lane.happen, f"u{number}")


async def unreadable(lane: Lane, _process: Process) -> None:
    await asyncio.to_thread(lane.put, TOPIC, b"\xff{")
    await lane.until(
        lambda: lane.sql("select * from parked where subject is null"), "nothing was parked"
    )


async def lost_event(lane: Lane, _process: Process) -> None:
    """The first fact of a subject is in the journal, was called sent, and is in no log."""
    data = json.dumps({"last": "lost"}).encode()
    digest = hashlib.sha256(Noted.type.encode() + b"\0" + data).digest()
    await lane.sql(
        "with note as (insert into notes values ('gappy', 1, null, '', '', $4))"
        " insert into journal (subject, version, type, time, actor, correlation_id, data, digest,"
        " bucket) values ('gappy', 1, $1, now(), 'driver', 'c', $2, $3, $5)",
        Noted.type,
        data,
        digest,
        data.decode(),
        zlib.crc32(b"gappy") % 64,
    )
    lane.ledger.write("lost", "ok")
    await written(lane, "gappy", "after-it")
    await lane.until(
        lambda: lane.sql("select * from effects where ref = 'after-it'"), "the gap stays open"
    )


async def topic_made_anew(lane: Lane, _process: Process) -> None:
    """The topic is lost; before the service fills it again, something else stands first in it."""
    name = lane.prefix + TOPIC
    await some_effects(lane)
    await asyncio.to_thread(delete_topic, lane.kafka_servers, name)
    while True:
        try:
            await asyncio.to_thread(create_topic, lane.kafka_servers, name, partitions=2)
        except KafkaException:  # it is still being deleted
            await asyncio.sleep(0.1)
        else:
            break
    for partition in range(2):
        await asyncio.to_thread(lane.put, TOPIC, b"\xff{", partition=partition)
    await lane.until(
        lambda: lane.sql("select * from publication where epoch > 1"), "there is no new epoch"
    )


async def foreign_fact(lane: Lane) -> None:
    """The topic holds a fact that the journal does not."""
    headers = [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", b"foreign:1"),
        ("ce_source", b"/rapport/tests"),
        ("ce_type", Noted.type.encode()),
        ("ce_subject", b"foreign"),
        ("ce_time", b"2025-11-17T01:00:00Z"),
        ("ce_sequence", b"1"),
        ("ce_digest", b"ab" * 32),
        ("ce_epoch", b"1"),
        ("ce_actor", b"somebody"),
        ("ce_correlationid", b"c"),
    ]
    await asyncio.to_thread(lane.put, TOPIC, b'{"last": "foreign"}', headers)


async def reopened(lane: Lane, _process: Process) -> None:
    closed = "select * from publication where closed_reason is not null"
    await lane.until(lambda: lane.sql(closed), "the service did not close")
    while await lane.sql(closed):
        await lane.ask("/reopen", {"why": "It was a trial."})


async def asked_to_stop(lane: Lane, process: Process) -> None:
    await some_effects(lane)
    process.taking = False
    process.send(signal.SIGTERM)


async def thorn(lane: Lane, *refs: str) -> None:
    """The first ref makes the projection fail, and is parked; the others wait behind it."""
    await lane.sql("insert into thorns values ($1)", refs[0])
    for ref in refs:
        await written(lane, "thorny", ref)
    parked = "select 1 from parked where subject = 'thorny' having count(*) = $1"
    await lane.until(lambda: lane.sql(parked, len(refs)), "the thorn was not parked")
    await lane.sql("delete from thorns")


async def replayed(lane: Lane, _process: Process) -> None:
    await thorn(lane, "t1", "t2", "t3")
    while await lane.sql("select * from parked"):
        await lane.ask("/parked/replay", {"subject": "thorny"})


async def replayed_unread(lane: Lane, _process: Process) -> None:
    """As a record that could not be read when it came."""
    await thorn(lane, "t1")
    await lane.sql("update parked set subject = null, version = null")
    while await lane.sql("select * from parked"):
        await lane.ask("/parked/replay", {})


async def discarded(lane: Lane, _process: Process) -> None:
    await thorn(lane, "t1", "t2")
    while found := await lane.sql("select id from parked where version = 1"):
        await lane.ask("/parked/discard", {"id": found[0]["id"], "reason": "It was a trial."})
    while await lane.sql("select * from parked"):
        await lane.ask("/parked/replay", {"subject": "thorny"})


async def upstream_replayed(lane: Lane, _process: Process) -> None:
    await lane.sql("insert into thorns values ('u1')")
    await asyncio.to_thread(lane.happen, "u1")
    await lane.until(lambda: lane.sql("select * from parked"), "the event was not parked")
    await lane.sql("delete from thorns")
    while await lane.sql("select * from parked"):
        await lane.ask("/parked/replay", {})


SCENARIOS = {
    "commands": Scenario(),
    "upstream events": Scenario(upstream_events),
    "an unreadable record": Scenario(unreadable),
    "a lost event": Scenario(lost_event, cut=("gappy",)),
    "a topic made anew": Scenario(topic_made_anew),
    "a service that closes": Scenario(reopened, before=foreign_fact),
    "a stop": Scenario(asked_to_stop, ends=True),
    "a replay": Scenario(replayed),
    "a replay of what was not read": Scenario(replayed_unread),
    "a discard": Scenario(discarded, discarded=("t1",)),
    "a replay of upstream": Scenario(upstream_replayed),
}

MATRIX: Final = {
    "commands": [
        "http.claimed",
        "journal.written",
        "database.committing",
        "database.committed",
        "relay.looked",
        "relay.checked",
        "relay.taken",
        "relay.flying",
        "relay.sent",
        "relay.marked",
        "relay.committed",
        "consumer.marked",
        "consumer.advanced",
        "consumer.projected",
        "consumer.foreseen",
        "consumer.foreseen-committed",
        "consumer.committed",
        "consumer.acknowledging",
        "consumer.acknowledged",
    ],
    "upstream events": ["upstream.received", "upstream.handled", "upstream.committed"],
    "an unreadable record": ["parking.parked"],
    "a lost event": [
        "consumer.held",
        "consumer.released",
        "control.said",
        "control.republished",
    ],
    "a topic made anew": [
        "relay.epoch-opened",
        "relay.all-queued",
        "consumer.rewound",
        "consumer.epoch-stored",
    ],
    "a service that closes": ["relay.closing"],
    "a stop": ["consumer.cleared"],
    "a replay": ["parking.tried", "parking.removed", "parking.audited", "parking.replayed"],
    "a replay of what was not read": ["parking.unread-applied"],
    "a discard": ["parking.discarded"],
    "a replay of upstream": ["upstream.replayed"],
}
"""How each failpoint of the plumbing is reached."""

DIGESTS: Final = [
    "digest.due",
    "digest.claimed",
    "digest.items-claimed",
    "digest.rendered",
    "digest.submitting",
    "digest.sent",
    "digest.settled",
]
"""Those in the life of a digest: tests/faults/test_digest_failpoints.py."""
