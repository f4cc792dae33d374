"""A report's life: the editor's text is written, editions are published. Pure decisions."""

from services.reporting.events.reports import (
    EditorsText,
    Publication,
    ReportPublished,
    ReportTextWritten,
)
from shared.facts import Fact, State
from shared.texts import UnitPath

__all__ = ["Report", "publish", "write_text"]


class Report(State):
    """A unit's report for a year: what its editor wrote, and which editions were frozen."""

    unit: UnitPath
    year: int
    foreword: EditorsText = ""
    closing: EditorsText = ""
    publications: tuple[Publication, ...] = ()


def write_text(report: Report, *, foreword: str, closing: str) -> tuple[Report, list[Fact]]:
    """No fact where the text is the same."""
    if report.version and (report.foreword, report.closing) == (foreword.strip(), closing.strip()):
        return report, []
    fact = ReportTextWritten(unit=report.unit, year=report.year, foreword=foreword, closing=closing)
    return report.after(fact), [fact]


def publish(report: Report, publication: Publication) -> tuple[Report, list[Fact]]:
    """An edition is added; what was published before stays."""
    fact = ReportPublished(
        unit=report.unit,
        year=report.year,
        number=publication.number,
        publications=(*report.publications, publication),
    )
    return report.after(fact), [fact]
