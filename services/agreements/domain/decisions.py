"""What decisions about every aggregate have in common."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import TypeAlias, TypeVar

from pydantic import ValidationError

from services.agreements.events.values import Filed
from shared.dates import PartialDate
from shared.errors import Rejected
from shared.facts import Correction, Fact, State
from shared.lists.news import Told, newly_told

S = TypeVar("S", bound=State)

Decided: TypeAlias = tuple[S, tuple[Fact, ...]]
"""The state after a decision, and the facts that lead to it."""

REIMPORTED = "re-imported"
"""The reason of what the office's own list says now and did not say before."""


class Record(Filed, State):
    """The state of something that the office keeps on file."""


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


def must_be_distinct(values: Iterable[str], *, code: str, field: str) -> None:
    """Nothing is listed twice."""
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            raise Rejected(code, f"{value!r} is listed twice", field=f"{field}.{index}", status=422)
        seen.add(value)


def just_before(day: PartialDate) -> PartialDate:
    """The day, month or year before: as precise as `day` is."""
    return PartialDate((day.first - timedelta(days=1)).isoformat()[: len(day)])


def latest(days: Iterable[PartialDate]) -> PartialDate | None:
    """The one that ends last, or None of none."""
    return max(days, key=lambda day: day.last, default=None)


def laid_over(state: S, told: Told) -> S:
    """The state with other fields. Raises Rejected("value-invalid") naming the field."""
    try:
        return type(state).model_validate(state.model_dump(mode="json") | told)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Rejected("value-invalid", first["msg"], field=place, status=422) from None


def written_as(state: State, told: Told) -> Told:
    """The same fields as they stand in a state they were laid over: complete and in one form."""
    known = state.model_dump(mode="json")
    return {field: known[field] for field in told}


def must_be_correctable(changes: Told, correctable: frozenset[str]) -> None:
    """Raises Rejected("field-not-correctable") for what a step sets, and for what is unknown."""
    for field in changes:
        if field not in correctable:
            raise Rejected(
                "field-not-correctable",
                f"{field!r} is not corrected but changed by its own step; "
                f"correctable are {', '.join(sorted(correctable))}",
                field=field,
                status=422,
            )


def mend(
    state: S,
    changes: Told,
    *,
    reason: str,
    fact: type[Correction],
    correctable: frozenset[str],
    sound: Callable[[S], None],
) -> Decided[S]:
    """Replace fields of a record that were wrong.

    Raises Rejected: `field-not-correctable`, `value-invalid`, `correction-changes-nothing`, or
    what `sound` says of the record after it.
    """
    must_be_correctable(changes, correctable)
    mended = laid_over(state, changes)
    different = differences(mended.model_dump(mode="json"), of=state)
    if not different:
        raise Rejected(
            "correction-changes-nothing",
            "the record already says so",
            field=next(iter(changes), None),
        )
    sound(mended)
    return decide(state, fact(changes=different, reason=reason))


def differences(told: Told, *, of: State) -> Told:
    """The fields that were told and that the state has otherwise."""
    known = of.model_dump(mode="json")
    return {field: value for field, value in told.items() if known.get(field) != value}


def news(state: State, *, told: Told, before: Told | None) -> Told:
    """What an office's list newly says of a record: not what it said `before`, nor what is known.

    So a list that is sent again undoes nothing that happened here since; and where it was mended,
    what was mended counts.
    """
    return differences(newly_told(told, before=before), of=state)


def fields_of(state: State) -> Told:
    """All fields of a state but its id and version: what a `*-recorded` fact carries."""
    return state.model_dump(mode="json", exclude={"id", "version"})
