"""Recording the past, rows that come again, corrections, and the names of persons."""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from services.visits import domain
from services.visits.domain import Policy, Visit, warnings_about
from services.visits.events import VisitFields, VisitId
from services.visits.store import (
    name_of,
    names_of,
    persons,
    rows,
    units_that_met,
    visits,
)
from services.visits.usecases.commands import CorrectVisit, NamePerson, RecordVisit
from services.visits.usecases.following import today_of, with_what_it_led_to
from services.visits.usecases.lifecycle import Allow
from services.visits.usecases.resolving import (
    agenda_of,
    follow_ups_of,
    legs_of,
    members_of,
    must_be_units,
    partners_known_to,
    partners_of,
)
from shared.database import Transaction
from shared.errors import Rejected
from shared.identity import new_id
from shared.lists.news import newly_told
from shared.texts import PersonRef

__all__ = [
    "Named",
    "NamedPerson",
    "Recorded",
    "correct_visit",
    "forget_person",
    "must_have_met",
    "name_person",
    "person_named",
    "persons_of",
    "record_visit",
]

_LOOKED_UP = frozenset(
    ("partners", "members", "legs", "agenda", "follow_ups", "shared_with", "hosts")
)
"""Fields whose values name units, partners or agreements."""

Outcome = Literal["created", "changed", "unchanged"]


class Recorded(BaseModel):
    """What became of a record that was sent."""

    id: VisitId
    version: int
    outcome: Outcome
    changed: list[str] = Field(default=[], description="Fields that are different now.")
    warnings: list[str] = Field(default=[], description="What the office asks and it lacks.")


class Named(BaseModel):
    """That a name is kept; the name itself is not repeated."""

    ref: PersonRef
    outcome: Outcome


class NamedPerson(BaseModel):
    """A person by name."""

    ref: PersonRef
    name: str


async def record_visit(
    tx: Transaction, ref: str, command: RecordVisit, *, allow: Allow, policy: Policy
) -> Recorded:
    """Enter a visit as it is now, or apply what its row says anew.

    What the row does not say differently from last time is left as it is here.
    """
    if command.ref not in (None, ref):
        raise Rejected(
            "ref-differs",
            f"the path says {ref!r}, the record {command.ref!r}",
            field="ref",
            status=422,
        )
    must_be_units(tx, command)
    allow(command.unit)
    said = command.model_dump(mode="json", exclude={"ref"})
    present = await visits.told_as(tx, ref)
    if present is None:
        fields = await _fields(tx, command, ref=ref, present=None)
        visit, facts = domain.record(
            fields, visit=VisitId(new_id("visit")), today=today_of(tx, command.unit)
        )
        visit, linked = await with_what_it_led_to(tx, visit)
        await visits.save(tx, visit, *facts, *linked)
        await rows.keep(tx, visit.id, told=said)
        return _recorded(visit, "created", policy=policy)
    allow(present.unit)
    before = await rows.before(tx, present.id)
    if before == said:
        return _recorded(present, "unchanged", policy=policy)
    wanted = await _fields(tx, command, ref=ref, present=present)
    visit, facts = domain.reconcile(
        present,
        wanted,
        fields=_newly_said(command, said, before),
        today=today_of(tx, wanted.unit),
    )
    visit, linked = await with_what_it_led_to(tx, visit)
    await visits.save(tx, visit, *facts, *linked)
    await rows.keep(tx, visit.id, told=said)
    changed = [
        name for name in VisitFields.model_fields if getattr(visit, name) != getattr(present, name)
    ]
    return _recorded(visit, "changed" if changed else "unchanged", changed, policy=policy)


async def correct_visit(
    tx: Transaction, visit: VisitId, command: CorrectVisit, *, allow: Allow
) -> Visit:
    """Mend one field; the value may name partners as a recorded visit does."""
    present = await visits.load(tx, visit)
    allow(present.unit)
    value = command.value
    if command.field == "unit" and isinstance(value, str):
        tx.reference.unit(value, field="value")
        allow(value)
    if command.field == "ref" and isinstance(value, str):
        await _must_be_free(tx, value)
    if command.field in _LOOKED_UP:
        value = await _corrected_list(tx, present, command.field, value)
    after, facts = domain.correct(
        present,
        field=command.field,
        value=value,
        reason=command.reason,
        today=today_of(tx, present.unit),
    )
    return await visits.save(tx, after, *facts)


async def name_person(
    tx: Transaction, ref: PersonRef, command: NamePerson, *, allow: Allow
) -> Named:
    """Keep the name behind a person_ref."""
    await must_have_met(tx, ref, allow)
    before = await name_of(tx, ref)
    if before == command.name:
        return Named(ref=ref, outcome="unchanged")
    await persons.keep(tx, ref, {"name": command.name})
    return Named(ref=ref, outcome="created" if before is None else "changed")


