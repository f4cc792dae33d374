"""What is kept at this edge: which agreement is which there, and the partner's bytes as received.

A document names persons, so the whole of it is sealed, as what is known of a person is; it is
known by the SHA-256 of its bytes, and whoever opens it gets exactly these.
"""

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, DateTime, Integer, Table, Text, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import JSONB, insert

from services.agreements.events.values import AgreementId
from services.agreements.gateways.ewp.terms import Linked
from services.agreements.store import metadata
from shared.database import Transaction
from shared.personal import Personal

__all__ = [
    "Copy",
    "document_of",
    "documents",
    "forget",
    "keep_copy",
    "link",
    "linked",
    "newest_copy",
]

documents = Personal("ewp_documents", metadata)
"""By their SHA-256."""
_links = Table(
    "ewp_links",
    metadata,
    Column("agreement", Text, primary_key=True),
    Column("hei", Text, nullable=False),
    Column("iia_id", Text),
    Column("our_hei", Text, nullable=False),
    Column("our_iia_id", Text, nullable=False),
    Column("document", JSONB, nullable=False),
    UniqueConstraint("hei", "iia_id"),
    UniqueConstraint("our_hei", "our_iia_id"),
)
_copies = Table(
    "ewp_copies",
    metadata,
    Column("agreement", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("theirs", Boolean, nullable=False),
    Column("iia_hash", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Copy:
    """Where a copy of an agreement stands: in which document, the how-manieth of it from 0."""

    sha256: str
    position: int
    iia_hash: str
    received_at: datetime


async def link(tx: Transaction, agreement: AgreementId, linked: Linked) -> None:
    """This agreement is that one there, from now on."""
    values = {"agreement": agreement, "document": linked.model_dump(mode="json")}
    values |= linked.model_dump(include={"hei", "iia_id", "our_hei", "our_iia_id"})
    row = insert(_links).values(values)
    changes = {name: row.excluded[name] for name in values if name != "agreement"}
    await tx.connection.execute(
        row.on_conflict_do_update(index_elements=["agreement"], set_=changes)
    )


async def linked(tx: Transaction, **columns: str | None) -> tuple[AgreementId, Linked] | None:
    """The agreement whose columns have these values (`agreement`, or the ids of one side)."""
    if None in columns.values():
        return None
    where = [_links.c[name] == value for name, value in columns.items()]
    row = (
        await tx.connection.execute(select(_links.c.agreement, _links.c.document).where(*where))
    ).one_or_none()
    return None if row is None else (row.agreement, Linked.model_validate(row.document))


async def keep_copy(
    tx: Transaction, agreement: AgreementId, copy: Copy, received: bytes, *, theirs: bool
) -> bool:
    """Keep the bytes that were received; False if this agreement had just these."""
    sealed = {"document": base64.b64encode(received).decode()}
    await documents.keep(tx, copy.sha256, sealed)
    values: dict[str, Any] = {
        "agreement": agreement,
        "sha256": copy.sha256,
        "position": copy.position,
        "theirs": theirs,
        "iia_hash": copy.iia_hash,
        "received_at": copy.received_at,
    }
    kept = await tx.connection.execute(insert(_copies).values(values).on_conflict_do_nothing())
    return kept.rowcount == 1


async def newest_copy(tx: Transaction, agreement: AgreementId) -> Copy | None:
    """The partner's copy that came last."""
    columns = _copies.c
    row = (
        await tx.connection.execute(
            select(columns.sha256, columns.position, columns.iia_hash, columns.received_at)
            .where(columns.agreement == agreement, columns.theirs)
            .order_by(columns.received_at.desc())
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else Copy(*row)


async def document_of(tx: Transaction, copy: Copy) -> bytes | None:
    """The bytes as they were received; None if they were erased."""
    known = await documents.said_of(tx, [copy.sha256])
    said = known.get(copy.sha256)
    return None if said is None else base64.b64decode(said["document"])


async def forget(tx: Transaction, agreement: AgreementId) -> list[str]:
    """Destroy the documents that were received for it; which there were."""
    found = await tx.connection.scalars(
        select(_copies.c.sha256).where(_copies.c.agreement == agreement).distinct()
    )
    return [sha256 for sha256 in sorted(found) if await documents.forget(tx, sha256)]
