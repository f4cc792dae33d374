"""Files that are kept with visits.

Revision ID: 0005
"""

from shared import plumbing_tables

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Nothing goes back: a change is a later migration."""
    plumbing_tables.create_attachments_v1()
