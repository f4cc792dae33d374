"""The agreement itself: `/agreements`, `/agreements/{id}` and the steps of its life."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.agreements import store
from services.agreements.domain.agreement_balance import BalanceStatement
from services.agreements.domain.agreement_places import PlacesTaken
from services.agreements.domain.agreements import Agreement
from services.agreements.events.values import (
    AgreementId,
    AgreementKind,
    AgreementStatus,
    EqfLevel,
    Year,
)
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
from services.agreements.usecases import agreements as usecases
from services.agreements.usecases import places
from services.agreements.usecases.ground import Correct
from shared.dates import Day
from shared.http import Page, Reads, Writes
from shared.operating import HistoryEntry
from shared.texts import IscedField

router = APIRouter(tags=["agreements"])


@router.post("", status_code=201, response_model=Agreement)
async def propose_agreement(command: usecases.ProposeAgreement, call: Writes) -> Response:
    """Say what is to be agreed, and between whom."""
    return await call.once(
        lambda tx: usecases.propose_agreement(tx, call.allow, command),
        status=201,
        location=lambda agreement: f"/agreements/{agreement.id}",
    )


@router.get("")
async def list_agreements(
    call: Reads,
    kind: AgreementKind | None = None,
    status: AgreementStatus | None = None,
    partner: PartnerParameter = None,
    visit: Annotated[
        str | None, Query(description="It came from a follow-up of this visit")
    ] = None,
    in_force_on: Annotated[
        Day | None, Query(description="In force on that day, and not suspended on it")
    ] = None,
    expiring_within: Annotated[
        int | None,
        Query(ge=1, le=3660, description="In force, and its term ends within so many days"),
    ] = None,
    dormant_in: Annotated[
        Year | None, Query(description="In force in that calendar year, and nobody stayed under it")
    ] = None,
    field: Annotated[IscedField | None, Query(description="A field of study that it names")] = None,
    level: Annotated[EqfLevel | None, Query(description="An EQF level that it names")] = None,
    unit: Unit = None,
    country: Country = None,
    q: Words = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[Agreement]:
    """Agreements, in the order of entry."""
    also = store.covering(field, level)
    if in_force_on is not None:
        also += store.binding(in_force_on)
    if expiring_within is not None:
        today = call.context.database.clock.now().date()
        also.append(store.expiring(today, today + timedelta(days=expiring_within)))
    if dormant_in is not None:
        also.append(store.dormant(dormant_in))
    return await page(
        call,
        store.agreements,
        also=also,
        unit=unit,
        country=country,
        q=q,
        partner=partner,
        kind=kind,
        status=status,
        visit=visit,
        after=after,
        limit=limit,
    )


@router.get("/{agreement}")
async def get_agreement(agreement: AgreementId, call: Reads) -> Agreement:
    """One agreement as it stands now."""
    return await call.read(lambda tx: store.agreements.load(tx, agreement, for_update=False))


@router.get("/{agreement}/history")
async def get_agreement_history(agreement: AgreementId, call: Reads) -> Page[HistoryEntry]:
    """Everything that was ever recorded of one agreement, who did it and when."""
    return await history(call, store.agreements, agreement)


@router.post("/{agreement}/approvals", response_model=Agreement)
async def approve_agreement(
    agreement: AgreementId, command: usecases.ApproveAgreement, call: Writes
) -> Response:
    """One side consented; with both it is approved. Approval is not signature."""
    return await call.once(
        lambda tx: usecases.approve_agreement(tx, call.allow, agreement, command)
    )


@router.post("/{agreement}/signatures", response_model=Agreement)
async def sign_agreement(
    agreement: AgreementId, command: usecases.SignAgreement, call: Writes
) -> Response:
    """One party signed; after the last one it enters into force on its first day."""
    return await call.once(lambda tx: usecases.sign_agreement(tx, call.allow, agreement, command))


@router.post("/{agreement}/renewals", response_model=Agreement)
async def renew_agreement(
    agreement: AgreementId, command: usecases.RenewAgreement, call: Writes
) -> Response:
    """Both sides agreed that it is valid for longer."""
    return await call.once(lambda tx: usecases.renew_agreement(tx, call.allow, agreement, command))


@router.post("/{agreement}/withdrawal", response_model=Agreement)
async def withdraw_agreement(
    agreement: AgreementId, command: usecases.WithdrawAgreement, call: Writes
) -> Response:
    """Give it up before the last signature."""
    return await call.once(
        lambda tx: usecases.withdraw_agreement(tx, call.allow, agreement, command)
    )


@router.post("/{agreement}/suspension", response_model=Agreement)
async def suspend_agreement(
    agreement: AgreementId, command: usecases.SuspendAgreement, call: Writes
) -> Response:
    """Let it rest."""
    return await call.once(
        lambda tx: usecases.suspend_agreement(tx, call.allow, agreement, command)
    )


@router.post("/{agreement}/resumption", response_model=Agreement)
async def resume_agreement(
    agreement: AgreementId, command: usecases.ResumeAgreement, call: Writes
) -> Response:
    """It rests no longer."""
    return await call.once(lambda tx: usecases.resume_agreement(tx, call.allow, agreement, command))


@router.post("/{agreement}/termination", response_model=Agreement)
async def terminate_agreement(
    agreement: AgreementId, command: usecases.TerminateAgreement, call: Writes
) -> Response:
    """Give notice, with the last day in force."""
    return await call.once(
        lambda tx: usecases.terminate_agreement(tx, call.allow, agreement, command)
    )


@router.post("/{agreement}/supersession", response_model=Agreement)
async def supersede_agreement(
    agreement: AgreementId, command: usecases.SupersedeAgreement, call: Writes
) -> Response:
    """Its successor, which is in force, takes its place."""
    return await call.once(
        lambda tx: usecases.supersede_agreement(tx, call.allow, agreement, command)
    )


@router.get("/{agreement}/places")
async def get_places(
    agreement: AgreementId,
    call: Reads,
    year: Annotated[
        Year | None, Query(description="Only this one: 2025 is the academic year 2025/26")
    ] = None,
) -> PlacesTaken:
    """Its places year by year, the latest first: what stays have taken, and what is left."""
    return await call.read(lambda tx: places.places_taken(tx, agreement, year=year))


@router.get("/{agreement}/balance")
async def get_balance(
    agreement: AgreementId,
    call: Reads,
    on: Annotated[
        Day | None, Query(description="Of the stays begun by that day; by default today")
    ] = None,
) -> BalanceStatement:
    """What one side owes the other, year by year with what is carried over, stay by stay."""
    return await call.read(lambda tx: places.balance(tx, agreement, on=on))


@router.post("/{agreement}/places", response_model=Agreement)
async def change_places(
    agreement: AgreementId, command: places.ChangePlaces, call: Writes
) -> Response:
    """Other numbers of places hold, from the next academic year on at the earliest."""
    return await call.once(lambda tx: places.change_places(tx, call.allow, agreement, command))


@router.post("/{agreement}/corrections", response_model=Agreement)
async def correct_agreement(agreement: AgreementId, command: Correct, call: Writes) -> Response:
    """Mend one field of its record."""
    return await call.once(
        lambda tx: usecases.correct_agreement(tx, call.allow, agreement, command)
    )
