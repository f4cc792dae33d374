"""`/applications`: to study abroad."""

from fastapi import APIRouter, Response

from services.mobility import store
from services.mobility.domain import applications as rules
from services.mobility.domain.applications import Application
from services.mobility.events.values import ApplicationId, ApplicationStatus, Level
from services.mobility.http.lists import After, Limit, PartnerParameter, PersonParameter, Unit, page
from services.mobility.usecases import applications as usecases
from services.mobility.usecases.applications import Step
from services.mobility.usecases.ground import Correct
from services.mobility.usecases.stays import Dated
from shared.http import Call, Page, Reads, Writes

router = APIRouter(prefix="/applications", tags=["applications"])


@router.post("", status_code=201, response_model=Application)
async def submit_application(command: usecases.SubmitApplication, call: Writes) -> Response:
    """A person applies to study abroad."""
    return await call.once(
        lambda tx: usecases.submit_application(tx, call.allow, command),
        status=201,
        location=lambda application: f"/mobility/applications/{application.id}",
    )


@router.get("")
async def list_applications(
    call: Reads,
    unit: Unit = None,
    person_ref: PersonParameter = None,
    level: Level | None = None,
    status: ApplicationStatus | None = None,
    partner: PartnerParameter = None,
    agency: PartnerParameter = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[Application]:
    """Applications, in the order of entry."""
    return await page(
        call,
        store.applications,
        unit=unit,
        after=after,
        limit=limit,
        person_ref=person_ref,
        level=level,
        status=status,
        partner=partner,
        agency=agency,
    )


@router.get("/{application}")
async def get_application(application: ApplicationId, call: Reads) -> Application:
    """One application as it is known now."""
    return await call.read(lambda tx: store.applications.load(tx, application, for_update=False))


@router.post("/{application}/admissions", response_model=Application)
async def admit_application(application: ApplicationId, said: Dated, call: Writes) -> Response:
    """The institution said yes."""
    return await _step(call, application, lambda a, today: rules.admit(a, on=said.on, today=today))


@router.post("/{application}/refusals", response_model=Application)
async def decline_application(application: ApplicationId, said: Dated, call: Writes) -> Response:
    """The institution said no."""
    return await _step(
        call, application, lambda a, today: rules.decline(a, on=said.on, today=today)
    )


@router.post("/{application}/departures", response_model=Application)
async def depart_application(application: ApplicationId, said: Dated, call: Writes) -> Response:
    """The person went."""
    return await _step(call, application, lambda a, today: rules.depart(a, on=said.on, today=today))


@router.post("/{application}/withdrawals", response_model=Application)
async def withdraw_application(application: ApplicationId, said: Dated, call: Writes) -> Response:
    """The person no longer applies."""
    return await _step(
        call,
        application,
        lambda a, today: rules.withdraw(a, on=said.on, reason=said.reason, today=today),
    )


@router.post("/{application}/corrections", response_model=Application)
async def correct_application(
    application: ApplicationId, command: Correct, call: Writes
) -> Response:
    """Mend one field of its record."""
    return await call.once(
        lambda tx: usecases.correct_application(tx, call.allow, application, command)
    )


async def _step(call: Call, application: ApplicationId, step: Step) -> Response:
    return await call.once(lambda tx: usecases.take_step(tx, call.allow, application, step))
