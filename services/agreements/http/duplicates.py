"""`/partners/search` and `/partners/duplicates`: finding one, and finding two that are one."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.agreements import store
from services.agreements.domain.duplicates import Proposal
from services.agreements.events.values import PartnerId, PartnerKind, PartnerStatus
from services.agreements.http.reading import After, Country, Limit, Unit
from services.agreements.store import of_partners
from services.agreements.usecases import duplicates as usecases
from services.agreements.usecases.duplicates import Dismissed, Pair
from services.agreements.usecases.searching import Found, search
from shared.errors import Rejected
from shared.http import Page, Reads, Writes

router = APIRouter(prefix="/partners", tags=["partners"])

Typed = Annotated[
    str,
    Query(
        min_length=1,
        max_length=200,
        description="A name now or before, an alias, the beginning or words of one, in any script, "
        "with or without accents, also misspelt; or an id",
    ),
]


@router.get("/search")
async def search_partners(
    call: Reads,
    q: Typed,
    kind: PartnerKind | None = None,
    status: PartnerStatus | None = None,
    unit: Unit = None,
    country: Country = None,
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
) -> Page[Found]:
    """The partners that somebody may mean, the likeliest first."""
    units = None if unit is None else call.reference.below(call.reference.unit(unit).id)
    where = store.clauses(
        store.partners, units=units, country=country, q=None, kind=kind, status=status
    )
    return Page(items=await call.read(lambda tx: search(tx, q, where, limit=limit)))


@router.get("/duplicates")
async def list_duplicates(
    call: Reads,
    unit: Unit = None,
    dismissed: bool = False,
    after: After = None,
    limit: Limit = 50,
) -> Page[Pair]:
    """Pairs that may be one body, the likeliest first: to be merged, or dismissed."""
    units = None if unit is None else call.reference.below(call.reference.unit(unit).id)
    found = await call.read(
        lambda tx: of_partners.pairs(
            tx, units=units, dismissed=dismissed, after=_read(after), limit=limit + 1
        )
    )
    items = [Pair(**each) for each in found[:limit]]
    last = items[-1] if len(found) > limit else None
    return Page(items=items, next=f"{last.score}.{last.one}.{last.other}" if last else None)


@router.get("/{partner}/duplicates")
async def list_duplicates_of_partner(partner: PartnerId, call: Reads) -> Page[Proposal]:
    """Those that this one may be, compared now."""
    return Page(items=await call.read(lambda tx: usecases.duplicates_of(tx, partner)))


@router.post("/{partner}/duplicates/{other}/dismissal", response_model=Dismissed)
async def dismiss_duplicate(
    partner: PartnerId, other: PartnerId, command: usecases.DismissDuplicate, call: Writes
) -> Response:
    """They are two: they are not proposed again."""
    return await call.once(
        lambda tx: usecases.dismiss_duplicate(tx, call.allow, partner, other, command)
    )


def _read(after: str | None) -> tuple[int, str, str] | None:
    if after is None:
        return None
    score, _, rest = after.partition(".")
    one, _, other = rest.partition(".")
    if not score.isdecimal() or len(score) > 3 or not other:
        raise Rejected(
            "cursor-invalid", "pass `next` of the page before as it is", field="after", status=422
        )
    return int(score), one, other
