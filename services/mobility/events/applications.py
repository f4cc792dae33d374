"""Facts of applications to study abroad: who applies has not gone."""

from typing import ClassVar, Literal

from pydantic import Field

from services.mobility.events.values import (
    ApplicationStatus,
    Level,
    LongText,
    Mobile,
    PersonRef,
    Reference,
    Source,
    Text,
)
from shared.dates import PartialDate
from shared.facts import Correction, Fact
from shared.texts import CountryCode


class ApplicationFields(Mobile):
    """Everything public about an application but its id."""

    person_ref: PersonRef
    level: Level = Field(description="Of the studies applied for.")
    destination_country: CountryCode | None = None
    partner: Reference | None = Field(default=None, description="The institution applied to.")
    partner_name: Text | None = Field(default=None, description="As it was sent or typed.")
    agency: Reference | None = Field(default=None, description="The partner that places students.")
    graduate: bool = Field(description="The person had graduated, or was about to.")
    status: ApplicationStatus
    submitted_on: PartialDate
    decided_on: PartialDate | None = None
    departed_on: PartialDate | None = None
    source: Source = "direct"


class ApplicationSubmitted(Fact, ApplicationFields):
    """A person applied: the whole state, in which an application's life begins."""

    type: ClassVar[str] = "rapport.mobility.application-submitted.v1"


class ApplicationRecorded(Fact, ApplicationFields):
    """An application was entered in its present state."""

    type: ClassVar[str] = "rapport.mobility.application-recorded.v1"


class ApplicationAdmitted(Fact):
    """The institution said yes."""

    type: ClassVar[str] = "rapport.mobility.application-admitted.v1"
    status: Literal["admitted"]
    decided_on: PartialDate


class ApplicationDeclined(Fact):
    """The institution said no."""

    type: ClassVar[str] = "rapport.mobility.application-declined.v1"
    status: Literal["declined"]
    decided_on: PartialDate


class ApplicationDeparted(Fact):
    """The person went."""

    type: ClassVar[str] = "rapport.mobility.application-departed.v1"
    status: Literal["departed"]
    decided_on: PartialDate | None = None
    departed_on: PartialDate


class ApplicationWithdrawn(Fact):
    """The person no longer applies."""

    type: ClassVar[str] = "rapport.mobility.application-withdrawn.v1"
    status: Literal["withdrawn"]
    withdrawn_on: PartialDate
    reason: LongText | None = None


class ApplicationCorrected(Correction):
    """The record was wrong or incomplete, and is mended."""

    type: ClassVar[str] = "rapport.mobility.application-corrected.v1"
