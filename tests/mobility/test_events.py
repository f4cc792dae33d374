"""The facts that are published: complete, understood for ever, folded by merging, impersonal."""

import json
from typing import Any

import pytest

from services.mobility import events
from services.mobility.domain.applications import Application
from services.mobility.domain.appointments import Appointment
from services.mobility.domain.programmes import Headcount, Programme
from services.mobility.domain.refusals import RefusedOfADay
from services.mobility.domain.stays import Stay
from services.mobility.events import (
    FACTS,
    applications,
    appointments,
    programmes,
    refusals,
    stays,
)
from shared.facts import Correction, Fact, State, changes_of
from tests.mobility.samples import samples, stored_at

STATES: dict[str, type[State]] = {
    "application": Application,
    "appointment": Appointment,
    "headcount": Headcount,
    "programme": Programme,
    "stay": Stay,
    "upstream": RefusedOfADay,
}
MAKING = ("-nominated", "-recorded", "-submitted", "-made", "-reported")


def _state_of(fact: type[Fact]) -> type[State]:
    name = fact.type.removeprefix("rapport.mobility.")
    return next(state for kind, state in STATES.items() if name.startswith(f"{kind}-"))


def _stored(fact: type[Fact]) -> Any:
    return json.loads(stored_at(fact).read_text(encoding="utf-8"))


def test_the_list_of_facts_is_all_that_the_modules_define() -> None:
    defined = {
        value
        for module in (applications, appointments, programmes, refusals, stays)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Fact) and value not in (Fact, Correction)
    }
    assert set(events.FACTS) == defined
    assert len({fact.type for fact in FACTS}) == len(FACTS)


def test_every_type_is_made_by_some_decision() -> None:
    assert {type(fact) for fact in samples()} == set(FACTS)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.type)
def test_a_fact_as_it_was_once_sent_is_still_understood(fact: type[Fact]) -> None:
    sent = _stored(fact)
    assert json.loads(fact.model_validate(sent).data()) == sent


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.type)
def test_what_a_fact_changes_stands_under_the_names_of_the_record(fact: type[Fact]) -> None:
    state = _state_of(fact)
    whole = next(
        f
        for f in FACTS
        if _state_of(f) is state and f.type.endswith(("recorded.v1", "reported.v1", "refused.v1"))
    )
    before = state.model_validate(_stored(whole) | {"id": "x-1", "version": 1})
    told = fact.model_validate(_stored(fact))
    after = before.after(told).model_dump(mode="json")
    changed = {name: value for name, value in changes_of(told).items() if name in after}
    assert changed, "a fact that changes nothing of the record is no fact"
    assert {name: after[name] for name in changed} == changed


@pytest.mark.parametrize(
    "fact", [f for f in FACTS if f.type.removesuffix(".v1").endswith(MAKING)], ids=lambda f: f.type
)
def test_a_fact_that_makes_a_record_carries_the_whole_of_it(fact: type[Fact]) -> None:
    fields = set(_state_of(fact).model_fields) - {"id", "version"}
    made = next(each for each in samples() if type(each) is fact)
    assert set(json.loads(made.data())) == fields
    assert set(_stored(fact)) <= fields  # it was sent when there were fewer


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.type)
def test_no_fact_has_a_place_for_a_persons_name_or_address(fact: type[Fact]) -> None:
    schema = json.dumps(fact.model_json_schema()["properties"])
    assert not any(word in schema for word in ("email", "person_name", "full_name", "phone"))
