"""Subscribers and their addresses, records, items, digests."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shared.plumbing_tables import create_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_v1()
    op.create_table(
        "subscribers",
        _text("id"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("ref", sa.Text),
        _text("unit"),
        _text("status"),
        sa.Column("document", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subscribers"),
        sa.UniqueConstraint("ref", name="uq_subscribers_ref"),
    )
    op.create_index("ix_subscribers_unit", "subscribers", ["unit"])
    op.create_index("ix_subscribers_status", "subscribers", ["status"])
    op.create_table(
        "addresses",
        _text("subscriber"),
        _text("email"),
        _text("name"),
        _text("unsubscribe_token"),
        sa.PrimaryKeyConstraint("subscriber", name="pk_addresses"),
        sa.UniqueConstraint("unsubscribe_token", name="uq_addresses_unsubscribe_token"),
        sa.ForeignKeyConstraint(["subscriber"], ["subscribers.id"]),
    )
    op.create_table(
        "records",
        _text("subject"),
        sa.Column("state", JSONB, nullable=False),
        sa.Column("valid_until", sa.Text),
        sa.PrimaryKeyConstraint("subject", name="pk_records"),
    )
    op.create_index("ix_records_valid_until", "records", ["valid_until"])
    op.create_table(
        "items",
        _text("id"),
        _text("subject"),
        _text("interest"),
        _text("what"),
        sa.Column("happened_on", sa.Date, nullable=False),
        sa.Column("known_on", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_items"),
    )
    op.create_index("ix_items_happened_on", "items", ["happened_on"])
    op.create_table(
        "digests",
        _text("subscriber"),
        _text("period"),
        _text("state"),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("message_id", sa.Text),
        sa.Column("message", sa.LargeBinary),
        sa.Column("answer", sa.Text),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subscriber", "period", name="pk_digests"),
        sa.ForeignKeyConstraint(["subscriber"], ["subscribers.id"]),
    )
    op.create_index("ix_digests_state", "digests", ["state"])
    op.create_table(
        "digest_items",
        _text("subscriber"),
        _text("item"),
        _text("period"),
        sa.PrimaryKeyConstraint("subscriber", "item", name="pk_digest_items"),
        sa.ForeignKeyConstraint(["subscriber"], ["subscribers.id"]),
        sa.ForeignKeyConstraint(["item"], ["items.id"]),
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)
