"""Which partner a partner was merged into, as a column that can be followed.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Nothing goes back: a change is a later migration."""
    op.add_column("partners", sa.Column("merged_into", sa.Text))
    op.create_index("ix_partners_merged_into", "partners", ["merged_into"])
    op.execute("update partners set merged_into = document ->> 'merged_into'")
