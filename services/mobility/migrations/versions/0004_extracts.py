"""What is kept for extracts of other systems: named mappings, and what each row said last.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing goes back: a change is a later migration."""
    op.create_table(
        "extract_mappings",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("document", postgresql.JSONB, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_extract_mappings"),
    )
    op.create_table(
        "extract_rows",
        sa.Column("mapping", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("document", postgresql.JSONB),
        sa.Column("announced", postgresql.JSONB),
        sa.PrimaryKeyConstraint("mapping", "key", name="pk_extract_rows"),
    )
