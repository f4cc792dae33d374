"""The columns of every register are the fields that its service takes, with the same words."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import services
from services.program.registers import REGISTERS
from shared.sheets.cells import Codes, Kind, Many, One, Parts
from shared.sheets.layout import CellUnreadable, Layout, layouts_of
from shared.sheets.naming import LANGUAGES, folded
from tests.support.office import built
from tests.support.sheets_page import PAGE, written

Schema = Mapping[str, Any]

LEFT_OUT = {
    "partners": {"merger"},
    "mobilities": {"source"},
    "applications": {"source"},
    "appointments": {"source"},
}
"""Fields that a list does not tell."""


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Service -> its OpenAPI document."""
    services = {layout.service for layout in REGISTERS.values()}
    folder = tmp_path_factory.mktemp("services")
    return {name: built(name, folder).app.openapi() for name in services}


def body_of(document: Any, layout: Layout) -> Schema:
    operation = document["paths"][f"{layout.records}/{{ref}}"]["put"]
    return operation["requestBody"]["content"]["application/json"]["schema"]  # type: ignore[no-any-return]


def resolved(schema: Schema, document: Any) -> Schema:
    """Without references, and without null."""
    if "$ref" in schema:
        return resolved(
            document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document
        )
    if "anyOf" in schema:
        (only,) = [each for each in schema["anyOf"] if each.get("type") != "null"]
        return resolved(only, document)
    return schema


def differing(kind: Kind, schema: Schema, document: Any, place: str) -> Iterator[str]:
    """Where a kind of cell and a schema do not mean the same."""
    schema = resolved(schema, document)
    if isinstance(kind, Many):
        yield from differing(kind.kind, schema.get("items", {}), document, place)
    elif isinstance(kind, One):
        yield from differing(kind.kind, schema, document, place)
    elif isinstance(kind, Parts):
        fields = schema.get("properties", {})
        unknown = kind.parts.keys() - fields.keys()
        lacking = fields.keys() - kind.parts.keys() - {"ours", "partner", "organization", "country"}
        yield from (f"{place}.{name}: not in the service" for name in sorted(unknown))
        yield from (f"{place}.{name}: has no part" for name in sorted(lacking))
        for name in kind.parts.keys() & fields.keys():
            yield from differing(kind.parts[name], fields[name], document, f"{place}.{name}")
    elif isinstance(kind, Codes) or "enum" in schema:
        words = list(kind.codes) if isinstance(kind, Codes) else None
        if words != schema.get("enum"):
            yield f"{place}: {words}, but the service takes {schema.get('enum')}"


@pytest.mark.parametrize("name", REGISTERS)
def test_every_field_of_a_record_has_its_column_and_every_word_is_known(
    name: str, described: dict[str, Any]
) -> None:
    layout = REGISTERS[name]
    document = described[layout.service]
    body = resolved(body_of(document, layout), document)
    fields = body["properties"]
    told = {column.of.partition(".")[0] for column in layout.columns.values()}
    assert fields.keys() - told - LEFT_OUT.get(name, set()) == set()
    assert told - fields.keys() <= {"ref"}
    needed = {column.of for column in layout.columns.values() if column.required} - {"ref"}
    assert needed == set(body.get("required", [])) - {"ref"}
    wrong: list[str] = []
    for column in layout.columns.values():
        outer, _, inner = column.of.partition(".")
        schema = resolved(fields.get(outer, {}), document)
        schema = schema.get("properties", {}).get(inner, {}) if inner else schema
        if schema:
            wrong += differing(column.kind, schema, document, column.name)
    assert wrong == []


@pytest.mark.parametrize("name", REGISTERS)
def test_every_column_is_named_in_every_language_and_no_two_alike(name: str) -> None:
    layout = REGISTERS[name]
    for column in layout.columns.values():
        assert column.name in layout.words, f"{column.name}: give it names in words.yaml"
        for language in LANGUAGES:
            assert layout.find(column.labels[language]) is column
            assert folded(column.labels[language])
    lists = [each.kind for each in layout.columns.values() if isinstance(each.kind, Codes)]
    for kind in lists:
        for code in kind.codes:
            assert {kind.read(said) for said in layout.words.all(code)} == {code}
            assert code in layout.words or code in {"2+2", "3+1"}


@pytest.mark.parametrize("name", REGISTERS)
def test_the_example_of_every_register_can_be_read_and_is_written_as_it_stands(name: str) -> None:
    layout = REGISTERS[name]
    assert layout.example.keys() <= layout.columns.keys()
    body = layout.body(layout.example)
    row = layout.row(body | {"ref": layout.example["ref"]})
    written = dict(zip(layout.columns, row, strict=True))
    assert {column: cell for column, cell in written.items() if cell} == layout.example


BAD = {
    "date": "14/05/2019",
    "yes-no": "perhaps",
    "whole": "many",
    "number": "many",
    "isced": "711",
    "codes": "no such word",
    "one": "a | b; c | d",
}


@pytest.mark.parametrize("name", REGISTERS)
def test_a_bad_cell_in_any_column_is_named_with_what_was_expected(name: str) -> None:
    layout = REGISTERS[name]
    spoilt = [column for column in layout.columns.values() if column.kind.name in BAD]
    assert spoilt
    for column in spoilt:
        with pytest.raises(CellUnreadable, match=r"expected|perhaps") as refused:
            layout.body({**layout.example, column.name: BAD[column.kind.name]})
        assert refused.value.column == column.name


def test_a_service_without_registers_has_no_layouts() -> None:
    assert layouts_of("notify") == {}


def test_the_files_of_the_registers_are_where_packages_take_them_from() -> None:
    for layout in REGISTERS.values():
        folder = Path(services.__file__).parent / layout.service / "sheets"
        assert (folder / "registers.yaml").is_file()


def test_the_page_has_the_columns_as_they_are() -> None:
    assert PAGE.read_text(encoding="utf-8") == written(), "make contracts"
