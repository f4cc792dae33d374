"""Plans over HTTP: put one, note its targets, and ask how far it is."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Body, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from services.reporting.domain.plans.judging import Judged
from services.reporting.domain.plans.plan import Plan
from services.reporting.domain.plans.states import StateName
from services.reporting.events.plans import (
    Approval,
    Baseline,
    CountryGroup,
    Declared,
    Dimension,
    Form,
    Note,
    PlanContent,
    PolicyBasis,
    Target,
)
from services.reporting.http.asking import Known, On, OneYear, RecordView, UnitAsked, number_of
from services.reporting.http.examples import PLAN
from services.reporting.usecases import planning
from services.reporting.usecases.asking import asked
from services.reporting.usecases.planning import JudgedPlan
from shared.database import Transaction
from shared.http import Call, Reads, Writes

__all__ = ["router"]

router = APIRouter(tags=["plans"])

PlanPath = Annotated[
    str,
    Path(max_length=220, description="Its id, or unit and year.", examples=["nist/2024"]),
]
ApprovalBody = Annotated[
    Approval,
    Body(examples=[{"target": "staff-abroad", "on": "2026-02-03", "evidence": "Decision 41"}]),
]
NoteBody = Annotated[
    Note,
    Body(examples=[{"target": "web-site", "on": "2026-03-31", "text": "The pages are drafted."}]),
]
BaselineBody = Annotated[
    Baseline,
    Body(
        examples=[
            {
                "target": "share-abroad",
                "value": "0.042",
                "year": 2023,
                "source": "Statistical yearbook",
            }
        ]
    ),
]


class PutPlan(PlanContent):
    """A plan as its issuer wrote it; docs/plans.md explains every form of target."""

    model_config = ConfigDict(json_schema_extra={"examples": [PLAN]})


class PlanPut(BaseModel):
    """What became of a plan that was put."""

    id: str
    version: int
    outcome: str = Field(examples=["created"], description="created, changed or unchanged.")


class PlanView(BaseModel):
    """A plan and what was recorded about its targets."""

    id: str
    version: int
    unit: str
    year: int
    approvals: list[Approval]
    notes: list[Note]
    baselines: list[Baseline]


class GateView(BaseModel):
    """What a target is subject to."""

    text: str
    approved_on: date | None


class TargetView(BaseModel):
    """A target as it stood on a day."""

    id: str
    dimension: Dimension
    text: str
    form: Form
    target: str | None = Field(description="What is aimed at, in words.", examples=["3-5"])
    number: int | float | None = Field(description="What was counted; a share for a rate.")
    state: StateName
    on: date = Field(description="The day the state holds for.")
    why: str
    starts_on: date
    due_on: date
    projection: float | None = Field(description="The number on the due day, at this pace.")
    beside: dict[str, int | float]
    gate: GateView | None
    notes: list[Note]
    counts: list[dict[str, object]] = Field(description="The measures, and how they are narrowed.")
    records: list[RecordView]


class JudgedPlanView(BaseModel):
    """A plan with the state of each target on a day. Three dates are three things: its year, the
    day it was issued, the day it was published."""

    id: str
    version: int
    title: str
    unit: str
    year: int
    issued_by: str
    issued_on: date
    published_on: date | None
    policy_basis: list[PolicyBasis]
    strategy: str | None
    country_groups: list[CountryGroup]
    declared: list[Declared] = Field(description="Figures without records: never added.")
    on: date
    known: datetime
    states: dict[str, int] = Field(description="How many targets are in which state.")
    targets: list[TargetView]


@router.put("/plans/{unit:path}/{year:int}", response_model=PlanPut)
async def put_plan(
    unit: str, year: Annotated[int, Path(ge=1950, le=2200)], body: PutPlan, call: Writes
) -> Response:
    """Issue the plan of a unit and year, or revise it. The same again changes nothing."""
    call.allow(unit)
    content = PlanContent.model_validate(body.model_dump(exclude_unset=True))

    async def put(tx: Transaction) -> PlanPut:
        done = await planning.put_plan(tx, unit=unit, year=year, content=content)
        return PlanPut(id=done.plan.id, version=done.plan.version, outcome=done.outcome)

    return await call.once(put, status_of=lambda done: 201 if done.outcome == "created" else 200)


@router.get("/plans")
async def judged_plan(
    call: Reads, unit: UnitAsked, year: OneYear, on: On = None, known: Known = None
) -> JudgedPlanView:
    """The plan of a unit and year, each target with its state, number and records."""

    async def query(tx: Transaction) -> JudgedPlan:
        asking = asked(tx, unit=unit, year=str(year), on=on, known=known)
        return await planning.judge_plan(tx, asking, year=year)

    return judged_view(await call.read(query))


@router.post("/plans/{plan:path}/approvals", response_model=PlanView)
async def approve(plan: PlanPath, body: ApprovalBody, call: Writes) -> Response:
    """Record that what a target is subject to was approved."""
    return await _change(call, lambda tx: planning.approve_gate(tx, plan, body))


@router.post("/plans/{plan:path}/notes", response_model=PlanView)
async def note(plan: PlanPath, body: NoteBody, call: Writes) -> Response:
    """Write into a target's progress log."""
    return await _change(call, lambda tx: planning.note_target(tx, plan, body))


