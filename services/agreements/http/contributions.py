"""`/contributions`"""

from fastapi import APIRouter, Response

from services.agreements import store
from services.agreements.domain.contributions import Contribution
from services.agreements.events.values import ContributionId
from services.agreements.http.reading import (
    After,
    Country,
    Limit,
    PartnerParameter,
    Unit,
    Words,
    history,
    page,
)
from services.agreements.usecases import contributions as usecases
from services.agreements.usecases.ground import Correct
from shared.http import Page, Reads, Writes
from shared.operating import HistoryEntry

router = APIRouter(prefix="/contributions", tags=["contributions"])


@router.post("", status_code=201, response_model=Contribution)
async def receive_contribution(command: usecases.ReceiveContribution, call: Writes) -> Response:
    """Enter money or goods that came."""
    return await call.once(
        lambda tx: usecases.receive_contribution(tx, call.allow, command),
        status=201,
        location=lambda contribution: f"/agreements/contributions/{contribution.id}",
    )


@router.get("")
async def list_contributions(
    call: Reads,
    partner: PartnerParameter = None,
    unit: Unit = None,
    country: Country = None,
    q: Words = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[Contribution]:
    """Contributions, in the order of entry."""
    return await page(
        call,
        store.contributions,
        unit=unit,
        country=country,
        q=q,
        partner=partner,
        after=after,
        limit=limit,
    )


@router.get("/{contribution}")
async def get_contribution(contribution: ContributionId, call: Reads) -> Contribution:
    """One contribution as it is known now."""
    return await call.read(lambda tx: store.contributions.load(tx, contribution, for_update=False))


@router.get("/{contribution}/history")
async def get_contribution_history(contribution: ContributionId, call: Reads) -> Page[HistoryEntry]:
    """Everything that was ever recorded of one contribution, who did it and when."""
    return await history(call, store.contributions, contribution)


@router.post("/{contribution}/corrections", response_model=Contribution)
async def correct_contribution(
    contribution: ContributionId, command: Correct, call: Writes
) -> Response:
    """Mend one field of its record."""
    return await call.once(
        lambda tx: usecases.correct_contribution(tx, call.allow, contribution, command)
    )
