"""Partners that may be one: proposed when they come, worked through, dismissed or merged."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from services.agreements.domain.duplicates import Proposal, called, proposals
from services.agreements.domain.likeness import likeness
from services.agreements.domain.partners import Partner
from services.agreements.events.values import PartnerId
from services.agreements.store import of_partners as store
from services.agreements.store.of_partners import partners
from services.agreements.usecases.ground import Allow
from shared.database import Database, Transaction
from shared.errors import Rejected
from shared.facts import Value
from shared.identity import new_id
from shared.texts import Text

_AT_ONCE = 200
_MOST_IN_A_RUN = 4000


class Pair(BaseModel):
    """Two partners that may be one."""

    one: str
    one_name: str
    other: str
    other_name: str
    score: int = Field(description="Of 100")
    reason: str
    found_at: datetime
    dismissed_at: datetime | None = None
    dismissed_by: str | None = None
    dismissed_because: str | None = None


class DismissDuplicate(Value):
    """They are two; they are not proposed again."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "two universities of one city"}]}
    )
    reason: Text


class Dismissed(BaseModel):
    """Two partners of which somebody said that they are two."""

    one: str
    other: str
    score: int
    reason: str


async def look_for_others(
    tx: Transaction, partner: Partner, *, compared: bool = False
) -> list[Proposal]:
    """Propose those that it may be, and keep the pairs.

    What comes at the same time is not seen yet; the job looks again at all that is not `compared`.
    """
    found = await _likely(tx, partner)
    await store.keep_proposals(tx, partner, found, compared=compared)
    return found


async def duplicates_of(tx: Transaction, subject: PartnerId) -> list[Proposal]:
    """Those that it may be, compared now."""
    return await _likely(tx, await partners.load(tx, subject, for_update=False))


async def dismiss_duplicate(
    tx: Transaction, allow: Allow, subject: PartnerId, other: PartnerId, command: DismissDuplicate
) -> Dismissed:
    """They are two."""
    one = await partners.load(tx, subject, for_update=False)
    allow(one.unit)
    if subject == other:
        raise Rejected("partner-is-itself", "a partner is always itself", field="other", status=422)
    another = await partners.load(tx, other, for_update=False)
    score = likeness(called(one), called(another)).score
    await store.dismiss(tx, one.id, another.id, score=score, because=command.reason)
    return Dismissed(one=one.id, other=another.id, score=score, reason=command.reason)


async def look_for_duplicates(database: Database) -> None:
    """A job: compare what came or changed since, also what came while others did.

    In portions, so that no run keeps the register for long; what is left waits for the next.
    """
    for _ in range(_MOST_IN_A_RUN // _AT_ONCE):
        async with database.begin(actor="clock", correlation_id=new_id("call")) as tx:
            waiting = await store.not_compared(tx, limit=_AT_ONCE)
            for subject in waiting:
                partner = await partners.load(tx, subject)
                await partners.refresh(tx, partner)
                await look_for_others(tx, partner, compared=True)
        if len(waiting) < _AT_ONCE:
            return


async def _likely(tx: Transaction, partner: Partner) -> list[Proposal]:
    if partner.status == "merged":
        return []
    others = await store.alike(tx, partner)
    dismissed = await store.dismissed_with(tx, partner.id) if partner.version > 1 else set()
    return proposals(partner, {each: who for each, who in others.items() if each not in dismissed})
