"""Plans: issued and revised, their targets noted, and judged on a day as known at an instant."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from services.reporting import store
from services.reporting.domain.plans import plan as plans
from services.reporting.domain.plans.judging import Judged, judge, reads_of
from services.reporting.domain.plans.plan import Plan
from services.reporting.events.plans import Approval, Baseline, Note, PlanContent
from services.reporting.usecases.asking import Asked, records_for
from shared import journal
from shared.database import Transaction
from shared.dates import Period
from shared.errors import Rejected
from shared.facts import Fact, State
from shared.identity import new_id

__all__ = [
    "Change",
    "JudgedPlan",
    "Put",
    "approve_gate",
    "as_known",
    "find_plan",
    "give_baseline",
    "judge_plan",
    "note_target",
    "put_plan",
]

S = TypeVar("S", bound=State)
Change = Callable[[Transaction], Awaitable[Plan]]
"""A change of one plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """What became of a plan that was put."""

    plan: Plan
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPlan:
    """A plan with its targets as they stood on a day."""

    plan: Plan
    asked: Asked
    targets: list[Judged]


async def put_plan(tx: Transaction, *, unit: str, year: int, content: PlanContent) -> Put:
    """Issue the plan of a unit and year, or revise it; the same content changes nothing."""
    tx.reference.unit(unit)
    known = await store.plans.find(tx, for_update=True, unit=unit, year=year)
    if known is None:
        plan, facts = plans.issue(content, id=new_id("plan"), unit=unit, year=year)
        return Put(plan=await store.plans.save(tx, plan, *facts), outcome="created")
    plan, facts = plans.revise(known, content)
    outcome = "changed" if facts else "unchanged"
    return Put(plan=await store.plans.save(tx, plan, *facts), outcome=outcome)


async def approve_gate(tx: Transaction, plan: str, approval: Approval) -> Plan:
    return await _decide(tx, plan, lambda known: plans.approve(known, approval))


async def note_target(tx: Transaction, plan: str, entry: Note) -> Plan:
    return await _decide(tx, plan, lambda known: plans.note(known, entry))


async def give_baseline(tx: Transaction, plan: str, baseline: Baseline) -> Plan:
    return await _decide(tx, plan, lambda known: plans.give_baseline(known, baseline))


async def find_plan(tx: Transaction, asking: Asked, *, year: int) -> Plan | None:
    """The plan of the question's unit and this year as it was known; None if there was none."""
    plan = await store.plans.find(tx, unit=asking.question.unit, year=year)
    return None if plan is None else await as_known(tx, plan, asking)


async def judge_plan(tx: Transaction, asking: Asked, *, year: int) -> JudgedPlan:
    """Raises Rejected("plan-unknown", 404)."""
    plan = await find_plan(tx, asking, year=year)
    if plan is None:
        raise Rejected(
            "plan-unknown",
            f"{asking.question.unit} has no plan for {year}, or had none known then;"
            f" PUT /reporting/plans/{asking.question.unit}/{year} brings one",
            status=404,
        )
    period = tx.reference.year(plan.unit, year)
    own = replace(asking, question=replace(asking.question, period=period))
    starts = [each for target in plan.targets if (each := target.starts_on)]
    dues = [each for target in plan.targets if (each := target.due_on)]
    assert period.first is not None  # noqa: S101 - years begin
    assert period.last is not None  # noqa: S101 - and end
    days = Period(min([period.first, *starts]), max([period.last, *dues]))
    records = await records_for(tx, own, reads_of(plan), days=days)
    return JudgedPlan(plan=plan, asked=own, targets=judge(plan, own.question, records))


async def as_known(tx: Transaction, present: S, asking: Asked) -> S | None:
    """An aggregate of this service as it was at the instant of the question, from its journal."""
    if asking.known >= tx.now:
        return present
    fields = type(present).model_fields
    state: dict[str, object] = {}
    version = 0
    for entry in await journal.history(tx.connection, present.id):
        if entry.time <= asking.known:
            state |= {name: value for name, value in entry.json().items() if name in fields}
            version = entry.version
    if not version:
        return None
    return type(present).model_validate(state | {"id": present.id, "version": version})


async def _decide(
    tx: Transaction, plan: str, decide: Callable[[Plan], tuple[Plan, list[Fact]]]
) -> Plan:
    changed, facts = decide(await _named(tx, plan))
    return await store.plans.save(tx, changed, *facts)


async def _named(tx: Transaction, plan: str) -> Plan:
    """The plan of that id, or of `<unit>/<year>`, locked. Raises Rejected("plan-unknown", 404)."""
    unit, _, year = plan.rpartition("/")
    if not unit or not year.isdigit():
        return await store.plans.load(tx, plan)
    known = await store.plans.find(tx, for_update=True, unit=unit, year=int(year))
    if known is None:
        raise Rejected("plan-unknown", f"{unit} has no plan for {year}", status=404)
    return known
