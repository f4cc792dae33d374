"""What the simulation must notice: guards of the product, each taken away by a model that lies.

The product is untouched; the database, or Kafka, behaves as if the guard did not stand in what it
is asked.
"""

from collections.abc import Callable
from typing import Any, Final

from tests.simulation import publishing
from tests.simulation.cluster import Cluster
from tests.simulation.database import Row, Server, Statement, Transaction

__all__ = ["WEAKNESSES"]


def _instead(server: Server, name: str, does: Statement) -> None:
    find = server.find
    server.find = lambda sql: (name, does) if find(sql)[0] == name else find(sql)


def without_compare_and_set(server: Server, _cluster: Cluster) -> None:
    """Positions are set, whatever they were."""

    def advance(tx: Transaction, p: Any) -> list[Row]:
        consumer, *columns, _generation = p
        for subject, version, digest, _, _, bucket in sorted(zip(*columns, strict=True)):
            row = {"version": version, "digest": digest, "bucket": bucket}
            tx.put("positions", (consumer, subject), row)
        return [Row(count=len(columns[0]))]

    _instead(server, "advance positions", advance)


def without_deduplication(server: Server, cluster: Cluster) -> None:
    """A process that starts takes everything for new."""
    without_compare_and_set(server, cluster)
    _instead(server, "read positions", lambda _tx, _p: [])


def effect_outside_the_transaction(server: Server, _cluster: Cluster) -> None:
    """The projection commits for itself."""

    def insert(_tx: Transaction, p: Any) -> list[Row]:
        own = Transaction(server)
        for subject, version, n in zip(*p, strict=True):
            own.put(
                "effects", own.next_id("effects"), {"subject": subject, "version": version, "n": n}
            )
        own.commit()
        return []

    _instead(server, "effects", insert)


def offsets_before_effect(_server: Server, cluster: Cluster) -> None:
    """What was read is committed before it has had its effect, as the default policies do; and
    nobody counts afterwards."""
    cluster.commits_when_read = True
    _instead(_server, "count", lambda _tx, _p: [])


def rows_instead_of_buckets(server: Server, _cluster: Cluster) -> None:
    """Every relay gets every bucket, and of it the rows that no other has: `skip locked`."""

    def take(tx: Transaction, p: Any) -> list[Row]:
        waiting = {bucket for (bucket, _), _ in tx.rows("unpublished")}
        return [Row(bucket=bucket) for bucket in p[0] if bucket in waiting][: p[1]]

    def read(tx: Transaction, p: Any) -> list[Row]:
        rows = publishing.read_unpublished(tx, p)
        return [row for row in rows if tx.try_lock(("unpublished", (row.bucket, row.journal_id)))]

    _instead(server, "take buckets", take)
    _instead(server, "read unpublished", read)


def sends_that_are_not_awaited(_server: Server, cluster: Cluster) -> None:
    """What was handed to the network counts as sent."""
    cluster.acknowledges = False


WEAKNESSES: Final[dict[str, Callable[[Server, Cluster], None]]] = {
    "compare-and-set": without_compare_and_set,
    "deduplication": without_deduplication,
    "effect-in-the-transaction": effect_outside_the_transaction,
    "offsets-behind-the-effect": offsets_before_effect,
    "lock-of-the-bucket": rows_instead_of_buckets,
    "acknowledgements": sends_that_are_not_awaited,
}
