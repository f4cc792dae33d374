"""Fields of study: those of ISCED-F 2013, and no others."""

import pytest

from services.agreements.domain import agreements
from services.agreements.domain.isced import FIELDS
from tests.agreements.making import an_agreement, refused


def test_the_detailed_fields_are_listed() -> None:
    assert {"0111", "0232", "0714", "0715", "0923", "1041"} <= FIELDS
    assert {len(each) for each in FIELDS} == {4}


@pytest.mark.parametrize("code", ["0698", "1234"])
def test_a_field_that_isced_does_not_know_is_refused(code: str) -> None:
    with refused("field-of-study-unknown", field="fields.1"):
        agreements.sound(an_agreement(fields=["0714", code]))
