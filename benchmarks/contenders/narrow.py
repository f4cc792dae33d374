"""What contenders that read plain JSON take of a fact: the fields that reporting reads, too."""

import json
from typing import Any

__all__ = ["told"]

_READ = {
    "visits": frozenset(
        {
            "unit",
            "ref",
            "direction",
            "title",
            "purpose",
            "theme",
            "topic",
            "starts_on",
            "ends_on",
            "place",
            "status",
            "partners",
            "members",
            "legs",
            "hosts",
        }
    ),
    "mobility": frozenset(
        {
            "unit",
            "person_ref",
            "direction",
            "who",
            "kind",
            "level",
            "field",
            "partner",
            "partner_name",
            "host_country",
            "agreement",
            "programme",
            "funding",
            "nationality",
            "prior_education_country",
            "planned_from",
            "planned_until",
            "virtual_days",
            "credits",
            "status",
        }
    ),
    "agreements": frozenset(
        {
            "unit",
            "ref",
            "kind",
            "title",
            "parties",
            "status",
            "proposed_on",
            "valid_from",
            "valid_until",
            "renewal",
        }
    ),
}


def told(type_: str, data: bytes) -> dict[str, Any]:
    """The fields that a fact sets, of those that are read."""
    fields: dict[str, Any] = json.loads(data)
    fields = fields.get("changes", fields)
    read = _READ[type_.split(".")[1]]
    return {name: value for name, value in fields.items() if name in read}
