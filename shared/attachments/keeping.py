"""Files in PostgreSQL, in parts: a part is all that a download holds in memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    delete,
    insert,
    select,
)

from shared.attachments.receiving import ReceivedFile
from shared.database import Database, Transaction
from shared.errors import Rejected

__all__ = ["Attachment", "Attachments"]

_PART_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Attachment:
    """What is known of a kept file."""

    id: str
    media_type: str
    sha256: str
    size: int


class Attachments:
    """The files of one service, in two tables that `plumbing_tables.create_attachments_v1` makes.

    A file never changes: another one has another id.
    """

    def __init__(self, metadata: MetaData) -> None:
        self._files = Table(
            "attachments",
            metadata,
            Column("id", Text, primary_key=True),
            Column("media_type", Text, nullable=False),
            Column("sha256", Text, nullable=False),
            Column("size", BigInteger, nullable=False),
            Column("kept_at", DateTime(timezone=True), nullable=False),
        )
        self._parts = Table(
            "attachment_parts",
            metadata,
            Column("attachment", Text, primary_key=True),
            Column("number", Integer, primary_key=True),
            Column("content", LargeBinary, nullable=False),
            ForeignKeyConstraint(
                ["attachment"],
                ["attachments.id"],
                name="fk_attachment_parts_attachment",
                ondelete="CASCADE",
            ),
        )

    async def keep(self, tx: Transaction, attachment: str, file: ReceivedFile) -> None:
        """Keep it under a new id, in this transaction."""
        await tx.connection.execute(
            insert(self._files).values(
                id=attachment,
                media_type=file.media_type,
                sha256=file.sha256,
                size=file.size,
                kept_at=tx.now,
            )
        )
        file.content.seek(0)
        number = 0
        while part := file.content.read(_PART_BYTES):
            await tx.connection.execute(
                insert(self._parts).values(attachment=attachment, number=number, content=part)
            )
            number += 1

    async def find(self, tx: Transaction, attachment: str) -> Attachment:
        """Raises Rejected("file-unknown", 404): there is none, or it was destroyed."""
        columns = self._files.c
        row = (
            await tx.connection.execute(
                select(columns.id, columns.media_type, columns.sha256, columns.size).where(
                    columns.id == attachment
                )
            )
        ).one_or_none()
        if row is None:
            raise Rejected("file-unknown", f"the file {attachment!r} is not kept here", status=404)
        return Attachment(*row)

    async def destroy(self, tx: Transaction, attachment: str) -> None:
        """Its bytes are gone for good; what records say of it stays."""
        await tx.connection.execute(delete(self._files).where(self._files.c.id == attachment))

    async def parts(self, database: Database, attachment: str) -> AsyncIterator[bytes]:
        """Its bytes, in order. Each part is read by itself: a slow reader holds no transaction."""
        number = 0
        while True:
            async with database.read() as tx:
                part: bytes | None = await tx.connection.scalar(
                    select(self._parts.c.content).where(
                        self._parts.c.attachment == attachment, self._parts.c.number == number
                    )
                )
            if part is None:
                return
            yield part
            number += 1
