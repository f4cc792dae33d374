"""The visits service understands what the agreements service publishes."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from services.agreements.events import FACTS
from services.visits.incoming import AGREEMENT_FACTS, PARTNER_FACTS

READS = {**PARTNER_FACTS, **AGREEMENT_FACTS}
PUBLISHED = {fact.type: fact for fact in FACTS}
SAMPLES = Path(__file__).parent / "samples" / "agreements"


@pytest.mark.parametrize("type_", READS)
def test_every_type_that_visits_reads_is_published(type_: str) -> None:
    assert type_ in PUBLISHED


@pytest.mark.parametrize(("type_", "model"), READS.items())
def test_every_field_that_visits_reads_is_one_that_the_fact_may_carry(
    type_: str, model: type[BaseModel]
) -> None:
    if "changes" in model.model_fields:
        assert "changes" in PUBLISHED[type_].model_fields
        return
    whole = PUBLISHED[type_.rsplit("-", 1)[0] + "-recorded.v1"]
    assert set(model.model_fields) <= set(whole.model_fields)


@pytest.mark.parametrize("name", ["name", "names", "status", "merged_into", "ref", "follow_up"])
def test_no_fact_changes_a_field_that_visits_keeps_without_being_read(name: str) -> None:
    """A new fact about partners or agreements that sets such a field must be read here, too."""
    kept = {
        "partner": {"name", "names", "status", "merged_into", "ref"},
        "agreement": {"follow_up", "ref"},
    }
    unread = [
        fact.type
        for fact in FACTS
        for kind, names in kept.items()
        if fact.type.startswith(f"rapport.agreements.{kind}-")
        and name in names
        and name in fact.model_fields
        and fact.type not in READS
    ]
    assert unread == []


@pytest.mark.parametrize(("type_", "model"), READS.items())
def test_what_agreements_once_sent_is_understood(type_: str, model: type[BaseModel]) -> None:
    sample = SAMPLES / f"{type_.split('.', 2)[2]}.json"
    assert model.model_validate(json.loads(sample.read_text())).model_fields_set
