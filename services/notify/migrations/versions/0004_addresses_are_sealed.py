"""Names and addresses of subscribers are sealed, and so is the mail that is addressed to them.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

from shared.personal import sealed
from shared.sealing import Cipher

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing goes back: a change is a later migration."""
    connection, cipher = op.get_bind(), Cipher.of_environment()
    op.drop_constraint("addresses_subscriber_fkey", "addresses", type_="foreignkey")
    op.alter_column("addresses", "subscriber", new_column_name="ref")
    op.add_column("addresses", sa.Column("sealed", sa.LargeBinary))
    op.add_column("addresses", sa.Column("key_id", sa.Text))
    op.add_column(
        "addresses",
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now()),
    )
    columns = ("ref", "email", "name", "sealed", "key_id")
    addresses = sa.table("addresses", *map(sa.column, columns))
    known = sa.select(addresses.c.ref, addresses.c.email, addresses.c.name)
    for ref, email, name in connection.execute(known).all():
        values = sealed(cipher, ref, {"email": email, "name": name})
        connection.execute(sa.update(addresses).where(addresses.c.ref == ref).values(values))
    for column in ("sealed", "key_id", "updated_at"):
        op.alter_column("addresses", column, nullable=False, server_default=None)
    op.drop_column("addresses", "email")
    op.drop_column("addresses", "name")
    op.create_table(
        "erased_addresses",
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("ref", name="pk_erased_addresses"),
    )
    digests = sa.table("digests", *map(sa.column, ("subscriber", "period", "message")))
    rendered = sa.select(digests).where(digests.c.message.is_not(None))
    for subscriber, period, message in connection.execute(rendered).all():
        one = sa.and_(digests.c.subscriber == subscriber, digests.c.period == period)
        values = {"message": cipher.seal_bytes(bytes(message))}
        connection.execute(sa.update(digests).where(one).values(values))
