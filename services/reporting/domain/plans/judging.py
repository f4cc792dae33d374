"""A whole plan on a day: every target with its number, its state and the records behind it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from services.reporting.domain.measures import MEASURES, Answer, Behind, Question, ask
from services.reporting.domain.plans.plan import Plan, wanted
from services.reporting.domain.plans.states import Standing, Time, standing
from services.reporting.domain.records import Records
from services.reporting.events.plans import Count, Note, Target
from shared.dates import Period

__all__ = ["Judged", "judge", "reads_of"]

_STAGES: dict[str, tuple[tuple[str, Decimal], ...]] = {
    "joint-programmes.established": (("joint-programmes.prepared", Decimal("0.5")),),
    "joint-projects.completed": (
        ("joint-projects.running", Decimal("0.75")),
        ("joint-projects.granted", Decimal("0.5")),
        ("joint-projects.applied", Decimal("0.25")),
    ),
}
"""What is reached at once, and how far it is while only this can be counted; furthest first."""

Narrowing = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One target on one day."""

    target: Target
    standing: Standing
    on: date
    first: date
    due: date
    number: Decimal | None
    records: tuple[Behind, ...] = ()
    beside: dict[str, Decimal] = field(default_factory=dict)
    approved_on: date | None = None
    notes: tuple[Note, ...] = ()


def reads_of(plan: Plan) -> frozenset[str]:
    """The kinds of records that the plan's targets are counted from."""
    kinds: set[str] = set()
    for target in plan.targets:
        for count in (*target.counts, *target.beside, *((target.of,) if target.of else ())):
            kinds |= MEASURES[count.measure].reads
    return frozenset(kinds)


def judge(plan: Plan, question: Question, records: Records) -> list[Judged]:
    """Every target as it stood on the question's day; its period is the plan's year."""
    return [_judge(plan, target, question, records) for target in plan.targets]


def _judge(plan: Plan, target: Target, question: Question, records: Records) -> Judged:
    first = target.starts_on or question.period.first or question.on
    due = target.due_on or question.period.last or question.on
    on = min(question.on, due)
    asking = _asker(plan, question, records, period=Period(first, due), on=on)
    answers = [asking(count) for count in target.counts]
    number = _together(answers)
    if target.form == "rate":
        number = _share(number, asking(target.of) if target.of else None)
    notes = tuple(each for each in plan.notes if each.target == target.id)
    return Judged(
        target=target,
        standing=standing(
            target,
            number=number,
            time=Time(first=first, due=due, on=question.on),
            approved_on=plan.approved_on(target.id),
            baseline=plan.baseline_of(target.id),
            notes=notes,
            stage=_stage(target, asking),
        ),
        on=question.on,
        first=first,
        due=due,
        number=number,
        records=_behind(answers),
        beside={each.label: _together([asking(each)]) or Decimal(0) for each in target.beside},
        approved_on=plan.approved_on(target.id),
        notes=tuple(each for each in notes if each.on <= question.on),
    )


def _asker(
    plan: Plan, question: Question, records: Records, *, period: Period, on: date
) -> Callable[[Count], Answer]:
    """Asks for counts of one target: in its own days, and never of a day after it was due."""

    def asking(count: Count) -> Answer:
        narrowed = Question(
            unit=question.unit,
            units=question.units,
            country=question.country,
            period=period,
            on=on,
            where=wanted(plan, count),
        )
        return ask(MEASURES[count.measure], narrowed, records)

    return asking


def _together(answers: list[Answer]) -> Decimal | None:
    """One answer's value; of several, the number of distinct things: each once."""
    if not answers:
        return None
    if len(answers) == 1:
        value = answers[0].value
        return None if value is None else Decimal(value)
    keys: dict[str, int] = {}
    for answer in answers:
        for key, weight in answer.keys.items():
            keys[key] = max(weight, keys.get(key, 0))
    return Decimal(sum(keys.values()))


def _behind(answers: Iterable[Answer]) -> tuple[Behind, ...]:
    """The records of all answers, each once."""
    return tuple({each.subject: each for answer in answers for each in answer.records}.values())


def _share(number: Decimal | None, whole: Answer | None) -> Decimal | None:
    if number is None or whole is None or not whole.value:
        return None
    return number / Decimal(whole.value)


def _stage(target: Target, asking: Callable[[Count], Answer]) -> Decimal:
    if target.form not in ("milestone", "named"):
        return Decimal(0)
    furthest = Decimal(0)
    for count in target.counts:
        for measure, stage in _STAGES.get(count.measure, ()):
            if asking(Count(measure=measure, where=dict(count.where))).value:
                furthest = max(furthest, stage)
    return furthest
