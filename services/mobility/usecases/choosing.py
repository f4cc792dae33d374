"""The coordinator's list: what matches no partner, which partners are like it, and the choice.

A choice is remembered: what waits under the same name follows, and so does what is still to come.
"""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints
from rapidfuzz import fuzz, process
from sqlalchemy import and_, select
from sqlalchemy.dialects.postgresql import insert

from services.mobility import store
from services.mobility.domain.names import folded
from services.mobility.usecases.ground import Allow
from services.mobility.usecases.resolving import PARTNER_FIELDS
from shared.database import Transaction
from shared.errors import Rejected
from shared.facts import Value
from shared.identity import is_id
from shared.texts import CountryCode

MOST = 5
ALIKE = 60
"""From this likeness on (of 100), a partner is proposed."""


class Proposal(Value):
    """A partner that may be meant."""

    partner: str
    name: str
    country: str | None
    likeness: int = Field(ge=0, le=100)


class Choose(Value):
    """Which partner is meant. It holds for what waits under this name, and from now on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "sought": "name:shibaura institut",
                    "country": "JP",
                    "partner": "partner-01k9zv5n3m8q4w7t2r6y0a1b2c",
                }
            ]
        }
    )
    sought: Annotated[str, StringConstraints(min_length=3, max_length=600)] = Field(
        description="One of `sought` in the list."
    )
    country: CountryCode | None = Field(
        default=None, description="Only where this country was sent with it; null: whatever was."
    )
    partner: str = Field(description="The id of a partner.")


class Chosen(Value):
    """What is remembered."""

    sought: str
    country: str | None
    partner: str
    waiting: int = Field(description="Records that wait for it, and follow now.")


async def proposals(tx: Transaction, rows: list[Any]) -> dict[tuple[str, str, str], list[Proposal]]:
    """Partners whose names are like those of the rows that seek one, the most alike first."""
    wanted = [row for row in rows if row["field"] in PARTNER_FIELDS and row["name"]]
    if not wanted:
        return {}
    table = store.known_partners
    known = (
        await tx.connection.execute(
            select(table.c.id, table.c.country, table.c.document).where(
                table.c.merged_into.is_(None)
            )
        )
    ).all()
    names: list[str] = []
    of: list[Any] = []
    for partner in known:
        document = partner.document
        told = [document.get("name"), *document.get("aliases", ())]
        told += [each.get("name") for each in document.get("names", ())]
        for name in {folded(each) for each in told if each}:
            names.append(name)
            of.append(partner)
    return {(row["subject"], row["field"], row["sought"]): _alike(row, names, of) for row in wanted}


def _alike(row: Any, names: list[str], of: list[Any]) -> list[Proposal]:
    found: dict[str, Proposal] = {}
    alike = process.extract(
        folded(row["name"]), names, scorer=fuzz.WRatio, score_cutoff=ALIKE, limit=10 * MOST
    )
    for _, likeness, index in alike:
        partner = of[index]
        elsewhere = row["country"] and partner.country and row["country"] != partner.country
        found.setdefault(
            partner.id,
            Proposal(
                partner=partner.id,
                name=str(partner.document.get("name") or ""),
                country=partner.country,
                likeness=round(likeness / 2 if elsewhere else likeness),
            ),
        )
    return sorted(found.values(), key=lambda each: -each.likeness)[:MOST]


async def choose(tx: Transaction, allow: Allow, command: Choose) -> Chosen:
    """The office says which partner is meant.

    Raises Rejected("partner-unknown", 422), ("reference-not-waiting", 404).
    """
    known = store.known_partners
    if not is_id("partner", command.partner) or not await tx.connection.scalar(
        select(known.c.id).where(known.c.id == command.partner)
    ):
        raise Rejected(
            "partner-unknown",
            f"there is no partner {command.partner!r} here (yet)",
            field="partner",
            status=422,
        )
    table = store.unresolved
    matches = and_(
        table.c["keys"].contains([command.sought]), table.c.field.in_(sorted(PARTNER_FIELDS))
    )
    if command.country is not None:
        matches = and_(matches, table.c.country == command.country)
    units = (await tx.connection.scalars(select(table.c.unit).where(matches))).all()
    if not units:
        raise Rejected(
            "reference-not-waiting",
            "no record waits for this; take `sought` as it stands in the list",
            field="sought",
            status=404,
        )
    for unit in set(units):
        allow(unit)
    row = insert(store.chosen).values(
        key=command.sought,
        country=command.country or "",
        partner=command.partner,
        chosen_by=tx.actor,
        chosen_at=tx.now,
    )
    changes = {name: row.excluded[name] for name in ("partner", "chosen_by", "chosen_at")}
    await tx.connection.execute(
        row.on_conflict_do_update(index_elements=["key", "country"], set_=changes)
    )
    return Chosen(
        sought=command.sought,
        country=command.country,
        partner=command.partner,
        waiting=len(units),
    )
