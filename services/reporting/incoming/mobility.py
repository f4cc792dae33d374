"""What reporting reads of `mobility.events`: persons only as `person_ref`."""

from pydantic import BaseModel, ConfigDict, Field

from services.reporting.incoming.reading import Read, Record
from shared.dates import PartialDate

__all__ = [
    "MOBILITY",
    "Application",
    "Appointment",
    "Headcount",
    "Interruption",
    "NamedProgramme",
    "Stay",
]


class Interruption(Read):
    """Days within a stay that were not part of it."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    from_: PartialDate = Field(alias="from")
    until: PartialDate


class Credits(Read):
    """ECTS credits."""

    planned: float | None = None
    awarded: float | None = None
    recognised: float | None = None


class Stay(Record):
    """One person, one stay abroad or with us."""

    person_ref: str = ""
    direction: str = ""
    who: str = ""
    kind: str = ""
    paid: bool | None = None
    keynote: bool | None = None
    level: str | None = None
    field: str | None = None
    partner: str | None = None
    partner_name: str | None = None
    host_kind: str = ""
    host_country: str = ""
    agreement: str | None = None
    joint_programme: str | None = None
    programme: str | None = None
    funding: str | None = None
    nationality: str | None = None
    prior_education_country: str | None = None
    residence_country: str | None = None
    highest_degree: str | None = None
    graduate: bool | None = None
    planned_from: PartialDate | None = None
    planned_until: PartialDate | None = None
    actual_from: PartialDate | None = None
    actual_until: PartialDate | None = None
    interruptions: tuple[Interruption, ...] = ()
    virtual_days: int = 0
    credits: Credits | None = None
    status: str = ""


class StayCorrected(Read):
    """New values by field."""

    changes: Stay


class Application(Record):
    """An application to study abroad: who applies has not gone."""

    person_ref: str = ""
    level: str | None = None
    destination_country: str | None = None
    partner: str | None = None
    partner_name: str | None = None
    agency: str | None = None
    graduate: bool = False
    status: str = ""
    submitted_on: PartialDate | None = None
    decided_on: PartialDate | None = None
    departed_on: PartialDate | None = None


class ApplicationCorrected(Read):
    """New values by field."""

    changes: Application


class Appointment(Record):
    """A foreign expert or a member of staff with an international background."""

    person_ref: str = ""
    term: str = ""
    role: str = ""
    foreign_expert: bool = False
    high_level: bool | None = None
    international_background: bool | None = None
    nationality: str | None = None
    starts_on: PartialDate | None = None
    ends_on: PartialDate | None = None
    status: str = ""


class AppointmentCorrected(Read):
    """New values by field."""

    changes: Appointment


class NamedProgramme(Record):
    """A named programme that groups stays: Sakura, GPBL."""

    name: str = ""
    title: str | None = None
    partners: tuple[str, ...] = ()
    kind: str | None = None


class NamedProgrammeCorrected(Read):
    """New values by field."""

    changes: NamedProgramme


class Headcount(Record):
    """How many students and graduates a unit had in a year: what rates are divided by."""

    year: int = 0
    level: str | None = None
    graduates: int | None = None
    students: int | None = None


class HeadcountCorrected(Read):
    """New values by field."""

    changes: Headcount


MOBILITY: dict[str, type[BaseModel]] = {
    "rapport.mobility.stay-nominated.v1": Stay,
    "rapport.mobility.stay-recorded.v1": Stay,
    "rapport.mobility.stay-approved.v1": Stay,
    "rapport.mobility.stay-rejected.v1": Stay,
    "rapport.mobility.stay-confirmed.v1": Stay,
    "rapport.mobility.stay-started.v1": Stay,
    "rapport.mobility.stay-completed.v1": Stay,
    "rapport.mobility.stay-transcript-received.v1": Stay,
    "rapport.mobility.stay-recognised.v1": Stay,
    "rapport.mobility.stay-withdrawn.v1": Stay,
    "rapport.mobility.stay-no-show.v1": Stay,
    "rapport.mobility.stay-extended.v1": Stay,
    "rapport.mobility.stay-returned-early.v1": Stay,
    "rapport.mobility.stay-corrected.v1": StayCorrected,
    "rapport.mobility.application-submitted.v1": Application,
    "rapport.mobility.application-recorded.v1": Application,
    "rapport.mobility.application-admitted.v1": Application,
    "rapport.mobility.application-declined.v1": Application,
    "rapport.mobility.application-departed.v1": Application,
    "rapport.mobility.application-withdrawn.v1": Application,
    "rapport.mobility.application-corrected.v1": ApplicationCorrected,
    "rapport.mobility.appointment-made.v1": Appointment,
    "rapport.mobility.appointment-recorded.v1": Appointment,
    "rapport.mobility.appointment-classified.v1": Appointment,
    "rapport.mobility.appointment-ended.v1": Appointment,
    "rapport.mobility.appointment-corrected.v1": AppointmentCorrected,
    "rapport.mobility.programme-recorded.v1": NamedProgramme,
    "rapport.mobility.programme-corrected.v1": NamedProgrammeCorrected,
    "rapport.mobility.headcount-reported.v1": Headcount,
    "rapport.mobility.headcount-corrected.v1": HeadcountCorrected,
}
