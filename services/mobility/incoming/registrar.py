"""What the registrar sends: enrolments from abroad, exchanges, destinations, headcounts."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, model_validator

from services.mobility.events.values import (
    ApplicationStatus,
    Degree,
    Direction,
    HostKind,
    Kind,
    Level,
    Ref,
)
from services.mobility.incoming.values import (
    Day,
    Flag,
    NamedProgramme,
    OtherInstitution,
    Person,
    Points,
    Record,
    Span,
    Text,
    Unit,
    Upstream,
)
from shared.texts import CountryCode, IscedField


class StudentEnrolled(Span):
    """A student from abroad enrolled with us for a degree, or for the final years of one."""

    record: Record
    person_ref: Person
    unit: Unit
    kind: Literal["full-degree", "joint-programme", "dual-degree"] = "full-degree"
    level: Level
    field: IscedField | None = None
    partner: OtherInstitution | None = Field(
        default=None, description="Where they come from, if from an institution."
    )
    agreement: Ref | None = Field(default=None, description="The agreement's ref in Rapport.")
    joint_programme: Ref | None = Field(default=None, description="Its ref in Rapport.")
    programme: NamedProgramme | None = None
    funding: Text | None = None
    nationality: CountryCode
    prior_education_country: CountryCode | None = None
    residence_country: CountryCode | None = None
    highest_degree: Degree | None = None


class ExchangeRegistered(Span):
    """A student's stay was registered: out to another institution, or in to us.

    Send it again with the same record when its state or its planned days change.
    """

    record: Record
    person_ref: Person
    unit: Unit
    direction: Direction
    kind: Kind
    state: Literal["nominated", "approved", "rejected", "confirmed", "withdrawn", "no-show"] = (
        "confirmed"
    )
    level: Level | None = None
    field: IscedField | None = None
    partner: OtherInstitution | None = None
    host_kind: HostKind = "university"
    host_country: CountryCode | None = Field(
        default=None, description="Where the stay takes place; needed for `out`."
    )
    agreement: Ref | None = Field(default=None, description="The agreement's ref in Rapport.")
    joint_programme: Ref | None = Field(default=None, description="Its ref in Rapport.")
    programme: NamedProgramme | None = None
    paid: Flag | None = Field(default=None, description="Of an internship.")
    keynote: Flag | None = Field(default=None, description="Of a conference.")
    credits_planned: Points | None = None
    virtual_days: Annotated[int, Field(ge=0, le=3660, strict=True)] = 0
    funding: Text | None = None
    nationality: CountryCode | None = None
    prior_education_country: CountryCode | None = None
    residence_country: CountryCode | None = None
    highest_degree: Degree | None = None

    @model_validator(mode="after")
    def _says_where(self) -> "ExchangeRegistered":
        if self.direction == "out" and self.host_country is None:
            raise ValueError("host_country is needed where direction is `out`")
        return self


class StudentDeparted(Upstream):
    """The stay began: out, they left us; in, they arrived."""

    record: Record
    person_ref: Person
    on: Day = Field(description="The first day of the stay.")


class StudentReturned(Upstream):
    """The stay ended: out, they are back; in, they left us."""

    record: Record
    person_ref: Person
    on: Day = Field(description="The last day of the stay.")
    early: Flag = Field(default=False, description="Before its planned end.")


class CreditsRecognised(Upstream):
    """Credits were awarded by the host (`awarded`: the transcript is here) or recognised."""

    record: Record
    person_ref: Person
    on: Day
    awarded: Points | None = None
    recognised: Points | None = None

    @model_validator(mode="after")
    def _says_how_many(self) -> "CreditsRecognised":
        if self.awarded is None and self.recognised is None:
            raise ValueError("say how many: awarded, recognised or both")
        return self


class StudentGraduated(Upstream):
    """A student graduated. Completes an enrolment from abroad of the same record, and marks the
    person's earlier stays of that level as those of a graduate."""

    record: Record
    person_ref: Person
    on: Day
    level: Level | None = None


class GraduateDestination(Upstream):
    """A graduate applied to study abroad, or was admitted, declined, went, or withdrew.

    Send one event for each step, with the same record.
    """

    record: Record
    person_ref: Person
    unit: Unit
    state: ApplicationStatus
    on: Day = Field(description="The day of this step.")
    submitted_on: Day | None = Field(default=None, description="If an earlier step was not sent.")
    level: Level
    destination_country: CountryCode | None = None
    partner: OtherInstitution | None = None
    agency: OtherInstitution | None = None
    graduate: Flag = True


class Headcount(Upstream):
    """How many students a unit had in a year. Known by unit, year and level; no record."""

    unit: Unit
    year: Annotated[int, Field(ge=1950, le=2200, strict=True)]
    level: Level | None = Field(default=None, description="null: all levels together.")
    students: Annotated[int, Field(ge=0, le=1_000_000, strict=True)] | None = None
    graduates: Annotated[int, Field(ge=0, le=1_000_000, strict=True)] | None = None

    @model_validator(mode="after")
    def _says_how_many(self) -> "Headcount":
        if self.students is None and self.graduates is None:
            raise ValueError("say how many: students, graduates or both")
        return self


REGISTRAR: dict[str, type[BaseModel]] = {
    "upstream.registrar.student-enrolled.v1": StudentEnrolled,
    "upstream.registrar.exchange-registered.v1": ExchangeRegistered,
    "upstream.registrar.student-departed.v1": StudentDeparted,
    "upstream.registrar.student-returned.v1": StudentReturned,
    "upstream.registrar.credits-recognised.v1": CreditsRecognised,
    "upstream.registrar.student-graduated.v1": StudentGraduated,
    "upstream.registrar.graduate-destination.v1": GraduateDestination,
    "upstream.registrar.headcount.v1": Headcount,
}
"""Every type on `upstream.registrar`."""
