"""The contract of HR and the registrar as files: what is checked in is what the code takes."""

from importlib import resources

import pytest
from jsonschema import Draft202012Validator, ValidationError

from services.mobility import contracts
from services.mobility.contracts import EXAMPLES, generated, index, schema
from services.mobility.incoming import UPSTREAM


def test_the_files_of_the_contract_are_what_the_code_says() -> None:
    folder = resources.files(contracts)
    kept = {
        entry.name: entry.read_text(encoding="utf-8")
        for entry in folder.iterdir()
        if entry.name.endswith(".json")
    }
    assert kept == generated(), "run `python -m services.mobility contracts`"


def test_every_type_has_a_schema_and_an_example() -> None:
    assert set(index()) == set(UPSTREAM) == set(EXAMPLES)


@pytest.mark.parametrize("event_type", sorted(UPSTREAM))
def test_schema_and_code_take_the_same_example(event_type: str) -> None:
    found = schema(event_type)
    assert found is not None
    Draft202012Validator.check_schema(found)
    data = EXAMPLES[event_type]["data"]
    Draft202012Validator(found).validate(data)
    UPSTREAM[event_type].model_validate(data)


@pytest.mark.parametrize("event_type", sorted(UPSTREAM))
def test_schema_and_code_refuse_a_field_too_many(event_type: str) -> None:
    found = schema(event_type)
    assert found is not None
    data = EXAMPLES[event_type]["data"] | {"full_name": "somebody"}
    with pytest.raises(ValidationError):
        Draft202012Validator(found).validate(data)
    with pytest.raises(ValueError, match="extra_forbidden"):
        UPSTREAM[event_type].model_validate(data)


def test_other_leave_passes_the_schema_because_it_is_not_ours_to_judge() -> None:
    found = schema("upstream.hr.leave-approved.v1")
    assert found is not None
    Draft202012Validator(found).validate({"leave_type": "illness", "anything": 1})
