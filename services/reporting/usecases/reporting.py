"""A year's report: drafted from what was known, and frozen when it is published."""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from services.reporting import store
from services.reporting.domain.measures import MEASURES
from services.reporting.domain.plans.judging import judge
from services.reporting.domain.records import Records
from services.reporting.domain.report import report as reports
from services.reporting.domain.report.draft import Draft, Material
from services.reporting.domain.report.drafting import draft
from services.reporting.domain.report.report import Report
from services.reporting.events.reports import Format, Publication
from services.reporting.gateways.countries import country_name
from services.reporting.gateways.pages import report_page
from services.reporting.gateways.pdf import typeset
from services.reporting.usecases.asking import Asked, records_for
from services.reporting.usecases.planning import as_known, find_plan
from services.reporting.usecases.writing import report_of
from shared.database import Transaction
from shared.dates import Period
from shared.errors import Rejected

__all__ = ["FORMATS", "draft_report", "frozen_report", "publish_report", "rendered"]

FORMATS: dict[Format, str] = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "json": "application/json",
}
"""Media types by format."""
_KINDS = frozenset(kind for measure in MEASURES.values() for kind in measure.reads)


async def draft_report(tx: Transaction, asking: Asked, *, year: str) -> Draft:
    """The report of a unit and year as it can be written from what was known."""
    question = asking.question
    unit = tx.reference.unit(question.unit)
    first = question.period.first
    assert first is not None  # noqa: S101 - years begin
    number = first.year
    records = await records_for(
        tx, asking, _KINDS, days=Period(question.period.first, question.period.last)
    )
    kept = await report_of(tx, unit=unit.id, year=number)
    text = await as_known(tx, kept, asking) if kept.version else None
    plan = await find_plan(tx, asking, year=number)
    own_year = tx.reference.year(unit.id, number) == question.period
    targets = judge(plan, question, records) if plan is not None and own_year else []
    material = Material(
        question=question,
        year=year,
        unit_name=unit.name_on(question.on),
        records=records,
        persons=await store.names_of(tx, _speakers(records)),
        unit_names=lambda each: _unit_name(tx, each, question.on.isoformat()),
        country=country_name,
        plan=plan if own_year else None,
        targets=targets,
        known=asking.known.isoformat(),
        foreword=text.foreword if text else "",
        closing=text.closing if text else "",
    )
    return draft(material)


async def rendered(
    written: Draft, form: Format, *, timestamp: int, fonts: Sequence[Path] = ()
) -> bytes:
    """The draft's bytes. The typesetter works beside the event loop."""
    if form == "pdf":
        return await asyncio.to_thread(typeset, written, timestamp=timestamp, fonts=fonts)
    if form == "html":
        return report_page(written)
    return json.dumps(asdict(written), ensure_ascii=False, default=str, indent=1).encode()


async def publish_report(
    tx: Transaction, asking: Asked, *, year: str, fonts: Sequence[Path] = ()
) -> Report:
    """Freeze an edition in every format: from now on it is these bytes.

    Raises Rejected("report-known-later", 422) where it would be of an instant yet to come.
    """
    if asking.known > tx.now:
        raise Rejected(
            "report-known-later",
            "nobody knows yet what will be known then",
            field="known",
            status=422,
        )
    first = asking.question.period.first
    assert first is not None  # noqa: S101 - years begin
    report = await report_of(tx, unit=asking.question.unit, year=first.year, for_update=True)
    written = await draft_report(tx, asking, year=year)
    timestamp = int(asking.known.timestamp())
    contents: dict[Format, bytes] = {
        form: await rendered(written, form, timestamp=timestamp, fonts=fonts) for form in FORMATS
    }
    publication = Publication(
        number=len(report.publications) + 1,
        published_at=tx.now,
        known=asking.known,
        on=asking.question.on,
        digests={form: hashlib.sha256(content).hexdigest() for form, content in contents.items()},
    )
    published, facts = reports.publish(report, publication)
    saved = await store.reports.save(tx, published, *facts)
    await store.freeze(tx, saved.id, publication.number, {str(k): v for k, v in contents.items()})
    return saved


async def frozen_report(tx: Transaction, report: str, *, number: int, form: Format) -> bytes:
    """A published edition's bytes. Raises Rejected("edition-unknown", 404)."""
    content = await store.frozen(tx, report, number, form)
    if content is None:
        raise Rejected(
            "edition-unknown", f"report {report!r} has no edition {number} as {form}", status=404
        )
    return content


def _speakers(records: Records) -> set[str]:
    """Persons that a report may name: those who spoke, and who lead a project."""
    visits = records.visits.values()
    spoke = {each.person_ref for visit in visits for each in visit.members if each.person_ref}
    led = {each.leader for each in records.joint_projects.values() if each.leader}
    return spoke | led


def _unit_name(tx: Transaction, unit: str, _on: str) -> str:
    try:
        return tx.reference.unit(unit).name
    except Rejected:  # a record of a unit that is in no file any more
        return unit
