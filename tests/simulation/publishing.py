"""What the statements of journal, relay and control do."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

import asyncpg

from shared.journal import BUCKETS
from tests.simulation.database import Row, Transaction


def append(tx: Transaction, p: Any) -> list[Row]:
    subject, after, bucket = p["subject"], p["after"], p["bucket"]
    last = max(
        (row for _, row in tx.rows("journal") if row["subject"] == subject),
        key=lambda row: row["version"],
        default={"version": 0, "digest": b""},
    )
    if last["version"] != after:
        return [Row(count=0)]
    digest = last["digest"]
    facts = list(zip(p["types"], p["datas"], strict=True))
    for version, (type_, data) in enumerate(facts, start=after + 1):
        digest = hashlib.sha256(digest + type_.encode() + b"\0" + data).digest()
        tx.lock(("uq_journal", subject, version))  # another writer of it is waited for
        if tx.get("uq_journal", (subject, version)) is not None:
            raise asyncpg.UniqueViolationError("duplicate key")
        nth = tx.next_id("journal")
        row = {name: p[name] for name in ("subject", "time", "actor", "correlation_id", "bucket")}
        row |= {"id": nth, "version": version, "type": type_, "data": data, "digest": digest}
        tx.put("journal", nth, row | {"traceparent": p["traceparent"]})
        tx.put("uq_journal", (subject, version), {})
        tx.put("unpublished", (bucket, nth), {})
    tx.notifies = True
    return [Row(count=len(facts))]


def read_history(tx: Transaction, p: Any) -> list[Row]:
    columns = ("subject", "version", "type", "time", "actor", "correlation_id", "data", "digest")
    mine = (row for _, row in tx.rows("journal") if row["subject"] == p["subject"])
    return [
        Row({name: row[name] for name in columns})
        for row in sorted(mine, key=lambda row: int(row["version"]))
    ]


def _queue(tx: Transaction, entries: Iterable[dict[str, Any]]) -> int:
    queued = 0
    for row in entries:
        key = (row["bucket"], row["id"])
        tx.lock(("unpublished", key))
        if tx.get("unpublished", key) is None:
            tx.put("unpublished", key, {})
            queued += 1
    return queued


def republish(tx: Transaction, p: Any) -> list[Row]:
    fitting = [
        row
        for _, row in tx.rows("journal")
        if all(p[name] is None or p[name] == row[name] for name in ("subject", "type", "bucket"))
        and row["version"] > p["after"]
    ]
    tx.notifies = True
    return [Row(count=_queue(tx, sorted(fitting, key=lambda row: row["id"])))]


def queue_all(tx: Transaction, _p: Any) -> list[Row]:
    rows = sorted((row for _, row in tx.rows("journal")), key=lambda row: row["id"])
    return [Row(inserted=True)] * _queue(tx, rows)


# --- the relay ------------------------------------------------------------------------------------


def take_buckets(tx: Transaction, p: Any) -> list[Row]:
    buckets, most, locks = p
    waiting_in = {bucket for (bucket, _), _ in tx.rows("unpublished")}
    taken: list[Row] = []
    for bucket in buckets:
        if len(taken) == most:
            break
        if bucket in waiting_in and tx.try_lock(("advisory", locks, bucket)):
            taken.append(Row(bucket=bucket))
    return taken


def read_unpublished(tx: Transaction, p: Any) -> list[Row]:
    topic, buckets, most, most_bytes, refused = p
    publication = tx.get("publication", topic)
    if publication is None or publication["closed_reason"] is not None:
        return []
    found: list[Row] = []
    for bucket in buckets:
        ids = sorted(nth for (of, nth), _ in tx.rows("unpublished") if of == bucket)
        size, taken = 0, 0
        for nth in ids:
            entry = tx.get("journal", nth)
            if entry is None or entry["subject"] in refused:
                continue
            if taken == most or size >= most_bytes:
                break
            found.append(Row(**entry, journal_id=nth, epoch=publication["epoch"]))
            taken, size = taken + 1, size + len(entry["data"])
    return found


def mark_sent(tx: Transaction, p: Any) -> list[Row]:
    topic, offsets, buckets, ids = p
    for key in zip(buckets, ids, strict=True):
        tx.lock(("unpublished", key))
        if tx.get("unpublished", key) is not None:
            tx.delete("unpublished", key)
    publication = _publication(tx, topic)
    if publication is not None:
        known = publication["offsets"]
        reached = {
            part: max(last, known.get(part, last)) for part, last in json.loads(offsets).items()
        }
        tx.put("publication", topic, publication | {"offsets": known | reached})
    return []


def _publication(tx: Transaction, topic: str) -> dict[str, Any] | None:
    """The row, locked for a change."""
    if tx.get("publication", topic) is None:
        return None
    tx.lock(("publication", topic))
    return tx.get("publication", topic)


def my_turn(tx: Transaction, p: Any) -> list[Row]:
    tx.lock(("advisory", *p))
    return [Row(locked="")]


def all_buckets(tx: Transaction, p: Any) -> list[Row]:
    locks, last = p
    for bucket in range(last + 1):
        tx.lock(("advisory", locks, bucket))
    return [Row(locked="")] * BUCKETS


def remember_topic(tx: Transaction, p: Any) -> list[Row]:
    [topic] = p
    if tx.get("publication", topic) is None:
        tx.lock(("publication", topic))
        new: dict[str, Any] = {"epoch": 1, "cluster_id": None, "offsets": {}, "closed_reason": None}
        tx.put("publication", topic, new)
    return []


def read_publication(tx: Transaction, p: Any) -> list[Row]:
    row = tx.get("publication", p[0])
    return [] if row is None else [Row(**row | {"offsets": json.dumps(row["offsets"])})]


def fill_again(tx: Transaction, p: Any) -> list[Row]:
    topic, cluster, offsets = p
    row = _publication(tx, topic)
    assert row is not None
    new = row | {"epoch": row["epoch"] + 1, "cluster_id": cluster, "offsets": json.loads(offsets)}
    tx.put("publication", topic, new)
    return [Row(epoch=new["epoch"])]


def first_unknown(tx: Transaction, p: Any) -> list[Row]:
    known = {(row["subject"], row["version"], row["digest"]) for _, row in tx.rows("journal")}
    for nth, event in enumerate(zip(*p, strict=True), start=1):
        if event not in known:
            return [Row(nth=nth)]
    return []


def on_cluster(tx: Transaction, p: Any) -> list[Row]:
    row = _publication(tx, p[0])
    if row is not None:
        tx.put("publication", p[0], row | {"cluster_id": p[1]})
    return []


def close(tx: Transaction, p: Any) -> list[Row]:
    row = _publication(tx, p[0])
    if row is not None:
        new = {"offsets": json.loads(p[1]), "closed_reason": p[2]}
        tx.put("publication", p[0], row | new)
    return []


def gauges(tx: Transaction, p: Any) -> list[Row]:
    row = tx.get("publication", p[0])
    if row is None:
        return []
    unpublished = sum(1 for _ in tx.rows("unpublished"))
    closed = int(row["closed_reason"] is not None)
    return [Row(epoch=row["epoch"], closed=closed, unpublished=unpublished)]


# --- control --------------------------------------------------------------------------------------


def counts(tx: Transaction, p: Any) -> list[Row]:
    row = tx.get("publication", p["topic"])
    if row is None or row["closed_reason"] is not None:
        return []
    buckets: Counter[str] = Counter(str(entry["bucket"]) for _, entry in tx.rows("journal"))
    buckets.subtract(Counter(str(bucket) for (bucket, _), _ in tx.rows("unpublished")))
    return [Row(epoch=row["epoch"], offsets=row["offsets"], buckets=dict(buckets) or None)]


def what_changed(tx: Transaction, p: Any) -> list[Row]:
    row = tx.get("publication", p["topic"])
    if row is None:
        return []
    last = max((nth for nth, _ in tx.rows("journal")), default=None)
    unpublished = sum(1 for _ in tx.rows("unpublished"))
    return [Row(last=last, offsets=row["offsets"], epoch=row["epoch"], unpublished=unpublished)]
