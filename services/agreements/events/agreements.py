"""What is published about agreements."""

from typing import ClassVar, Literal

from pydantic import Field

from services.agreements.events.values import (
    AgreementId,
    AgreementKind,
    AgreementStatus,
    Approval,
    BalanceUnit,
    Document,
    DocumentId,
    EqfLevel,
    Filed,
    FollowUp,
    Party,
    Places,
    PolicyBasis,
    Renewal,
    Review,
    Side,
    Signature,
    Suspension,
    Verdict,
)
from shared.dates import PartialDate
from shared.facts import Correction, Fact, Value
from shared.texts import IscedField, Line, Text


class AgreedTerms(Value):
    """What both sides agree on: what an amendment may change."""

    kind: AgreementKind
    title: Line
    parties: tuple[Party, ...] = Field(description="Two or more, of both sides")
    valid_from: PartialDate | None = Field(
        default=None, description="First day in force; null: from the last signature on"
    )
    valid_until: PartialDate | None = Field(
        default=None, description="Last day in force; null: open-ended"
    )
    renewal: Renewal = Renewal()
    fields: tuple[IscedField, ...] = ()
    levels: tuple[EqfLevel, ...] = Field(default=(), description="EQF levels")
    places: tuple[Places, ...] = Field(default=(), description="At most so many, year by year")
    balance_unit: BalanceUnit = Field(
        default="student-semesters", description="What its exchanges are balanced in"
    )
    policy_basis: PolicyBasis | None = None
    coordinator: Line | None = Field(default=None, description="The role or office, no name")


class AgreementTerms(AgreedTerms, Filed):
    """What is proposed: the terms, and where it comes from."""

    proposed_on: PartialDate | None = None
    follow_up: FollowUp | None = None
    supersedes: AgreementId | None = None


class AgreementFields(AgreementTerms):
    """An agreement as it stands: its terms and how far it has come."""

    status: AgreementStatus = "proposed"
    approvals: tuple[Approval, ...] = ()
    signatures: tuple[Signature, ...] = ()
    signed_on: PartialDate | None = Field(default=None, description="Day of the last signature")
    suspensions: tuple[Suspension, ...] = Field(default=(), description="In the order of days")
    notice_on: PartialDate | None = None
    ended_on: PartialDate | None = Field(default=None, description="The last day it was in force")
    superseded_by: AgreementId | None = None


class EarlierTerms(Value):
    """A version of the terms that both sides had approved, and that another took the place of."""

    number: int
    until: PartialDate = Field(description="The day on which the next one was agreed or proposed")
    approvals: tuple[Approval, ...]
    terms: AgreedTerms


class Amendment(Value):
    """Other terms, on their way: those in force stay valid until both sides approve these."""

    number: int = Field(description="The version that they will be")
    proposed_on: PartialDate
    reason: Text
    changed: tuple[str, ...] = Field(description="The fields that differ from those in force")
    terms: AgreedTerms
    approvals: tuple[Approval, ...] = ()


class AgreementWhole(AgreementFields):
    """All of it: also what no list can tell, as a step of its own makes it."""

    documents: tuple[Document, ...] = ()
    reviews: tuple[Review, ...] = Field(default=(), description="Of the round that is under way")
    terms_number: int = Field(default=1, ge=1, description="Which version of its terms these are")
    earlier_terms: tuple[EarlierTerms, ...] = Field(
        default=(), description="Versions that both sides had approved, the first one first"
    )
    amendment: Amendment | None = Field(
        default=None, description="Proposed, and not in force before both sides approve"
    )


class AgreementProposed(AgreementWhole, Fact):
    """Somebody wants this agreement."""

    type: ClassVar[str] = "rapport.agreements.agreement-proposed.v1"


class AgreementRecorded(AgreementWhole, Fact):
    """An agreement was entered as it is now, with its past."""

    type: ClassVar[str] = "rapport.agreements.agreement-recorded.v1"


class AgreementSubmittedForReview(Fact):
    """The proposal went to those who approve."""

    type: ClassVar[str] = "rapport.agreements.agreement-submitted-for-review.v1"
    on: PartialDate
    reviews: tuple[Review, ...] = ()
    status: Literal["under-review"]


class AgreementReviewed(Fact):
    """A reviewer spoke; one who asks for changes sends it back to whoever proposed it."""

    type: ClassVar[str] = "rapport.agreements.agreement-reviewed.v1"
    reviewer: Line
    verdict: Verdict
    on: PartialDate
    note: Text | None
    reviews: tuple[Review, ...]
    approvals: tuple[Approval, ...]
    status: Literal["under-review", "proposed"]


class AgreementRevised(AgreedTerms, Fact):
    """Its terms changed before it was signed by all: it is a proposal again, for both sides."""

    type: ClassVar[str] = "rapport.agreements.agreement-revised.v1"
    on: PartialDate
    reason: Text
    terms_number: int
    earlier_terms: tuple[EarlierTerms, ...]
    reviews: tuple[Review, ...]
    approvals: tuple[Approval, ...]
    signatures: tuple[Signature, ...]
    status: Literal["proposed"]


