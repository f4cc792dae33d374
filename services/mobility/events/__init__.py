"""What the mobility service publishes on `mobility.events`: its public contract.

The subject is the id of a stay, an application, an appointment, a programme or a headcount, or of
what was refused of a source. Every fact carries the new value of each field that it changed, under
the field's name, lists whole.
Nobody is named: a person is a `person_ref`.
"""

from services.mobility.events.applications import (
    ApplicationAdmitted,
    ApplicationCorrected,
    ApplicationDeclined,
    ApplicationDeparted,
    ApplicationFields,
    ApplicationRecorded,
    ApplicationSubmitted,
    ApplicationWithdrawn,
)
from services.mobility.events.appointments import (
    AppointmentClassified,
    AppointmentCorrected,
    AppointmentEnded,
    AppointmentFields,
    AppointmentMade,
    AppointmentRecorded,
)
from services.mobility.events.programmes import (
    HeadcountCorrected,
    HeadcountFields,
    HeadcountReported,
    ProgrammeCorrected,
    ProgrammeFields,
    ProgrammeRecorded,
)
from services.mobility.events.refusals import UpstreamRefused
from services.mobility.events.stays import (
    StayApproved,
    StayCompleted,
    StayConfirmed,
    StayCorrected,
    StayExtended,
    StayFields,
    StayNominated,
    StayNoShow,
    StayRecognised,
    StayRecorded,
    StayRejected,
    StayReturnedEarly,
    StayStarted,
    StayTranscriptReceived,
    StayWithdrawn,
)
from shared.facts import Fact

__all__ = [
    "FACTS",
    "ApplicationAdmitted",
    "ApplicationCorrected",
    "ApplicationDeclined",
    "ApplicationDeparted",
    "ApplicationFields",
    "ApplicationRecorded",
    "ApplicationSubmitted",
    "ApplicationWithdrawn",
    "AppointmentClassified",
    "AppointmentCorrected",
    "AppointmentEnded",
    "AppointmentFields",
    "AppointmentMade",
    "AppointmentRecorded",
    "HeadcountCorrected",
    "HeadcountFields",
    "HeadcountReported",
    "ProgrammeCorrected",
    "ProgrammeFields",
    "ProgrammeRecorded",
    "StayApproved",
    "StayCompleted",
    "StayConfirmed",
    "StayCorrected",
    "StayExtended",
    "StayFields",
    "StayNoShow",
    "StayNominated",
    "StayRecognised",
    "StayRecorded",
    "StayRejected",
    "StayReturnedEarly",
    "StayStarted",
    "StayTranscriptReceived",
    "StayWithdrawn",
    "UpstreamRefused",
]

FACTS: tuple[type[Fact], ...] = (
    StayNominated,
    StayRecorded,
    StayApproved,
    StayRejected,
    StayConfirmed,
    StayStarted,
    StayCompleted,
    StayTranscriptReceived,
    StayRecognised,
    StayWithdrawn,
    StayNoShow,
    StayExtended,
    StayReturnedEarly,
    StayCorrected,
    ApplicationSubmitted,
    ApplicationRecorded,
    ApplicationAdmitted,
    ApplicationDeclined,
    ApplicationDeparted,
    ApplicationWithdrawn,
    ApplicationCorrected,
    AppointmentMade,
    AppointmentRecorded,
    AppointmentClassified,
    AppointmentEnded,
    AppointmentCorrected,
    ProgrammeRecorded,
    ProgrammeCorrected,
    HeadcountReported,
    HeadcountCorrected,
    UpstreamRefused,
)
"""Every fact this service publishes: what the catalogue and the contract tests read."""
