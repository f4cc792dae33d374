"""`/visits/{visit}/...`: the steps of a visit's life, and who comes along."""

from fastapi import APIRouter, Response

from services.visits import usecases
from services.visits.http.views import VisitPath, VisitView, answer
from services.visits.usecases.commands import (
    ApproveVisit,
    CancelVisit,
    ChangeMembers,
    CloseVisit,
    CompleteVisit,
    ConfirmVisit,
    PlanVisit,
    PostponeVisit,
    ReportVisit,
    ScreenVisit,
    StartVisit,
)
from shared.http import Writes

router = APIRouter(tags=["life cycle"])


@router.post("/{visit}/screenings", response_model=VisitView)
async def screen_visit(visit: VisitPath, command: ScreenVisit, call: Writes) -> Response:
    """Accept or decline a request."""
    return await answer(
        call, lambda tx: usecases.screen_visit(tx, visit, command, allow=call.allow)
    )


@router.post("/{visit}/programmes", response_model=VisitView)
async def plan_visit(visit: VisitPath, command: PlanVisit, call: Writes) -> Response:
    """Set the programme; what is left out stays as it is."""
    return await answer(call, lambda tx: usecases.plan_visit(tx, visit, command, allow=call.allow))


@router.post("/{visit}/approvals", response_model=VisitView)
async def approve_visit(visit: VisitPath, command: ApproveVisit, call: Writes) -> Response:
    """Allow it; a trip needs a decision made before departure."""
    return await answer(
        call, lambda tx: usecases.approve_visit(tx, visit, command, allow=call.allow)
    )


@router.post("/{visit}/confirmations", response_model=VisitView)
async def confirm_visit(visit: VisitPath, command: ConfirmVisit, call: Writes) -> Response:
    """Say that it takes place; its days must be known."""
    return await answer(
        call, lambda tx: usecases.confirm_visit(tx, visit, command, allow=call.allow)
    )


@router.post("/{visit}/starts", response_model=VisitView)
async def start_visit(visit: VisitPath, command: StartVisit, call: Writes) -> Response:
    """Say that it began, where the planned day is not the right one."""
    return await answer(call, lambda tx: usecases.start_visit(tx, visit, command, allow=call.allow))


@router.post("/{visit}/completions", response_model=VisitView)
async def complete_visit(visit: VisitPath, command: CompleteVisit, call: Writes) -> Response:
    """Say that it is over, where the planned day is not the right one."""
    return await answer(
        call, lambda tx: usecases.complete_visit(tx, visit, command, allow=call.allow)
    )


@router.post("/{visit}/reports", response_model=VisitView)
async def report_visit(visit: VisitPath, command: ReportVisit, call: Writes) -> Response:
    """Hand in the report; a late one is taken with a warning."""
    return await answer(
        call, lambda tx: usecases.report_visit(tx, visit, command, allow=call.allow)
    )


@router.post("/{visit}/closure", response_model=VisitView)
async def close_visit(visit: VisitPath, command: CloseVisit, call: Writes) -> Response:
    """Expect nothing more of it; a trip must have been reported."""
    return await answer(call, lambda tx: usecases.close_visit(tx, visit, command, allow=call.allow))


@router.post("/{visit}/postponements", response_model=VisitView)
async def postpone_visit(visit: VisitPath, command: PostponeVisit, call: Writes) -> Response:
    """Move it before it begins; the old days stay in its history."""
    return await answer(
        call, lambda tx: usecases.postpone_visit(tx, visit, command, allow=call.allow)
    )


@router.post("/{visit}/cancellation", response_model=VisitView)
async def cancel_visit(visit: VisitPath, command: CancelVisit, call: Writes) -> Response:
    """Call it off before it begins."""
    return await answer(
        call, lambda tx: usecases.cancel_visit(tx, visit, command, allow=call.allow)
    )


@router.put("/{visit}/members", response_model=VisitView)
async def change_members(visit: VisitPath, command: ChangeMembers, call: Writes) -> Response:
    """Say who comes along: persons by their person_ref, others by role and organization."""
    return await answer(
        call, lambda tx: usecases.change_members(tx, visit, command, allow=call.allow)
    )
