"""What HR sends: contracts of foreign staff, and leave for stays abroad."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, RootModel, Tag

from services.mobility.events.values import (
    Degree,
    HostKind,
    Kind,
    Level,
    Ref,
    Term,
)
from services.mobility.incoming.values import (
    Day,
    Flag,
    NamedProgramme,
    OtherInstitution,
    Person,
    Record,
    Span,
    Text,
    Unit,
    Upstream,
)
from shared.texts import CountryCode, IscedField

STAY_ABROAD = "stay-abroad"


class EmployeeHired(Upstream):
    """Someone was hired. Kept only of foreign experts and people of another nationality."""

    record: Record
    person_ref: Person
    unit: Unit
    role: Text = Field(description="What they are hired as; not a name.", examples=["lecturer"])
    term: Term
    foreign_expert: Flag = False
    nationality: CountryCode | None = None
    starts_on: Day
    ends_on: Day | None = Field(default=None, description="null: not limited.")


class EmployeeChanged(Upstream):
    """A contract changed: send what changed, and the day from which it holds."""

    record: Record
    person_ref: Person
    on: Day
    unit: Unit | None = None
    role: Text | None = None
    term: Term | None = None
    foreign_expert: Flag | None = None
    nationality: CountryCode | None = None
    ends_on: Day | None = None


class EmployeeDeparted(Upstream):
    """Someone left: the last day of the contract."""

    record: Record
    person_ref: Person
    on: Day


class StayAbroadApproved(Span):
    """Leave for a stay abroad was approved, or extended (the same record, a later `ends_on`)."""

    leave_type: Literal["stay-abroad"]
    record: Record
    person_ref: Person
    unit: Unit
    who: Literal["lecturer", "researcher", "administrative"]
    kind: Kind
    level: Level | None = Field(default=None, description="Of a degree studied for.")
    field: IscedField | None = None
    partner: OtherInstitution | None = None
    host_kind: HostKind = "university"
    host_country: CountryCode
    agreement: Ref | None = Field(default=None, description="The agreement's ref in Rapport.")
    programme: NamedProgramme | None = None
    funding: Text | None = Field(default=None, examples=["China Scholarship Council"])
    keynote: Flag | None = Field(default=None, description="Of a conference.")
    nationality: CountryCode | None = None
    highest_degree: Degree | None = Field(default=None, description="At departure.")


class StayAbroadStarted(Upstream):
    """The person left for the stay."""

    leave_type: Literal["stay-abroad"]
    record: Record
    person_ref: Person
    on: Day


class StayAbroadEnded(Upstream):
    """The person is back, or never went."""

    leave_type: Literal["stay-abroad"]
    record: Record
    person_ref: Person
    on: Day = Field(description="The last day of the stay.")
    early: Flag = Field(default=False, description="Before its planned end.")
    taken: Flag = Field(default=True, description="false: the leave was not taken (a no-show).")


class OtherLeave(BaseModel):
    """Leave of any other kind: discarded unread, and not kept. Better not sent at all."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        json_schema_extra={
            "required": ["leave_type"],
            "properties": {"leave_type": {"type": "string", "not": {"const": STAY_ABROAD}}},
        },
    )

    leave_type: str


def _which(data: Any) -> str | None:
    """`stay-abroad` or any other leave, looked at before anything else is."""
    kind = data.get("leave_type") if isinstance(data, dict) else getattr(data, "leave_type", None)
    if kind == STAY_ABROAD:
        return "stay"
    return "other" if isinstance(kind, str) else None


class LeaveApproved(
    RootModel[
        Annotated[
            Annotated[StayAbroadApproved, Tag("stay")] | Annotated[OtherLeave, Tag("other")],
            Discriminator(_which),
        ]
    ]
):
    """Leave was approved; only leave for a stay abroad is read."""

    model_config = ConfigDict(frozen=True)


class LeaveStarted(
    RootModel[
        Annotated[
            Annotated[StayAbroadStarted, Tag("stay")] | Annotated[OtherLeave, Tag("other")],
            Discriminator(_which),
        ]
    ]
):
    """Leave began; only leave for a stay abroad is read."""

    model_config = ConfigDict(frozen=True)


class LeaveEnded(
    RootModel[
        Annotated[
            Annotated[StayAbroadEnded, Tag("stay")] | Annotated[OtherLeave, Tag("other")],
            Discriminator(_which),
        ]
    ]
):
    """Leave ended; only leave for a stay abroad is read."""

    model_config = ConfigDict(frozen=True)


HR: dict[str, type[BaseModel]] = {
    "upstream.hr.employee-hired.v1": EmployeeHired,
    "upstream.hr.employee-changed.v1": EmployeeChanged,
    "upstream.hr.employee-departed.v1": EmployeeDeparted,
    "upstream.hr.leave-approved.v1": LeaveApproved,
    "upstream.hr.leave-started.v1": LeaveStarted,
    "upstream.hr.leave-ended.v1": LeaveEnded,
}
"""Every type on `upstream.hr`."""
