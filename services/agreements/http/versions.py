"""`/agreements/{id}`: its reviews, revisions and amendments, and the versions of its terms."""

from fastapi import APIRouter, Response

from services.agreements.domain.agreement_versions import TermsVersion
from services.agreements.domain.agreements import Agreement
from services.agreements.events.values import AgreementId
from services.agreements.usecases import versions as usecases
from shared.http import Page, Reads, Writes

router = APIRouter(prefix="/{agreement}", tags=["agreements"])


@router.post("/review", response_model=Agreement)
async def submit_for_review(
    agreement: AgreementId, command: usecases.SubmitForReview, call: Writes
) -> Response:
    """Hand the proposal to those who review it, and to those who approve."""
    return await call.once(
        lambda tx: usecases.submit_for_review(tx, call.allow, agreement, command)
    )


@router.post("/reviews", response_model=Agreement)
async def review_agreement(
    agreement: AgreementId, command: usecases.ReviewAgreement, call: Writes
) -> Response:
    """A reviewer agreed, or asked for changes: then it is a proposal again."""
    return await call.once(lambda tx: usecases.review_agreement(tx, call.allow, agreement, command))


@router.post("/revision", response_model=Agreement)
async def revise_agreement(
    agreement: AgreementId, command: usecases.ChangeTerms, call: Writes
) -> Response:
    """Change terms before the last signature: both sides approve anew."""
    return await call.once(lambda tx: usecases.revise_agreement(tx, call.allow, agreement, command))


@router.post("/amendment", response_model=Agreement)
async def propose_amendment(
    agreement: AgreementId, command: usecases.ChangeTerms, call: Writes
) -> Response:
    """Propose other terms of what is signed; those in force stay until both sides approve."""
    return await call.once(
        lambda tx: usecases.propose_amendment(tx, call.allow, agreement, command)
    )


@router.post("/amendment/approvals", response_model=Agreement)
async def approve_amendment(
    agreement: AgreementId, command: usecases.ApproveAmendment, call: Writes
) -> Response:
    """One side consented to the amendment; with both it is in force."""
    return await call.once(
        lambda tx: usecases.approve_amendment(tx, call.allow, agreement, command)
    )


@router.post("/amendment/withdrawal", response_model=Agreement)
async def withdraw_amendment(
    agreement: AgreementId, command: usecases.WithdrawAmendment, call: Writes
) -> Response:
    """Give the amendment up; the terms in force stay."""
    return await call.once(
        lambda tx: usecases.withdraw_amendment(tx, call.allow, agreement, command)
    )


@router.get("/versions")
async def get_versions(agreement: AgreementId, call: Reads) -> Page[TermsVersion]:
    """Every version of its terms that both sides approved, and what each changed."""
    return Page(items=await call.read(lambda tx: usecases.versions_of(tx, agreement)))
