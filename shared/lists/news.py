"""What a list newly says of a record."""

from collections.abc import Mapping
from typing import Any, TypeAlias

__all__ = ["Told", "newly_told"]

Told: TypeAlias = dict[str, Any]
"""Fields of a record as JSON values, by name."""


def newly_told(told: Mapping[str, Any], *, before: Mapping[str, Any] | None) -> Told:
    """What a list says of a record now and did not say `before`; None: it never named it.

    So a list that is sent again undoes nothing that happened to the record since.
    """
    if before is None:
        return dict(told)
    return {
        field: value
        for field, value in told.items()
        if field not in before or before[field] != value
    }
