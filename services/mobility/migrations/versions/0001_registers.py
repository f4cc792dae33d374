"""The registers, what upstream said, and what is known of agreements' records."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared import plumbing_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    plumbing_tables.create_v1()
    _register(
        "stays",
        sa.Column("person_ref", sa.Text, nullable=False),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("level", sa.Text),
        sa.Column("partner", sa.Text),
        sa.Column("programme", sa.Text),
        sa.Column("agreement", sa.Text),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("starts", sa.Date, nullable=False),
        sa.Column("starts_by", sa.Date, nullable=False),
        sa.Column("ends_by", sa.Date, nullable=False),
    )
    _index("stays", "person_ref", "partner", "programme", "agreement")
    _register(
        "applications",
        sa.Column("person_ref", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("partner", sa.Text),
        sa.Column("agency", sa.Text),
        sa.Column("submitted", sa.Date, nullable=False),
    )
    _index("applications", "person_ref", "partner")
    _register(
        "appointments",
        sa.Column("person_ref", sa.Text, nullable=False),
        sa.Column("term", sa.Text, nullable=False),
        sa.Column("ends_by", sa.Date),
    )
    _index("appointments", "person_ref")
    _register("programmes", sa.Column("name_key", sa.Text, nullable=False))
    _register(
        "headcounts",
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
    )
    op.create_index(
        "uq_headcounts_unit_year_level", "headcounts", ["unit", "year", "level"], unique=True
    )
    op.create_table(
        "persons",
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("ref", name="pk_persons"),
    )
    _upstream()
    _known()
    op.create_table(
        "told",
        sa.Column("register", sa.Text, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("fields", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("register", "ref", name="pk_told"),
    )
    op.create_table(
        "unresolved",
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("sought", sa.Text, nullable=False),
        sa.Column("keys", ARRAY(sa.Text), nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("country", sa.Text),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject", "field", "sought", name="pk_unresolved"),
    )


def _upstream() -> None:
    op.create_table(
        "upstream_events",
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("family", sa.Text, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("replaces", sa.Text),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("data", JSONB),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "id", name="pk_upstream_events"),
    )
    for column in ("record", "about", "replaces"):
        op.create_index(f"ix_upstream_events_{column}", "upstream_events", ["source", column])
    op.create_table(
        "upstream_records",
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("family", sa.Text, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("target", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("source", "family", "record", "about", name="pk_upstream_records"),
    )
    _index("upstream_records", "subject")


def _known() -> None:
    op.create_table(
        "known_partners",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("document", JSONB, nullable=False),
        sa.Column("country", sa.Text),
        sa.Column("merged_into", sa.Text),
        sa.Column("keys", ARRAY(sa.Text), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_known_partners"),
    )
    op.create_index("ix_known_partners_keys", "known_partners", ["keys"], postgresql_using="gin")
    for name in ("known_agreements", "known_joint_programmes"):
        op.create_table(
            name,
            sa.Column("id", sa.Text, nullable=False),
            sa.Column("document", JSONB, nullable=False),
            sa.Column("ref", sa.Text),
            sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        )
        _index(name, "ref")


def _register(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("ref", sa.Text),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("document", JSONB, nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.UniqueConstraint("ref", name=f"uq_{name}_ref"),
    )
    _index(name, "unit", "status")


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(f"ix_{table}_{column}", table, [column])
