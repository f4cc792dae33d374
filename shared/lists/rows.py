"""Many rows of an office's list in one request, each with a verdict of its own.

One transaction: good rows are kept, whatever becomes of the others. Some rows share a savepoint;
only where one of them is refused, each is told again under its own.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Literal, Protocol, TypeVar

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, Field, ValidationError

from shared.database import Transaction
from shared.errors import Rejected
from shared.http import Call, Writes

__all__ = ["MOST_ROWS", "RowVerdict", "Verdicts", "takes_rows"]

MOST_ROWS = 500
"""A transaction of more would hold its locks too long."""

_TOGETHER = 10

M = TypeVar("M", bound=BaseModel)


class Recorded(Protocol):
    """What became of one row that was taken."""

    id: Any
    version: int
    outcome: Literal["created", "changed", "unchanged"]
    changed: list[str]
    warnings: list[str]


class RowVerdict(BaseModel):
    """What became of one row, in the order of the request."""

    ref: str | None = None
    outcome: Literal["created", "changed", "unchanged", "refused"]
    id: str | None = None
    version: int | None = None
    changed: list[str] = []
    warnings: list[str] = []
    code: str | None = Field(default=None, description="Of the refusal, as in problem+json")
    field: str | None = None
    detail: str | None = None


class Verdicts(BaseModel):
    """One for each row."""

    rows: list[RowVerdict]


Record = Callable[[Call, Transaction, str, M], Awaitable[Recorded]]


def takes_rows(router: APIRouter, path: str, model: type[M], record: Record[M]) -> None:
    """`POST <path>` takes a list of what `PUT <path>/<ref>` takes one of."""

    async def record_rows(
        rows: Annotated[
            list[dict[str, Any]],
            Body(
                min_length=1,
                max_length=MOST_ROWS,
                description=f"Each: `ref`, and what `PUT {path}/{{ref}}` takes",
                examples=[[{"ref": "P-017", "unit": "hust"}]],
            ),
        ],
        call: Writes,
    ) -> Response:
        async def use_case(tx: Transaction) -> Verdicts:
            read = [_read(row, model) for row in rows]
            verdicts: list[RowVerdict] = []
            for start in range(0, len(read), _TOGETHER):
                some = read[start : start + _TOGETHER]
                verdicts += await _judged(call, tx, some, record)
            return Verdicts(rows=verdicts)

        return await call.once(use_case)

    name = path.strip("/").replace("-", "_")
    router.post(
        path,
        response_model=Verdicts,
        name=f"record_rows_of_{name}",
        summary=f"Record many {path.strip('/').replace('-', ' ')}",
        description="Rows of the office's own list, each with its verdict; a refused row changes"
        " nothing, and the others are kept.",
    )(record_rows)


def _read(row: dict[str, Any], model: type[M]) -> tuple[str, M] | RowVerdict:
    """The row's ref, and what it tells; or why it cannot be read."""
    ref = row.get("ref")
    if not isinstance(ref, str) or not 0 < len(ref) <= 100:
        return RowVerdict(
            outcome="refused",
            code="ref-missing",
            field="ref",
            detail="every row needs the office's own id, of at most 100 letters",
        )
    try:
        return ref, model.model_validate({name: row[name] for name in row if name != "ref"})
    except ValidationError as error:
        return _invalid(ref, error)


async def _judged(
    call: Call, tx: Transaction, rows: Sequence[tuple[str, M] | RowVerdict], record: Record[M]
) -> list[RowVerdict]:
    """All rows under one savepoint if none is refused, else each under its own."""
    try:
        async with tx.connection.begin_nested():
            return [await _taken(call, tx, row, record) for row in rows]
    except Rejected as error:
        if error.status >= 500:
            raise  # that is not about a row
    return [await _verdict(call, tx, row, record) for row in rows]


async def _verdict(
    call: Call, tx: Transaction, row: tuple[str, M] | RowVerdict, record: Record[M]
) -> RowVerdict:
    if isinstance(row, RowVerdict):
        return row
    try:
        async with tx.connection.begin_nested():
            return await _taken(call, tx, row, record)
    except Rejected as error:
        if error.status >= 500:
            raise
        return RowVerdict(
            ref=row[0], outcome="refused", code=error.code, field=error.field, detail=error.message
        )


async def _taken(
    call: Call, tx: Transaction, row: tuple[str, M] | RowVerdict, record: Record[M]
) -> RowVerdict:
    """Raises Rejected."""
    if isinstance(row, RowVerdict):
        return row
    ref, told = row
    done = await record(call, tx, ref, told)
    return RowVerdict(
        ref=ref,
        outcome=done.outcome,
        id=done.id,
        version=done.version,
        changed=done.changed,
        warnings=done.warnings,
    )


def _invalid(ref: str, error: ValidationError) -> RowVerdict:
    errors = error.errors(include_input=False, include_url=False, include_context=False)
    places = [".".join(map(str, each["loc"])) for each in errors]
    said = [f"{place}: {each['msg']}" for place, each in zip(places, errors, strict=True)]
    return RowVerdict(
        ref=ref,
        outcome="refused",
        code="invalid-request",
        field=places[0],
        detail="; ".join(said[:5]),
    )
