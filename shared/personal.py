"""What is personal: the one table of a service that holds it, sealed, and who was erased.

What a service knows of a person beyond the ref is a few texts ("name", "mail", ...), kept in one
sealed document. Records and facts have the ref alone. Who was erased stays erased: what is told
of the ref again (by an extract, a list) is not kept.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, DateTime, LargeBinary, MetaData, Table, Text, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database import Database, Transaction
from shared.errors import Rejected
from shared.sealing import Cipher

__all__ = ["Personal", "sealed"]

_AT_ONCE = 500
"""Rows that are sealed anew in one transaction."""


class Personal:
    """The persons of one service: `table`, and `erased` beside it.

    `columns` are the service's own, of what is not personal (the unit that may read it).
    """

    def __init__(self, name: str, metadata: MetaData, *columns: Column[Any]) -> None:
        self.table = Table(
            name,
            metadata,
            Column("ref", Text, primary_key=True),
            *columns,
            Column("sealed", LargeBinary, nullable=False),
            Column("key_id", Text, nullable=False),
            Column("updated_at", DateTime(timezone=True), nullable=False),
        )
        self.erased = Table(
            f"erased_{name}",
            metadata,
            Column("ref", Text, primary_key=True),
            Column("erased_at", DateTime(timezone=True), nullable=False),
        )

    async def keep(
        self, tx: Transaction, ref: str, said: Mapping[str, str], **columns: Any
    ) -> bool:
        """Keep what is known of a person from now on; False if it is what was known before.

        Raises Rejected("person-erased", 410) if the person was erased under this ref.
        """
        if await self.is_erased(tx, ref):
            raise Rejected(
                "person-erased",
                "the person was erased under this ref, and nothing is kept of them any more",
                field="ref",
                status=410,
            )
        known = await self.row(tx, ref)
        values = {"ref": ref, **columns}
        if (
            known is not None
            and known["said"] == said
            and all(known[name] == value for name, value in columns.items())
        ):
            return False
        values |= sealed(tx.cipher, ref, said) | {"updated_at": tx.now}
        row = insert(self.table).values(values)
        changes = {name: row.excluded[name] for name in values if name != "ref"}
        await tx.connection.execute(row.on_conflict_do_update(index_elements=["ref"], set_=changes))
        return True

    async def row(self, tx: Transaction, ref: str) -> dict[str, Any] | None:
        """The service's own columns, and under `said` what is known; None if nothing is."""
        found = (
            (await tx.connection.execute(select(self.table).where(self.table.c.ref == ref)))
            .mappings()
            .one_or_none()
        )
        return None if found is None else dict(found) | {"said": self._said(tx, found)}

    async def said_of(self, tx: Transaction, refs: Iterable[str]) -> dict[str, dict[str, str]]:
        """What is known, by ref, of those of whom something is."""
        found = await tx.connection.execute(
            select(self.table).where(self.table.c.ref.in_(sorted(set(refs))))
        )
        return {row["ref"]: self._said(tx, row) for row in found.mappings()}

    async def forget(self, tx: Transaction, ref: str) -> bool:
        """Delete what is known; it may be told again. False if nothing was."""
        gone = await tx.connection.execute(self.table.delete().where(self.table.c.ref == ref))
        return gone.rowcount > 0

    async def erase(self, connection: AsyncConnection, refs: Iterable[str], *, at: datetime) -> int:
        """Delete what is known under these refs, for ever; how many rows were deleted.

        Erasing again is harmless, and is what follows a database that was restored.
        """
        erased = sorted(set(refs))
        if not erased:
            return 0
        await connection.execute(
            insert(self.erased).on_conflict_do_nothing(),
            [{"ref": ref, "erased_at": at} for ref in erased],
        )
        gone = await connection.execute(self.table.delete().where(self.table.c.ref.in_(erased)))
        return int(gone.rowcount)

    async def is_erased(self, tx: Transaction, ref: str) -> bool:
        query = select(self.erased.c.ref).where(self.erased.c.ref == ref)
        return await tx.connection.scalar(query) is not None

    async def seal_anew(self, database: Database) -> None:
        """A job: what was sealed with an older key is sealed with the first one."""
        table = self.table
        while True:
            async with database.begin(actor="seal-anew", correlation_id="seal-anew") as tx:
                rows = (
                    await tx.connection.execute(
                        select(table)
                        .where(table.c.key_id != tx.cipher.key_id)
                        .limit(_AT_ONCE)
                        .with_for_update(skip_locked=True)
                    )
                ).mappings()
                outdated = list(rows)
                for row in outdated:
                    anew = sealed(tx.cipher, row["ref"], self._said(tx, row))
                    await tx.connection.execute(
                        update(table).where(table.c.ref == row["ref"]).values(anew)
                    )
            if len(outdated) < _AT_ONCE:
                return

    def _said(self, tx: Transaction, row: Mapping[Any, Any]) -> dict[str, str]:
        ref, said = json.loads(tx.cipher.open(row["sealed"]))
        if ref != row["ref"]:
            raise Rejected(
                "personal-data-moved", "what is sealed here was sealed for another ref", status=500
            )
        found: dict[str, str] = said
        return found


def sealed(cipher: Cipher, ref: str, said: Mapping[str, str]) -> dict[str, Any]:
    """The columns of what is known. The ref is sealed with it: a row's content that was put under
    another ref is not believed."""
    plain = json.dumps([ref, dict(said)], ensure_ascii=False)
    return {"sealed": cipher.seal(plain), "key_id": cipher.key_id}
