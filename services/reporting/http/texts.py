"""The editor's text and the names that texts may use, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.reporting.events.reports import EditorsText
from services.reporting.http.asking import OneYear, UnitAsked
from services.reporting.usecases import writing
from shared.database import Transaction
from shared.errors import Rejected
from shared.facts import Value
from shared.http import Reads, Writes

__all__ = ["router"]

router = APIRouter(tags=["reports"])

PersonRef = Annotated[
    str,
    Path(pattern=r"^[A-Za-z0-9._:-]{1,64}$", examples=["hust:p01"]),
]


class Texts(Value):
    """What the editor writes around the drafted report."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"foreword": "Travel is back to what it was."}]},
    )

    unit: str | None = Field(default=None, description="As in the query, if given.")
    year: int | None = Field(default=None, description="As in the query, if given.")
    foreword: EditorsText = Field(default="", examples=["Travel is back to what it was."])
    closing: EditorsText = Field(default="", examples=["We thank all who came."])


class TextsView(BaseModel):
    """The editor's text of a unit's year."""

    unit: str
    year: int
    version: int
    foreword: str
    closing: str


class Person(Value):
    """A person's name, as texts may give it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Nguyễn Văn Minh"}]})

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class PersonKept(BaseModel):
    """Whose name is kept here."""

    ref: str


@router.put("/texts", response_model=TextsView)
async def write(body: Texts, call: Writes, unit: UnitAsked, year: OneYear) -> Response:
    """Foreword and closing of a unit's report; the same again changes nothing."""
    if body.unit not in (None, unit) or body.year not in (None, year):
        raise Rejected(
            "text-elsewhere",
            "the body names another unit or year than the query",
            field="unit",
            status=422,
        )
    call.allow(unit)

    async def run(tx: Transaction) -> TextsView:
        written = await writing.write_text(
            tx, unit=unit, year=year, foreword=body.foreword, closing=body.closing
        )
        return TextsView(
            unit=written.unit,
            year=written.year,
            version=written.version,
            foreword=written.foreword,
            closing=written.closing,
        )

    return await call.once(run)


@router.get("/texts")
async def read(call: Reads, unit: UnitAsked, year: OneYear) -> TextsView:
    """The editor's text as it stands."""

    async def query(tx: Transaction) -> TextsView:
        tx.reference.unit(unit)
        report = await writing.report_of(tx, unit=unit, year=year)
        return TextsView(
            unit=unit,
            year=year,
            version=report.version,
            foreword=report.foreword,
            closing=report.closing,
        )

    return await call.read(query)


@router.put("/persons/{ref}", response_model=PersonKept)
async def name_person(ref: PersonRef, body: Person, call: Writes) -> Response:
    """Keep a person's name, for texts that name this person. It is never published as a fact."""

    async def run(tx: Transaction) -> PersonKept:
        await writing.name_person(tx, ref=ref, name=body.name)
        return PersonKept(ref=ref)

    return await call.once(run)


@router.delete("/persons/{ref}", response_model=PersonKept)
async def forget_person(ref: PersonRef, call: Writes) -> Response:
    """Forget a person's name: texts drafted from now on give the role only."""

    async def run(tx: Transaction) -> PersonKept:
        await writing.forget_person(tx, ref=ref)
        return PersonKept(ref=ref)

    return await call.once(run)
