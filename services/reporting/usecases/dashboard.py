"""What the page shows of a unit's year, from one reading of its records."""

from dataclasses import dataclass, replace
from datetime import date

from services.reporting.domain.measures import MEASURES, Answer, Measure, ask
from services.reporting.domain.measures.agreements import agreements_of, in_force
from services.reporting.domain.plans.judging import Judged, judge
from services.reporting.domain.plans.plan import Plan
from services.reporting.domain.records import Records
from services.reporting.incoming.agreements import Agreement
from services.reporting.incoming.visits import Visit
from services.reporting.usecases.asking import Asked, records_for
from services.reporting.usecases.planning import find_plan
from shared.database import Transaction
from shared.dates import Period, add_months

__all__ = ["Dashboard", "Shown", "look"]

_CARDS = (
    "visits.foreign-visitors",
    "visits.delegations",
    "visits.trips",
    "visits.countries",
    "mobility.students-in",
    "mobility.students-out",
    "mobility.staff-in",
    "mobility.staff-out",
    "programmes.participants",
    "agreements.in-force",
    "agreements.signed",
    "partners.under-agreement",
    "partners.ranked.top-200",
    "partners.ranked.top-500",
    "joint-programmes.running",
    "contributions.received",
)
_KINDS = frozenset(kind for measure in MEASURES.values() for kind in measure.reads)


@dataclass(frozen=True, slots=True)
class Shown:
    """A measure and its answer."""

    measure: Measure
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """A unit's year on a day."""

    asked: Asked
    cards: list[Shown]
    plan: Plan | None
    targets: list[Judged]
    recent: list[tuple[str, Visit]]
    coming: list[tuple[str, Visit]]
    expiring: list[tuple[str, Agreement]]


async def look(tx: Transaction, asking: Asked) -> Dashboard:
    """Everything that the page shows."""
    question = asking.question
    first = question.period.first
    assert first is not None  # noqa: S101 - years begin
    days = Period(first, add_months(question.period.last or question.on, 3))
    records = await records_for(tx, asking, _KINDS, days=days)
    plan = await find_plan(tx, asking, year=first.year)
    own_year = tx.reference.year(question.unit, first.year) == question.period
    targets = judge(plan, question, records) if plan is not None and own_year else []
    recent, coming = _visits(asking, records)
    return Dashboard(
        asked=asking,
        cards=[Shown(MEASURES[name], ask(MEASURES[name], question, records)) for name in _CARDS],
        plan=plan if own_year else None,
        targets=targets,
        recent=recent,
        coming=coming,
        expiring=_expiring(asking, records),
    )


def _visits(
    asking: Asked, records: Records
) -> tuple[list[tuple[str, Visit]], list[tuple[str, Visit]]]:
    question = asking.question
    dead = ("declined", "cancelled", "requested", "postponed")
    dated: list[tuple[date, str, Visit]] = sorted(
        (
            (visit.starts_on.first, subject, visit)
            for subject, visit in records.visits.items()
            if question.concerns(visit) and visit.starts_on and visit.status not in dead
        ),
        key=lambda each: each[:2],
    )
    past = [(subject, visit) for day, subject, visit in dated if day <= question.on]
    coming = [(subject, visit) for day, subject, visit in dated if day > question.on]
    return past[::-1][:8], coming[:5]


def _expiring(asking: Asked, records: Records) -> list[tuple[str, Agreement]]:
    """Agreements in force on the day that end, or renew themselves, within a year of it."""
    question = replace(asking.question, where={})
    until = add_months(question.on, 12)
    found = [
        (agreement.valid_until.last, subject, agreement)
        for subject, agreement in agreements_of(question, records)
        if agreement.valid_until is not None
        and question.on <= agreement.valid_until.last <= until
        and in_force(agreement, question.on)
    ]
    return [(subject, agreement) for _, subject, agreement in sorted(found, key=lambda x: x[:2])][
        :10
    ]
