"""What must hold in the end, read with asyncpg, confluent-kafka and hashlib alone.

Nothing of the product is imported here: a mistake of the product cannot agree with itself.
"""

import asyncio
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from confluent_kafka import Consumer, TopicPartition

from tests.support.publishing import Seen, read_all

TOPIC = "tests.events"
UPSTREAM = "upstream.tests"


@dataclass
class Findings:
    """All that there is to see of one installation."""

    journal: Mapping[str, Sequence[Any]]
    """Rows by subject, in the order of their versions."""
    notes: Mapping[str, Any]
    effects: Sequence[Any]
    """In the order in which they were written."""
    parked: Sequence[Any]
    log: Sequence[Seen]

    def refs(self) -> list[str]:
        """What the journal says was written down."""
        return [json.loads(row["data"])["last"] for rows in self.journal.values() for row in rows]


WAITING = """
select (select count(*) from unpublished) as unpublished, (select count(*) from held) as held,
    (select count(*) from journal) as journal,
    (select count(*) from effects
     where source = 'fact' and subject in (select subject from journal)) as effects
"""


def waits(counts: Mapping[str, int], discarded: int) -> str:
    """What still waits, by the answer to `WAITING`; "" if nothing does."""
    done = counts["effects"] == counts["journal"] - discarded
    waiting = counts["unpublished"] or counts["held"] or not done
    return str(counts) if waiting else ""


def lag(kafka_servers: str, prefix: str) -> str:
    """Records that their groups have not committed; "" if there are none."""
    for topic in (TOPIC, UPSTREAM):
        behind = _lag(kafka_servers, prefix, topic)
        if behind:
            return f"{topic}: {behind} behind"
    return ""


def _lag(kafka_servers: str, prefix: str, topic: str) -> int:
    reader = Consumer(
        {"bootstrap.servers": kafka_servers, "group.id": f"{prefix}tests.{topic}"}
        | {"enable.auto.commit": False, "log_level": 0}
    )
    try:
        partitions = reader.list_topics(prefix + topic, timeout=20).topics[prefix + topic]
        places = [TopicPartition(prefix + topic, number) for number in partitions.partitions]
        behind = 0
        for place in reader.committed(places, timeout=20):
            low, high = reader.get_watermark_offsets(place, timeout=20)
            behind += abs(high - max(low, place.offset))  # a topic made anew is shorter
        return behind
    finally:
        reader.close()


async def look(url: str, kafka_servers: str, prefix: str) -> Findings:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("select * from journal order by subject, version")
        journal: dict[str, list[Any]] = {}
        for row in rows:
            journal.setdefault(row["subject"], []).append(row)
        notes = {row["id"]: row for row in await connection.fetch("select * from notes")}
        effects = await connection.fetch("select * from effects order by id")
        parked = await connection.fetch("select * from parked order by id")
    finally:
        await connection.close()
    log = await asyncio.to_thread(read_all, kafka_servers, prefix + TOPIC)
    return Findings(journal, notes, effects, parked, log)


def assert_nothing_lost(found: Findings, *, ok: set[str], failed: set[str]) -> None:
    """The ledger against the journal: what was accepted is there once, what was refused is not;
    what nobody knows of is there once or not at all."""
    refs = found.refs()
    assert len(refs) == len(set(refs)), "something was journaled twice"
    assert ok - set(refs) == set(), "accepted, and not journaled"
    assert failed & set(refs) == set(), "refused, and journaled"


def assert_journal_sound(found: Findings) -> None:
    """Versions dense, digests chained, and the register is the fold of it."""
    for subject, rows in found.journal.items():
        digest = b""
        for version, row in enumerate(rows, start=1):
            assert row["version"] == version, f"{subject}: {version} is missing"
            digest = hashlib.sha256(digest + row["type"].encode() + b"\0" + row["data"]).digest()
            assert row["digest"] == digest, f"{subject}:{version}: the chain is broken"
        note = found.notes[subject]
        fold = json.loads(rows[-1]["data"])
        assert (note["version"], json.loads(note["document"])) == (len(rows), fold), subject
    assert set(found.notes) == set(found.journal)


def assert_log_complete(found: Findings, *, cut: Sequence[str] = ()) -> None:
    """In the newest filling of the topic each subject's facts are all there, none before the one
    below it, with the journal's bytes; each on the partition that its key says. Of the subjects
    in `cut` the trial itself has lost a fact, so theirs are there in some order."""
    newest = max((seen.epoch for seen in found.log if "ce_epoch" in seen.headers), default=1)
    partitions = 1 + max((seen.partition for seen in found.log), default=0)
    reached: dict[str, int] = {}
    for seen in found.log:
        subject = seen.headers.get("ce_subject", "")
        if subject not in found.journal:
            continue
        row = found.journal[subject][seen.version - 1]
        assert seen.value == row["data"], f"{subject}:{seen.version} has other bytes"
        if seen.epoch < newest:
            continue
        in_order = seen.version <= reached.get(subject, 0) + 1
        assert in_order or subject in cut, f"{subject}:{seen.version} came early"
        reached[subject] = max(reached.get(subject, 0), seen.version)
        if partitions > 1:
            assert seen.partition == zlib.crc32(subject.encode()) % partitions
    assert reached == {subject: len(rows) for subject, rows in found.journal.items()}


def assert_each_effect_once(
    found: Findings, *, happened: set[str], without: Sequence[str] = ()
) -> None:
    """The projection's rows are the journal's, each once, in the order of their subject; but those
    of these refs, which an operator gave up. Of each upstream event there is one row."""
    projected: dict[str, list[tuple[int, str]]] = {}
    for row in found.effects:
        if row["source"] == "fact" and row["subject"] in found.journal:
            projected.setdefault(row["subject"], []).append((row["version"], row["ref"]))
    expected = {
        subject: [
            (row["version"], ref)
            for row in rows
            if (ref := json.loads(row["data"])["last"]) not in without
        ]
        for subject, rows in found.journal.items()
    }
    for subject, rows in expected.items():
        assert projected.get(subject, []) == rows, subject
    assert projected.keys() <= expected.keys()
    upstream = [row["ref"] for row in found.effects if row["source"] == "upstream"]
    assert sorted(upstream) == sorted(happened)
