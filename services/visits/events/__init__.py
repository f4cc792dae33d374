"""What the visits service publishes on `visits.events`: its public contract.

The subject is the visit's id. Every fact carries the new value of each field that it changed,
under the field's name, lists whole; the days on which things happened stand in fields of their
own (`completed_on`). Nobody is named: a person is a `person_ref`, or a role and an organization.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.visits.events.values import (
    AgendaItem,
    Code,
    Decision,
    Direction,
    Document,
    DocumentId,
    DocumentKind,
    FollowUp,
    FollowUpId,
    Leg,
    Member,
    PartnerKind,
    PartnerRole,
    Postponement,
    Report,
    Status,
    Theme,
    VisitId,
    VisitPartner,
)
from shared.dates import PartialDate
from shared.facts import Correction, Fact, Value
from shared.texts import Line, Text, UnitPath

__all__ = [
    "FACTS",
    "AgendaItem",
    "Code",
    "Decision",
    "Direction",
    "Document",
    "DocumentId",
    "DocumentKind",
    "FollowUp",
    "FollowUpId",
    "Leg",
    "Member",
    "PartnerKind",
    "PartnerRole",
    "Postponement",
    "Report",
    "Status",
    "Theme",
    "VisitApproved",
    "VisitCancelled",
    "VisitClosed",
    "VisitCompleted",
    "VisitConfirmed",
    "VisitCorrected",
    "VisitDocumentAdded",
    "VisitDocumentRemoved",
    "VisitFields",
    "VisitFollowUpAdded",
    "VisitFollowUpClosed",
    "VisitFollowUpLinked",
    "VisitId",
    "VisitMembersChanged",
    "VisitPartner",
    "VisitPlanned",
    "VisitPostponed",
    "VisitRecorded",
    "VisitReported",
    "VisitRequested",
    "VisitScreened",
    "VisitStarted",
    "VisitWhole",
]


class VisitFields(Value):
    """Everything that can be told of a visit at once, by a form, a list or a correction."""

    unit: UnitPath
    shared_with: tuple[UnitPath, ...] = ()
    ref: Annotated[Code, Field(max_length=100)] | None = Field(
        default=None, description="The office's own id."
    )
    illustrative: bool = False
    note: Text | None = None
    direction: Direction
    title: Line
    purpose: Text | None = None
    theme: Theme
    topic: Line | None = None
    starts_on: PartialDate
    ends_on: PartialDate
    place: Line | None = None
    status: Status
    partners: tuple[VisitPartner, ...] = ()
    members: tuple[Member, ...] = ()
    legs: tuple[Leg, ...] = ()
    hosts: tuple[UnitPath, ...] = ()
    decision: Decision | None = None
    agenda: tuple[AgendaItem, ...] = ()
    outcomes: tuple[Text, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    report: Report | None = None
    requested_on: PartialDate | None = None
    postponements: tuple[Postponement, ...] = ()


class VisitWhole(VisitFields):
    """All of it: also what only steps of its own make."""

    documents: tuple[Document, ...] = ()


class VisitRequested(Fact, VisitWhole):
    """A visit was asked for: the whole state, in which its life begins."""

    type: ClassVar[str] = "rapport.visits.visit-requested.v1"


class VisitRecorded(Fact, VisitWhole):
    """A visit was entered in its present state: the past, or what another system kept."""

    type: ClassVar[str] = "rapport.visits.visit-recorded.v1"


class VisitScreened(Fact):
    """The unit said whether it will receive the visit."""

    type: ClassVar[str] = "rapport.visits.visit-screened.v1"
    status: Literal["accepted", "declined"]
    screened_on: PartialDate
    reason: Text | None = None


class VisitPlanned(Fact):
    """The programme stands, for the first time or anew."""

    type: ClassVar[str] = "rapport.visits.visit-planned.v1"
    status: Literal["planned"]
    starts_on: PartialDate
    ends_on: PartialDate
    place: Line | None
    hosts: tuple[UnitPath, ...]
    agenda: tuple[AgendaItem, ...]
    legs: tuple[Leg, ...]
    partners: tuple[VisitPartner, ...]
    planned_on: PartialDate


class VisitApproved(Fact):
    """The unit's head, or whoever must, allowed it."""

    type: ClassVar[str] = "rapport.visits.visit-approved.v1"
    status: Literal["approved"]
    decision: Decision | None
    approved_on: PartialDate


