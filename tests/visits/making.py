"""Visits as tests need them: sound ones, of which a test changes what it is about."""

from datetime import date
from typing import Any

from services.visits.domain import Decided, Visit
from shared.identity import new_id

TODAY = date(2025, 11, 17)

_DIRECTIONS: dict[str, dict[str, Any]] = {
    "inbound": {
        "title": "Visit of Da Nang City",
        "partners": [{"partner": None, "name": "Da Nang City", "country": "VN", "role": "visitor"}],
    },
    "outbound": {
        "title": "Trip to Malaysia",
        "legs": [{"city": "Kuala Lumpur", "country": "MY"}],
        "decision": {"number": "12/QD", "on": "2025-10-01"},
    },
    "hosted-event": {"title": "Seminar on internationalization", "hosts": ["hust"]},
    "meeting": {
        "title": "Call on dual degrees",
        "partners": [
            {"name": "Technical University of Ankara", "country": "TR", "role": "counterpart"}
        ],
    },
}


def a_visit(direction: str = "inbound", status: str = "requested", **fields: Any) -> Visit:
    """A visit three weeks after TODAY, for two days, unless said otherwise."""
    return Visit.model_validate(
        {
            "id": new_id("visit"),
            "version": 1,
            "unit": "hust/me",
            "direction": direction,
            "theme": "academic",
            "starts_on": "2025-12-15",
            "ends_on": "2025-12-16",
            "requested_on": "2025-11-01",
            "status": status,
        }
        | _DIRECTIONS[direction]
        | fields
    )


def types(decided: Decided) -> list[str]:
    """The facts of a decision, in short: ["visit-started", "visit-completed"]."""
    return [fact.type.split(".")[2] for fact in decided[1]]
