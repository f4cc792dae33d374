"""`ref:P-017` in the office's list, where a record is named, becomes that record's id."""

from collections.abc import Iterator
from typing import Any, TypeVar

from services.agreements import store
from services.agreements.events.values import Filed
from shared.database import Transaction
from shared.documents import Register
from shared.errors import Rejected

F = TypeVar("F", bound=Filed)

_NAMED_IN: dict[str, Register[Any]] = {
    "agreement": store.agreements,
    "donors": store.partners,
    "merged_into": store.partners,
    "parties": store.partners,
    "partners": store.partners,
    "signatures": store.partners,
    "superseded_by": store.agreements,
    "supersedes": store.agreements,
}
"""The fields that name records, and the register that they are in."""

_KEYS = ("party", "partner")
_PREFIX = "ref:"


async def resolved(tx: Transaction, told: F) -> F:
    """The same record, told with ids. Raises Rejected("reference-unknown", 422)."""
    fields = told.model_dump(mode="json", include=told.model_fields_set)
    for field in fields.keys() & _NAMED_IN.keys():
        refs = set(_refs(fields[field]))
        if not refs:
            continue
        ids = await store.ids_by_ref(tx, _NAMED_IN[field], refs)
        unknown = sorted(refs - ids.keys())
        if unknown:
            raise Rejected(
                "reference-unknown",
                f"no {_NAMED_IN[field].kind} has the ref {unknown[0]!r}; record it first",
                field=field,
                status=422,
            )
        fields[field] = _replaced(fields[field], ids)
    return type(told).model_validate(fields)


def _refs(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.startswith(_PREFIX):
        yield value.removeprefix(_PREFIX)
    elif isinstance(value, list):
        for each in value:
            yield from _refs(each)
    elif isinstance(value, dict):
        for key in _KEYS:
            yield from _refs(value.get(key))


def _replaced(value: Any, ids: Any) -> Any:
    if isinstance(value, str) and value.startswith(_PREFIX):
        return ids[value.removeprefix(_PREFIX)]
    if isinstance(value, list):
        return [_replaced(each, ids) for each in value]
    if isinstance(value, dict):
        return {key: _replaced(each, ids) if key in _KEYS else each for key, each in value.items()}
    return value
