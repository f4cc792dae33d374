"""Recording the past: a record entered in its present state, and told again by the office's list.

The first time it is created. Told again, only what the list says otherwise than before is
applied: as the step it implies, or as a correction; or it is refused, and nothing is changed.
A stay that HR or the registrar reported before the list did is the same stay: it takes the ref.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError

from services.mobility import store
from services.mobility.domain import applications, appointments, programmes, reconciling, stays
from services.mobility.domain.applications import Application
from services.mobility.domain.appointments import Appointment
from services.mobility.domain.decisions import (
    REIMPORTED,
    Decided,
    Record,
    differences,
    fields_of,
)
from services.mobility.domain.programmes import Programme
from services.mobility.domain.stays import Stay
from services.mobility.events.values import Mobile
from services.mobility.usecases.ground import Allow, must_be_ours, today_of
from services.mobility.usecases.matching import find_same
from services.mobility.usecases.resolving import (
    REFERENCES,
    Pending,
    country_of_partner,
    keep_pending,
    resolved,
)
from services.mobility.usecases.stays import host_country
from shared.database import Transaction
from shared.documents import Register
from shared.errors import Rejected
from shared.facts import State
from shared.identity import new_id
from shared.lists.news import Told, newly_told

S = TypeVar("S", bound=Record)


class Recorded(BaseModel):
    """What became of a record that was told."""

    id: str
    version: int
    outcome: Literal["created", "changed", "unchanged"]
    changed: list[str] = Field(default=[], description="The fields that are other than before")
    warnings: list[str] = Field(default=[], description="What is odd, and was recorded anyway")


@dataclass(frozen=True, kw_only=True)
class Ways(Generic[S]):
    """How the records of one register are entered and told again."""

    register: Register[S]
    complete: Callable[[Transaction, Told], Awaitable[Told]]
    """What a list may leave out."""
    record: Callable[[S, date], Decided[S]]
    reconcile: Callable[[S, Told, date], Decided[S]]
    adopt: Callable[[Transaction, S], Awaitable[S | None]]
    """The record that is the same, though the list does not know it."""
    doubts: Callable[[Transaction, S], Awaitable[list[str]]]


async def record_told(
    tx: Transaction, allow: Allow, ways: Ways[S], ref: str, told: Mobile
) -> Recorded:
    """Enter a record of the past, or apply what the office's list now says otherwise."""
    if told.ref not in (None, ref):
        raise Rejected(
            "ref-differs",
            f"the path says {ref!r}, the record {told.ref!r}",
            field="ref",
            status=422,
        )
    must_be_ours(tx, told, allow)
    said = told.model_dump(mode="json", exclude_unset=True) | {"ref": ref}
    name = ways.register.table.name
    today = today_of(tx, told.unit)
    person = getattr(told, "person_ref", None)
    if person is not None:
        await store.lock_persons(tx, [person])
    known = await ways.register.told_as(tx, ref)
    if known is not None:
        allow(known.unit)
        said["ref"] = known.ref
        before = await store.told.before(tx, name, ref)
        new, pending = await resolved(tx, newly_told(said, before=before))
        state, facts = ways.reconcile(known, new, today)
        asked = set(REFERENCES) & new.keys()
    else:
        known, state, facts, pending, asked = await _entered(tx, allow, ways, said, today=today)
    state = await ways.register.save(tx, state, *facts)
    await keep_pending(tx, state, pending, fields=asked)
    await store.told.keep(tx, name, ref, told=said)
    doubts = [*_waiting(pending), *await ways.doubts(tx, state)]
    return _recorded(known, state, warnings=doubts)


async def _entered(
    tx: Transaction, allow: Allow, ways: Ways[S], said: Told, *, today: date
) -> tuple[S | None, S, Any, Pending, set[str]]:
    """A record that the list names for the first time: made, or found to be here already."""
    fields, pending = await resolved(tx, said)
    complete = await ways.complete(tx, fields)
    fresh = _validated(ways.register.state, complete | {"id": new_id(ways.register.kind)})
    same = await ways.adopt(tx, fresh)
    if same is None:
        state, facts = ways.record(fresh, today)
        return None, state, facts, pending, set()
    allow(same.unit)
    known = await ways.register.load(tx, same.id)
    empty = {field for field in pending if getattr(known, field, None) in (None, ())}
    told = {
        field: value for field, value in fields.items() if value is not None or field not in pending
    }
    told = _not_behind(known, told)
    state, facts = ways.reconcile(known, told, today)
    return known, state, facts, {field: pending[field] for field in empty}, empty


