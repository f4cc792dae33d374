"""The facts that are published: complete, understood for ever, folded by merging, impersonal."""

import json
from typing import Any

import pytest

from services.agreements import events
from services.agreements.domain.agreements import Agreement
from services.agreements.domain.contributions import Contribution
from services.agreements.domain.joint_programmes import JointProgramme
from services.agreements.domain.joint_projects import JointProject
from services.agreements.domain.partners import Partner
from services.agreements.events import FACTS, agreements, contributions, joint, partners
from shared.facts import Correction, Fact, State, changes_of
from tests.agreements.samples import samples, stored_at

STATES: dict[str, type[State]] = {
    "agreement": Agreement,
    "contribution": Contribution,
    "joint-programme": JointProgramme,
    "joint-project": JointProject,
    "partner": Partner,
}


def _state_of(fact: type[Fact]) -> type[State]:
    name = fact.type.removeprefix("rapport.agreements.")
    return next(state for kind, state in STATES.items() if name.startswith(f"{kind}-"))


def _stored(fact: type[Fact]) -> Any:
    return json.loads(stored_at(fact).read_text(encoding="utf-8"))


def test_the_list_of_facts_is_all_that_the_modules_define() -> None:
    defined = {
        value
        for module in (agreements, contributions, joint, partners)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Fact) and value not in (Fact, Correction)
    }
    assert set(events.FACTS) == defined
    assert len({fact.type for fact in FACTS}) == len(FACTS)


def test_a_decision_makes_each_fact_as_its_sample_has_it() -> None:
    """Every type is made by some decision, and with the fields that are stored."""
    made = {type(fact): fact for fact in samples()}
    assert set(made) == set(FACTS)
    for kind, fact in made.items():
        if not issubclass(kind, Correction):
            assert set(json.loads(fact.data())) - _added(kind) == set(_stored(kind)), kind.type


def _added(fact: type[Fact]) -> set[str]:
    """Fields that came into a fact after its sample was stored: older ones lack them, so they are
    optional."""
    fields = fact.model_fields
    return {name for name in fields.keys() - _stored(fact) if not fields[name].is_required()}


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.type)
def test_a_fact_as_it_was_once_sent_is_still_understood(fact: type[Fact]) -> None:
    sent = _stored(fact)
    assert json.loads(fact.model_validate(sent).data()) == sent


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.type)
def test_what_a_fact_changes_stands_under_the_names_of_the_record(fact: type[Fact]) -> None:
    """Merged into a record, every field of it that a fact names is then what the fact says."""
    state = _state_of(fact)
    whole = next(f for f in FACTS if _state_of(f) is state and f.type.endswith("-recorded.v1"))
    before = state.model_validate(_stored(whole) | {"id": "x-1", "version": 1})
    told = fact.model_validate(_stored(fact))
    after = before.after(told).model_dump(mode="json")
    changed = {name: value for name, value in changes_of(told).items() if name in after}
    assert changed, "a fact that changes nothing of the record is no fact"
    assert {name: after[name] for name in changed} == changed


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.type)
def test_a_fact_that_makes_a_record_carries_the_whole_of_it(fact: type[Fact]) -> None:
    makes = (
        "-registered",
        ".agreement-proposed",
        "-planned",
        "-applied-for",
        "-received",
        "-recorded",
    )
    if fact.type.removesuffix(".v1").endswith(makes):
        fields = set(_state_of(fact).model_fields) - {"id", "version"}
        assert set(_stored(fact)) == fields - _added(fact)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.type)
def test_no_fact_has_a_place_for_a_persons_name_or_address(fact: type[Fact]) -> None:
    schema = json.dumps(fact.model_json_schema()["properties"])
    assert not any(word in schema for word in ("email", "person_name", "full_name", "phone"))
