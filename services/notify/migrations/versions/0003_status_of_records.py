"""The status of a record beside it: what is still to come is looked for every minute.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Nothing goes back: a change is a later migration."""
    op.add_column("records", sa.Column("status", sa.Text))
    op.execute("update records set status = state->>'status'")
    op.create_index("ix_records_status", "records", ["status"])
