"""`/programmes`, `/headcounts`"""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.mobility import store
from services.mobility.domain.programmes import Headcount, Programme
from services.mobility.events.values import HeadcountId, ProgrammeId
from services.mobility.http.lists import After, Limit, Unit, page
from services.mobility.usecases import programmes as usecases
from services.mobility.usecases.ground import Correct
from shared.http import Page, Reads, Writes

programmes = APIRouter(prefix="/programmes", tags=["named programmes"])
headcounts = APIRouter(prefix="/headcounts", tags=["headcounts"])


@programmes.post("", status_code=201, response_model=Programme)
async def enter_programme(command: usecases.EnterProgramme, call: Writes) -> Response:
    """Enter a named programme."""
    return await call.once(
        lambda tx: usecases.enter_programme(tx, call.allow, command),
        status=201,
        location=lambda programme: f"/mobility/programmes/{programme.id}",
    )


@programmes.get("")
async def list_programmes(
    call: Reads, unit: Unit = None, after: After = None, limit: Limit = 50
) -> Page[Programme]:
    """Named programmes, in the order of entry."""
    return await page(call, store.programmes, unit=unit, after=after, limit=limit)


@programmes.get("/{programme}")
async def get_programme(programme: ProgrammeId, call: Reads) -> Programme:
    """One named programme as it is known now."""
    return await call.read(lambda tx: store.programmes.load(tx, programme, for_update=False))


@programmes.post("/{programme}/corrections", response_model=Programme)
async def correct_programme(programme: ProgrammeId, command: Correct, call: Writes) -> Response:
    """Mend one field of its record."""
    return await call.once(
        lambda tx: usecases.correct_programme(tx, call.allow, programme, command)
    )


@headcounts.post("", status_code=201, response_model=Headcount)
async def report_headcount(command: usecases.ReportHeadcount, call: Writes) -> Response:
    """Report how many students a unit had in a year."""
    return await call.once(
        lambda tx: usecases.report_headcount(tx, call.allow, command),
        status=201,
        location=lambda headcount: f"/mobility/headcounts/{headcount.id}",
    )


@headcounts.get("")
async def list_headcounts(
    call: Reads,
    unit: Unit = None,
    year: Annotated[int | None, Query(ge=1950, le=2200)] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[Headcount]:
    """Headcounts, in the order of entry."""
    return await page(call, store.headcounts, unit=unit, after=after, limit=limit, year=year)


@headcounts.get("/{headcount}")
async def get_headcount(headcount: HeadcountId, call: Reads) -> Headcount:
    """One headcount as it is known now."""
    return await call.read(lambda tx: store.headcounts.load(tx, headcount, for_update=False))


@headcounts.post("/{headcount}/corrections", response_model=Headcount)
async def correct_headcount(headcount: HeadcountId, command: Correct, call: Writes) -> Response:
    """Mend one field of its record."""
    return await call.once(
        lambda tx: usecases.correct_headcount(tx, call.allow, headcount, command)
    )
