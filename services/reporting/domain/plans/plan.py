"""A plan's life: issued, revised, its gates opened, its targets noted. Pure decisions."""

from collections.abc import Mapping
from datetime import date

from services.reporting.domain.measures import MEASURES, measure_named
from services.reporting.domain.measures.asking import refuse_unknown
from services.reporting.events.plans import (
    Approval,
    Baseline,
    BaselineGiven,
    Count,
    GateApproved,
    Note,
    PlanContent,
    PlanIssued,
    PlanRevised,
    Target,
    TargetNoted,
)
from shared.errors import Rejected
from shared.facts import Fact, State
from shared.texts import UnitPath

__all__ = ["Plan", "approve", "give_baseline", "issue", "note", "revise", "wanted"]


class Plan(PlanContent, State):
    """A unit's work plan for a year, and what was recorded about its targets."""

    unit: UnitPath
    year: int
    approvals: tuple[Approval, ...] = ()
    notes: tuple[Note, ...] = ()
    baselines: tuple[Baseline, ...] = ()

    @property
    def content(self) -> PlanContent:
        """What its issuer wrote, without what was recorded since."""
        return PlanContent.model_validate(
            self.model_dump(mode="json", include=set(PlanContent.model_fields))
        )

    def target(self, target: str) -> Target:
        """Raises Rejected("target-unknown", 404)."""
        for each in self.targets:
            if each.id == target:
                return each
        known = ", ".join(each.id for each in self.targets)
        raise Rejected(
            "target-unknown",
            f"this plan has no target {target!r}; it has {known}",
            field="target",
            status=404,
        )

    def approved_on(self, target: str) -> date | None:
        """The first day on which a target's gate was open."""
        return min((each.on for each in self.approvals if each.target == target), default=None)

    def baseline_of(self, target: str) -> Baseline | None:
        """The one given last."""
        given = [each for each in self.baselines if each.target == target]
        return given[-1] if given else None


def issue(content: PlanContent, *, id: str, unit: str, year: int) -> tuple[Plan, list[Fact]]:  # noqa: A002 - the word of every aggregate
    """Raises Rejected where a target names a measure or an attribute that there is not."""
    _check(content)
    fields = content.model_dump(mode="json", exclude_unset=True)
    fact = PlanIssued.model_validate(fields | {"unit": unit, "year": year})
    plan = Plan.model_validate(fields | {"unit": unit, "year": year, "id": id, "version": 1})
    return plan, [fact]


def revise(plan: Plan, content: PlanContent) -> tuple[Plan, list[Fact]]:
    """No fact where the content is the same. What was recorded of targets that are gone stays."""
    if plan.content == content:
        return plan, []
    _check(content)
    fact = PlanRevised.model_validate(content.model_dump(mode="json"))
    return plan.after(fact), [fact]


def approve(plan: Plan, approval: Approval) -> tuple[Plan, list[Fact]]:
    """Raises Rejected("target-not-gated") where there is nothing to approve."""
    if plan.target(approval.target).gate is None:
        raise Rejected(
            "target-not-gated",
            f"target {approval.target} is not subject to an approval",
            field="target",
        )
    if approval in plan.approvals:
        return plan, []
    fact = GateApproved(
        target=approval.target, on=approval.on, approvals=(*plan.approvals, approval)
    )
    return plan.after(fact), [fact]


def note(plan: Plan, entry: Note) -> tuple[Plan, list[Fact]]:
    """Raises Rejected("state-is-computed") where a state is claimed for what is counted."""
    if entry.state is not None and plan.target(entry.target).form != "qualitative":
        raise Rejected(
            "state-is-computed",
            f"the state of target {entry.target} follows from the records; leave `state` out",
            field="state",
        )
    plan.target(entry.target)
    if entry in plan.notes:
        return plan, []
    fact = TargetNoted(target=entry.target, on=entry.on, notes=(*plan.notes, entry))
    return plan.after(fact), [fact]


def give_baseline(plan: Plan, baseline: Baseline) -> tuple[Plan, list[Fact]]:
    """Raises Rejected("target-not-a-rate") where no baseline is needed."""
    if plan.target(baseline.target).form != "rate":
        raise Rejected(
            "target-not-a-rate",
            f"target {baseline.target} is not a rate: it is measured without a baseline",
            field="target",
        )
    if plan.baseline_of(baseline.target) == baseline:
        return plan, []
    fact = BaselineGiven(target=baseline.target, baselines=(*plan.baselines, baseline))
    return plan.after(fact), [fact]


def wanted(plan: PlanContent, count: Count) -> Mapping[str, tuple[str, ...]]:
    """A count's narrowing, with country groups as their countries."""
    groups = {f"group:{group.id}": group.countries for group in plan.country_groups}
    return {
        name: tuple(each for value in values for each in groups.get(value, (value,)))
        for name, values in count.where.items()
    }


def _check(content: PlanContent) -> None:
    for index, target in enumerate(content.targets):
        place = f"targets.{index}"
        for which, count in (
            *((f"counts.{n}", each) for n, each in enumerate(target.counts)),
            *((f"beside.{n}", each) for n, each in enumerate(target.beside)),
            *((("of", target.of),) if target.of else ()),
        ):
            measure = measure_named(count.measure, field=f"{place}.{which}.measure", status=422)
            refuse_unknown(count.where, measure.where, field=f"{place}.{which}.where")
    for index, declared in enumerate(content.declared):
        if declared.measure not in MEASURES:
            measure_named(declared.measure, field=f"declared.{index}.measure", status=422)
