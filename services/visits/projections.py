"""Facts of the agreements service -> rows: partners as they are called, agreements by follow-up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from pydantic import BaseModel
from sqlalchemy import Table, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.visits.incoming import (
    AgreementCorrectedRead,
    AgreementRead,
    PartnerCorrectedRead,
    PartnerName,
    PartnerRead,
)
from services.visits.store import agreements, partners
from shared.consumer import Received
from shared.database import Transaction

__all__ = [
    "Origin",
    "Partner",
    "agreement_called",
    "agreements_from",
    "apply_agreements",
    "partners_called",
]


_Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """A partner of the register, as far as it is known here."""

    id: str
    name: str
    names: tuple[PartnerName, ...]
    country: str | None
    kind: str | None

    def name_on(self, day: date) -> str:
        """The name that was valid on a day: the present one if it was, else an English one."""
        valid = [
            dated
            for dated in self.names
            if (dated.valid_from is None or dated.valid_from.first <= day)
            and (dated.valid_until is None or day <= dated.valid_until.last)
        ]
        if not valid or any(dated.name == self.name for dated in valid):
            return self.name
        return min(valid, key=lambda dated: dated.language not in (None, "en")).name


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """An agreement, and the follow-up that it says it came from."""

    agreement: str
    visit: str
    """The visit's id, or `ref:` and the office's own id of it."""
    follow_up: str


async def apply_agreements(connection: AsyncConnection, facts: Sequence[Received]) -> list[Origin]:
    """Merge a batch into the rows; returns the follow-ups that its agreements name."""
    of_partners: dict[str, dict[str, Any]] = {}
    of_agreements: dict[str, dict[str, Any]] = {}
    for fact in facts:
        match fact.data:
            case PartnerRead() | PartnerCorrectedRead():
                of_partners.setdefault(fact.subject, {}).update(_set_by(fact.data))
            case AgreementRead() | AgreementCorrectedRead():
                of_agreements.setdefault(fact.subject, {}).update(_set_by(fact.data))
    await _merge(connection, partners, of_partners, {})
    named = {
        "visit": ("follow_up", "visit"),
        "follow_up": ("follow_up", "follow_up"),
    }
    await _merge(connection, agreements, of_agreements, named)
    return [
        Origin(agreement=subject, visit=named_by["visit"], follow_up=named_by["follow_up"])
        for subject, document in of_agreements.items()
        if (named_by := document.get("follow_up"))
    ]


async def partners_called(
    tx: Transaction, tokens: Iterable[str], *, day: date
) -> dict[str, Partner]:
    """The partners that these tokens (`ref:<office's id>`, or an id) stood for on a day, by token.

    One that was merged is the one that is left at last; of two bodies that became one, each was
    itself before. Tokens of partners that are not known here are left out.
    """
    wanted = set(tokens)
    found = await _partners(tx, wanted)
    by_id = {row["id"]: row for row in found}
    while missing := {_became(row, day) for row in by_id.values()} - by_id.keys() - {None}:
        survivors = {row["id"]: row for row in await _partners(tx, missing)}
        by_id |= {subject: {} for subject in missing} | survivors
    known: dict[str, Partner] = {}
    for row in found:
        for token in wanted & {row["id"], f"ref:{row['ref']}"}:
            known[token] = _partner(_left(row, by_id, day))
    return known


async def agreement_called(tx: Transaction, token: str) -> str | None:
    """The id of the agreement that an id or `ref:<office's id>` stands for; None: not known."""
    c = agreements.c
    column, value = (c.ref, token[4:]) if token.startswith("ref:") else (c.id, token)
    subject: str | None = await tx.connection.scalar(select(c.id).where(column == value))
    return subject


async def agreements_from(tx: Transaction, *, visit: str, ref: str | None) -> list[Origin]:
    """The agreements that say they came from this visit, oldest first."""
    c = agreements.c
    query = (
        select(c.id, c.visit, c.follow_up)
        .where(c.visit.in_([visit, *([f"ref:{ref}"] if ref else [])]))
        .order_by(c.id)
    )
    return [
        Origin(agreement=row.id, visit=row.visit, follow_up=row.follow_up)
        for row in await tx.connection.execute(query)
    ]


def _became(row: _Row, day: date) -> str | None:
    """Into which one a partner was merged by that day."""
    read = PartnerRead.model_validate(row.get("document") or {})
    merger = read.merger
    if merger is not None and merger.kind == "institutional" and merger.on is not None:
        return read.merged_into if merger.on.first <= day else None
    return read.merged_into


def _left(row: _Row, by_id: Mapping[str, _Row], day: date) -> _Row:
    """The one that is left at last, or the last that is known here."""
    seen = {row["id"]}
    while (into := _became(row, day)) is not None and by_id.get(into) and into not in seen:
        seen.add(into)
        row = by_id[into]
    return row


def _set_by(data: BaseModel) -> dict[str, Any]:
    """The fields that a fact sets, as JSON."""
    told = data.changes if isinstance(data, PartnerCorrectedRead | AgreementCorrectedRead) else data
    return told.model_dump(mode="json", exclude_unset=True)


async def _merge(
    connection: AsyncConnection,
    table: Table,
    documents: Mapping[str, dict[str, Any]],
    columns: Mapping[str, tuple[str, ...]],
) -> None:
    """One statement: every document is laid over the one that is there."""
    if not documents:
        return
    rows = [
        {"id": subject, "document": document, "ref": document.get("ref")}
        | {name: _at(document, path) for name, path in columns.items()}
        for subject, document in documents.items()
    ]
    statement = insert(table)
    merged = table.c.document.op("||")(statement.excluded.document)
    written: dict[str, Any] = {"document": merged, "ref": merged.op("->>")("ref")}
    for name, path in columns.items():
        written[name] = func.jsonb_extract_path_text(merged, *path)
    upsert = statement.on_conflict_do_update(index_elements=["id"], set_=written)
    await connection.execute(upsert, rows)


def _at(document: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = document
    for name in path:
        value = (value or {}).get(name)
    return value


async def _partners(tx: Transaction, tokens: Iterable[str | None]) -> list[Mapping[str, Any]]:
    wanted = [token for token in tokens if token is not None]
    if not wanted:
        return []
    refs = [token[4:] for token in wanted if token.startswith("ref:")]
    query = select(partners).where(or_(partners.c.id.in_(wanted), partners.c.ref.in_(refs)))
    return [dict(row) for row in (await tx.connection.execute(query)).mappings()]


def _partner(row: Mapping[str, Any]) -> Partner:
    read = PartnerRead.model_validate(row["document"])
    return Partner(
        id=row["id"],
        name=read.name or row["id"],
        names=read.names,
        country=read.country,
        kind=read.kind,
    )
