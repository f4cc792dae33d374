"""What can be asked of this service: bodies of requests and rows of spreadsheets alike.

Another record is named by its id or by `ref:` and the office's own id of it. A partner's name,
country and kind are looked up; only a body that is not in the register is described.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from services.visits.events import (
    AgendaItem,
    Code,
    Decision,
    Direction,
    FollowUpId,
    PartnerKind,
    PartnerRole,
    Postponement,
    Report,
    Status,
    Theme,
)
from shared.dates import PartialDate
from shared.facts import Value
from shared.texts import CountryCode, Line, PersonRef, Text, UnitPath

__all__ = [
    "AddFollowUp",
    "ApproveVisit",
    "CancelVisit",
    "ChangeMembers",
    "CloseFollowUp",
    "CloseVisit",
    "CompleteVisit",
    "ConfirmVisit",
    "CorrectVisit",
    "LinkFollowUp",
    "NamePerson",
    "NamedItem",
    "NamedLeg",
    "NamedMember",
    "NamedPartner",
    "NotedFollowUp",
    "PlanVisit",
    "PostponeVisit",
    "RecordVisit",
    "ReportVisit",
    "RequestVisit",
    "ScreenVisit",
    "StartVisit",
    "VisitSaid",
]

Token = Annotated[
    Code,
    Field(
        description="An id, or `ref:` and the office's own id.",
        examples=["ref:P-014", "partner-01k9zq5v4t2m8r6w0x3y7a1b2c"],
    ),
]
OfficeRef = Annotated[Code, Field(max_length=100, description="The office's own id.")]
On = Annotated[PartialDate | None, Field(description="The day it happened; today if left out.")]


class NamedPartner(Value):
    """An outside body that takes part. `name`, `country` and `kind` only if not in the register."""

    partner: Token | None = None
    name: Line | None = None
    country: CountryCode | None = None
    kind: PartnerKind | None = None
    role: PartnerRole | None = Field(
        default=None,
        description="By default visitor, host, participant or counterpart, by the direction.",
    )

    @model_validator(mode="after")
    def _known_or_described(self) -> Self:
        if self.partner is None and self.name is None:
            raise ValueError("give a `partner` of the register, or a `name`")
        return self


class NamedMember(Value):
    """A person, or a group of unnamed ones. The organization is the partner's, or our unit's."""

    person_ref: PersonRef | None = None
    role: Line
    partner: Token | None = None
    organization: Line | None = None
    country: CountryCode | None = None
    ours: bool = False
    count: int = Field(default=1, ge=1, le=10_000)
    speaker: bool = False
    talk: Line | None = Field(default=None, description="Topic of the talk; makes a speaker.")

    @model_validator(mode="after")
    def _of_something(self) -> Self:
        if self.partner is None and self.organization is None and not self.ours:
            raise ValueError("give a `partner`, an `organization`, or `ours: true`")
        if self.person_ref is not None and self.count != 1:
            raise ValueError("a person with a person_ref counts once: give others their own entry")
        return self


class NamedItem(AgendaItem):
    """One line of the programme; its partner is named as everywhere."""

    partner: Token | None = None


class NamedLeg(Value):
    """One stop of a trip; its partners become partners of the visit."""

    city: Line
    country: CountryCode | None = Field(default=None, description="By default the first partner's.")
    partners: tuple[Token, ...] = ()
    starts_on: PartialDate | None = None
    ends_on: PartialDate | None = None


class NotedFollowUp(Value):
    """What is to be done next; `id` is given if left out."""

    id: Annotated[FollowUpId, Field(pattern=r"^[A-Za-z0-9._:-]{1,40}$")] | None = None
    text: Text
    owner: Line | None = Field(default=None, description="Role or office, not a person's name.")
    due_on: PartialDate | None = None
    status: Literal["open", "done"] = "open"
    became: Token | None = Field(default=None, description="What it led to, such as an agreement.")
    towards: Line | None = Field(default=None, examples=["dual-degree agreement"])


class VisitSaid(Value):
    """What is said of a visit, by a form or by a list."""

    unit: UnitPath = Field(description="The owning unit.", examples=["hust/me"])
    ref: OfficeRef | None = None
    shared_with: tuple[UnitPath, ...] = ()
    illustrative: bool = Field(default=False, description="Invented for a demonstration.")
    note: Text | None = None
    direction: Direction
    title: Line
    purpose: Text | None = None
    theme: Theme = "academic"
    topic: Line | None = None
    starts_on: PartialDate
    ends_on: PartialDate | None = Field(default=None, description="By default the first day.")
    place: Line | None = None
    partners: tuple[NamedPartner, ...] = ()
    members: tuple[NamedMember, ...] = ()
    legs: tuple[NamedLeg, ...] = ()
    hosts: tuple[UnitPath, ...] = ()
    agenda: tuple[NamedItem, ...] = ()
    requested_on: PartialDate | None = None


def _example(**example: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class RequestVisit(VisitSaid):
    """The request form."""

    model_config = _example(
        unit="hust/me",
        direction="inbound",
        title="Student delegation of Eindhoven University of Technology",
        theme="student",
        purpose="Joint projects in mechatronics",
        starts_on="2026-03-09",
        ends_on="2026-03-10",
        partners=[
            {"name": "Eindhoven University of Technology", "country": "NL", "kind": "university"}
        ],
        members=[
            {
                "role": "student",
                "organization": "Eindhoven University of Technology",
                "country": "NL",
                "count": 20,
            }
        ],
        hosts=["hust/me"],
    )

    late: bool = Field(default=False, description="Ask for it although the lead time is too short.")


class RecordVisit(VisitSaid):
    """A visit in its present state: the past, or a row of a spreadsheet."""

    model_config = _example(
        unit="icst",
        direction="outbound",
        title="Trip to Malaysia",
        starts_on="2024-05",
        legs=[{"city": "Kuala Lumpur", "country": "MY"}],
        status="reported",
        decision={"number": "118/QD", "on": "2024-04-12"},
        outcomes=["Talent development with three universities was agreed"],
        follow_ups=[
            {
                "text": "Draft an agreement on research",
                "owner": "Cooperation office",
                "due_on": "2024-09-30",
                "towards": "research agreement",
            }
        ],
        report={"on": "2024-06-03", "text": "We met three universities."},
    )

    status: Status | None = Field(default=None, description="By default what its days say.")
    decision: Decision | None = None
    outcomes: tuple[Text, ...] = ()
    follow_ups: tuple[NotedFollowUp, ...] = ()
    report: Report | None = None
    postponements: tuple[Postponement, ...] = ()


class ScreenVisit(Value):
    """Whether the unit will receive the visit; declining needs a reason."""

    model_config = _example(accepted=True)
    accepted: bool
    reason: Text | None = None
    on: On = None


class PlanVisit(Value):
    """The programme; what is left out stays as it is."""

    model_config = _example(
        place="C2 building",
        hosts=["hust/me"],
        agenda=[
            {
                "at": "2026-03-09T09:00",
                "until": "2026-03-09T09:45",
                "title": "Welcome",
                "place": "Room 201",
                "host": "hust/me",
            }
        ],
    )
    starts_on: PartialDate | None = None
    ends_on: PartialDate | None = None
    place: Line | None = None
    hosts: tuple[UnitPath, ...] | None = None
    agenda: tuple[NamedItem, ...] | None = None
    legs: tuple[NamedLeg, ...] | None = None


class ApproveVisit(Value):
    """The approval; a trip needs a decision made before departure."""

    model_config = _example(decision={"number": "118/QD", "on": "2026-02-20"})
    decision: Decision | None = None
    on: On = None


class ConfirmVisit(Value):
    """That it takes place."""

    model_config = _example()
    on: On = None


class StartVisit(Value):
    """That it began, on a day that need not be the planned one."""

    model_config = _example(on="2026-03-09")
    on: On = None


class CompleteVisit(Value):
    """That it is over, on a day that need not be the planned one."""

    model_config = _example(on="2026-03-10")
    on: PartialDate | None = Field(
        default=None, description="Its last day; as planned if left out."
    )


class ReportVisit(Value):
    """The report, with outcomes to be added to those noted before."""

    model_config = _example(
        text="Twenty students saw three laboratories.", outcomes=["A joint project in mechatronics"]
    )
    text: Text
    outcomes: tuple[Text, ...] = ()
    on: On = None


class CloseVisit(Value):
    """That nothing more is expected of it."""

    model_config = _example()
    on: On = None


class PostponeVisit(Value):
    """To other days, or (none given) to days not known yet."""

    model_config = _example(
        starts_on="2026-04-13", ends_on="2026-04-14", reason="Asked by the delegation"
    )
    starts_on: PartialDate | None = None
    ends_on: PartialDate | None = None
    reason: Text
    on: On = None


class CancelVisit(Value):
    """That it does not take place."""

    model_config = _example(reason="The delegation cannot travel")
    reason: Text
    on: On = None


class ChangeMembers(Value):
    """Everybody who comes along, from now on."""

    model_config = _example(
        members=[
            {
                "person_ref": "p-8f3a",
                "role": "Vice Mayor",
                "organization": "Da Nang City",
                "country": "VN",
            },
            {"role": "student", "organization": "Da Nang City", "country": "VN", "count": 4},
        ]
    )
    members: tuple[NamedMember, ...]


class AddFollowUp(NotedFollowUp):
    """What is to be done next, by whom and by when."""

    model_config = _example(
        text="Draft an agreement on dual degrees",
        owner="Cooperation office",
        due_on="2026-06-30",
        towards="dual-degree agreement",
    )


class LinkFollowUp(Value):
    """What the follow-up led to."""

    model_config = _example(became="ref:A-031")
    became: Token


class CloseFollowUp(Value):
    """That the follow-up is done, or no longer pursued."""

    model_config = _example(result="The draft was sent to the partner")
    result: Text | None = None
    on: On = None


class CorrectVisit(Value):
    """A field that was wrong, its right value (as in a recorded visit), and why."""

    model_config = _example(
        field="title", value="Visit of the Vice Mayor of Da Nang City", reason="Typing error"
    )
    field: str = Field(min_length=1, max_length=100)
    value: Any
    reason: Text


class NamePerson(Value):
    """The name behind a person_ref; it is kept here only and never published."""

    model_config = _example(name="Nguyễn Văn Minh")
    name: Line
