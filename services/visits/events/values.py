"""Parts of a visit's record, as they stand in its facts."""

from typing import Annotated, Literal, NewType, Self

from pydantic import Field, StringConstraints, model_validator

from shared.dates import PartialDate
from shared.facts import Value
from shared.texts import CountryCode, Line, PersonRef, Text, UnitPath

__all__ = [
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
    "PartnerId",
    "PartnerKind",
    "PartnerRole",
    "Postponement",
    "Report",
    "Status",
    "Theme",
    "VisitId",
    "VisitPartner",
]

VisitId = NewType("VisitId", str)
FollowUpId = NewType("FollowUpId", str)
DocumentId = NewType("DocumentId", str)

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
DocumentKind = Literal["invitation-letter", "decision", "programme", "report", "other"]

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


class Document(Value):
    """A file that is kept with the visit: what it is, and what its bytes are known by."""

    id: DocumentId
    title: Annotated[Line, Field(max_length=200, description="Never a person's name.")]
    kind: DocumentKind
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size: int = Field(ge=1, description="In bytes")
    superseded_by: DocumentId | None = Field(
        default=None, description="The document that took its place"
    )
