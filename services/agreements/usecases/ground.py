"""What use cases check of the world around an aggregate: units, partners, the day."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeAlias

from pydantic import ConfigDict, Field

from services.agreements import store
from services.agreements.domain.agreements import Agreement
from services.agreements.events.values import AgreementId, Filed
from shared.database import Transaction
from shared.documents import Register
from shared.errors import Rejected
from shared.facts import Value

Allow: TypeAlias = Callable[[str], None]


class Correct(Value):
    """Mend one field of a record."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"field": "note", "value": "Renewed orally in May.", "reason": "was left out"}
            ]
        }
    )
    field: str = Field(min_length=1, max_length=100)
    value: Any
    reason: str = Field(min_length=1, max_length=2000)


def today_of(tx: Transaction, unit: str) -> date:
    """The local date of a unit: a deadline passes at its midnight, not at ours."""
    return tx.clock.today(tx.reference.zone(unit))


def must_be_ours(tx: Transaction, filed: Filed, allow: Allow) -> None:
    """The owning unit exists and is the caller's; units it is shared with exist.

    Raises Rejected: `unit-unknown`, `unit-not-allowed`.
    """
    tx.reference.unit(filed.unit)
    allow(filed.unit)
    for index, unit in enumerate(filed.shared_with):
        tx.reference.unit(unit, field=f"shared_with.{index}")


async def own_agreement(tx: Transaction, allow: Allow, subject: AgreementId) -> Agreement:
    """The agreement, locked. Raises Rejected: `agreement-unknown`, `unit-not-allowed`."""
    agreement = await store.agreements.load(tx, subject)
    allow(agreement.unit)
    return agreement


async def must_be_partners(
    tx: Transaction, fields: Mapping[str, str], *, active: bool = False
) -> None:
    """Every one is in the register, and not retired where that matters.

    `fields` says, by the partner's id, where it is named.
    """
    statuses = await store.known(tx, store.partners, fields)
    for partner, field in fields.items():
        if partner not in statuses:
            raise Rejected(
                "partner-unknown",
                f"there is no partner {partner!r}; register it first",
                field=field,
                status=422,
            )
        if active and statuses[partner] != "active":
            into = (await store.partners.load(tx, partner, for_update=False)).merged_into
            where = f" into {into}: name that one" if into else ""
            raise Rejected(
                f"partner-{statuses[partner]}",
                f"the partner {partner} is {statuses[partner]}{where}",
                field=field,
            )


async def must_be_known(
    tx: Transaction, register: Register[Any], subject: str | None, *, field: str
) -> None:
    """A record that another one names is in its register; None names nothing."""
    if subject is not None and subject not in await store.known(tx, register, [subject]):
        raise Rejected(
            f"{register.kind}-unknown",
            f"there is no {register.kind} {subject!r}",
            field=field,
            status=422,
        )
