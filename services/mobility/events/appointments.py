"""Facts of appointments: foreign experts and staff with an international background."""

from typing import ClassVar, Literal

from pydantic import Field

from services.mobility.events.values import (
    AppointmentStatus,
    Mobile,
    PersonRef,
    Source,
    Term,
    Text,
)
from shared.dates import PartialDate
from shared.facts import Correction, Fact
from shared.texts import CountryCode


class AppointmentFields(Mobile):
    """Everything public about an appointment but its id."""

    person_ref: PersonRef
    term: Term
    role: Text = Field(examples=["lecturer"])
    foreign_expert: bool
    high_level: bool | None = Field(
        default=None, description="Set by the coordinator; null until then."
    )
    international_background: bool | None = Field(
        default=None, description="Set by the coordinator; null until then."
    )
    nationality: CountryCode | None = None
    starts_on: PartialDate
    ends_on: PartialDate | None = Field(default=None, description="null: not limited.")
    visa_until: PartialDate | None = Field(default=None, description="Its last day.")
    permit_until: PartialDate | None = Field(
        default=None, description="The last day of the permit to stay or to work."
    )
    status: AppointmentStatus
    source: Source = "direct"


class AppointmentMade(Fact, AppointmentFields):
    """We hired someone: the whole state, in which an appointment's life begins."""

    type: ClassVar[str] = "rapport.mobility.appointment-made.v1"


class AppointmentRecorded(Fact, AppointmentFields):
    """An appointment was entered in its present state."""

    type: ClassVar[str] = "rapport.mobility.appointment-recorded.v1"


class AppointmentClassified(Fact):
    """The coordinator said what HR does not know."""

    type: ClassVar[str] = "rapport.mobility.appointment-classified.v1"
    high_level: bool | None
    international_background: bool | None
    classified_on: PartialDate


class AppointmentEnded(Fact):
    """The person left, or the contract ran out."""

    type: ClassVar[str] = "rapport.mobility.appointment-ended.v1"
    status: Literal["ended"]
    ends_on: PartialDate


class AppointmentCorrected(Correction):
    """The record was wrong or incomplete, and is mended."""

    type: ClassVar[str] = "rapport.mobility.appointment-corrected.v1"