class AgreementAmendmentProposed(Fact):
    """Other terms are wanted for what is agreed already; nothing changes yet."""

    type: ClassVar[str] = "rapport.agreements.agreement-amendment-proposed.v1"
    amendment: Amendment


class AgreementAmendmentApproved(Fact):
    """One side consented to the amendment."""

    type: ClassVar[str] = "rapport.agreements.agreement-amendment-approved.v1"
    side: Side
    on: PartialDate
    evidence: Text | None
    amendment: Amendment


class AgreementAmended(AgreedTerms, Fact):
    """Both sides consented to other terms: these hold from now on."""

    type: ClassVar[str] = "rapport.agreements.agreement-amended.v1"
    on: PartialDate
    reason: Text
    terms_number: int
    earlier_terms: tuple[EarlierTerms, ...]
    approvals: tuple[Approval, ...]
    amendment: None


class AgreementAmendmentWithdrawn(Fact):
    """The amendment was given up; the terms in force stay."""

    type: ClassVar[str] = "rapport.agreements.agreement-amendment-withdrawn.v1"
    on: PartialDate
    reason: Text
    amendment: None


class AgreementApproved(Fact):
    """One side consented; `status` is `approved` once both have."""

    type: ClassVar[str] = "rapport.agreements.agreement-approved.v1"
    side: Side
    on: PartialDate
    evidence: Text | None
    approvals: tuple[Approval, ...]
    status: Literal["under-review", "approved"]


class AgreementSigned(Fact):
    """One party signed; `status` is `signed`, and `signed_on` set, once all have."""

    type: ClassVar[str] = "rapport.agreements.agreement-signed.v1"
    party: str
    on: PartialDate
    evidence: Text | None
    signatures: tuple[Signature, ...]
    signed_on: PartialDate | None
    valid_from: PartialDate | None
    status: Literal["approved", "signed"]


class AgreementEnteredIntoForce(Fact):
    """Its first day in force came."""

    type: ClassVar[str] = "rapport.agreements.agreement-entered-into-force.v1"
    on: PartialDate
    status: Literal["in-force"]


class AgreementRenewed(Fact):
    """It is valid for longer: because nobody gave notice (`tacit`), or because it was agreed."""

    type: ClassVar[str] = "rapport.agreements.agreement-renewed.v1"
    on: PartialDate
    tacit: bool
    evidence: Text | None
    valid_until: PartialDate | None


class AgreementPlacesChanged(Fact):
    """Other numbers of places hold from an academic year on."""

    type: ClassVar[str] = "rapport.agreements.agreement-places-changed.v1"
    on: PartialDate
    evidence: Text | None
    from_year: int
    places: tuple[Places, ...]


class AgreementLapsed(Fact):
    """Its last day passed and nothing renewed it."""

    type: ClassVar[str] = "rapport.agreements.agreement-lapsed.v1"
    ended_on: PartialDate
    status: Literal["lapsed"]


class AgreementWithdrawn(Fact):
    """It was given up before the last signature."""

    type: ClassVar[str] = "rapport.agreements.agreement-withdrawn.v1"
    on: PartialDate
    reason: Text
    status: Literal["withdrawn"]


class AgreementSuspended(Fact):
    """It rests for a while."""

    type: ClassVar[str] = "rapport.agreements.agreement-suspended.v1"
    on: PartialDate
    reason: Text
    suspensions: tuple[Suspension, ...] = ()
    status: Literal["suspended"]


class AgreementResumed(Fact):
    """It no longer rests."""

    type: ClassVar[str] = "rapport.agreements.agreement-resumed.v1"
    on: PartialDate
    suspensions: tuple[Suspension, ...] = ()
    status: Literal["in-force"]


class AgreementTerminated(Fact):
    """Notice was given; `ended_on` is the last day in force, and may lie ahead."""

    type: ClassVar[str] = "rapport.agreements.agreement-terminated.v1"
    reason: Text
    notice_on: PartialDate
    ended_on: PartialDate
    status: Literal["terminated"]


class AgreementSuperseded(Fact):
    """Its successor took its place."""

    type: ClassVar[str] = "rapport.agreements.agreement-superseded.v1"
    superseded_by: AgreementId | None
    ended_on: PartialDate
    status: Literal["superseded"]


class AgreementDocumentAdded(Fact):
    """A file was added to its papers; it may take the place of one that was there."""

    type: ClassVar[str] = "rapport.agreements.agreement-document-added.v1"
    document: DocumentId
    takes_place_of: DocumentId | None
    documents: tuple[Document, ...]


class AgreementDocumentRemoved(Fact):
    """A file was no paper of it, and is destroyed."""

    type: ClassVar[str] = "rapport.agreements.agreement-document-removed.v1"
    document: DocumentId
    reason: Text
    documents: tuple[Document, ...]


class AgreementCorrected(Correction):
    """Its record was wrong and was mended."""

    type: ClassVar[str] = "rapport.agreements.agreement-corrected.v1"
