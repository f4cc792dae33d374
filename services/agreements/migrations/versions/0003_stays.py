"""What mobility says of stays, by the agreement that they are under.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Nothing goes back: a change is a later migration."""
    op.create_table(
        "known_stays",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("agreement", sa.Text),
        sa.Column("document", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_known_stays"),
    )
    op.create_index("ix_known_stays_agreement", "known_stays", ["agreement"])
