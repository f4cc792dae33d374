"""The plumbing's tables: in every service's database, made by its first migration.

Their queries are written by hand beside them (journal, relay, consumer, parking, http), so they are
DDL here and not metadata. A released version is never edited: a change is a `create_v2`.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.personal import sealed
from shared.sealing import Cipher

__all__ = ["NAMES", "create_attachments_v1", "create_v1", "create_v2", "seal_names"]

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

_ATTACHMENTS_V1 = """
create table attachments (
    id text constraint pk_attachments primary key,
    media_type text not null,
    sha256 text not null,
    size bigint not null,
    kept_at timestamptz not null
);
create table attachment_parts (
    attachment text not null,
    number integer not null,
    content bytea not null,
    constraint pk_attachment_parts primary key (attachment, number),
    constraint fk_attachment_parts_attachment foreign key (attachment)
        references attachments (id) on delete cascade
);
alter table attachment_parts alter column content set storage external;
"""


def create_v1() -> None:
    """Make the plumbing's tables; called first in every service's first migration."""
    _make(_V1)


def create_v2() -> None:
    """Which filling of its tables each consumer writes to: a rebuild switches it."""
    _make(_V2)


def create_attachments_v1() -> None:
    """The tables of `shared.attachments`, for a service that keeps files. What is in them is packed
    already, so PostgreSQL does not try to."""
    _make(_ATTACHMENTS_V1)


def _make(ddl: str) -> None:
    for statement in ddl.split(";\n"):
        if statement.strip():
            op.execute(statement)


def seal_names(table: str) -> None:
    """A table of persons with a column `name` becomes one of `shared.personal`."""
    connection = op.get_bind()
    columns = {each["name"] for each in sa.inspect(connection).get_columns(table)}
    added: list[sa.Column[Any]] = [
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("key_id", sa.Text),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now()),
    ]
    for column in added:
        if column.name not in columns:
            op.add_column(table, column)
    persons = sa.table(table, *map(sa.column, ("ref", "name", "sealed", "key_id")))
    cipher = Cipher.of_environment()
    for ref, name in connection.execute(sa.select(persons.c.ref, persons.c.name)).all():
        values = sealed(cipher, ref, {"name": name})
        connection.execute(sa.update(persons).where(persons.c.ref == ref).values(values))
    for column in added:
        op.alter_column(table, column.name, nullable=False, server_default=None)
    op.drop_column(table, "name")
    op.create_table(
        f"erased_{table}",
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("ref", name=f"pk_erased_{table}"),
    )
