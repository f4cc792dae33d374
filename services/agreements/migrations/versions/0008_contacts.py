"""Contacts at partners, sealed.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Nothing goes back: a change is a later migration."""
    op.create_table(
        "partner_contacts",
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("ref", name="pk_partner_contacts"),
    )
    op.create_index("ix_partner_contacts_partner", "partner_contacts", ["partner"])
    op.create_table(
        "erased_partner_contacts",
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("ref", name="pk_erased_partner_contacts"),
    )
