"""The annual report over HTTP: drafted, published, and read again as it was published."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from services.reporting.domain.report.draft import Draft
from services.reporting.events.reports import Format, Publication
from services.reporting.http.asking import Known, On, UnitAsked
from services.reporting.usecases import reporting
from services.reporting.usecases.asking import Asked, asked
from shared.database import Transaction
from shared.facts import Value
from shared.http import Reads, Writes

__all__ = ["FONTS", "router"]

router = APIRouter(tags=["reports"])

FONTS = "fonts"
"""The part of this process that says where more fonts are."""

YearOfReport = Annotated[
    str, Query(description="2024, or 2018-2019.", pattern=r"^\d{4}([-/]\d{2,4})?$")
]


class Publishing(Value):
    """Which report to freeze."""

    unit: str = Field(examples=["icst"])
    year: str = Field(examples=["2024"], pattern=r"^\d{4}([-/]\d{2,4})?$")
    on: str | None = Field(default=None, description="Default: the year's end.")
    known: str | None = Field(default=None, description="Default: now.")


class ReportView(BaseModel):
    """A report and its published editions."""

    id: str
    version: int
    unit: str
    year: int
    publications: list[Publication]


@router.get(
    "/report",
    response_class=Response,
    responses={200: {"content": {media: {} for media in reporting.FORMATS.values()}}},
)
async def draft(
    call: Reads,
    unit: UnitAsked,
    year: YearOfReport,
    format: Annotated[Format, Query(description="html, pdf or json.")] = "html",  # noqa: A002 - its name in the contract
    on: On = None,
    known: Known = None,
) -> Response:
    """The report as it can be written from what was known."""

    async def query(tx: Transaction) -> tuple[Asked, Draft]:
        asking = asked(tx, unit=unit, year=year, on=on, known=known)
        return asking, await reporting.draft_report(tx, asking, year=year)

    asking, written = await call.read(query)
    content = await reporting.rendered(
        written, format, timestamp=int(asking.known.timestamp()), fonts=call.context.parts[FONTS]
    )
    return _file(content, format, name=f"{unit.replace('/', '-')}-{year.replace('/', '-')}")


@router.post("/reports", status_code=201, response_model=ReportView)
async def publish(body: Publishing, call: Writes) -> Response:
    """Freeze an edition: its bytes in every format, what was known, and when."""
    call.allow(body.unit)

    async def run(tx: Transaction) -> ReportView:
        asking = asked(tx, unit=body.unit, year=body.year, on=body.on, known=body.known)
        report = await reporting.publish_report(
            tx, asking, year=body.year, fonts=call.context.parts[FONTS]
        )
        return ReportView(
            id=report.id,
            version=report.version,
            unit=report.unit,
            year=report.year,
            publications=list(report.publications),
        )

    return await call.once(run, status=201)


@router.get("/reports/{report}/{number}.{format}", response_class=Response)
async def published(
    report: Annotated[str, Path(max_length=100)],
    number: Annotated[int, Path(ge=1)],
    format: Format,  # noqa: A002 - its name in the contract
    call: Reads,
) -> Response:
    """A published edition, byte by byte as it was published."""
    content = await call.read(
        lambda tx: reporting.frozen_report(tx, report, number=number, form=format)
    )
    return _file(content, format, name=f"{report}-{number}")


def _file(content: bytes, form: Format, *, name: str) -> Response:
    headers = {
        "content-disposition": f'inline; filename="{name}.{form}"',
        "x-content-type-options": "nosniff",
    }
    if form == "html":
        headers["content-security-policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return Response(content, media_type=reporting.FORMATS[form], headers=headers)
