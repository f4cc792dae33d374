"""`/records/<register>/{ref}`: the office's own list, entered and told again."""

from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Response

from services.mobility.events.values import Mobile
from services.mobility.http.bodies import (
    ApplicationTold,
    AppointmentTold,
    ProgrammeTold,
    StayTold,
)
from services.mobility.usecases import records as usecases
from services.mobility.usecases.records import Recorded, S, Ways
from shared.database import Transaction
from shared.http import Call, Writes
from shared.lists.rows import takes_rows

M = TypeVar("M", bound=Mobile)

router = APIRouter(prefix="/records", tags=["recording the past"])

RefPath = Annotated[
    str, Path(min_length=1, max_length=100, description="The office's own id of it")
]


@router.put("/stays/{ref}", response_model=Recorded)
async def record_stay(ref: RefPath, told: StayTold, call: Writes) -> Response:
    """Enter a stay in its present state; told again, only what is new is applied."""
    return await _record(call, usecases.STAYS, ref, told)


@router.put("/applications/{ref}", response_model=Recorded)
async def record_application(ref: RefPath, told: ApplicationTold, call: Writes) -> Response:
    """Enter an application in its present state; without a status, its days tell it."""
    return await _record(call, usecases.APPLICATIONS, ref, told)


@router.put("/appointments/{ref}", response_model=Recorded)
async def record_appointment(ref: RefPath, told: AppointmentTold, call: Writes) -> Response:
    """Enter an appointment in its present state; without a status, its days tell it."""
    return await _record(call, usecases.APPOINTMENTS, ref, told)


@router.put("/programmes/{ref}", response_model=Recorded)
async def record_programme(ref: RefPath, told: ProgrammeTold, call: Writes) -> Response:
    """Enter a named programme."""
    return await _record(call, usecases.PROGRAMMES, ref, told)


async def _record(call: Call, ways: Ways[S], ref: str, told: Mobile) -> Response:
    return await call.once(
        lambda tx: usecases.record_told(tx, call.allow, ways, ref, told),
        status_of=lambda recorded: 201 if recorded.outcome == "created" else 200,
    )


def _rows(path: str, model: type[M], ways: Ways[S]) -> None:
    async def record(call: Call, tx: Transaction, ref: str, told: M) -> Recorded:
        return await usecases.record_told(tx, call.allow, ways, ref, told)

    takes_rows(router, path, model, record)


_rows("/stays", StayTold, usecases.STAYS)
_rows("/applications", ApplicationTold, usecases.APPLICATIONS)
_rows("/appointments", AppointmentTold, usecases.APPOINTMENTS)
_rows("/programmes", ProgrammeTold, usecases.PROGRAMMES)
