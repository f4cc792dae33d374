"""Reviews, revisions and amendments: how the terms of an agreement come to be what they are."""

from datetime import date
from typing import Any

from pydantic import ConfigDict, Field

from services.agreements import store
from services.agreements.domain import agreement_reviews as reviews
from services.agreements.domain import agreement_versions as rules
from services.agreements.domain.agreement_places import YearOf
from services.agreements.domain.agreement_versions import TermsVersion
from services.agreements.domain.agreements import Agreement
from services.agreements.events.agreements import AgreedTerms
from services.agreements.events.values import AgreementId, Side, Verdict
from services.agreements.usecases.agreements import must_name_what_exists
from services.agreements.usecases.ground import Allow, own_agreement, today_of
from shared.database import Transaction
from shared.dates import PartialDate
from shared.errors import Rejected
from shared.facts import Value
from shared.texts import Line, Text


class SubmitForReview(Value):
    """Hand the proposal to those who review it, and to those who approve."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"on": "2025-10-06", "reviewers": ["Legal office", "Vice-rector for education"]}
            ]
        }
    )
    on: PartialDate
    reviewers: tuple[Line, ...] = Field(
        default=(), max_length=50, description="Roles, offices or person_refs, no names"
    )


class ReviewAgreement(Value):
    """A reviewer spoke."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"reviewer": "Legal office", "verdict": "agrees", "on": "2025-10-13"},
                {
                    "reviewer": "Vice-rector for education",
                    "verdict": "asks-for-changes",
                    "on": "2025-10-14",
                    "note": "Two places are too few",
                },
            ]
        }
    )
    reviewer: Line
    verdict: Verdict
    on: PartialDate
    note: Text | None = Field(default=None, description="Needed where changes are asked for")


class ChangeTerms(Value):
    """Other values of some of the terms; or an earlier version of all of them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "on": "2025-11-14",
                    "reason": "A second school takes part",
                    "changes": {"levels": [6, 7], "valid_until": "2032-08-31"},
                },
                {"on": "2025-11-14", "reason": "As it was before", "return_to": 1},
            ]
        }
    )
    on: PartialDate
    reason: Text
    changes: dict[str, Any] = Field(default={}, description="The new values by field")
    return_to: int | None = Field(default=None, ge=1, description="An earlier version")


class ApproveAmendment(Value):
    """One side consented to the amendment."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"side": "ours", "on": "2025-11-15"},
                {"side": "theirs", "on": "2025-11-17", "evidence": "Letter of 17 November"},
            ]
        }
    )
    side: Side
    on: PartialDate
    evidence: Text | None = Field(default=None, description="What shows it; needed for theirs")


class WithdrawAmendment(Value):
    """Give the amendment up."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"on": "2025-11-17", "reason": "they did not answer"}]}
    )
    on: PartialDate
    reason: Text


async def submit_for_review(
    tx: Transaction, allow: Allow, subject: AgreementId, command: SubmitForReview
) -> Agreement:
    """It goes to those who review it, and to those who approve."""
    agreement = await own_agreement(tx, allow, subject)
    submitted, facts = reviews.submit_for_review(
        agreement,
        on=command.on,
        reviewers=command.reviewers,
        today=today_of(tx, agreement.unit),
    )
    return await store.agreements.save(tx, submitted, *facts)


async def review_agreement(
    tx: Transaction, allow: Allow, subject: AgreementId, command: ReviewAgreement
) -> Agreement:
    """One of the reviewers speaks."""
    agreement = await own_agreement(tx, allow, subject)
    reviewed, facts = reviews.review(
        agreement,
        reviewer=command.reviewer,
        verdict=command.verdict,
        on=command.on,
        note=command.note,
        today=today_of(tx, agreement.unit),
    )
    return await store.agreements.save(tx, reviewed, *facts)


async def revise_agreement(
    tx: Transaction, allow: Allow, subject: AgreementId, command: ChangeTerms
) -> Agreement:
    """Other terms before the last signature: a proposal again."""
    agreement = await own_agreement(tx, allow, subject)
    revised, facts = rules.revise(
        agreement,
        _wanted(agreement, command),
        on=command.on,
        reason=command.reason,
        today=today_of(tx, agreement.unit),
    )
    await must_name_what_exists(tx, revised)
    return await store.agreements.save(tx, revised, *facts)


async def propose_amendment(
    tx: Transaction, allow: Allow, subject: AgreementId, command: ChangeTerms
) -> Agreement:
    """Other terms for what is signed; nothing changes before both sides approve them."""
    agreement = await own_agreement(tx, allow, subject)
    wanted = _wanted(agreement, command)
    proposed, facts = rules.propose_amendment(
        agreement,
        wanted,
        on=command.on,
        reason=command.reason,
        today=today_of(tx, agreement.unit),
        of=_year_of(tx, agreement),
    )
    await must_name_what_exists(tx, agreement.model_copy(update={"parties": wanted.parties}))
    return await store.agreements.save(tx, proposed, *facts)


async def approve_amendment(
    tx: Transaction, allow: Allow, subject: AgreementId, command: ApproveAmendment
) -> Agreement:
    """One side consents; with both it is in force."""
    agreement = await own_agreement(tx, allow, subject)
    approved, facts = rules.approve_amendment(
        agreement,
        side=command.side,
        on=command.on,
        evidence=command.evidence,
        today=today_of(tx, agreement.unit),
        of=_year_of(tx, agreement),
    )
    return await store.agreements.save(tx, approved, *facts)


async def withdraw_amendment(
    tx: Transaction, allow: Allow, subject: AgreementId, command: WithdrawAmendment
) -> Agreement:
    """It is given up."""
    agreement = await own_agreement(tx, allow, subject)
    kept, facts = rules.withdraw_amendment(
        agreement, on=command.on, reason=command.reason, today=today_of(tx, agreement.unit)
    )
    return await store.agreements.save(tx, kept, *facts)


async def versions_of(tx: Transaction, subject: AgreementId) -> list[TermsVersion]:
    """Every version of the terms, and what it changed."""
    return rules.versions(await store.agreements.load(tx, subject, for_update=False))


def _wanted(agreement: Agreement, command: ChangeTerms) -> AgreedTerms:
    if command.return_to is None:
        return rules.terms_changed(agreement, command.changes)
    if command.changes:
        raise Rejected(
            "agreement-changes-and-version",
            "say what changes, or to which version it returns",
            field="return_to",
            status=422,
        )
    return rules.terms_of(agreement, command.return_to)


def _year_of(tx: Transaction, agreement: Agreement) -> YearOf:
    def year_of(day: date) -> int:
        return tx.reference.year_of(agreement.unit, day)

    return year_of
