"""`/visits/records/visits/{ref}`: the office's own list; `/visits/persons/{ref}`: names."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from services.visits import usecases
from services.visits.events import Code
from services.visits.http.views import PersonPath, VisitPath, policy_of
from services.visits.usecases import Named, NamedPerson, Recorded
from services.visits.usecases.commands import NamePerson, RecordVisit
from shared.database import Transaction
from shared.http import Call, Page, Writes
from shared.lists.rows import takes_rows

router = APIRouter()

Ref = Annotated[Code, Path(max_length=100, description="The office's own id of it")]


@router.put(
    "/records/visits/{ref}",
    response_model=Recorded,
    tags=["recording the past"],
    responses={201: {"model": Recorded, "description": "It was not known here."}},
)
async def record_visit(ref: Ref, command: RecordVisit, call: Writes) -> Response:
    """Enter a visit in its present state; told again, only what is new is applied.

    What the office asks (lead time, a decision before departure) is only warned about.
    """
    return await call.once(
        lambda tx: usecases.record_visit(
            tx, ref, command, allow=call.allow, policy=policy_of(call)
        ),
        status_of=lambda recorded: 201 if recorded.outcome == "created" else 200,
    )


@router.put("/persons/{ref}", response_model=Named, tags=["persons"])
async def name_person(ref: PersonPath, command: NamePerson, call: Writes) -> Response:
    """Keep the name behind a person_ref. It stays in this service and is never published."""
    return await call.once(lambda tx: usecases.name_person(tx, ref, command, allow=call.allow))


@router.get("/persons/{ref}", tags=["persons"])
async def get_person(ref: PersonPath, call: Writes) -> NamedPerson:
    """The name behind a person_ref, for units whose visits the person was part of."""
    return await call.read(lambda tx: usecases.person_named(tx, ref, allow=call.allow))


@router.delete("/persons/{ref}", response_model=Named, tags=["persons"])
async def forget_person(ref: PersonPath, call: Writes) -> Response:
    """Forget the name; visits keep the ref, which then stands for nobody."""
    return await call.once(lambda tx: usecases.forget_person(tx, ref, allow=call.allow))


@router.get("/{visit}/persons", tags=["persons"])
async def get_persons(visit: VisitPath, call: Writes) -> Page[NamedPerson]:
    """The members of a visit by name, as far as names are kept."""
    persons = await call.read(lambda tx: usecases.persons_of(tx, visit, allow=call.allow))
    return Page(items=persons)


async def _record(call: Call, tx: Transaction, ref: str, command: RecordVisit) -> Recorded:
    return await usecases.record_visit(tx, ref, command, allow=call.allow, policy=policy_of(call))


takes_rows(router, "/records/visits", RecordVisit, _record)
