"""Facts of mobility -> rows: every stay, by the agreement that it is under.

A stay without an agreement is kept too: a correction may name one later, and says nothing else.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.agreements.incoming import Stay, StayCorrected
from services.agreements.store import known_stays
from shared.consumer import Received

__all__ = ["stays_known"]


async def stays_known(connection: AsyncConnection, facts: Sequence[Received]) -> None:
    """Lay a batch over the rows that are there: one statement."""
    documents: dict[str, dict[str, Any]] = {}
    for fact in facts:
        read = fact.data.changes if isinstance(fact.data, StayCorrected) else fact.data
        assert isinstance(read, Stay)  # noqa: S101 - `STAYS` has no other
        told = read.model_dump(mode="json", exclude_unset=True)
        documents.setdefault(fact.subject, {}).update(told)
    rows = [
        {"id": subject, "agreement": document.get("agreement"), "document": document}
        for subject, document in documents.items()
    ]
    statement = insert(known_stays)
    merged = known_stays.c.document.op("||")(statement.excluded.document)
    upsert = statement.on_conflict_do_update(
        index_elements=["id"],
        set_={"document": merged, "agreement": merged.op("->>")("agreement")},
    )
    await connection.execute(upsert, rows)
