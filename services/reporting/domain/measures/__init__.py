"""Measures: named, versioned definitions that turn records into a number with its records."""

from services.reporting.domain.measures import (
    agreements,
    contributions,
    definitions,
    joint,
    mobility,
    visits,
)
from services.reporting.domain.measures.asking import Answer, Behind, Measure, Question
from services.reporting.domain.measures.asking import refuse_unknown as _refuse_unknown
from services.reporting.domain.records import Records
from shared.errors import Rejected

__all__ = ["MEASURES", "Answer", "Behind", "Measure", "Question", "ask", "measure_named"]

MEASURES: dict[str, Measure] = {
    measure.name: measure
    for module in (visits, mobility, definitions, agreements, joint, contributions)
    for measure in module.MEASURES
}
"""Every measure by its name, in the order of the list that people see."""


def measure_named(name: str, *, field: str = "name", status: int = 404) -> Measure:
    """Raises Rejected("measure-unknown")."""
    if name not in MEASURES:
        raise Rejected(
            "measure-unknown",
            f"there is no measure {name!r}; GET /reporting/measures lists them",
            field=field,
            status=status,
        )
    return MEASURES[name]


def ask(measure: Measure, question: Question, records: Records) -> Answer:
    """The measure's answer. Raises Rejected("narrowing-unknown", 422)."""
    _refuse_unknown(question.where, measure.where)
    return measure.compute(question, records)
