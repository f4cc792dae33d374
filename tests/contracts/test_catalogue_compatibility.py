"""The guard against incompatible change can fail: shown on changes that are made up here."""

import json
from copy import deepcopy
from typing import Any

import pytest

from services.mobility import contracts as upstream
from tests.support import catalogue
from tests.support.compatibility import incompatible

SIGNED: dict[str, Any] = {
    "type": "object",
    "required": ["status", "on"],
    "properties": {
        "status": {"type": "string", "enum": ["signed", "approved"]},
        "on": {"type": "string", "pattern": "^[0-9-]+$"},
        "title": {"anyOf": [{"type": "string", "maxLength": 500}, {"type": "null"}]},
        "number": {"type": "number", "minimum": 0},
        "parties": {"type": "array", "items": {"$ref": "#/$defs/Party"}},
        "more": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "$defs": {
        "Party": {
            "type": "object",
            "required": ["party"],
            "properties": {"party": {"type": "string"}, "role": {"type": "string"}},
        }
    },
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The schema with the value at a `/` path set, or removed where the value is None."""
    schema = deepcopy(SIGNED)
    *parents, last = path.split("/")
    place: Any = schema
    for part in parents:
        place = place[int(part) if part.isdigit() else part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return schema


PARTY = "$defs/Party/properties"
NULLABLE = {"anyOf": [{"type": "string"}, {"type": "null"}]}


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("properties/title", None, "$.title: is gone"),
        (f"{PARTY}/role", None, "$.parties[].role: is gone"),
        ("required", ["status", "on", "title"], "$.title: is now required"),
        ("$defs/Party/required", ["party", "role"], "$.parties[].role: is now required"),
        ("required", ["status", "on", "place"], "$.place: is new, and required"),
        ("required", ["status"], "$.on: may now be absent"),
        ("properties/number/type", "integer", "$.number: was number, is integer"),
        ("properties/number/type", "string", "$.number: was number, is string"),
        ("properties/number/minimum", 1, "$.number: minimum was 0, is 1"),
        ("properties/number/maximum", 9, "$.number: maximum was not limited, is 9"),
        ("properties/status/enum", ["signed"], "$.status: no longer takes 'approved'"),
        ("properties/on/pattern", "^[0-9]+$", "$.on: pattern was ^[0-9-]+$, is ^[0-9]+$"),
        ("properties/on", NULLABLE, "$.on: may now be null"),
        ("properties/title", {"type": "string"}, "$.title: may no longer be null"),
        ("properties/title/anyOf/0/maxLength", 50, "$.title: maxLength was 500, is 50"),
        (f"{PARTY}/party", {"type": "integer"}, "$.parties[].party: was string, is integer"),
        ("properties/parties/minItems", 1, "$.parties: minItems was not limited, is 1"),
        ("properties/more/additionalProperties", False, "$.more: no longer takes fields"),
        ("additionalProperties", False, "$: no longer takes fields of other names"),
    ],
)
def test_what_would_break_a_reader_is_named(path: str, value: Any, said: str) -> None:
    [sentence] = incompatible(SIGNED, changed(path, value))
    assert sentence.startswith(said)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("properties/place", {"type": "string"}),
        (f"{PARTY}/signatory", {"type": "string"}),
        ("properties/status/enum", ["signed", "approved", "lapsed"]),
        ("properties/title/anyOf/0/maxLength", 5000),
        ("properties/number/minimum", None),
        ("properties/on/pattern", None),
        ("properties/on/description", "The day of the last signature."),
        ("$defs/Party", {**SIGNED["$defs"]["Party"], "title": "One who agrees"}),
    ],
)
def test_what_every_reader_bears_is_let_through(path: str, value: Any) -> None:
    assert incompatible(SIGNED, changed(path, value)) == []


def test_an_alternative_that_goes_or_comes_is_named() -> None:
    both = {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]}
    one = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert incompatible(both, one) == ["$: one of its alternatives is gone"]
    assert incompatible(one, both) == ["$: has an alternative that nobody knew"]
    assert incompatible(both, both) == []


def test_what_others_send_may_be_widened_but_not_narrowed() -> None:
    for path, value in [("required", ["status"]), ("properties/on", NULLABLE)]:
        wider = changed(path, value)
        if path != "required":
            wider["properties"]["on"]["anyOf"][0]["pattern"] = "^[0-9-]+$"
        assert incompatible(SIGNED, wider, only_read=True) == []
        assert incompatible(SIGNED, wider) != []
    assert incompatible(SIGNED, changed("properties/title", None), only_read=True) != []
    assert incompatible(SIGNED, changed("required", ["status", "on", "title"]), only_read=True)


def test_a_fact_that_is_published_no_more_is_named() -> None:
    files = catalogue.generated()
    name = "visits/visit-closed.v1.schema.json"
    left = {path: text for path, text in files.items() if path != name}
    assert catalogue.broken(files, left) == [
        f"{name}: is gone, but its facts stand in journals for ever"
    ]
    assert catalogue.broken(left, files) == []


@pytest.mark.parametrize("service", sorted(catalogue.published()))
def test_a_field_taken_from_any_fact_is_found(service: str) -> None:
    """The real schemas, each with one field fewer: none of these changes slips through."""
    files = catalogue.generated()
    for name, text in files.items():
        if not name.startswith(f"{service}/"):
            continue
        schema = json.loads(text)
        assert incompatible(schema, schema) == []
        field = next(iter(schema["properties"]))
        less = deepcopy(schema)
        del less["properties"][field]
        assert f"$.{field}: is gone" in incompatible(schema, less)


def test_nothing_is_written_over_what_readers_lean_on(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(catalogue, "STORED", tmp_path)
    monkeypatch.setattr(catalogue, "UPSTREAM", tmp_path / "upstream")
    (tmp_path / "upstream").mkdir()
    assert catalogue.write() == 0
    assert catalogue.generated().items() <= catalogue.stored().items()
    assert catalogue.stored_upstream() == upstream.generated()
    path = tmp_path / "visits" / "visit-closed.v1.schema.json"
    schema = json.loads(path.read_text())
    schema["properties"]["closed_by"] = {"type": "string"}
    kept = json.dumps(schema)
    path.write_text(kept)
    assert catalogue.write() == 1
    assert "visit-closed.v1.schema.json: $.closed_by: is gone" in capsys.readouterr().err
    assert path.read_text() == kept


def test_a_sender_is_not_asked_for_more_than_before(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(catalogue, "STORED", tmp_path)
    monkeypatch.setattr(catalogue, "UPSTREAM", tmp_path / "upstream")
    (tmp_path / "upstream").mkdir()
    assert catalogue.write() == 0
    path = tmp_path / "upstream" / "registrar.headcount.v1.schema.json"
    schema = json.loads(path.read_text())
    schema["required"].remove("year")
    path.write_text(json.dumps(schema))
    assert catalogue.write() == 1
    assert "registrar.headcount.v1.schema.json: $.year: is now" in capsys.readouterr().err
