"""`/partners`"""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.agreements import store
from services.agreements.domain.partners import Partner
from services.agreements.events.values import PartnerId, PartnerKind, PartnerStatus
from services.agreements.http.reading import After, Country, Limit, Unit, Words, history, page
from services.agreements.usecases import mergers
from services.agreements.usecases import partners as usecases
from services.agreements.usecases.ground import Correct
from shared.http import Page, Reads, Writes
from shared.operating import HistoryEntry

MergedInto = Annotated[str | None, Query(description="The id of the partner that they became")]

router = APIRouter(prefix="/partners", tags=["partners"])


@router.post("", status_code=201, response_model=usecases.Registered)
async def register_partner(command: usecases.RegisterPartner, call: Writes) -> Response:
    """Put an outside body into the register; `duplicates` are others that it may be."""
    return await call.once(
        lambda tx: usecases.register_partner(tx, call.allow, command),
        status=201,
        location=lambda partner: f"/agreements/partners/{partner.id}",
    )


@router.get("")
async def list_partners(
    call: Reads,
    kind: PartnerKind | None = None,
    status: PartnerStatus | None = None,
    unit: Unit = None,
    country: Country = None,
    merged_into: MergedInto = None,
    q: Words = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[Partner]:
    """Partners, in the order of entry."""
    return await page(
        call,
        store.partners,
        unit=unit,
        country=country,
        q=q,
        kind=kind,
        status=status,
        merged_into=merged_into,
        after=after,
        limit=limit,
    )


@router.get("/{partner}")
async def get_partner(partner: PartnerId, call: Reads) -> Partner:
    """One partner as it is known now."""
    return await call.read(lambda tx: store.partners.load(tx, partner, for_update=False))


@router.get("/{partner}/history")
async def get_partner_history(partner: PartnerId, call: Reads) -> Page[HistoryEntry]:
    """Everything that was ever recorded of one partner, who did it and when."""
    return await history(call, store.partners, partner)


@router.post("/{partner}/names", response_model=Partner)
async def rename_partner(
    partner: PartnerId, command: usecases.RenamePartner, call: Writes
) -> Response:
    """It took a new name; the old one keeps its days."""
    return await call.once(lambda tx: usecases.rename_partner(tx, call.allow, partner, command))


@router.post("/{partner}/identifiers", response_model=Partner)
async def identify_partner(
    partner: PartnerId, command: usecases.IdentifyPartner, call: Writes
) -> Response:
    """Add an id that somebody else gave it: unique per scheme."""
    return await call.once(lambda tx: usecases.identify_partner(tx, call.allow, partner, command))


@router.post("/{partner}/rankings", response_model=Partner)
async def rank_partner(partner: PartnerId, command: usecases.RankPartner, call: Writes) -> Response:
    """Add its position, or band, in an edition of a ranking."""
    return await call.once(lambda tx: usecases.rank_partner(tx, call.allow, partner, command))


@router.post("/{partner}/retirement", response_model=Partner)
async def retire_partner(
    partner: PartnerId, command: usecases.RetirePartner, call: Writes
) -> Response:
    """We no longer work with it; what was agreed stays as it is."""
    return await call.once(lambda tx: usecases.retire_partner(tx, call.allow, partner, command))


@router.post("/{partner}/reinstatement", response_model=Partner)
async def reinstate_partner(
    partner: PartnerId, command: usecases.ReinstatePartner, call: Writes
) -> Response:
    """We work with it again."""
    return await call.once(lambda tx: usecases.reinstate_partner(tx, call.allow, partner, command))


@router.post("/{partner}/aliases", response_model=Partner)
async def add_alias(
    partner: PartnerId, command: usecases.NamePartnerAlso, call: Writes
) -> Response:
    """Add a name that it goes by: in another script or language, or in short."""
    return await call.once(lambda tx: usecases.add_alias(tx, call.allow, partner, command))


@router.post("/{partner}/aliases/removal", response_model=Partner)
async def remove_alias(
    partner: PartnerId, command: usecases.NamePartnerAlso, call: Writes
) -> Response:
    """It does not go by that name."""
    return await call.once(lambda tx: usecases.remove_alias(tx, call.allow, partner, command))


@router.post("/{partner}/merger", response_model=Partner)
async def merge_partner(
    partner: PartnerId, command: mergers.MergePartner, call: Writes
) -> Response:
    """Merge it into another one: a duplicate, or two bodies that became one on a day.

    References to it stay, and are followed to the one that is left.
    """
    return await call.once(lambda tx: mergers.merge_partner(tx, call.allow, partner, command))


@router.post("/{partner}/merger/reversal", response_model=Partner)
async def unmerge_partner(
    partner: PartnerId, command: mergers.UnmergePartner, call: Writes
) -> Response:
    """They are two after all: what moved goes back."""
    return await call.once(lambda tx: mergers.unmerge_partner(tx, call.allow, partner, command))


@router.post("/{partner}/corrections", response_model=Partner)
async def correct_partner(partner: PartnerId, command: Correct, call: Writes) -> Response:
    """Mend one field of its record."""
    return await call.once(lambda tx: usecases.correct_partner(tx, call.allow, partner, command))
