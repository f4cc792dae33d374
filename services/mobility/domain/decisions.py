"""What decisions about every aggregate have in common."""

from collections.abc import Collection
from datetime import date
from typing import Any, TypeAlias, TypeVar

from pydantic import ValidationError

from services.mobility.events.values import Mobile
from shared.dates import PartialDate
from shared.errors import Rejected
from shared.facts import Fact, State
from shared.lists.news import Told


class Record(Mobile, State):
    """The state of any record here: it has an owner, and a place in the office's list."""


S = TypeVar("S", bound=State)

Decided: TypeAlias = tuple[S, tuple[Fact, ...]]
"""The state after a decision, and the facts that lead to it."""

REIMPORTED = "re-imported"
"""The reason of what the office's own list says now and did not say before."""


def decide(state: S, *facts: Fact) -> Decided[S]:
    """The facts, and the state they lead to."""
    return state.after(*facts), facts


def must_not_lie_ahead(on: PartialDate, *, today: date, field: str = "on") -> None:
    """What is recorded as done was done by today."""
    if on.first > today:
        raise Rejected(
            "date-in-future",
            f"{on} has not come yet (today is {today}); record it when it has happened",
            field=field,
            status=422,
        )


def laid_over(state: S, told: Told) -> S:
    """The state with other fields. Raises Rejected("value-invalid") naming the field."""
    try:
        return type(state).model_validate(state.model_dump(mode="json") | told)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Rejected("value-invalid", first["msg"], field=place, status=422) from None


def must_be_correctable(field: str, correctable: Collection[str]) -> None:
    """Only plain fields are mended; what has a step of its own is changed by that step."""
    if field not in correctable:
        raise Rejected(
            "field-not-correctable",
            f"{field!r} cannot be corrected; correctable are {', '.join(sorted(correctable))}",
            field="field",
            status=422,
        )


def mended(state: S, field: str, value: Any) -> tuple[S, Told]:
    """The state with one field replaced, and the change. Raises Rejected("nothing-to-correct")."""
    after = laid_over(state, {field: value})
    changes = differences({field: after.model_dump(mode="json")[field]}, of=state)
    if not changes:
        raise Rejected("nothing-to-correct", f"{field} is that already", field="value")
    return after, changes


def differences(told: Told, *, of: State) -> Told:
    """The fields that were told and that the state has otherwise."""
    known = of.model_dump(mode="json")
    return {field: value for field, value in told.items() if known.get(field) != value}


def fields_of(state: State) -> Told:
    """All fields of a state but its id and version: what a `*-recorded` fact carries."""
    return state.model_dump(mode="json", exclude={"id", "version"})
