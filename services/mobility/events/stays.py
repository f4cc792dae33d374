"""Facts of stays: one person, one stay abroad or with us."""

from typing import ClassVar, Literal

from pydantic import Field

from services.mobility.events.values import (
    Credits,
    Degree,
    Direction,
    HostKind,
    Interruption,
    Kind,
    Level,
    LongText,
    Mobile,
    PersonRef,
    Reference,
    Source,
    StayStatus,
    Text,
    Who,
)
from shared.dates import PartialDate
from shared.facts import Correction, Fact
from shared.texts import CountryCode, IscedField


class StayFields(Mobile):
    """Everything public about a stay but its id."""

    person_ref: PersonRef
    direction: Direction
    who: Who
    kind: Kind
    paid: bool | None = Field(default=None, description="Of internships.")
    keynote: bool | None = Field(default=None, description="Of conferences.")
    level: Level | None = None
    field: IscedField | None = None
    partner: Reference | None = Field(
        default=None, description="The other institution; null while its name matches no partner."
    )
    partner_name: Text | None = Field(default=None, description="As it was sent or typed.")
    host_kind: HostKind = "university"
    host_country: CountryCode = Field(description="Where the stay takes place.")
    agreement: Reference | None = None
    joint_programme: Reference | None = None
    programme: Reference | None = Field(default=None, description="A named programme's id.")
    funding: Text | None = None
    nationality: CountryCode | None = None
    prior_education_country: CountryCode | None = None
    residence_country: CountryCode | None = None
    highest_degree: Degree | None = Field(default=None, description="At departure.")
    graduate: bool | None = Field(default=None, description="The person has since graduated.")
    planned_from: PartialDate
    planned_until: PartialDate
    actual_from: PartialDate | None = None
    actual_until: PartialDate | None = None
    interruptions: tuple[Interruption, ...] = ()
    visa_until: PartialDate | None = Field(default=None, description="Of a guest: its last day.")
    permit_until: PartialDate | None = Field(
        default=None, description="Of a guest: the last day of the permit to stay or to work."
    )
    virtual_days: int = Field(default=0, ge=0, le=3660)
    credits: Credits = Credits(planned=None, awarded=None, recognised=None)
    status: StayStatus
    extended: bool = False
    returned_early: bool = False
    source: Source = "direct"


class StayNominated(Fact, StayFields):
    """The sending side proposed the person: the whole state, in which a stay's life begins."""

    type: ClassVar[str] = "rapport.mobility.stay-nominated.v1"


class StayRecorded(Fact, StayFields):
    """A stay was entered in its present state: the past, or what another system knows."""

    type: ClassVar[str] = "rapport.mobility.stay-recorded.v1"


class StayApproved(Fact):
    """The receiving side accepted the person."""

    type: ClassVar[str] = "rapport.mobility.stay-approved.v1"
    status: Literal["approved"]
    approved_on: PartialDate
    evidence: LongText | None = None


class StayRejected(Fact):
    """The receiving side did not accept the person."""

    type: ClassVar[str] = "rapport.mobility.stay-rejected.v1"
    status: Literal["rejected"]
    rejected_on: PartialDate
    reason: LongText | None = None
    evidence: LongText | None = None


class StayConfirmed(Fact):
    """The person goes: the sending side said so."""

    type: ClassVar[str] = "rapport.mobility.stay-confirmed.v1"
    status: Literal["confirmed"]
    confirmed_on: PartialDate


class StayStarted(Fact):
    """It began: by the dates (`actual_from` unset), or because someone says so."""

    type: ClassVar[str] = "rapport.mobility.stay-started.v1"
    status: Literal["under-way"]
    actual_from: PartialDate | None = None


class StayCompleted(Fact):
    """It is over: by the dates (`actual_until` unset), or because someone says so."""

    type: ClassVar[str] = "rapport.mobility.stay-completed.v1"
    status: Literal["completed"]
    actual_from: PartialDate | None = None
    actual_until: PartialDate | None = None
    evidence: LongText | None = None


class StayExtended(Fact):
    """It will last longer than was planned."""

    type: ClassVar[str] = "rapport.mobility.stay-extended.v1"
    status: StayStatus
    extended: Literal[True]
    planned_until: PartialDate
    reason: LongText | None = None


class StayReturnedEarly(Fact):
    """It ended before its time."""

    type: ClassVar[str] = "rapport.mobility.stay-returned-early.v1"
    status: Literal["completed"]
    returned_early: Literal[True]
    actual_from: PartialDate | None = None
    actual_until: PartialDate
    reason: LongText | None = None
    evidence: LongText | None = None


class StayTranscriptReceived(Fact):
    """The receiving side said which credits it awarded."""

    type: ClassVar[str] = "rapport.mobility.stay-transcript-received.v1"
    status: Literal["transcript-received"]
    credits: Credits
    received_on: PartialDate


class StayRecognised(Fact):
    """The sending side recognised credits; the end of a stay for which credits were planned."""

    type: ClassVar[str] = "rapport.mobility.stay-recognised.v1"
    status: Literal["recognised"]
    credits: Credits
    recognised_on: PartialDate
    evidence: LongText | None = None


class StayWithdrawn(Fact):
    """The nomination was taken back before the stay began."""

    type: ClassVar[str] = "rapport.mobility.stay-withdrawn.v1"
    status: Literal["withdrawn"]
    withdrawn_on: PartialDate
    reason: LongText | None = None


class StayNoShow(Fact):
    """The person never arrived: counts nowhere."""

    type: ClassVar[str] = "rapport.mobility.stay-no-show.v1"
    status: Literal["no-show"]
    said_on: PartialDate
    reason: LongText | None = None
    evidence: LongText | None = None


class StayCorrected(Correction):
    """The record was wrong or incomplete, and is mended."""

    type: ClassVar[str] = "rapport.mobility.stay-corrected.v1"
