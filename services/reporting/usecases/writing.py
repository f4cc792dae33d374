"""The editor's text, and the names that reports may use."""

from services.reporting import store
from services.reporting.domain.report import report as reports
from services.reporting.domain.report.report import Report
from shared.database import Transaction
from shared.errors import Rejected
from shared.identity import new_id

__all__ = ["forget_person", "name_person", "report_of", "write_text"]


async def report_of(tx: Transaction, *, unit: str, year: int, for_update: bool = False) -> Report:
    """The report of a unit and year; an empty one, not kept yet, where nothing was written."""
    known = await store.reports.find(tx, for_update=for_update, unit=unit, year=year)
    return known or Report(id=new_id("report"), unit=unit, year=year)


async def write_text(
    tx: Transaction, *, unit: str, year: int, foreword: str, closing: str
) -> Report:
    """The same text again changes nothing."""
    tx.reference.unit(unit)
    known = await report_of(tx, unit=unit, year=year, for_update=True)
    written, facts = reports.write_text(known, foreword=foreword, closing=closing)
    return await store.reports.save(tx, written, *facts)


async def name_person(tx: Transaction, *, ref: str, name: str) -> None:
    await store.name_person(tx, ref, name)


async def forget_person(tx: Transaction, *, ref: str) -> None:
    """Raises Rejected("person-unknown", 404)."""
    if not await store.forget_person(tx, ref):
        raise Rejected("person-unknown", f"no name of {ref!r} is kept", status=404)