async def person_named(tx: Transaction, ref: PersonRef, *, allow: Allow) -> NamedPerson:
    """The name behind a person_ref, for those whose visits the person was part of."""
    await must_have_met(tx, ref, allow)
    name = await name_of(tx, ref)
    if name is None:
        raise Rejected("person-unknown", "no name is kept for this person_ref", status=404)
    return NamedPerson(ref=ref, name=name)


async def forget_person(tx: Transaction, ref: PersonRef, *, allow: Allow) -> Named:
    """Delete the name; it may be told again. Records keep the ref, which stands for nobody."""
    await must_have_met(tx, ref, allow)
    gone = await persons.forget(tx, ref)
    return Named(ref=ref, outcome="changed" if gone else "unchanged")


async def persons_of(tx: Transaction, visit: VisitId, *, allow: Allow) -> list[NamedPerson]:
    """The members of a visit whose names are known, in the order of the list."""
    present = await visits.load(tx, visit, for_update=False)
    allow(present.unit)
    refs = [member.person_ref for member in present.members if member.person_ref is not None]
    names = await names_of(tx, refs)
    return [NamedPerson(ref=ref, name=names[ref]) for ref in refs if ref in names]


async def _fields(
    tx: Transaction, command: RecordVisit, *, ref: str | None, present: Visit | None
) -> VisitFields:
    """What a row says, with everything that it names looked up."""
    known = await partners_known_to(
        tx,
        day=command.starts_on.first,
        partners=command.partners,
        members=command.members,
        legs=command.legs,
        agenda=command.agenda,
    )
    members = members_of(tx, command.members, known, unit=command.unit)
    legs = legs_of(command.legs, known)
    ends_on = command.ends_on or command.starts_on
    said = command.model_dump(exclude={"partners", "members", "legs", "follow_ups"})
    return VisitFields.model_validate(
        said
        | {
            "ref": ref,
            "ends_on": ends_on,
            "status": command.status
            or domain.implied_status(
                starts_on=command.starts_on, ends_on=ends_on, today=today_of(tx, command.unit)
            ),
            "members": members,
            "legs": legs,
            "agenda": agenda_of(tx, command.agenda, known),
            "partners": partners_of(
                command.partners, known, direction=command.direction, members=members, legs=legs
            ),
            "follow_ups": await follow_ups_of(
                tx, command.follow_ups, present=present.follow_ups if present else ()
            ),
        }
    )


def _newly_said(
    command: RecordVisit, said: dict[str, Any], before: dict[str, Any] | None
) -> frozenset[str]:
    """The fields whose cells are not what they were when the row last came."""
    # a row that was kept before there was such a column left it empty
    earlier = None if before is None else dict.fromkeys(said) | before
    fields = set(newly_told(said, before=earlier))
    if command.status is None:
        fields.discard("status")
    if fields & {"starts_on", "ends_on"}:
        fields.add("ends_on")
    if fields & {"members", "legs", "direction"}:
        fields.add("partners")
    return frozenset(fields)


async def _must_be_free(tx: Transaction, ref: str) -> None:
    if await visits.find(tx, ref=ref) is not None:
        raise Rejected("visit-exists", f"another visit has the ref {ref!r}", field="value")


async def _corrected_list(tx: Transaction, present: Visit, field: str, value: Any) -> Any:
    """The value as the record holds it: partners looked up, follow-ups with their ids."""
    said = present.model_dump(mode="json", exclude={"id", "version", "ref", "documents"})
    try:
        command = RecordVisit.model_validate(said | {field: value})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"][1:]))
        raise Rejected(
            "value-invalid",
            f"{field} cannot be that{f' (at {place})' if place else ''}: {first['msg']}",
            field="value",
            status=422,
        ) from None
    must_be_units(tx, command)
    # a correction is taken as it stands: what was linked wrongly can be unlinked
    fields = await _fields(tx, command, ref=present.ref, present=None)
    return fields.model_dump(mode="json", include={field})[field]


async def must_have_met(tx: Transaction, ref: str, allow: Allow) -> None:
    """A person whom only other units met is not ours to name or to look up."""
    met = await units_that_met(tx, ref)
    refusals = [refused for unit in met if (refused := _refusal(allow, unit))]
    if met and len(refusals) == len(met):
        raise refusals[0]


def _refusal(allow: Allow, unit: str) -> Rejected | None:
    try:
        allow(unit)
    except Rejected as refused:
        return refused
    return None


def _recorded(
    visit: Visit, outcome: Outcome, changed: Iterable[str] = (), *, policy: Policy
) -> Recorded:
    return Recorded(
        id=VisitId(visit.id),
        version=visit.version,
        outcome=outcome,
        changed=list(changed),
        warnings=warnings_about(visit, policy),
    )
