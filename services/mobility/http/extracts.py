"""`/extracts`: what `rapport import hr|registrar` keeps between one extract and the next."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from services.mobility.usecases import extracts as usecases
from services.mobility.usecases.extracts import (
    MOST_ROWS,
    ExtractRow,
    KeepMapping,
    KeepRows,
    MappingKept,
    PersonsTold,
    RowsKept,
    TellPersons,
)
from shared.http import Call, Page, Sends

router = APIRouter(prefix="/extracts", tags=["extracts"])
persons = APIRouter(prefix="/persons", tags=["persons"])

MOST_MISSING = "most_missing"
"""The part of the context that says how much of an extract may be missing from the next one."""
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


@router.get("")
async def list_mappings(call: Sends) -> list[str]:
    """The names of the mappings that are kept."""
    return await call.read(usecases.mapping_names)


@router.put("/{name}", response_model=MappingKept)
async def keep_mapping(name: Name, command: KeepMapping, call: Sends) -> Response:
    """Keep a mapping under a name."""
    return await call.once(lambda tx: usecases.keep_mapping(tx, name, command))


@router.get("/{name}")
async def get_mapping(name: Name, call: Sends) -> MappingKept:
    """A mapping, with the secret that refs are worked out with."""
    return await call.read(lambda tx: usecases.mapping_named(tx, name, most_missing=_most(call)))


@router.get("/{name}/rows")
async def list_rows(
    name: Name,
    call: Sends,
    after: Annotated[str | None, Query(max_length=300)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 500,
) -> Page[ExtractRow]:
    """What the rows of the last extract said, in the order of their keys."""
    found = await call.read(lambda tx: usecases.rows_of(tx, name, after=after, limit=limit + 1))
    items = found[:limit]
    return Page(items=items, next=items[-1].key if len(found) > limit else None)


@router.put("/{name}/rows", response_model=RowsKept)
async def keep_rows(name: Name, command: KeepRows, call: Sends) -> Response:
    """Keep what these rows say now, or are about to say."""
    return await call.once(lambda tx: usecases.keep_rows(tx, name, command))


@persons.post("", response_model=PersonsTold)
async def tell_persons(command: TellPersons, call: Sends) -> Response:
    """Keep names of persons, as an extract tells them; what was erased stays erased."""
    return await call.once(lambda tx: usecases.tell_persons(tx, call.allow, command))


def _most(call: Call) -> float:
    return float(call.context.parts.get(MOST_MISSING, 0.1))
