"""The catalogue is what the code publishes, complete, and every stored message fits it."""

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema
from jsonschema import Draft202012Validator

from services.mobility import contracts as upstream
from services.program.topics import TopicFile
from shared.clock import Clock
from shared.envelope import headers_of
from shared.facts import Fact
from tests.support import catalogue
from tests.support.catalogue import COMMAND, published, readers, sample_of, sample_path, schema_of

FACTS = [fact for facts in published().values() for fact in facts]
PUBLISHERS = sorted(published())
DOCUMENT: dict[str, Any] = json.loads(catalogue.generated()["asyncapi.json"])


def test_what_is_checked_in_is_what_the_code_publishes() -> None:
    stored, generated = catalogue.stored(), catalogue.generated()
    differing = [name for name in generated if stored.get(name) != generated[name]]
    assert differing == [], f"docs/contracts has drifted from the code: run `{COMMAND}`"
    left_over = sorted(set(stored) - set(generated))
    assert left_over == [], "nothing publishes these any more, but journals hold them for ever"


def test_no_change_since_the_last_catalogue_breaks_a_reader() -> None:
    kept, new = catalogue.stored_upstream(), upstream.generated()
    breaks = catalogue.broken(catalogue.stored(), catalogue.generated())
    breaks += catalogue.broken(kept, new, only_read=True)
    assert breaks == [], "make it a new type (.v2) and keep the old one readable"


# --- completeness --------------------------------------------------------------------------------


def test_every_service_with_a_topic_of_its_own_publishes() -> None:
    owners = {each.owner for each in TopicFile.load().topics if each.name.endswith(".events")}
    assert set(PUBLISHERS) == owners


@pytest.mark.parametrize("service", PUBLISHERS)
def test_every_fact_that_a_service_defines_stands_in_its_list(service: str) -> None:
    listed = published()[service]
    assert catalogue.defined(service) == set(listed)
    assert len({fact.type for fact in listed}) == len(listed)


@pytest.mark.parametrize("service", PUBLISHERS)
def test_a_type_on_the_wire_names_its_service_what_happened_and_a_version(service: str) -> None:
    for fact in published()[service]:
        parts = fact.type.split(".")
        assert parts[:2] == ["rapport", service]
        assert len(parts) == 4
        assert parts[3].removeprefix("v").isdigit()


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.type)
def test_every_fact_is_kept_as_it_was_once_sent_and_fits_model_and_schema(
    fact: type[Fact],
) -> None:
    path = sample_path(fact)
    assert path.exists(), f"store {path}: the data of such a fact, as its service sends it"
    sent = sample_of(fact)
    assert json.loads(fact.model_validate_json(path.read_bytes()).data()) == sent
    schema = schema_of(fact)
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(sent)


def test_no_stored_message_is_of_a_type_that_nobody_publishes() -> None:
    """A type that is no longer made must stay readable: its class stays, and so does its sample."""
    stored = set(catalogue.SAMPLES.rglob("*.json"))
    assert stored == {sample_path(fact) for fact in FACTS}


@pytest.mark.parametrize("service", sorted(readers()))
def test_everything_that_is_read_is_published_by_somebody(service: str) -> None:
    known = {fact.type for fact in FACTS} | set(upstream.index())
    assert set(readers()[service]) <= known


def test_nobody_reads_their_own_facts() -> None:
    own = {s: [t for t in reads if t.startswith(f"rapport.{s}.")] for s, reads in readers().items()}
    assert not any(own.values())


# --- the document --------------------------------------------------------------------------------


def test_the_document_is_asyncapi_3_as_another_library_reads_it() -> None:
    read = ApplicationSchema.model_validate(DOCUMENT)
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert set(read.channels) == {each.name for each in TopicFile.load().topics} - {
        "rapport.control"
    }
    assert read.operations is not None
    assert {f"{service}-publishes" for service in PUBLISHERS} < set(read.operations)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, child in value.items():
            if name == "$ref":
                yield child
            elif name != "examples":
                yield from _references(child)
    elif isinstance(value, list):
        for child in value:
            yield from _references(child)


def test_every_reference_of_the_document_leads_somewhere() -> None:
    files = catalogue.generated()
    for reference in set(_references(DOCUMENT)):
        if reference.startswith("#/"):
            found = DOCUMENT
            for part in reference.removeprefix("#/").split("/"):
                found = found[part]
        elif reference.startswith("../../services/mobility/contracts/"):
            assert (resources.files(upstream) / reference.rpartition("/")[2]).is_file()
        else:
            assert reference in files


def test_the_headers_that_are_described_are_those_that_are_sent() -> None:
    sent = headers_of(
        service="visits",
        subject="visit-01k9zv5n3m8q4w7t2r6y0a1b2c",
        version=3,
        type="rapport.visits.visit-closed.v1",
        time=Clock().now(),
        digest=b"\0" * 32,
        epoch=1,
        actor="lan",
        correlation_id="c-1",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    schema = DOCUMENT["components"]["schemas"]["fact-headers"]
    assert [name for name, _ in sent] == list(schema["properties"])
    Draft202012Validator(schema).validate({name: value.decode() for name, value in sent})


def test_no_schema_has_a_place_for_a_persons_name_or_address() -> None:
    for name, text in catalogue.generated().items():
        if name.endswith(".schema.json"):
            words = json.dumps(json.loads(text)["properties"])
            assert not any(f'"{word}"' in words for word in ("email", "person_name", "full_name"))
