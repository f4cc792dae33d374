"""The plumbing's tables: in every service's database, made by its first migration.

Their queries are written by hand beside them (journal, relay, consumer, parking, http), so they are
DDL here and not metadata. A released version is never edited: a change is a `create_v2`.
"""

from alembic import op

__all__ = ["NAMES", "create_v1", "create_v2"]

NAMES = frozenset(
    {
        "alembic_version",
        "generations",
        "held",
        "idempotency",
        "inbox",
        "journal",
        "operations",
        "parked",
        "partitions",
        "positions",
        "publication",
        "unpublished",
    }
)

_V1 = """
create table journal (
    id bigint generated always as identity primary key,
    subject text not null,
    version integer not null check (version > 0),
    type text not null,
    time timestamptz not null,
    actor text not null,
    correlation_id text not null,
    traceparent text,
    data bytea not null,
    digest bytea not null,
    bucket smallint not null,
    constraint uq_journal_subject_version unique (subject, version)
);
create index ix_journal_bucket on journal (bucket);
create table unpublished (
    bucket smallint not null,
    journal_id bigint not null,
    primary key (bucket, journal_id)
);
create table publication (
    topic text primary key,
    epoch integer not null default 1,
    cluster_id text,
    offsets jsonb not null default '{}',
    closed_reason text
);
create table positions (
    consumer text not null,
    subject text not null,
    version integer not null,
    digest bytea not null,
    bucket smallint not null,
    primary key (consumer, subject)
);
create table partitions (
    consumer text not null,
    topic text not null,
    partition integer not null,
    epoch integer not null,
    started_from bigint,
    started_to bigint,
    attempts integer not null default 0,
    primary key (consumer, topic, partition)
);
create table held (
    consumer text not null,
    subject text not null,
    version integer not null,
    record bytea not null,
    since timestamptz not null,
    primary key (consumer, subject, version)
);
create table parked (
    id bigint generated always as identity primary key,
    consumer text not null,
    topic text not null,
    partition integer not null,
    record_offset bigint not null,
    epoch integer not null default 0,
    subject text,
    version integer,
    reason text not null,
    path text not null,
    record bytea not null,
    parked_at timestamptz not null
);
create unique index uq_parked_subject on parked (consumer, subject, version)
    where subject is not null and version is not null;
create unique index uq_parked_record on parked (consumer, topic, partition, record_offset, epoch);
create table inbox (
    consumer text not null,
    source text not null,
    event_id text not null,
    received_at timestamptz not null,
    primary key (consumer, source, event_id)
);
create table idempotency (
    principal text not null,
    key text not null,
    request_digest bytea not null,
    status integer,
    body bytea,
    headers jsonb not null default '{}',
    created_at timestamptz not null,
    primary key (principal, key)
);
create index ix_idempotency_created_at on idempotency (created_at);
create table operations (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    actor text not null,
    action text not null,
    details jsonb not null default '{}'
);
"""

_V2 = """
create table generations (
    consumer text primary key,
    generation integer not null default 1,
    since timestamptz not null default now()
);
"""


def create_v1() -> None:
    """Make the plumbing's tables; called first in every service's first migration."""
    _make(_V1)


def create_v2() -> None:
    """Which filling of its tables each consumer writes to: a rebuild switches it."""
    _make(_V2)


def _make(ddl: str) -> None:
    for statement in ddl.split(";\n"):
        if statement.strip():
            op.execute(statement)
