"""Which filling of its tables each consumer writes to.

Revision ID: 0002
"""

from shared import plumbing_tables

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Nothing goes back: a change is a later migration."""
    plumbing_tables.create_v2()
