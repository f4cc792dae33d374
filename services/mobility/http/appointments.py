"""`/appointments`"""

from fastapi import APIRouter, Response

from services.mobility import store
from services.mobility.domain.appointments import Appointment
from services.mobility.events.values import AppointmentId, AppointmentStatus, Term
from services.mobility.http.lists import After, Limit, PersonParameter, Unit, page
from services.mobility.usecases import appointments as usecases
from services.mobility.usecases.ground import Correct
from shared.http import Page, Reads, Writes

router = APIRouter(prefix="/appointments", tags=["appointments"])


@router.post("", status_code=201, response_model=Appointment)
async def make_appointment(command: usecases.MakeAppointment, call: Writes) -> Response:
    """We hire someone."""
    return await call.once(
        lambda tx: usecases.make_appointment(tx, call.allow, command),
        status=201,
        location=lambda appointment: f"/mobility/appointments/{appointment.id}",
    )


@router.get("")
async def list_appointments(
    call: Reads,
    unit: Unit = None,
    person_ref: PersonParameter = None,
    term: Term | None = None,
    status: AppointmentStatus | None = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[Appointment]:
    """Appointments, in the order of entry."""
    return await page(
        call,
        store.appointments,
        unit=unit,
        after=after,
        limit=limit,
        person_ref=person_ref,
        term=term,
        status=status,
    )


@router.get("/{appointment}")
async def get_appointment(appointment: AppointmentId, call: Reads) -> Appointment:
    """One appointment as it is known now."""
    return await call.read(lambda tx: store.appointments.load(tx, appointment, for_update=False))


@router.post("/{appointment}/classifications", response_model=Appointment)
async def classify_appointment(
    appointment: AppointmentId, command: usecases.Classify, call: Writes
) -> Response:
    """High-level, of international background: what HR does not know."""
    return await call.once(
        lambda tx: usecases.classify_appointment(tx, call.allow, appointment, command)
    )


@router.post("/{appointment}/endings", response_model=Appointment)
async def end_appointment(
    appointment: AppointmentId, command: usecases.EndAppointment, call: Writes
) -> Response:
    """The person left: `on` is the last day."""
    return await call.once(
        lambda tx: usecases.end_appointment(tx, call.allow, appointment, command)
    )


@router.post("/{appointment}/corrections", response_model=Appointment)
async def correct_appointment(
    appointment: AppointmentId, command: Correct, call: Writes
) -> Response:
    """Mend one field of its record."""
    return await call.once(
        lambda tx: usecases.correct_appointment(tx, call.allow, appointment, command)
    )
