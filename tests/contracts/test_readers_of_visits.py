"""What the visits service publishes is understood by those who read it, in every stored sample."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from services.notify import incoming as notify
from services.reporting.incoming import visits as reporting
from services.visits.events import FACTS, VisitFields

SAMPLES = Path(__file__).parent / "samples" / "visits"
READERS = {"notify": notify.VISITS, "reporting": reporting.VISITS}
PUBLISHED = {fact.type for fact in FACTS}
PAPERS = {type_ for type_ in PUBLISHED if "-document-" in type_}
"""They change nothing that others read, but the version."""


def sample_of(type_: str) -> Any:
    return json.loads((SAMPLES / f"{type_.split('.', 2)[2]}.json").read_text())


@pytest.mark.parametrize("reader", READERS)
def test_every_type_that_is_read_is_published(reader: str) -> None:
    assert set(READERS[reader]) <= PUBLISHED


@pytest.mark.parametrize(
    ("model", "type_"),
    [(model, type_) for reads in READERS.values() for type_, model in reads.items()],
)
def test_every_sample_of_a_type_that_is_read_is_understood(
    model: type[BaseModel], type_: str
) -> None:
    understood = model.model_validate(sample_of(type_))
    assert bool(understood.model_fields_set) == (type_ not in PAPERS)


def test_every_field_that_reporting_reads_is_one_that_visits_has() -> None:
    assert set(reporting.Visit.model_fields) <= set(VisitFields.model_fields)
