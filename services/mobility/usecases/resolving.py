"""References to records of others: by id, by `ref:<the office's ref>`, or by ids and names.

What matches nothing is left out of the record and kept in `unresolved`, the coordinator's list;
it is looked up again when more is known.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import delete, insert, or_, select

from services.mobility import store
from services.mobility.domain.names import folded, reference_key
from services.mobility.domain.targets import Sought
from shared.database import Transaction
from shared.facts import State
from shared.identity import is_id
from shared.lists.news import Told

PARTNER_FIELDS = frozenset({"partner", "agency", "partners"})
REFERENCES = ("partner", "agency", "agreement", "joint_programme", "programme", "partners")
"""The fields that name a record of another subject."""

_KINDS = {
    "partner": "partner",
    "agency": "partner",
    "partners": "partner",
    "agreement": "agreement",
    "joint_programme": "joint-programme",
    "programme": "programme",
}

Pending = dict[str, list[Sought]]
"""By field, what could not be found yet."""


def sought_of(field: str, reference: str) -> Sought | None:
    """What a typed reference asks for; None if it is an id, which is taken as it is."""
    if is_id(_KINDS[field], reference):
        return None
    return Sought(keys=(reference_key(reference),))


async def look_up(tx: Transaction, field: str, sought: Sought) -> str | None:
    """The id of the one record that the first key with an answer leads to, else None."""
    for key in sought.keys:
        found = await _find(tx, field, key, sought.country)
        if found is not None:
            return found
    return None


async def resolved(tx: Transaction, told: Told) -> tuple[Told, Pending]:
    """What a list says, with ids in place of references; what is not known is null and pending."""
    pending: Pending = {}
    after = dict(told)
    for field in REFERENCES:
        value = told.get(field)
        if value is None:
            continue
        several = field == "partners"
        ids: list[str] = []
        for reference in value if several else [value]:
            sought = sought_of(field, reference)
            found = reference if sought is None else await look_up(tx, field, sought)
            if found is not None:
                ids.append(found)
            elif sought is not None:
                pending.setdefault(field, []).append(sought)
        after[field] = ids if several else (ids[0] if ids else None)
    return after, pending


async def resolved_sought(
    tx: Transaction, sought: Mapping[str, Sought]
) -> tuple[dict[str, str | None], Pending]:
    """The same for what upstream named."""
    ids: dict[str, str | None] = {}
    pending: Pending = {}
    for field, wanted in sought.items():
        ids[field] = await look_up(tx, field, wanted)
        if ids[field] is None:
            pending[field] = [wanted]
    return ids, pending


async def keep_pending(
    tx: Transaction, state: State, pending: Pending, *, fields: set[str]
) -> None:
    """Remember what of these fields of a record is still sought, and forget what was."""
    table = store.unresolved
    if fields:
        await tx.connection.execute(
            delete(table).where(table.c.subject == state.id, table.c.field.in_(fields))
        )
    rows = [
        {
            "subject": state.id,
            "field": field,
            "sought": sought.keys[0],
            "keys": list(sought.keys),
            "name": sought.name,
            "country": sought.country,
            "unit": getattr(state, "unit", ""),
            "since": tx.now,
        }
        for field, wanted in pending.items()
        for sought in {each.keys[0]: each for each in wanted}.values()
    ]
    if rows:
        await tx.connection.execute(insert(table), rows)


async def country_of_partner(tx: Transaction, partner: str | None) -> str | None:
    """Where a partner has its seat, if that has reached us."""
    if partner is None:
        return None
    table = store.known_partners
    country: str | None = await tx.connection.scalar(
        select(table.c.country).where(table.c.id == partner)
    )
    return country


async def _find(tx: Transaction, field: str, key: str, country: str | None) -> str | None:
    if field in PARTNER_FIELDS:
        return await _find_partner(tx, key, country)
    ref = key.removeprefix("ref:")
    query: Any
    if field == "programme":
        own = store.programmes.table
        query = select(own.c.id).where(or_(own.c.ref == ref, own.c.name_key == folded(ref)))
    else:
        table = store.known_agreements if field == "agreement" else store.known_joint_programmes
        query = select(table.c.id).where(table.c.ref == ref)
    ids = (await tx.connection.scalars(query.limit(2))).all()
    return ids[0] if len(ids) == 1 else None


async def _find_partner(tx: Transaction, key: str, country: str | None) -> str | None:
    chosen = await _chosen(tx, key, country)
    if chosen is not None:
        return chosen
    table = store.known_partners
    query = select(table.c.id).where(table.c["keys"].contains([key]))
    if key.startswith("name:") and country is not None:
        query = query.where(or_(table.c.country == country, table.c.country.is_(None)))
    left = await _left_of(tx, (await tx.connection.scalars(query)).all())
    return left.pop() if len(left) == 1 else None


async def _chosen(tx: Transaction, key: str, country: str | None) -> str | None:
    """What the office chose for this, as it was sent; followed to the partner that it is now."""
    table = store.chosen
    query = (
        select(table.c.partner)
        .where(table.c.key == key, table.c.country.in_(["", country or ""]))
        .order_by(table.c.country.desc())
        .limit(1)
    )
    partner = await tx.connection.scalar(query)
    if partner is None:
        return None
    left = await _left_of(tx, [partner])
    return left.pop() if len(left) == 1 else None


async def _left_of(tx: Transaction, ids: Iterable[str]) -> set[str]:
    """The partners that are left of these, duplicates followed to the one that they are at last."""
    table = store.known_partners
    left, seen = set[str](), set[str]()
    asked = set(ids)
    while asked:
        seen |= asked
        rows = await tx.connection.execute(
            select(table.c.id, table.c.merged_into).where(table.c.id.in_(asked))
        )
        into = {row.id: row.merged_into for row in rows}
        left |= {each for each in asked if into.get(each) is None}
        asked = {each for each in into.values() if each is not None} - seen
    return left


async def forget(tx: Transaction, subject: str, field: str, sought: str) -> None:
    """It was found."""
    table = store.unresolved
    await tx.connection.execute(
        delete(table).where(
            table.c.subject == subject, table.c.field == field, table.c.sought == sought
        )
    )
