"""By what partners are like one another, and pairs that may be one.

What is there already has no keys yet: the job `look-for-duplicates` makes them.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Nothing goes back: a change is a later migration."""
    op.add_column(
        "partners", sa.Column("keys", ARRAY(sa.Text), nullable=False, server_default="{}")
    )
    op.alter_column("partners", "keys", server_default=None)
    op.add_column("partners", sa.Column("mark", sa.Text, nullable=False, server_default="new"))
    op.alter_column("partners", "mark", server_default=None)
    op.add_column("partners", sa.Column("compared", sa.Text, nullable=False, server_default=""))
    op.create_index(
        "ix_partners_keys",
        "partners",
        ["keys"],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.create_index(
        "ix_partners_not_compared", "partners", ["id"], postgresql_where=sa.text("mark <> compared")
    )
    op.create_index("ix_partner_identifiers_value", "partner_identifiers", ["value"])
    op.create_table(
        "partner_duplicates",
        sa.Column("one", sa.Text, nullable=False),
        sa.Column("other", sa.Text, nullable=False),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dismissed_at", sa.DateTime(timezone=True)),
        sa.Column("dismissed_by", sa.Text),
        sa.Column("dismissed_because", sa.Text),
        sa.PrimaryKeyConstraint("one", "other", name="pk_partner_duplicates"),
    )
    op.create_index("ix_partner_duplicates_other", "partner_duplicates", ["other"])
