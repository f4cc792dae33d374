"""The statements that the plumbing asks of PostgreSQL, and what the model does for each.

A statement is recognized by a few of its words, so that the way it is written may change; what it
does is held to the real PostgreSQL by `test_models.py`. One that is not known here ends the story.
"""

from tests.simulation import consuming, publishing
from tests.simulation.database import Statement

__all__ = ["find"]


def find(sql: str) -> tuple[str, Statement]:
    """The name of a statement and what it does."""
    if sql not in _found:
        words = " ".join(sql.split())
        fitting = [
            (name, does)
            for name, marks, does in _STATEMENTS
            if all(mark in f"^{words}" for mark in marks)
        ]
        if len(fitting) != 1:
            names = [name for name, _ in fitting]
            raise AssertionError(f"the model takes this for {names or 'nothing it knows'}: {words}")
        _found[sql] = fitting[0]
    return _found[sql]


_found: dict[str, tuple[str, Statement]] = {}

_STATEMENTS: list[tuple[str, tuple[str, ...], Statement]] = [
    (
        "read positions",
        ("select subject, version, digest from positions",),
        consuming.read_positions,
    ),
    ("read generation", ("^select generation from generations",), consuming.read_generation),
    ("first generation", ("insert into generations",), consuming.first_generation),
    ("advance positions", ("insert into positions", "was_digest"), consuming.advance_positions),
    (
        "read parked subjects",
        ("distinct subject from parked", "is not null"),
        consuming.parked_subjects,
    ),
    ("read parked of", ("distinct subject from parked", "any($2)"), consuming.parked_of),
    (
        "read parked unread",
        ("from parked", "subject is null and (partition"),
        consuming.parked_unread,
    ),
    ("lock subject", ("pg_advisory_xact_lock(hashtextextended(",), consuming.lock_subject),
    ("park", ("insert into parked",), consuming.park),
    ("hold", ("insert into held",), consuming.hold),
    ("read held", ("select record from held",), consuming.read_held),
    ("release held", ("delete from held", "unnest("), consuming.release_held),
    ("tidy held", ("delete from held", "using positions"), consuming.tidy_held),
    ("read gaps", ("from held h left join positions",), consuming.waiting),
    ("read marks", ("select partition, epoch, started_from",), consuming.read_marks),
    ("mark", ("insert into partitions", "excluded.started_from"), consuming.mark),
    ("new epoch", ("insert into partitions", "epoch = excluded.epoch"), consuming.new_epoch),
    ("lower epochs", ("update partitions set epoch = $3",), consuming.lower_epochs),
    ("clear marks", ("update partitions set started_from = null",), consuming.clear_marks),
    ("read epochs", ("select partition, epoch from partitions",), consuming.read_epochs),
    ("count positions", ("sum(version) as events from positions",), consuming.count_positions),
    ("count ahead", ("count(distinct a.version)",), consuming.count_ahead),
    (
        "counts of a consumer",
        ("from unnest($1::text[]) as c(consumer)",),
        consuming.consumer_counts,
    ),
    ("effects", ("insert into effects",), consuming.insert_effects),
    ("append", ("insert into journal", "chain"), publishing.append),
    ("read history", ("^select subject, version, type, time, actor",), publishing.read_history),
    ("republish", ("insert into unpublished", "cast(:bucket as smallint)"), publishing.republish),
    (
        "queue all",
        ("insert into unpublished", "from journal order by id on conf"),
        publishing.queue_all,
    ),
    ("take buckets", ("pg_try_advisory_xact_lock($3, bucket)",), publishing.take_buckets),
    ("read unpublished", ("select next.*, publication.epoch",), publishing.read_unpublished),
    ("mark sent", ("delete from unpublished using",), publishing.mark_sent),
    ("my turn", ("pg_advisory_xact_lock($1, $2)",), publishing.my_turn),
    ("lock all buckets", ("pg_advisory_xact_lock($1, bucket)",), publishing.all_buckets),
    ("remember topic", ("insert into publication",), publishing.remember_topic),
    ("read publication", ("select epoch, cluster_id, offsets",), publishing.read_publication),
    ("fill again", ("update publication set epoch = epoch + 1",), publishing.fill_again),
    ("first unknown", ("select seen.nth",), publishing.first_unknown),
    ("on cluster", ("update publication set cluster_id = $2",), publishing.on_cluster),
    ("close", ("closed_reason = $3",), publishing.close),
    (
        "read gauges",
        ("select epoch, cast(closed_reason is not null as integer)",),
        publishing.gauges,
    ),
    ("count", ("jsonb_object_agg(bucket, events)",), publishing.counts),
    ("what changed", ("(select max(id) from journal) as last",), publishing.what_changed),
]
