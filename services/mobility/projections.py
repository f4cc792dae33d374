"""Facts of agreements -> rows: what mobility must know of partners, agreements and programmes.

A row keeps the fields read so far as a document, so that a fact that sets one field leaves the
others alone. Facts of different subjects come in any order: nothing here refers to another row.
"""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Table, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.mobility import store
from services.mobility.domain.names import identifier_key, name_keys
from services.mobility.incoming.agreements import (
    AGREEMENTS,
    JOINT_PROGRAMMES,
    PARTNERS,
    AgreementRead,
    CorrectedRead,
    JointProgrammeRead,
    PartnerRead,
)
from shared.consumer import Received

Columns = Callable[[dict[str, Any]], dict[str, Any]]


async def agreements_known(connection: AsyncConnection, facts: Sequence[Received]) -> None:
    """Apply a batch: one read and one write for each of the three tables it touches."""
    for table, types, model, columns in (
        (store.known_partners, PARTNERS, PartnerRead, _partner),
        (store.known_agreements, AGREEMENTS, AgreementRead, _referred),
        (store.known_joint_programmes, JOINT_PROGRAMMES, JointProgrammeRead, _referred),
    ):
        mine = [fact for fact in facts if fact.type in types]
        if mine:
            await _merge(connection, table, mine, set(model.model_fields), columns)


async def _merge(
    connection: AsyncConnection,
    table: Table,
    facts: Sequence[Received],
    read: set[str],
    columns: Columns,
) -> None:
    subjects = sorted({fact.subject for fact in facts})
    known = await connection.execute(
        select(table.c.id, table.c.document).where(table.c.id.in_(subjects))
    )
    documents: dict[str, dict[str, Any]] = {subject: {} for subject in subjects}
    documents |= {row.id: dict(row.document) for row in known}
    for fact in facts:
        documents[fact.subject] |= {
            field: value for field, value in _changes(fact).items() if field in read
        }
    rows = [
        {"id": subject, "document": document} | columns(document)
        for subject, document in documents.items()
    ]
    statement = insert(table)
    updates = {name: statement.excluded[name] for name in rows[0] if name != "id"}
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_=updates), rows
    )


def _changes(fact: Received) -> dict[str, Any]:
    if isinstance(fact.data, CorrectedRead):
        return dict(fact.data.changes)
    set_fields: dict[str, Any] = fact.data.model_dump(mode="json", exclude_unset=True)
    return set_fields


def _partner(document: dict[str, Any]) -> dict[str, Any]:
    try:
        partner = PartnerRead.model_validate(document)
    except ValidationError:  # a correction set something we cannot read: known by its id alone
        partner = PartnerRead()
    names = [partner.name, *partner.aliases, *(each.name for each in partner.names)]
    keys = {f"ref:{partner.ref}"} if partner.ref else set()
    keys |= {identifier_key(each.scheme, each.value) for each in partner.identifiers}
    keys |= set(name_keys(name for name in names if name))
    return {"country": partner.country, "merged_into": _same_as(partner), "keys": sorted(keys)}


def _same_as(partner: PartnerRead) -> str | None:
    """The one that a duplicate is a duplicate of. Of two bodies that became one, each stays itself
    here: whoever reads a stay takes the one of its day."""
    institutional = partner.merger is not None and partner.merger.kind == "institutional"
    return None if institutional else partner.merged_into


def _referred(document: dict[str, Any]) -> dict[str, Any]:
    ref = document.get("ref")
    return {"ref": ref if isinstance(ref, str) else None}
