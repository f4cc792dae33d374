"""Appointments: made, classified by the coordinator, ended."""

from pydantic import ConfigDict, Field

from services.mobility import store
from services.mobility.domain import appointments as rules
from services.mobility.domain.appointments import Appointment
from services.mobility.events import AppointmentFields
from services.mobility.events.values import AppointmentId, AppointmentStatus
from services.mobility.usecases.ground import Allow, Correct, must_be_ours, today_of
from shared.database import Transaction
from shared.dates import PartialDate
from shared.facts import Value
from shared.identity import new_id


class MakeAppointment(AppointmentFields):
    """We hire someone from abroad, or with an international background."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "unit": "nist",
                    "person_ref": "e-0007",
                    "term": "long",
                    "role": "professor",
                    "foreign_expert": True,
                    "high_level": True,
                    "nationality": "NG",
                    "starts_on": "2024-03-01",
                }
            ]
        }
    )
    status: AppointmentStatus = Field(default="appointed", json_schema_extra={"readOnly": True})


class Classify(Value):
    """What HR does not know."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"high_level": True, "international_background": False}]}
    )
    high_level: bool | None
    international_background: bool | None


class EndAppointment(Value):
    """The person left."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"on": "2025-06-30"}]})
    on: PartialDate


async def make_appointment(tx: Transaction, allow: Allow, command: MakeAppointment) -> Appointment:
    """An appointment's life begins."""
    must_be_ours(tx, command, allow)
    appointment = Appointment.model_validate(
        command.model_dump()
        | {"id": new_id("appointment"), "status": "appointed", "source": "direct"}
    )
    made, facts = rules.make(appointment, today=today_of(tx, appointment.unit))
    return await store.appointments.save(tx, made, *facts)


async def classify_appointment(
    tx: Transaction, allow: Allow, subject: AppointmentId, command: Classify
) -> Appointment:
    """The coordinator says what HR does not know."""
    appointment = await store.appointments.load(tx, subject)
    allow(appointment.unit)
    after, facts = rules.classify(
        appointment,
        high_level=command.high_level,
        international_background=command.international_background,
        today=today_of(tx, appointment.unit),
    )
    return await store.appointments.save(tx, after, *facts)


async def end_appointment(
    tx: Transaction, allow: Allow, subject: AppointmentId, command: EndAppointment
) -> Appointment:
    """The person left."""
    appointment = await store.appointments.load(tx, subject)
    allow(appointment.unit)
    after, facts = rules.end(appointment, on=command.on, today=today_of(tx, appointment.unit))
    return await store.appointments.save(tx, after, *facts)


async def correct_appointment(
    tx: Transaction, allow: Allow, subject: AppointmentId, command: Correct
) -> Appointment:
    """Its record was wrong."""
    appointment = await store.appointments.load(tx, subject)
    allow(appointment.unit)
    corrected, facts = rules.correct(
        appointment,
        field=command.field,
        value=command.value,
        reason=command.reason,
        today=today_of(tx, appointment.unit),
    )
    must_be_ours(tx, corrected, allow)
    return await store.appointments.save(tx, corrected, *facts)
