"""`/persons`: the names behind refs, for who may know them."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from services.mobility.usecases import persons as usecases
from services.mobility.usecases.persons import Named, Person
from shared.http import Writes

router = APIRouter(prefix="/persons", tags=["persons"])

PersonPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]


@router.put("/{ref}", response_model=Named)
async def name_person(ref: PersonPath, command: usecases.NamePerson, call: Writes) -> Response:
    """Keep the name behind a person_ref: here, in one table, and nowhere else."""
    return await call.once(lambda tx: usecases.name_person(tx, call.allow, ref, command))


@router.get("/{ref}")
async def look_up_person(ref: PersonPath, call: Writes) -> Person:
    """The name behind a person_ref, for coordinators of its unit."""
    return await call.read(lambda tx: usecases.look_up_person(tx, call.allow, ref))


@router.delete("/{ref}", response_model=Person)
async def forget_person(ref: PersonPath, call: Writes) -> Response:
    """Forget the name; records keep the ref, which then stands for nobody."""
    return await call.once(lambda tx: usecases.forget_person(tx, call.allow, ref))
