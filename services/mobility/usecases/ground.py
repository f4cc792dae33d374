"""What use cases check of the world around a record: units, and the day."""

from collections.abc import Callable
from datetime import date
from typing import Any, TypeAlias

from pydantic import ConfigDict, Field

from services.mobility.events.values import Mobile
from shared.database import Transaction
from shared.facts import Value

Allow: TypeAlias = Callable[[str], None]


class Correct(Value):
    """Mend one field of a record."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"field": "funding", "value": "JST", "reason": "was left out"}]
        }
    )
    field: str = Field(min_length=1, max_length=100)
    value: Any
    reason: str = Field(min_length=1, max_length=2000)


def today_of(tx: Transaction, unit: str) -> date:
    """The local date of a unit: a stay ends at its midnight, not at ours."""
    return tx.clock.today(tx.reference.zone(unit))


def must_be_ours(tx: Transaction, filed: Mobile, allow: Allow) -> None:
    """The owning unit exists and is the caller's; units it is shared with exist.

    Raises Rejected: `unit-unknown`, `unit-not-allowed`.
    """
    tx.reference.unit(filed.unit)
    allow(filed.unit)
    for index, unit in enumerate(filed.shared_with):
        tx.reference.unit(unit, field=f"shared_with.{index}")
