"""Named programmes and headcounts."""

from pydantic import ConfigDict

from services.mobility import store
from services.mobility.domain import programmes as rules
from services.mobility.domain.programmes import Headcount, Programme
from services.mobility.events import HeadcountFields, ProgrammeFields
from services.mobility.events.values import HeadcountId, ProgrammeId
from services.mobility.usecases.ground import Allow, Correct, must_be_ours
from services.mobility.usecases.resolving import keep_pending, resolved
from shared.database import Transaction
from shared.errors import Rejected
from shared.identity import new_id


class EnterProgramme(ProgrammeFields):
    """A named programme that groups stays."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "unit": "hust/me",
                    "ref": "GPBL",
                    "name": "GPBL",
                    "title": "Global Project-Based Learning",
                    "partners": ["ref:SIT"],
                    "kind": "project-based",
                }
            ]
        }
    )


class ReportHeadcount(HeadcountFields):
    """How many students a unit had in a year."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"unit": "nist", "year": 2024, "level": "bachelor", "graduates": 2310}]
        }
    )


async def enter_programme(tx: Transaction, allow: Allow, command: EnterProgramme) -> Programme:
    """A named programme is entered."""
    must_be_ours(tx, command, allow)
    fields, pending = await resolved(tx, command.model_dump(mode="json"))
    programme = Programme.model_validate(fields | {"id": new_id("programme")})
    entered, facts = rules.record(programme)
    saved = await store.programmes.save(tx, entered, *facts)
    await keep_pending(tx, saved, pending, fields=set())
    return saved


async def correct_programme(
    tx: Transaction, allow: Allow, subject: ProgrammeId, command: Correct
) -> Programme:
    """Its record was wrong."""
    programme = await store.programmes.load(tx, subject)
    allow(programme.unit)
    told = {command.field: command.value}
    if command.field == "partners" and isinstance(command.value, list):
        told, pending = await resolved(tx, told)
        if pending:
            raise Rejected(
                "reference-unknown", "a partner is not known here", field="value", status=422
            )
    corrected, facts = rules.correct(
        programme, field=command.field, value=told[command.field], reason=command.reason
    )
    must_be_ours(tx, corrected, allow)
    return await store.programmes.save(tx, corrected, *facts)


async def report_headcount(tx: Transaction, allow: Allow, command: ReportHeadcount) -> Headcount:
    """A headcount is reported. Raises Rejected("headcount-exists") if one is here."""
    must_be_ours(tx, command, allow)
    known = await store.headcounts.find(
        tx, unit=command.unit, year=command.year, level=command.level or ""
    )
    if known is not None:
        raise Rejected(
            "headcount-exists", f"{known.id} holds it already; correct that one", field="year"
        )
    headcount = Headcount.model_validate(
        command.model_dump() | {"id": new_id("headcount"), "source": "direct"}
    )
    reported, facts = rules.report(headcount)
    return await store.headcounts.save(tx, reported, *facts)


async def correct_headcount(
    tx: Transaction, allow: Allow, subject: HeadcountId, command: Correct
) -> Headcount:
    """It was wrong."""
    headcount = await store.headcounts.load(tx, subject)
    allow(headcount.unit)
    corrected, facts = rules.correct_headcount(
        headcount, field=command.field, value=command.value, reason=command.reason
    )
    return await store.headcounts.save(tx, corrected, *facts)
