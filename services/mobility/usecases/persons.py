"""Names of persons: sealed, in one table, and nowhere else."""

from typing import Literal

from pydantic import ConfigDict, Field

from services.mobility import store
from services.mobility.events.values import Text
from services.mobility.usecases.ground import Allow
from shared.database import Transaction
from shared.errors import Rejected
from shared.facts import Value
from shared.texts import UnitPath

Outcome = Literal["created", "changed", "unchanged"]


class NamePerson(Value):
    """The name behind a `person_ref`; it stays in this service."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"unit": "hust/me", "name": "Nguyen Van A (invented)"}]}
    )
    unit: UnitPath = Field(description="The unit whose coordinators may see the name.")
    name: Text


class Named(Value):
    """What became of a name that was told."""

    ref: str
    unit: str
    outcome: Outcome


class Person(Value):
    """A person whom we know by name."""

    ref: str
    unit: str
    name: str


async def name_person(tx: Transaction, allow: Allow, ref: str, command: NamePerson) -> Named:
    """Keep or change the name behind a ref. It is in no fact and in no other table, and the
    answer does not repeat it: answers are kept, too, for who asks again."""
    tx.reference.unit(command.unit)
    allow(command.unit)
    known = await store.persons.row(tx, ref)
    if known is not None:
        allow(known["unit"])
    said = {"name": command.name}
    news = await store.persons.keep(tx, ref, said, unit=command.unit)
    outcome: Outcome = "unchanged" if not news else "created" if known is None else "changed"
    return Named(ref=ref, unit=command.unit, outcome=outcome)


async def look_up_person(tx: Transaction, allow: Allow, ref: str) -> Person:
    """The name behind a ref, for coordinators of its unit. Raises Rejected("person-unknown")."""
    known = await store.persons.row(tx, ref)
    if known is None:
        raise Rejected("person-unknown", "no name is kept for this ref", status=404)
    allow(known["unit"])
    return Person(ref=ref, unit=known["unit"], name=known["said"]["name"])


async def forget_person(tx: Transaction, allow: Allow, ref: str) -> Person:
    """Forget a name; records keep the ref, which then stands for nobody."""
    person = await look_up_person(tx, allow, ref)
    await store.persons.forget(tx, ref)
    return person.model_copy(update={"name": ""})