@router.post("/plans/{plan:path}/baselines", response_model=PlanView)
async def baseline(plan: PlanPath, body: BaselineBody, call: Writes) -> Response:
    """Give the past figure that a rate is compared with."""
    return await _change(call, lambda tx: planning.give_baseline(tx, plan, body))


async def _change(call: Call, change: planning.Change) -> Response:
    async def run(tx: Transaction) -> PlanView:
        changed = await change(tx)
        call.allow(changed.unit)
        return _plan_view(changed)

    return await call.once(run)


def _plan_view(plan: Plan) -> PlanView:
    return PlanView(
        id=plan.id,
        version=plan.version,
        unit=plan.unit,
        year=plan.year,
        approvals=list(plan.approvals),
        notes=list(plan.notes),
        baselines=list(plan.baselines),
    )


def judged_view(judged: JudgedPlan) -> JudgedPlanView:
    """A judged plan as it is shown."""
    plan = judged.plan
    targets = [target_view(each) for each in judged.targets]
    states: dict[str, int] = {}
    for each in targets:
        states[each.state] = states.get(each.state, 0) + 1
    return JudgedPlanView(
        id=plan.id,
        version=plan.version,
        title=plan.title,
        unit=plan.unit,
        year=plan.year,
        issued_by=plan.issued_by,
        issued_on=plan.issued_on,
        published_on=plan.published_on,
        policy_basis=list(plan.policy_basis),
        strategy=plan.strategy,
        country_groups=list(plan.country_groups),
        declared=list(plan.declared),
        on=judged.asked.question.on,
        known=judged.asked.known,
        states=states,
        targets=targets,
    )


def target_view(judged: Judged) -> TargetView:
    """One target as it is shown."""
    target, standing = judged.target, judged.standing
    gate = GateView(text=target.gate, approved_on=judged.approved_on) if target.gate else None
    return TargetView(
        id=target.id,
        dimension=target.dimension,
        text=target.text,
        form=target.form,
        target=aim(target),
        number=number_of(judged.number),
        state=standing.state,
        on=judged.on,
        why=standing.why,
        starts_on=judged.first,
        due_on=judged.due,
        projection=None if standing.projection is None else float(standing.projection),
        beside={name: number_of(value) or 0 for name, value in judged.beside.items()},
        gate=gate,
        notes=list(judged.notes),
        counts=[
            {"measure": each.measure, "where": {k: list(v) for k, v in each.where.items()}}
            for each in target.counts
        ],
        records=[RecordView.of(each) for each in judged.records],
    )


def aim(target: Target) -> str | None:
    """What a target aims at, as people say it."""
    number: Decimal | int | None = target.number
    words = {
        "range": f"{number}-{target.number_until}",
        "over": f"over {number}",
        "exactly": f"exactly {number}",
        "stock": f"{number} in force",
        "rate": "to increase",
        "milestone": "to be reached" if number in (None, 1) else f"{number} to be reached",
        "named": "to be done" if number in (None, 1) else f"{number} to be done",
    }
    if target.form == "qualitative":
        return None
    return words.get(target.form, f"{number}")
