"""What the consumer's statements do: positions, gaps, marks, what is parked, counts, effects."""

from collections import Counter
from typing import Any

from tests.simulation.database import Row, Transaction


def read_positions(tx: Transaction, p: Any) -> list[Row]:
    consumer, subjects = p
    found = ((subject, tx.get("positions", (consumer, subject))) for subject in subjects)
    return [
        Row(subject=subject, version=row["version"], digest=row["digest"])
        for subject, row in found
        if row is not None
    ]


def read_generation(tx: Transaction, p: Any) -> list[Row]:
    row = tx.get("generations", p[0])
    return [] if row is None else [Row(generation=row["generation"])]


def first_generation(tx: Transaction, p: Any) -> list[Row]:
    tx.lock(("generations", p[0]))
    if tx.get("generations", p[0]) is None:
        tx.put("generations", p[0], {"generation": 1})
    return []


def advance_positions(tx: Transaction, p: Any) -> list[Row]:
    consumer, *columns, generation = p
    if tx.get("generations", consumer) != {"generation": generation}:
        return []
    moved = 0
    batch = sorted(zip(*columns, strict=True))
    for first in (True, False):
        for subject, version, digest, was, was_digest, bucket in batch:
            if (was == 0) != first:
                continue
            key = (consumer, subject)
            tx.lock(("positions", key))
            row = tx.get("positions", key)
            fits = (
                row is None
                if first
                else row is not None and (row["version"] == was and row["digest"] == was_digest)
            )
            if fits:
                new = {"version": version, "digest": digest, "bucket": bucket}
                tx.put("positions", key, new)
                moved += 1
    return [Row(count=moved)]


def parked_subjects(tx: Transaction, p: Any) -> list[Row]:
    [consumer] = p
    subjects = dict.fromkeys(
        row["subject"]
        for _, row in tx.rows("parked")
        if row["consumer"] == consumer and row["subject"] is not None
    )
    return [Row(subject=subject) for subject in subjects]


def parked_of(tx: Transaction, p: Any) -> list[Row]:
    consumer, subjects = p
    return [row for row in parked_subjects(tx, [consumer]) if row.subject in subjects]


def parked_unread(tx: Transaction, p: Any) -> list[Row]:
    consumer, topic, *columns = p
    places = set(zip(*columns, strict=True))
    return [
        Row(**row)
        for _, row in tx.rows("parked")
        if (row["consumer"], row["topic"], row["subject"]) == (consumer, topic, None)
        and (row["partition"], row["record_offset"]) in places
    ]


def lock_subject(tx: Transaction, p: Any) -> list[Row]:
    tx.lock(("advisory", *p))
    return [Row(locked="")]


def park(tx: Transaction, p: Any) -> list[Row]:
    consumer, topic, now, *columns = p
    names = ("partition", "record_offset", "epoch", "subject", "version", "reason", "path")
    for values in zip(*columns, strict=True):
        row = dict(zip((*names, "record"), values, strict=True))
        row |= {"consumer": consumer, "topic": topic, "parked_at": now}
        same_fact = any(
            other["consumer"] == consumer
            and (
                (row["partition"], row["record_offset"], row["epoch"], topic)
                == (other["partition"], other["record_offset"], other["epoch"], other["topic"])
                or (
                    row["version"] is not None
                    and (row["subject"], row["version"]) == (other["subject"], other["version"])
                )
            )
            for _, other in tx.rows("parked")
        )
        if not same_fact:
            nth = tx.next_id("parked")
            tx.put("parked", nth, row | {"id": nth})
    return []


def hold(tx: Transaction, p: Any) -> list[Row]:
    consumer, subjects, versions, records, now, most = p
    room = most - sum(row["consumer"] == consumer for _, row in tx.rows("held"))
    facts = list(zip(subjects, versions, records, strict=True))
    for subject, version, record in facts[: max(0, room)]:
        key = (consumer, subject, version)
        tx.lock(("held", key))
        if tx.get("held", key) is None:
            row = {"consumer": consumer, "subject": subject, "version": version}
            tx.put("held", key, row | {"record": record, "since": now})
    return []


def read_held(tx: Transaction, p: Any) -> list[Row]:
    consumer, subjects = p
    return [
        Row(record=row["record"])
        for _, row in tx.rows("held")
        if row["consumer"] == consumer and row["subject"] in subjects
    ]


def release_held(tx: Transaction, p: Any) -> list[Row]:
    consumer, subjects, versions = p
    reached = dict(zip(subjects, versions, strict=True))
    for key, row in list(tx.rows("held")):
        if row["consumer"] == consumer and row["version"] <= reached.get(row["subject"], 0):
            tx.delete("held", key)
    return []


