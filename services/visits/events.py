"""What the visits service publishes on `visits.events`: its public contract.

The subject is the visit's id. Every fact carries the new value of each field that it changed,
under the field's name, lists whole; the days on which things happened stand in fields of their
own (`completed_on`). Nobody is named: a person is a `person_ref`, or a role and an organization.
"""

from typing import Annotated, ClassVar, Literal, NewType, Self

from pydantic import Field, StringConstraints, model_validator

from shared.dates import PartialDate
from shared.facts import Correction, Fact, Value
from shared.texts import CountryCode, Line, PersonRef, Text, UnitPath

__all__ = [
    "FACTS",
    "AgendaItem",
    "Code",
    "Decision",
    "Direction",
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
]

VisitId = NewType("VisitId", str)
FollowUpId = NewType("FollowUpId", str)

Direction = Literal["inbound", "outbound", "hosted-event", "meeting"]
Theme = Literal["academic", "industry", "government", "student"]
PartnerKind = Literal[
    "university",
    "research-institute",
    "company",
    "government",
    "association",
    "funding-agency",
    "network",
    "placement-agency",
]
PartnerRole = Literal["visitor", "host", "organizer", "participant", "counterpart"]
Status = Literal[
    "requested",
    "accepted",
    "declined",
    "planned",
    "approved",
    "confirmed",
    "under-way",
    "completed",
    "reported",
    "closed",
    "postponed",
    "cancelled",
]


Code = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=200)]
PartnerId = Annotated[Code, Field(description="Id of a partner.")]


class VisitPartner(Value):
    """An outside body that takes part, as it was known and called on the day of the visit."""

    partner: PartnerId | None = Field(default=None, description="null: not in the register.")
    name: Line
    country: CountryCode | None = None
    kind: PartnerKind | None = None
    role: PartnerRole


class Member(Value):
    """A person, or a group of unnamed ones: 20 students are one entry with a count of 20."""

    person_ref: PersonRef | None = None
    role: Line = Field(description="Vice Mayor, professor, student: never a name.")
    partner: PartnerId | None = None
    organization: Line
    country: CountryCode | None = None
    ours: bool = Field(default=False, description="True: a member of our own institution.")
    count: int = Field(default=1, ge=1, le=10_000)
    speaker: bool = False
    talk: Line | None = Field(default=None, description="Topic of a speaker's talk.")

    @model_validator(mode="after")
    def _a_person_is_one(self) -> Self:
        if self.person_ref is not None and self.count != 1:
            raise ValueError("a person with a person_ref counts once: give others their own entry")
        if self.talk is not None and not self.speaker:
            raise ValueError("only a speaker has a talk: set speaker to true")
        return self


class Leg(Value):
    """One stop of a trip."""

    city: Line
    country: CountryCode
    partners: tuple[PartnerId, ...] = ()
    starts_on: PartialDate | None = None
    ends_on: PartialDate | None = None


class Decision(Value):
    """The document that allowed the visit."""

    number: Line
    on: PartialDate


class AgendaItem(Value):
    """One line of the programme."""

    at: Annotated[Code, Field(max_length=40)] | None = Field(
        default=None,
        description="Local day and time, as far as known.",
        examples=["2024-05-14T09:30"],
    )
    title: Line
    place: Line | None = None
    until: Annotated[Code, Field(max_length=40)] | None = Field(
        default=None, description="Local day and time of its end.", examples=["2024-05-14T10:15"]
    )
    host: UnitPath | None = Field(default=None, description="The unit that receives or presides.")
    partner: PartnerId | None = None


class FollowUp(Value):
    """What was agreed to be done next, and what came of it."""

    id: Annotated[FollowUpId, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,40}$")] = Field(
        description="Unique within the visit."
    )
    text: Text
    owner: Line | None = Field(default=None, description="Role or office, not a person's name.")
    due_on: PartialDate | None = None
    status: Literal["open", "done"] = "open"
    became: Code | None = Field(
        default=None, description="Subject that it led to: an agreement's id."
    )
    towards: Line | None = Field(default=None, examples=["dual-degree agreement"])


class Report(Value):
    """The written report of a visit."""

    on: PartialDate
    text: Text


class Postponement(Value):
    """The days a visit was moved away from."""

    starts_on: PartialDate
    ends_on: PartialDate
    on: PartialDate = Field(description="When it was postponed.")
    reason: Text


class VisitFields(Value):
    """Everything public about a visit but its id."""

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


class VisitRequested(Fact, VisitFields):
    """A visit was asked for: the whole state, in which its life begins."""

    type: ClassVar[str] = "rapport.visits.visit-requested.v1"


class VisitRecorded(Fact, VisitFields):
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
    VisitCorrected,
)
"""Every fact this service publishes: what the catalogue and the contract tests read."""
