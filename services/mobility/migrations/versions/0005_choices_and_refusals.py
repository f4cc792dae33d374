"""Which partner a name was chosen to be, and what was refused to whom.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Nothing goes back: a change is a later migration."""
    op.create_table(
        "chosen",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("country", sa.Text, nullable=False),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("chosen_by", sa.Text, nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", "country", name="pk_chosen"),
    )
    op.create_table(
        "refusals",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("door", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("parked", sa.BigInteger),
        sa.Column("told", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_refusals"),
        sa.UniqueConstraint("parked", name="uq_refusals_parked"),
    )
    op.create_index("ix_refusals_source", "refusals", ["source"])
