"""`/visits/{visit}/follow-ups`: what is to be done next, and what came of it."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from services.visits import usecases
from services.visits.events import FollowUpId
from services.visits.http.views import VisitPath, VisitView, answer
from services.visits.usecases.commands import AddFollowUp, CloseFollowUp, LinkFollowUp
from shared.http import Writes

router = APIRouter(prefix="/{visit}/follow-ups", tags=["follow-ups"])

FollowUpPath = Annotated[FollowUpId, Path(pattern=r"^[A-Za-z0-9._:-]{1,40}$", examples=["1"])]


@router.post("", status_code=201, response_model=VisitView)
async def add_follow_up(visit: VisitPath, command: AddFollowUp, call: Writes) -> Response:
    """Note what is to be done next, by whom and by when."""
    return await answer(
        call,
        lambda tx: usecases.add_follow_up(tx, visit, command, allow=call.allow),
        status=201,
    )


@router.post("/{follow_up}/links", response_model=VisitView)
async def link_follow_up(
    visit: VisitPath, follow_up: FollowUpPath, command: LinkFollowUp, call: Writes
) -> Response:
    """Say what it led to. An agreement that names the follow-up is linked by itself."""
    return await answer(
        call,
        lambda tx: usecases.link_follow_up(tx, visit, follow_up, command, allow=call.allow),
    )


@router.post("/{follow_up}/closure", response_model=VisitView)
async def close_follow_up(
    visit: VisitPath, follow_up: FollowUpPath, command: CloseFollowUp, call: Writes
) -> Response:
    """Say that it is done, or no longer pursued."""
    return await answer(
        call,
        lambda tx: usecases.close_follow_up(tx, visit, follow_up, command, allow=call.allow),
    )
