"""Files that are kept with agreements.

Revision ID: 0004
"""

from shared import plumbing_tables

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing goes back: a change is a later migration."""
    plumbing_tables.create_attachments_v1()
