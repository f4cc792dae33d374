"""What is known now stands apart from what was told: nothing that was written is written again.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Nothing goes back: a change is a later migration."""
    op.create_table(
        "records",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("units", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("first", sa.Date()),
        sa.Column("last", sa.Date()),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_records"),
        # rows are replaced in place, as long as there is room on their page
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "history",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "version", name="pk_history"),
    )
    op.execute("""
        insert into history (subject, version, known_from, fields)
        select subject, version, known_from, state from versions
    """)
    op.execute("""
        insert into records (subject, version, kind, units, first, last, known_from, state)
        select subject, version, kind, units, first, last, known_from, state
        from versions where known_to is null
    """)
    op.create_index("ix_records_kind", "records", ["kind"])
    op.drop_table("versions")
    op.execute("alter table positions set (fillfactor = 50)")
