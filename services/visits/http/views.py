"""What is answered: a visit as it stands, and what the coordinator should know about it."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated

from fastapi import Path, Response
from pydantic import BaseModel, Field

from services.visits.domain import Policy, Visit, report_due_on, warnings_about
from services.visits.events import FollowUp, VisitId
from shared.database import Transaction
from shared.http import Call
from shared.texts import PersonRef

__all__ = [
    "POLICY",
    "FollowUpOfVisit",
    "PersonPath",
    "VisitPath",
    "VisitView",
    "answer",
    "policy_of",
    "view_of",
]

POLICY = "policy"
"""Under this name the wiring puts what the office asks into the context's parts."""

VisitPath = Annotated[
    VisitId, Path(pattern="^[a-z0-9-]{1,100}$", examples=["visit-01k9zq5v4t2m8r6w0x3y7a1b2c"])
]
PersonPath = Annotated[PersonRef, Path(examples=["p-8f3a"])]


class VisitView(Visit):
    """A visit as it stands now."""

    warnings: list[str] = Field(
        default=[], description="What the office asks of such a visit and it does not have."
    )
    report_due_on: date | None = Field(
        default=None, description="Last day for the report of a trip that was made."
    )


class FollowUpOfVisit(BaseModel):
    """A follow-up, and the visit that it follows from."""

    visit: str
    unit: str
    title: str = Field(description="Of the visit.")
    follow_up: FollowUp


def policy_of(call: Call) -> Policy:
    """What the office asks."""
    policy = call.context.parts[POLICY]
    if not isinstance(policy, Policy):
        raise TypeError(f"the wiring put {type(policy)} where the policy belongs")
    return policy


def view_of(call: Call, visit: Visit) -> VisitView:
    """The visit with what follows from it, on the unit's local date."""
    policy = policy_of(call)
    unit = call.reference.find(visit.unit)
    today = call.context.database.clock.today(unit.zone if unit else "UTC")
    return VisitView(
        **visit.model_dump(),
        warnings=warnings_about(visit, policy, today=today),
        report_due_on=report_due_on(visit, policy),
    )


async def answer(
    call: Call,
    use_case: Callable[[Transaction], Awaitable[Visit]],
    *,
    status: int = 200,
    location: Callable[[VisitView], str] = lambda view: f"/visits/{view.id}",
    body_digest: str | None = None,
) -> Response:
    """Run a use case once and answer with the visit after it."""

    async def run(tx: Transaction) -> VisitView:
        return view_of(call, await use_case(tx))

    return await call.once(
        run,
        status=status,
        location=location if status == 201 else None,
        body_digest=body_digest,
    )
