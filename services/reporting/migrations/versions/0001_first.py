"""Versions of others' records, plans, reports, published bytes, and persons' names.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared import plumbing_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Nothing goes back: a change is a later migration."""
    plumbing_tables.create_v1()
    op.create_table(
        "versions",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("units", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("first", sa.Date()),
        sa.Column("last", sa.Date()),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_to", sa.DateTime(timezone=True)),
        sa.Column("state", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "version", name="pk_versions"),
    )
    op.create_index(
        "ix_versions_now", "versions", ["kind"], postgresql_where=sa.text("known_to is null")
    )
    op.create_index("ix_versions_known", "versions", ["kind", "known_from"])
    for name in ("plans", "reports"):
        op.create_table(
            name,
            sa.Column("id", sa.Text(), nullable=False),
            sa.Column("version", sa.Integer(), nullable=False),
            sa.Column("ref", sa.Text()),
            sa.Column("unit", sa.Text(), nullable=False),
            sa.Column("status", sa.Text(), nullable=False),
            sa.Column("document", postgresql.JSONB(), nullable=False),
            sa.Column("year", sa.Integer(), nullable=False),
            sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
            sa.UniqueConstraint("ref", name=f"uq_{name}_ref"),
            sa.UniqueConstraint("unit", "year", name=f"uq_{name}_unit_year"),
        )
        op.create_index(f"ix_{name}_unit", name, ["unit"])
        op.create_index(f"ix_{name}_status", name, ["status"])
    op.create_table(
        "published",
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("report", "number", "format", name="pk_published"),
    )
    op.create_table(
        "persons",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ref", name="pk_persons"),
    )
