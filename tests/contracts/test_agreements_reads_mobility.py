"""The agreements service understands what the mobility service publishes of stays."""

import json
from pathlib import Path
from typing import get_args

import pytest

from services.agreements.events.values import MobilityKind
from services.agreements.incoming import STAYS, Stay
from services.mobility.events import FACTS
from services.mobility.events.stays import StayFields
from services.mobility.events.values import Kind

PUBLISHED = {fact.type for fact in FACTS if ".stay-" in fact.type}
SAMPLES = Path(__file__).parent / "samples" / "mobility"


def test_every_fact_of_a_stay_is_read_and_no_other() -> None:
    assert set(STAYS) == PUBLISHED


def test_every_field_that_is_read_is_one_that_a_stay_has() -> None:
    assert set(Stay.model_fields) <= set(StayFields.model_fields)


def test_places_are_given_for_the_kinds_that_stays_have() -> None:
    assert set(get_args(MobilityKind)) == set(get_args(Kind))


@pytest.mark.parametrize("type_", STAYS)
def test_a_stay_as_it_was_once_sent_is_understood_here(type_: str) -> None:
    path = SAMPLES / f"{type_.split('.', 2)[2]}.json"
    STAYS[type_].model_validate(json.loads(path.read_text(encoding="utf-8")))