def _not_behind(known: State, told: Told) -> Told:
    """A list is older than what upstream reported: a status that lies behind is no news."""
    status, now = told.get("status"), getattr(known, "status", None)
    along = reconciling.ALONG
    behind = status in along and now in along and along.index(status) < along.index(now)
    return {field: value for field, value in told.items() if field != "status" or not behind}


def _validated(model: type[S], fields: Mapping[str, Any]) -> S:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Rejected("value-invalid", first["msg"], field=place, status=422) from None


def _waiting(pending: Pending) -> list[str]:
    return [
        f"{field}: {sought.keys[0]} is not known here yet; it is filled in when it is"
        for field, wanted in pending.items()
        for sought in wanted
    ]


def _recorded(known: S | None, state: S, *, warnings: list[str]) -> Recorded:
    changed = [] if known is None else sorted(differences(fields_of(state), of=known))
    return Recorded(
        id=state.id,
        version=state.version,
        outcome="created" if known is None else "changed" if changed else "unchanged",
        changed=changed,
        warnings=warnings,
    )


# --- the four registers --------------------------------------------------------------------------


async def _complete_stay(tx: Transaction, told: Told) -> Told:
    """Days planned are those that were, the country is the partner's, the status is the dates'."""
    after = dict(told)
    for planned, actual in (("planned_from", "actual_from"), ("planned_until", "actual_until")):
        if after.get(planned) is None:
            after[planned] = after.get(actual)
    after["host_country"] = await host_country(tx, after)
    after.setdefault("status", "confirmed")
    if after["status"] is None:
        after["status"] = "confirmed"
    return after


async def _complete_application(_tx: Transaction, told: Told) -> Told:
    status = "submitted"
    if told.get("departed_on"):
        status = "departed"
    elif told.get("decided_on"):
        status = "admitted"
    default = {"status": status, "graduate": True}
    return default | {field: value for field, value in told.items() if value is not None}


async def _complete_appointment(_tx: Transaction, told: Told) -> Told:
    return {"status": "appointed", "foreign_expert": False} | told


async def _as_it_is(_tx: Transaction, told: Told) -> Told:
    return told


async def _adopt_stay(tx: Transaction, stay: Stay) -> Stay | None:
    same = await find_same(tx, stay, followed=True)
    return same if same is not None and same.ref is None else None


async def _adopt_none(_tx: Transaction, _state: State) -> None:
    return None


async def _doubts_about_stay(tx: Transaction, stay: Stay) -> list[str]:
    doubts = []
    seat = await country_of_partner(tx, stay.partner)
    ours = tx.reference.unit(stay.unit).country
    if stay.direction == "in" and stay.host_country != ours:
        doubts.append(f"host_country: an incoming stay in {stay.host_country}, not in {ours}")
    if stay.direction == "out" and seat is not None and stay.host_country != seat:
        doubts.append(f"host_country: {stay.host_country}, but the partner's seat is {seat}")
    same = await find_same(tx, stay)
    if same is not None:
        doubts.append(f"person_ref: {same.id} is the same person there on overlapping days")
    return doubts


async def _no_doubts(_tx: Transaction, _state: State) -> list[str]:
    return []


STAYS = Ways[Stay](
    register=store.stays,
    complete=_complete_stay,
    record=lambda stay, today: stays.record(stay, today=today),
    reconcile=lambda stay, told, today: reconciling.reconcile(
        stay, told, reason=REIMPORTED, today=today
    ),
    adopt=_adopt_stay,
    doubts=_doubts_about_stay,
)
APPLICATIONS = Ways[Application](
    register=store.applications,
    complete=_complete_application,
    record=lambda application, _today: applications.record(application),
    reconcile=lambda application, told, today: applications.reconcile(
        application, told, reason=REIMPORTED, today=today
    ),
    adopt=_adopt_none,
    doubts=_no_doubts,
)
APPOINTMENTS = Ways[Appointment](
    register=store.appointments,
    complete=_complete_appointment,
    record=lambda appointment, today: appointments.record(appointment, today=today),
    reconcile=lambda appointment, told, today: appointments.reconcile(
        appointment, told, reason=REIMPORTED, today=today
    ),
    adopt=_adopt_none,
    doubts=_no_doubts,
)
PROGRAMMES = Ways[Programme](
    register=store.programmes,
    complete=_as_it_is,
    record=lambda programme, _today: programmes.record(programme),
    reconcile=lambda programme, told, _today: programmes.reconcile(
        programme, told, reason=REIMPORTED
    ),
    adopt=_adopt_none,
    doubts=_no_doubts,
)
