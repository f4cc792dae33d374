"""Reporting understands everything that agreements, visits and mobility publish, and once sent."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import BaseModel

from services.agreements.events import FACTS as AGREEMENTS_FACTS
from services.mobility.events import FACTS as MOBILITY_FACTS
from services.reporting.domain.folding import Told, fields_of, fold
from services.reporting.incoming import AGREEMENTS, FIELDS, KINDS, MOBILITY, VISITS
from services.visits.events import FACTS as VISITS_FACTS
from shared.facts import Fact

SAMPLES = Path(__file__).parent / "samples"
SERVICES: dict[str, tuple[dict[str, type[BaseModel]], tuple[type[Fact], ...]]] = {
    "agreements": (AGREEMENTS, AGREEMENTS_FACTS),
    "visits": (VISITS, VISITS_FACTS),
    "mobility": (MOBILITY, MOBILITY_FACTS),
}
NOT_OF_RECORDS = {"rapport.mobility.upstream-refused.v1"}
"""What is no change of a record: nothing is counted of it."""
READS = [
    (service, type_, model)
    for service, (reads, _) in SERVICES.items()
    for type_, model in reads.items()
]


def kind_of(type_: str) -> str:
    name = type_.split(".")[2]
    return max((kind for kind in KINDS if name.startswith(f"{kind}-")), key=len)


@pytest.mark.parametrize("service", SERVICES)
def test_every_fact_that_is_published_is_read_and_no_other(service: str) -> None:
    reads, facts = SERVICES[service]
    assert set(reads) == {fact.type for fact in facts} - NOT_OF_RECORDS


@pytest.mark.parametrize(("service", "type_", "model"), READS)
def test_every_field_that_is_read_is_one_that_the_record_has(
    service: str, type_: str, model: type[BaseModel]
) -> None:
    published = {fact.type: fact for fact in SERVICES[service][1]}
    if "changes" in model.model_fields:
        assert "changes" in published[type_].model_fields
        return
    kind = kind_of(type_)
    making = ("recorded", "reported")
    whole = next(
        fact
        for each, fact in published.items()
        if each in [f"rapport.{service}.{kind}-{verb}.v1" for verb in making]
    )
    assert set(model.model_fields) <= set(whole.model_fields)


@pytest.mark.parametrize(("service", "type_", "model"), READS)
def test_what_was_once_sent_is_understood_and_folds_to_the_same_values(
    service: str, type_: str, model: type[BaseModel]
) -> None:
    sample = SAMPLES / service / f"{type_.split('.', 2)[2]}.json"
    sent = json.loads(sample.read_text(encoding="utf-8"))
    model.model_validate(sent)
    name = type_.split(".")[2]
    kind = next(each for each in KINDS if name.startswith(f"{each}-"))
    told = Told(f"{kind}-1", 1, datetime.now(UTC), fields_of(sample.read_bytes()))
    [folded] = fold({}, [told])[1].values()
    given = sent.get("changes", sent)
    state = json.loads(folded.state)
    assert state == {name: value for name, value in given.items() if name in FIELDS[kind]}
    KINDS[kind].model_validate(state)
