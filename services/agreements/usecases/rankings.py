"""A published ranking, row by row: each says of one partner where it stands in one edition."""

from typing import get_args

from pydantic import ConfigDict

from services.agreements import store
from services.agreements.domain import partner_records as rules
from services.agreements.domain.decisions import differences, fields_of
from services.agreements.domain.identifiers import normal
from services.agreements.domain.partners import Partner
from services.agreements.events.values import Identifier, Ranking, Scheme
from services.agreements.usecases.ground import Allow, today_of
from services.agreements.usecases.records import Recorded
from shared.database import Transaction
from shared.errors import Rejected
from shared.lists.news import newly_told

_TOLD = "rankings"
_SCHEMES = get_args(Scheme)


class Position(Ranking):
    """Where a partner stands in an edition: a position, or a band of them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ranking": "qs",
                    "edition": 2026,
                    "published_on": "2025-06-19",
                    "position": 801,
                    "position_until": 850,
                }
            ]
        }
    )


async def record_position(tx: Transaction, allow: Allow, ref: str, told: Position) -> Recorded:
    """Add a position, or set it right where the list newly says another.

    The same list again changes nothing, also where a position was corrected here since.
    """
    partner = await partner_by(tx, ref)
    allow(partner.unit)
    key = f"{partner.id} {told.ranking} {told.edition}"
    said = told.model_dump(mode="json")
    before = await store.told.before(tx, _TOLD, key)
    state = partner
    if newly_told(said, before=before):
        today = today_of(tx, partner.unit)
        state, facts = rules.place(partner, Ranking(**told.model_dump()), today=today)
        await store.partners.save(tx, state, *facts)
    await store.told.keep(tx, _TOLD, key, told=said)
    changed = sorted(differences(fields_of(state), of=partner))
    return Recorded(
        id=state.id,
        version=state.version,
        outcome="changed" if changed else "unchanged",
        changed=changed,
    )


async def partner_by(tx: Transaction, ref: str) -> Partner:
    """The partner that a row means: the office's ref of it, its id, or `scheme:value` of an id that
    somebody else gave it. Raises Rejected("partner-unknown", 404)."""
    ref = ref.removeprefix("ref:")
    found = await store.partners.find(tx, ref=ref, for_update=True)
    if found is not None:
        return found
    scheme, _, value = ref.partition(":")
    if scheme in _SCHEMES and value:
        told = normal(Identifier.model_validate({"scheme": scheme, "value": value}))
        owner = await store.partners.with_identifier(tx, scheme=told.scheme, value=told.value)
        if owner is None:
            raise Rejected(
                "partner-unknown", f"no partner has the {scheme} id {value!r}", status=404
            )
        return await store.partners.load(tx, owner)
    return await store.partners.load(tx, ref)
