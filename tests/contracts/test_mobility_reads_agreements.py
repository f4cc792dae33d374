"""The mobility service understands what the agreements service publishes."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from services.agreements.events import FACTS
from services.mobility.incoming import READS

PUBLISHED = {fact.type: fact for fact in FACTS}
SAMPLES = Path(__file__).parent / "samples" / "agreements"


@pytest.mark.parametrize("type_", READS)
def test_every_type_that_mobility_reads_is_published(type_: str) -> None:
    assert type_ in PUBLISHED


@pytest.mark.parametrize(("type_", "model"), READS.items())
def test_every_field_that_mobility_reads_is_one_that_the_fact_may_carry(
    type_: str, model: type[BaseModel]
) -> None:
    if "changes" in model.model_fields:
        assert "changes" in PUBLISHED[type_].model_fields
        return
    whole = PUBLISHED[type_[: type_.index("-", len("rapport.agreements.joint-"))] + "-recorded.v1"]
    assert set(model.model_fields) <= set(whole.model_fields)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_agreements_as_they_were_once_sent_are_understood_here(path: Path) -> None:
    model = READS.get(f"rapport.agreements.{path.stem}")
    if model is not None:
        model.model_validate(json.loads(path.read_text(encoding="utf-8")))
