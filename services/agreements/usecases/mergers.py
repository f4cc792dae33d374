"""Two partners become one, and two again."""

from pydantic import ConfigDict, Field

from services.agreements.domain import mergers as rules
from services.agreements.domain.partners import Partner
from services.agreements.events.values import MergerKind, PartnerId
from services.agreements.store import partners
from services.agreements.usecases.ground import Allow, today_of
from shared.database import Transaction
from shared.dates import PartialDate
from shared.errors import Rejected
from shared.facts import Value
from shared.texts import Text


class MergePartner(Value):
    """It is the same body as another, or two bodies became one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "into": "partner-01k9zv5n3m8q4w7t2r6y0a1b2c",
                    "kind": "duplicate",
                    "on": "2025-11-17",
                    "reason": "was entered twice",
                }
            ]
        }
    )
    into: PartnerId = Field(min_length=1, max_length=100, description="The one that is left")
    kind: MergerKind = Field(
        description="duplicate: one body entered twice, it counts as the one that is left on every "
        "day; institutional: two bodies became one, and until that day each counts as itself"
    )
    on: PartialDate = Field(description="When they became one; of a duplicate, when it was found")
    reason: Text


class UnmergePartner(Value):
    """They are two after all."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "another campus, with its own agreements"}]}
    )
    reason: Text


async def merge_partner(
    tx: Transaction, allow: Allow, subject: PartnerId, command: MergePartner
) -> Partner:
    """The partner, merged into another one. Both belong to units of the caller."""
    await partners.lock(tx, subject, command.into)
    gone = await partners.load(tx, subject)
    allow(gone.unit)
    survivor = await partners.find(tx, id=command.into, for_update=True)
    if survivor is None:
        raise Rejected(
            "partner-unknown", f"there is no partner {command.into!r}", field="into", status=422
        )
    allow(survivor.unit)
    merged, absorbed = rules.merge(
        gone,
        survivor,
        kind=command.kind,
        on=command.on,
        reason=command.reason,
        today=today_of(tx, gone.unit),
    )
    saved = await partners.save(tx, merged[0], *merged[1])  # first: its ids are free then
    await partners.save(tx, absorbed[0], *absorbed[1])
    return saved


async def unmerge_partner(
    tx: Transaction, allow: Allow, subject: PartnerId, command: UnmergePartner
) -> Partner:
    """The partner, one of its own again."""
    into = (await partners.load(tx, subject, for_update=False)).merged_into
    await partners.lock(tx, subject, *([into] if into else []))
    gone = await partners.load(tx, subject)
    allow(gone.unit)
    if gone.merged_into is None:
        raise Rejected("partner-not-merged", f"{gone.name!r} is {gone.status}, not merged")
    survivor = await partners.load(tx, gone.merged_into)
    allow(survivor.unit)
    back, released = rules.unmerge(gone, survivor, reason=command.reason)
    await partners.save(tx, released[0], *released[1])  # first: the ids are free then
    return await partners.save(tx, back[0], *back[1])
