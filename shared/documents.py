"""A register: where a service keeps the present state of one kind of aggregate.

One table per kind: the state as a JSON document, and beside it the few columns that are searched.
State and journal change in the same call, so neither can be forgotten.
"""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    MetaData,
    RowMapping,
    Table,
    Text,
    UniqueConstraint,
    and_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from shared.database import Transaction
from shared.errors import Rejected
from shared.facts import Fact, State

__all__ = ["Register", "register_table"]

S = TypeVar("S", bound=State)


def register_table(name: str, metadata: MetaData, *columns: Column[Any]) -> Table:
    """The table of a register: the columns all have, and the service's own."""
    return Table(
        name,
        metadata,
        Column("id", Text, primary_key=True),
        Column("version", Integer, nullable=False),
        Column("ref", Text),
        Column("unit", Text, nullable=False, index=True),
        Column("status", Text, nullable=False, index=True),
        Column("document", JSONB, nullable=False),
        *columns,
        UniqueConstraint("ref"),
    )


class Register(Generic[S]):
    """The states of one kind of aggregate.

    `kind` is the word in ids and refusals ("agreement"); `columns` says, by column name, what the
    service's own columns hold for a state. A state without `status`, `ref` or `unit` has "" there.
    """

    def __init__(
        self,
        table: Table,
        state: type[S],
        *,
        kind: str,
        columns: Mapping[str, Callable[[S], Any]] | None = None,
    ) -> None:
        self.table = table
        self.state = state
        self.kind = kind
        self._columns = dict(columns or {})

    async def load(self, tx: Transaction, subject: str, *, for_update: bool = True) -> S:
        """The state, locked until the transaction ends, and then as the caller expects it.

        Raises Rejected("<kind>-unknown", 404), Rejected("version-differs", 412).
        """
        query = select(self.table).where(self.table.c.id == subject)
        if for_update:
            query = query.with_for_update()
        row = (await tx.connection.execute(query)).mappings().one_or_none()
        if row is None:
            raise Rejected(
                f"{self.kind}-unknown", f"there is no {self.kind} {subject!r}", status=404
            )
        if for_update:
            tx.found(self.kind, row["version"], subject)
        return self._state(row)

    async def find(self, tx: Transaction, *, for_update: bool = False, **columns: Any) -> S | None:
        """The one state whose columns have these values, or None."""
        query = select(self.table).where(
            *(self.table.c[name] == value for name, value in columns.items())
        )
        if for_update:
            query = query.with_for_update()
        row = (await tx.connection.execute(query)).mappings().one_or_none()
        if for_update:
            tx.found(self.kind, None if row is None else row["version"], *columns.values())
        return None if row is None else self._state(row)

    async def told_as(self, tx: Transaction, ref: str) -> S | None:
        """The record that an office's list means by `ref`, locked: its own id of it, or ours where
        it has given none. So what was exported is known when it is imported again."""
        mine, own = self.table.c.id, self.table.c.ref
        query = select(self.table).where(or_(own == ref, and_(own.is_(None), mine == ref)))
        row = (await tx.connection.execute(query.with_for_update())).mappings().one_or_none()
        tx.found(self.kind, None if row is None else row["version"], ref)
        return None if row is None else self._state(row)

    async def all(self, tx: Transaction, *where: ColumnElement[bool]) -> list[S]:
        """Every state that satisfies the clauses, in the order of their making."""
        query = select(self.table).where(*where).order_by(self.table.c.id)
        return [self._state(row) for row in (await tx.connection.execute(query)).mappings()]

    async def page(
        self,
        tx: Transaction,
        *where: ColumnElement[bool],
        after: str | None = None,
        limit: int = 50,
    ) -> list[S]:
        """At most `limit` states made after the one with the id `after`, in order of making."""
        query = select(self.table).where(*where).order_by(self.table.c.id).limit(limit)
        if after is not None:
            query = query.where(self.table.c.id > after)
        return [self._state(row) for row in (await tx.connection.execute(query)).mappings()]

    async def save(self, tx: Transaction, state: S, *facts: Fact) -> S:
        """Keep the state that the facts led to, and journal them, in this transaction.

        Without facts nothing is written. Raises Rejected("conflict") if another writer was first,
        Rejected("<kind>-exists") if another record has this ref or another unique column.
        """
        if not facts:
            return state
        before = state.version - len(facts)
        row = self._row(state)
        if before == 0:
            await self._insert(tx, row)
        else:
            changed = await tx.connection.execute(
                update(self.table)
                .where(self.table.c.id == state.id, self.table.c.version == before)
                .values(row)
            )
            if changed.rowcount != 1:
                raise _conflict(self.kind, state.id)
        await tx.record(state, facts)
        return state

    async def _insert(self, tx: Transaction, row: Mapping[str, Any]) -> None:
        made = await tx.connection.execute(insert(self.table).values(row).on_conflict_do_nothing())
        if made.rowcount != 1:
            raise Rejected(
                f"{self.kind}-exists",
                f"another {self.kind} has this id or ref ({row['ref']!r}); load it and change it",
                field="ref",
            )

    def _row(self, state: S) -> dict[str, Any]:
        own: dict[str, Any] = {name: of(state) for name, of in self._columns.items()}
        return {
            "id": state.id,
            "version": state.version,
            "ref": getattr(state, "ref", None),
            "unit": getattr(state, "unit", ""),
            "status": str(getattr(state, "status", "")),
            "document": state.model_dump(mode="json", exclude={"id", "version"}),
        } | own

    def _state(self, row: RowMapping) -> S:
        return self.state.model_validate(
            row["document"] | {"id": row["id"], "version": row["version"]}
        )


def _conflict(kind: str, subject: str) -> Rejected:
    return Rejected(
        "conflict", f"{kind} {subject} was changed by someone else meanwhile; load it again"
    )
