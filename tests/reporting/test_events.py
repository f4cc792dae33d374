"""The facts that are published: complete, understood for ever, folded by merging."""

import json

import pytest

from services.reporting.domain.plans.plan import Plan
from services.reporting.domain.report.report import Report
from services.reporting.events import FACTS, plans, reports
from shared.facts import Fact
from tests.reporting.samples import samples, stored_at

PROPER = {"target", "on", "number"}
"""What a fact says of itself, beside the fields of the record."""


def test_the_list_of_facts_is_all_that_the_modules_define() -> None:
    defined = {
        value
        for module in (plans, reports)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Fact) and value is not Fact
    }
    assert set(FACTS) == defined
    assert len({fact.type for fact in FACTS}) == len(FACTS)


def test_every_type_is_made_by_some_decision() -> None:
    assert {type(fact) for fact in samples()} == set(FACTS)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.type)
def test_a_fact_as_it_was_once_sent_is_still_understood(fact: type[Fact]) -> None:
    sent = json.loads(stored_at(fact).read_text(encoding="utf-8"))
    assert json.loads(fact.model_validate(sent).data()) == sent


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.type)
def test_what_a_fact_changes_stands_under_the_names_of_the_record(fact: type[Fact]) -> None:
    state = Report if fact.type.startswith("rapport.reporting.report-") else Plan
    assert set(fact.model_fields) - PROPER <= set(state.model_fields)
