"""Visits, what lists said of them, persons' names, and the projections of agreements.

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
        "visits",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text()),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("theme", sa.Text(), nullable=False),
        sa.Column("shared_with", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("partners", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("countries", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("persons", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_visits"),
        sa.UniqueConstraint("ref", name="uq_visits_ref"),
    )
    op.create_index("ix_visits_unit", "visits", ["unit"])
    op.create_index("ix_visits_status", "visits", ["status"])
    op.create_index("ix_visits_days", "visits", ["starts_on", "ends_on"])
    op.create_index("ix_visits_partners", "visits", ["partners"], postgresql_using="gin")
    op.create_index("ix_visits_persons", "visits", ["persons"], postgresql_using="gin")
    op.create_table(
        "rows",
        sa.Column("visit", sa.Text(), nullable=False),
        sa.Column("said", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("visit", name="pk_rows"),
    )
    op.create_table(
        "persons",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ref", name="pk_persons"),
    )
    op.create_table(
        "partners",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text()),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_partners"),
    )
    op.create_index("ix_partners_ref", "partners", ["ref"])
    op.create_table(
        "agreements",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text()),
        sa.Column("visit", sa.Text()),
        sa.Column("follow_up", sa.Text()),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_agreements"),
    )
    op.create_index("ix_agreements_ref", "agreements", ["ref"])
    op.create_index("ix_agreements_visit", "agreements", ["visit"])
