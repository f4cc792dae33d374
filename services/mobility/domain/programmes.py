"""Named programmes, which group stays, and headcounts: recorded, and mended."""

from typing import Any

from services.mobility.domain.decisions import (
    Decided,
    Record,
    decide,
    differences,
    fields_of,
    laid_over,
    mended,
    must_be_correctable,
)
from services.mobility.events import (
    HeadcountCorrected,
    HeadcountFields,
    HeadcountReported,
    ProgrammeCorrected,
    ProgrammeFields,
    ProgrammeRecorded,
)
from shared.lists.news import Told


class Programme(ProgrammeFields, Record):
    """A named programme as it is known now."""


class Headcount(HeadcountFields, Record):
    """The students of a unit in a year, as they are known now."""


def record(programme: Programme) -> Decided[Programme]:
    """A named programme is entered."""
    return decide(programme, ProgrammeRecorded.model_validate(fields_of(programme)))


def correct(programme: Programme, *, field: str, value: Any, reason: str) -> Decided[Programme]:
    """Mend one field; `value` is JSON."""
    must_be_correctable(field, frozenset(ProgrammeFields.model_fields) - {"ref"})
    _, changes = mended(programme, field, value)
    return decide(programme, ProgrammeCorrected(changes=changes, reason=reason))


def reconcile(programme: Programme, told: Told, *, reason: str) -> Decided[Programme]:
    """Apply news of a programme: all of it is plain."""
    said = laid_over(programme, told).model_dump(mode="json")
    changes = differences({field: said[field] for field in told}, of=programme)
    facts = [ProgrammeCorrected(changes=changes, reason=reason)] if changes else []
    return decide(programme, *facts)


def report(headcount: Headcount) -> Decided[Headcount]:
    """A headcount is reported for the first time."""
    return decide(headcount, HeadcountReported.model_validate(fields_of(headcount)))


def correct_headcount(
    headcount: Headcount, *, field: str, value: Any, reason: str
) -> Decided[Headcount]:
    """Mend one field; the year, the level and the unit say which headcount it is, and stay."""
    must_be_correctable(field, frozenset({"students", "graduates", "note", "shared_with"}))
    _, changes = mended(headcount, field, value)
    return decide(headcount, HeadcountCorrected(changes=changes, reason=reason))


def reconcile_headcount(headcount: Headcount, told: Told, *, reason: str) -> Decided[Headcount]:
    """Apply news of a headcount."""
    said = laid_over(headcount, told).model_dump(mode="json")
    changes = differences({field: said[field] for field in told}, of=headcount)
    facts = [HeadcountCorrected(changes=changes, reason=reason)] if changes else []
    return decide(headcount, *facts)
