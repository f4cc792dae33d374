"""Which agreement is which in Erasmus Without Paper, and the partners' documents as received.

Revision ID: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Nothing goes back: a change is a later migration."""
    op.create_table(
        "ewp_documents",
        _text("ref"),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        _text("key_id"),
        _instant("updated_at"),
        sa.PrimaryKeyConstraint("ref", name="pk_ewp_documents"),
    )
    op.create_table(
        "erased_ewp_documents",
        _text("ref"),
        _instant("erased_at"),
        sa.PrimaryKeyConstraint("ref", name="pk_erased_ewp_documents"),
    )
    op.create_table(
        "ewp_links",
        _text("agreement"),
        _text("hei"),
        sa.Column("iia_id", sa.Text),
        _text("our_hei"),
        _text("our_iia_id"),
        sa.Column("document", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("agreement", name="pk_ewp_links"),
        sa.UniqueConstraint("hei", "iia_id", name="uq_ewp_links_hei_iia_id"),
        sa.UniqueConstraint("our_hei", "our_iia_id", name="uq_ewp_links_our_hei_our_iia_id"),
    )
    op.create_table(
        "ewp_copies",
        _text("agreement"),
        _text("sha256"),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("theirs", sa.Boolean, nullable=False),
        _text("iia_hash"),
        _instant("received_at"),
        sa.PrimaryKeyConstraint("agreement", "sha256", "position", name="pk_ewp_copies"),
    )


def _text(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Text, nullable=False)


def _instant(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)
