"""The facts that are published: names on the wire, stored samples, folding, nothing personal."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.visits import events
from services.visits.domain import Visit
from services.visits.events import FACTS, VisitWhole
from shared.facts import Fact, changes_of

SAMPLES = Path(__file__).parents[1] / "contracts" / "samples" / "visits"


def sample_of(fact: type[Fact]) -> Any:
    return json.loads((SAMPLES / f"{fact.type.split('.', 2)[2]}.json").read_text())


def facts_of_the_module() -> Iterator[type[Fact]]:
    for value in vars(events).values():
        if isinstance(value, type) and issubclass(value, Fact) and hasattr(value, "type"):
            yield value


def test_the_list_of_facts_is_all_that_the_module_defines() -> None:
    assert set(FACTS) == set(facts_of_the_module())
    assert len({fact.type for fact in FACTS}) == len(FACTS)


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_as_it_was_once_sent_is_still_understood(fact: type[Fact]) -> None:
    sent = sample_of(fact)
    assert json.loads(fact.model_validate(sent).data()) == sent


@pytest.mark.parametrize("fact", FACTS)
def test_what_a_fact_changes_stands_under_the_names_of_the_record(fact: type[Fact]) -> None:
    """Every fact can be merged into a record of before, and the record is then what it says."""
    before = Visit.model_validate(
        sample_of(events.VisitRequested) | {"id": "visit-1", "version": 1}
    )
    told = fact.model_validate(sample_of(fact))
    after = before.after(told).model_dump(mode="json")
    changed = {name: value for name, value in changes_of(told).items() if name in after}
    assert changed, "a fact that changes nothing of the record is no fact"
    assert {name: after[name] for name in changed} == changed


def test_a_recorded_or_requested_visit_is_published_whole() -> None:
    for fact in (events.VisitRequested, events.VisitRecorded):
        assert set(sample_of(fact)) == set(VisitWhole.model_fields)


@pytest.mark.parametrize("fact", FACTS)
def test_no_fact_has_a_place_for_a_name_or_an_address(fact: type[Fact]) -> None:
    schema = json.dumps(fact.model_json_schema()["properties"])
    assert not any(word in schema for word in ("email", "person_name", "full_name"))
