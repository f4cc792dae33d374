"""Names of persons are sealed, and who was erased is known.

Revision ID: 0004
"""

from shared import plumbing_tables

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing goes back: a change is a later migration."""
    plumbing_tables.seal_names("persons")