class VisitConfirmed(Fact):
    """Everybody involved knows that it takes place."""

    type: ClassVar[str] = "rapport.visits.visit-confirmed.v1"
    status: Literal["confirmed"]
    confirmed_on: PartialDate


class VisitStarted(Fact):
    """They arrived, we left, it began."""

    type: ClassVar[str] = "rapport.visits.visit-started.v1"
    status: Literal["under-way"]
    starts_on: PartialDate


class VisitCompleted(Fact):
    """It is over and took place."""

    type: ClassVar[str] = "rapport.visits.visit-completed.v1"
    status: Literal["completed"]
    ends_on: PartialDate
    completed_on: PartialDate


class VisitReported(Fact):
    """The report was handed in."""

    type: ClassVar[str] = "rapport.visits.visit-reported.v1"
    status: Literal["reported"]
    report: Report | None
    outcomes: tuple[Text, ...]
    reported_on: PartialDate


class VisitClosed(Fact):
    """Nothing more is expected of it, apart from its follow-ups."""

    type: ClassVar[str] = "rapport.visits.visit-closed.v1"
    status: Literal["closed"]
    closed_on: PartialDate


class VisitPostponed(Fact):
    """It was moved, to other days or to days not known yet (then the old ones stand)."""

    type: ClassVar[str] = "rapport.visits.visit-postponed.v1"
    status: Literal["postponed"]
    starts_on: PartialDate
    ends_on: PartialDate
    postponements: tuple[Postponement, ...]
    postponed_on: PartialDate
    reason: Text


class VisitCancelled(Fact):
    """It does not take place."""

    type: ClassVar[str] = "rapport.visits.visit-cancelled.v1"
    status: Literal["cancelled"]
    cancelled_on: PartialDate
    reason: Text


class VisitMembersChanged(Fact):
    """Who comes along is now this."""

    type: ClassVar[str] = "rapport.visits.visit-members-changed.v1"
    members: tuple[Member, ...]


class VisitFollowUpAdded(Fact):
    """Something was agreed to be done next."""

    type: ClassVar[str] = "rapport.visits.visit-follow-up-added.v1"
    follow_up: FollowUpId
    follow_ups: tuple[FollowUp, ...]


class VisitFollowUpLinked(Fact):
    """A follow-up led to something: `became` is its subject."""

    type: ClassVar[str] = "rapport.visits.visit-follow-up-linked.v1"
    follow_up: FollowUpId
    became: str
    follow_ups: tuple[FollowUp, ...]


class VisitFollowUpClosed(Fact):
    """A follow-up was done, or is no longer pursued."""

    type: ClassVar[str] = "rapport.visits.visit-follow-up-closed.v1"
    follow_up: FollowUpId
    closed_on: PartialDate
    result: Text | None = None
    follow_ups: tuple[FollowUp, ...]


class VisitDocumentAdded(Fact):
    """A file was added to its papers; it may take the place of one that was there."""

    type: ClassVar[str] = "rapport.visits.visit-document-added.v1"
    document: DocumentId
    takes_place_of: DocumentId | None
    documents: tuple[Document, ...]


class VisitDocumentRemoved(Fact):
    """A file was no paper of it, and is destroyed."""

    type: ClassVar[str] = "rapport.visits.visit-document-removed.v1"
    document: DocumentId
    reason: Text
    documents: tuple[Document, ...]


class VisitCorrected(Correction):
    """The record was wrong, and is mended."""

    type: ClassVar[str] = "rapport.visits.visit-corrected.v1"


FACTS: tuple[type[Fact], ...] = (
    VisitRequested,
    VisitRecorded,
    VisitScreened,
    VisitPlanned,
    VisitApproved,
    VisitConfirmed,
    VisitStarted,
    VisitCompleted,
    VisitReported,
    VisitClosed,
    VisitPostponed,
    VisitCancelled,
    VisitMembersChanged,
    VisitFollowUpAdded,
    VisitFollowUpLinked,
    VisitFollowUpClosed,
    VisitDocumentAdded,
    VisitDocumentRemoved,
    VisitCorrected,
)
"""Every fact this service publishes: what the catalogue and the contract tests read."""
