"""The registers, and what the office's lists said."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.plumbing_tables import create_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_v1()
    _register("partners", _text("kind"), _text("country"), _text("search"))
    op.create_index("ix_partners_country", "partners", ["country"])
    op.create_table(
        "partner_identifiers",
        _text("scheme"),
        _text("value"),
        _text("partner"),
        sa.PrimaryKeyConstraint("scheme", "value", name="pk_partner_identifiers"),
    )
    op.create_index("ix_partner_identifiers_partner", "partner_identifiers", ["partner"])
    _register(
        "agreements",
        _text("kind"),
        _partners(),
        sa.Column("first_day", sa.Date),
        sa.Column("last_day", sa.Date),
        sa.Column("supersedes", sa.Text),
        sa.Column("visit", sa.Text),
        _text("search"),
    )
    op.create_index("ix_agreements_partners", "agreements", ["partners"], postgresql_using="gin")
    op.create_index("ix_agreements_supersedes", "agreements", ["supersedes"])
    op.create_index("ix_agreements_visit", "agreements", ["visit"])
    for name in ("joint_programmes", "joint_projects", "contributions"):
        _register(name, _partners(), _text("search"))
    op.create_table(
        "told",
        _text("register"),
        _text("ref"),
        sa.Column("fields", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("register", "ref", name="pk_told"),
    )


def _register(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        _text("id"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("ref", sa.Text),
        _text("unit"),
        _text("status"),
        sa.Column("document", JSONB, nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.UniqueConstraint("ref", name=f"uq_{name}_ref"),
    )
    op.create_index(f"ix_{name}_unit", name, ["unit"])
    op.create_index(f"ix_{name}_status", name, ["status"])


def _text(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Text, nullable=False)


def _partners() -> sa.Column[object]:
    return sa.Column("partners", ARRAY(sa.Text), nullable=False)
