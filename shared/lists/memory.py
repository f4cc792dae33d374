"""A table of what a list said of each record the last time."""

from sqlalchemy import Column, MetaData, Table, Text, select
from sqlalchemy.dialects.postgresql import JSONB, insert

from shared.database import Transaction
from shared.lists.news import Told

__all__ = ["Memory"]


class Memory:
    """What was last told, by the key under which a record stands in its list."""

    def __init__(self, name: str, metadata: MetaData, *, key: tuple[str, ...], said: str) -> None:
        """`key`, `said`: the table's columns, of the key (texts) and of what was told."""
        self.table = Table(
            name,
            metadata,
            *(Column(part, Text, primary_key=True) for part in key),
            Column(said, JSONB, nullable=False),
        )
        self._key = tuple(self.table.c[part] for part in key)
        self._said = self.table.c[said]

    async def before(self, tx: Transaction, *key: str) -> Told | None:
        """What was told the last time; None if it never stood in a list."""
        query = select(self._said).where(
            *(column == part for column, part in zip(self._key, key, strict=True))
        )
        said: Told | None = await tx.connection.scalar(query)
        return said

    async def keep(self, tx: Transaction, *key: str, told: Told) -> None:
        """Keep what is told now, to know next time what is new."""
        names = (column.name for column in self._key)
        row = insert(self.table).values(
            dict(zip(names, key, strict=True)) | {self._said.name: told}
        )
        await tx.connection.execute(
            row.on_conflict_do_update(
                index_elements=list(self._key),
                set_={self._said.name: row.excluded[self._said.name]},
            )
        )
