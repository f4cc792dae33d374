"""Examples for the OpenAPI description."""

from typing import Any

__all__ = ["PLAN"]

PLAN: dict[str, Any] = {
    "title": "Work plan 2026",
    "issued_by": "International Office",
    "issued_on": "2025-12-11",
    "targets": [
        {
            "id": "staff-abroad",
            "dimension": "management",
            "text": "15 administrative staff abroad, subject to university approval",
            "form": "gated",
            "number": 15,
            "gate": "university approval",
            "counts": [{"measure": "mobility.staff-out", "where": {"who": ["administrative"]}}],
        },
        {
            "id": "new-agreements",
            "dimension": "management",
            "text": "Sign 3-5 agreements",
            "form": "range",
            "number": 3,
            "number_until": 5,
            "counts": [{"measure": "agreements.signed"}],
        },
    ],
}
