"""Named programmes and headcounts, and the names of persons."""

from pydantic import ConfigDict, Field
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from services.mobility import store
from services.mobility.domain import programmes as rules
from services.mobility.domain.programmes import Headcount, Programme
from services.mobility.events import HeadcountFields, ProgrammeFields
from services.mobility.events.values import HeadcountId, ProgrammeId, Text
from services.mobility.usecases.ground import Allow, Correct, must_be_ours
from services.mobility.usecases.resolving import keep_pending, resolved
from shared.database import Transaction
from shared.errors import Rejected
from shared.facts import Value
from shared.identity import new_id
from shared.texts import UnitPath


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


class NamePerson(Value):
    """The name behind a `person_ref`; it stays in this service."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"unit": "hust/me", "name": "Nguyen Van A (invented)"}]}
    )
    unit: UnitPath = Field(description="The unit whose coordinators may see the name.")
    name: Text


class Person(Value):
    """A person whom we know by name."""

    ref: str
    unit: str
    name: str


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


async def name_person(tx: Transaction, allow: Allow, ref: str, command: NamePerson) -> Person:
    """Keep or change the name behind a ref. Names are in no fact and in no other table."""
    tx.reference.unit(command.unit)
    allow(command.unit)
    known = await _person(tx, ref)
    if known is not None:
        allow(known.unit)
    row = insert(store.persons).values(
        ref=ref, unit=command.unit, name=command.name, updated_at=tx.now
    )
    changes = {name: row.excluded[name] for name in ("unit", "name", "updated_at")}
    await tx.connection.execute(row.on_conflict_do_update(index_elements=["ref"], set_=changes))
    return Person(ref=ref, unit=command.unit, name=command.name)


async def look_up_person(tx: Transaction, allow: Allow, ref: str) -> Person:
    """The name behind a ref, for coordinators of its unit. Raises Rejected("person-unknown")."""
    person = await _person(tx, ref)
    if person is None:
        raise Rejected("person-unknown", "no name is kept for this ref", status=404)
    allow(person.unit)
    return person


async def forget_person(tx: Transaction, allow: Allow, ref: str) -> Person:
    """Forget a name; records keep the ref, which then stands for nobody."""
    person = await look_up_person(tx, allow, ref)
    await tx.connection.execute(delete(store.persons).where(store.persons.c.ref == ref))
    return person.model_copy(update={"name": ""})


async def _person(tx: Transaction, ref: str) -> Person | None:
    table = store.persons
    row = (
        await tx.connection.execute(
            select(table.c.ref, table.c.unit, table.c.name).where(table.c.ref == ref)
        )
    ).one_or_none()
    return None if row is None else Person(ref=row.ref, unit=row.unit, name=row.name)