def tidy_held(tx: Transaction, p: Any) -> list[Row]:
    [consumer] = p
    for key, row in list(tx.rows("held")):
        position = tx.get("positions", (consumer, row["subject"]))
        if row["consumer"] == consumer and position and row["version"] <= position["version"]:
            tx.delete("held", key)
    return []


def waiting(tx: Transaction, p: Any) -> list[Row]:
    [consumer] = p
    since: dict[str, Any] = {}
    for _, row in tx.rows("held"):
        if row["consumer"] == consumer:
            before = since.get(row["subject"], row["since"])
            since[row["subject"]] = min(before, row["since"])
    found = []
    for subject, first in since.items():
        position = tx.get("positions", (consumer, subject))
        after = 0 if position is None else position["version"]
        found.append(Row(subject=subject, after=after, since=first))
    return found


def read_marks(tx: Transaction, p: Any) -> list[Row]:
    consumer, topic, partitions = p
    found = ((n, tx.get("partitions", (consumer, topic, n))) for n in partitions)
    return [Row(partition=n, **row) for n, row in found if row is not None]


def mark(tx: Transaction, p: Any) -> list[Row]:
    consumer, topic, *columns = p
    for partition, first, last, attempts in sorted(zip(*columns, strict=True)):
        key = (consumer, topic, partition)
        tx.lock(("partitions", key))
        row = tx.get("partitions", key) or {"epoch": 0}
        new = {"started_from": first, "started_to": last, "attempts": attempts}
        tx.put("partitions", key, {"epoch": row["epoch"]} | new)
    return []


def new_epoch(tx: Transaction, p: Any) -> list[Row]:
    consumer, topic, partition, epoch = p
    key = (consumer, topic, partition)
    tx.lock(("partitions", key))
    row = tx.get("partitions", key) or {"attempts": 0}
    new = {"epoch": epoch, "started_from": None, "started_to": None}
    tx.put("partitions", key, new | {"attempts": row["attempts"]})
    return []


def lower_epochs(tx: Transaction, p: Any) -> list[Row]:
    consumer, topic, epoch, partitions = p
    for partition in partitions:
        key = (consumer, topic, partition)
        tx.lock(("partitions", key))
        row = tx.get("partitions", key)
        if row is not None and row["epoch"] > epoch:
            tx.put("partitions", key, row | {"epoch": epoch})
    return []


def clear_marks(tx: Transaction, p: Any) -> list[Row]:
    consumer, topic, partitions = p
    for partition in partitions:
        key = (consumer, topic, partition)
        tx.lock(("partitions", key))
        row = tx.get("partitions", key)
        if row is not None:
            none = {"started_from": None, "started_to": None, "attempts": 0}
            tx.put("partitions", key, row | none)
    return []


def read_epochs(tx: Transaction, p: Any) -> list[Row]:
    return [
        Row(partition=partition, epoch=row["epoch"])
        for (consumer, _, partition), row in tx.rows("partitions")
        if consumer == p[0]
    ]


def count_positions(tx: Transaction, p: Any) -> list[Row]:
    events: Counter[int] = Counter()
    for (consumer, _), row in tx.rows("positions"):
        if consumer == p[0]:
            events[row["bucket"]] += row["version"]
    return [Row(bucket=bucket, events=count) for bucket, count in events.items()]


def count_ahead(tx: Transaction, p: Any) -> list[Row]:
    [consumer] = p
    ahead: dict[str, set[int]] = {}
    for table in ("held", "parked"):
        for _, row in tx.rows(table):
            if row["consumer"] != consumer or row["version"] is None:
                continue
            position = tx.get("positions", (consumer, row["subject"]))
            if row["version"] > (0 if position is None else position["version"]):
                ahead.setdefault(row["subject"], set()).add(row["version"])
    return [Row(subject=subject, events=len(versions)) for subject, versions in ahead.items()]


def consumer_counts(tx: Transaction, p: Any) -> list[Row]:
    def count(table: str, consumer: str) -> int:
        return sum(row["consumer"] == consumer for _, row in tx.rows(table))

    return [
        Row(
            consumer=consumer,
            held=count("held", consumer),
            parked=count("parked", consumer),
            epoch=max((row.epoch for row in read_epochs(tx, [consumer])), default=0),
        )
        for consumer in p[0]
    ]


def insert_effects(tx: Transaction, p: Any) -> list[Row]:
    for subject, version, n in zip(*p, strict=True):
        nth = tx.next_id("effects")
        tx.put("effects", nth, {"subject": subject, "version": version, "n": n})
    return []
