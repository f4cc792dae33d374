"""Measures over HTTP: what there is, and one answer with the records behind it."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from services.reporting.domain.measures import MEASURES, Answer, Measure, measure_named
from services.reporting.http.asking import (
    Known,
    On,
    RecordView,
    UnitAsked,
    Year,
    number_of,
)
from services.reporting.usecases.asking import Asked, ask_measure, asked
from shared.database import Transaction
from shared.http import Page, Reads

__all__ = ["router"]

router = APIRouter(tags=["measures"])

_ASKING = frozenset({"unit", "year", "on", "known", "records"})

_NARROWING: dict[str, Any] = {
    "name": "where",
    "in": "query",
    "style": "form",
    "explode": True,
    "description": "Attributes that narrow it, each by its own name: see `where` of the measure.",
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
    "example": {"country": "JP,DE"},
}


class MeasureView(BaseModel):
    """A measure's definition."""

    name: str = Field(examples=["visits.foreign-visitors"])
    version: int
    title: str
    definition: str = Field(description="The rule that is followed.")
    unit_of_value: str
    where: list[str] = Field(description="What it can be narrowed by: `?kind=exchange,research`.")
    stock: bool = Field(description="True: counted as it is on a day; else what a period brought.")


class PeriodView(BaseModel):
    """Days, both ends included."""

    first: date | None
    last: date | None


class AnswerView(BaseModel):
    """A number, what it means, and what stands behind it."""

    name: str
    version: int
    title: str
    definition: str
    unit: str
    period: PeriodView
    on: date
    known: datetime
    where: dict[str, list[str]]
    value: int | float | None = Field(description="null: cannot be said in one number.")
    unit_of_value: str
    groups: dict[str, int | float] = Field(
        description="By `attribute=value`, each counted again: they need not add up.",
        examples=[{"country=JP": 34, "theme=academic": 40}],
    )
    shown: dict[str, Any] = Field(
        description="What must be shown beside the number: a ranking's edition, `about`."
    )
    illustrative: int = Field(description="How many of the records are illustrative.")
    records: list[RecordView] = Field(description="With `records=true`.")


@router.get("/measures")
async def list_measures(_call: Reads) -> Page[MeasureView]:
    """Every measure with its rule."""
    return Page(items=[_defined(measure) for measure in MEASURES.values()])


@router.get("/measures/{name}", openapi_extra={"parameters": [_NARROWING]})
async def answer_measure(
    name: str,
    request: Request,
    call: Reads,
    unit: UnitAsked,
    year: Year = None,
    on: On = None,
    known: Known = None,
    records: Annotated[bool, Query(description="With the records behind the number.")] = False,
) -> AnswerView:
    """One measure. Any other parameter narrows it: `?country=JP,DE&kind=exchange-study`."""
    measure = measure_named(name)
    where = narrowing(request)

    async def query(tx: Transaction) -> tuple[Asked, Answer]:
        asking = asked(tx, unit=unit, year=year, on=on, known=known, where=where)
        return asking, await ask_measure(tx, measure, asking)

    asking, answer = await call.read(query)
    return view(measure, asking, answer, records=records)


def narrowing(request: Request, *, besides: frozenset[str] = _ASKING) -> dict[str, tuple[str, ...]]:
    """The parameters that narrow a measure, each with its values."""
    found: dict[str, tuple[str, ...]] = {}
    for name, text in request.query_params.multi_items():
        if name not in besides:
            values = tuple(each.strip() for each in text.split(",") if each.strip())
            found[name] = (*found.get(name, ()), *values)
    return found


def view(measure: Measure, asking: Asked, answer: Answer, *, records: bool) -> AnswerView:
    """The answer as it is shown."""
    question = asking.question
    return AnswerView(
        name=measure.name,
        version=measure.version,
        title=measure.title,
        definition=measure.rule,
        unit=question.unit,
        period=PeriodView(first=question.period.first, last=question.period.last),
        on=question.on,
        known=asking.known,
        where={name: list(values) for name, values in question.where.items()},
        value=number_of(answer.value),
        unit_of_value=str(answer.shown.get("currency") or measure.counts),
        groups={name: number_of(value) or 0 for name, value in answer.groups.items()},
        shown=dict(answer.shown),
        illustrative=sum(each.illustrative for each in answer.records),
        records=[RecordView.of(each) for each in answer.records] if records else [],
    )


def _defined(measure: Measure) -> MeasureView:
    return MeasureView(
        name=measure.name,
        version=measure.version,
        title=measure.title,
        definition=measure.rule,
        unit_of_value=measure.counts,
        where=list(measure.where),
        stock=measure.stock,
    )
