"""A year's report, drafted from records; only foreword and closing are somebody's own text."""

from services.reporting.domain.plans.judging import Judged
from services.reporting.domain.report import network, numbers, visits
from services.reporting.domain.report.draft import Draft, Material, Section, Table, said
from services.reporting.domain.report.wording import counted, day, listed

__all__ = ["draft"]

_SECTIONS = (
    visits.received,
    visits.meetings,
    visits.trips,
    visits.industry,
    visits.events,
    numbers.people_section,
    network.network,
    network.contributions,
)


def draft(material: Material) -> Draft:
    """Nothing is said that no record says: an empty year has no sections."""
    sections = [written for write in _SECTIONS if (written := write(material)) is not None]
    plan = _plan(material)
    if plan is not None:
        sections.append(plan)
    return Draft(
        unit=material.question.unit,
        unit_name=material.unit_name,
        year=material.year,
        on=material.question.on,
        known=material.known,
        foreword=material.foreword,
        closing=material.closing,
        sections=tuple(sections),
        numbers=numbers.numbers(material),
        bars=numbers.bars(material),
    )


def _plan(material: Material) -> Section | None:
    plan = material.plan
    if plan is None:
        return None
    states: dict[str, int] = {}
    for each in material.targets:
        states[each.standing.state] = states.get(each.standing.state, 0) + 1
    published = f", published on {day(plan.published_on)}" if plan.published_on else ""
    counts = listed([f"{number} {state}" for state, number in states.items()])
    intro = said(
        f"The plan \u201c{plan.title}\u201d, issued by the {plan.issued_by.removeprefix('the ')} "
        f"on {day(plan.issued_on)}{published}, has {counted(len(material.targets), 'target')}; on "
        f"{day(material.question.on)} they are: {counts}"
    )
    tables = []
    for dimension in ("management", "students", "staff"):
        rows = tuple(_row(each) for each in material.targets if each.target.dimension == dimension)
        if rows:
            tables.append(Table(f"Targets: {dimension}", ("target", "number", "state"), rows))
    return Section("plan", "The year's plan", ((intro,),), tuple(tables))


def _row(judged: Judged) -> tuple[str, ...]:
    number = "" if judged.number is None else f"{judged.number.normalize():f}"
    if judged.target.form == "rate" and judged.number is not None:
        number = f"{judged.number:.1%}"
    beside = "".join(f"; {label} {value:f}" for label, value in judged.beside.items())
    return judged.target.text, f"{number}{beside}", judged.standing.state
