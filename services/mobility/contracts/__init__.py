"""The contract of HR and the registrar as JSON Schema: generated from `incoming`, and checked in.

`python -m services.mobility contracts` writes the files anew; a test says when they have drifted.
"""

import functools
import json
from importlib import resources
from typing import Any

from services.mobility.contracts.examples import EXAMPLES
from services.mobility.incoming import UPSTREAM

__all__ = ["EXAMPLES", "generated", "index", "schema"]


def file_of(event_type: str) -> str:
    """`upstream.hr.leave-approved.v1` -> `hr.leave-approved.v1.schema.json`."""
    return f"{event_type.removeprefix('upstream.')}.schema.json"


def generated() -> dict[str, str]:
    """What the files must hold, by name."""
    files = {"index.json": _json({event_type: file_of(event_type) for event_type in UPSTREAM})}
    for event_type, model in UPSTREAM.items():
        described = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"urn:rapport:schema:{event_type}",
        }
        body = model.model_json_schema() | {"title": event_type}
        examples = {"examples": [EXAMPLES[event_type]["data"]]}
        files[file_of(event_type)] = _json(described | body | examples)
    files["examples.json"] = _json(EXAMPLES)
    return files


@functools.cache
def index() -> dict[str, str]:
    """Every type, and the file of its schema."""
    found: dict[str, str] = json.loads(_text("index.json"))
    return found


def schema(event_type: str) -> dict[str, Any] | None:
    """The JSON Schema of a type's data, or None if there is no such type."""
    name = index().get(event_type)
    if name is None:
        return None
    found: dict[str, Any] = json.loads(_text(name))
    return found


def _text(name: str) -> str:
    return (resources.files(__package__) / name).read_text(encoding="utf-8")


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
