"""Folding is merging: publisher and reader come to the same state."""

from typing import ClassVar

import pytest
from pydantic import ValidationError

from shared.dates import PartialDate
from shared.facts import Correction, Fact, State, changes_of
from shared.identity import is_id, new_id


class BridgeBuilt(Fact):
    type: ClassVar[str] = "test.bridge-built.v1"
    name: str
    built_on: PartialDate
    closed_on: PartialDate | None = None


class BridgeClosed(Fact):
    type: ClassVar[str] = "test.bridge-closed.v1"
    closed_on: PartialDate | None
    why: str = "unknown"


class BridgeCorrected(Correction):
    type: ClassVar[str] = "test.bridge-corrected.v1"


class Bridge(State):
    name: str = ""
    built_on: PartialDate | None = None
    closed_on: PartialDate | None = None


BUILT = BridgeBuilt(name="Long Bien", built_on=PartialDate("1902"))


def test_a_state_after_facts_has_their_fields_and_counts_them() -> None:
    bridge = Bridge(id="bridge-1").after(BUILT, BridgeClosed(closed_on=PartialDate("1972-05")))
    assert (bridge.version, bridge.name, bridge.closed_on) == (2, "Long Bien", "1972-05")


def test_what_a_fact_did_not_set_is_not_on_the_wire() -> None:
    assert BUILT.data() == b'{"name":"Long Bien","built_on":"1902"}'


def test_a_cleared_field_travels_as_null() -> None:
    closed = Bridge(id="bridge-1").after(BUILT, BridgeClosed(closed_on=PartialDate("1972")))
    reopened = BridgeClosed(closed_on=None)
    assert reopened.data() == b'{"closed_on":null}'
    assert closed.after(reopened).closed_on is None


def test_a_correction_merges_its_changes_only() -> None:
    mended = BridgeCorrected(changes={"built_on": "1903"}, reason="archive")
    assert changes_of(mended) == {"built_on": "1903"}
    assert Bridge(id="bridge-1").after(BUILT, mended).built_on == "1903"


def test_a_correction_to_an_impossible_value_is_refused() -> None:
    wrong = BridgeCorrected(changes={"built_on": "soon"}, reason="typo")
    with pytest.raises(ValidationError):
        Bridge(id="bridge-1").after(BUILT, wrong)


def test_a_fact_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValidationError):
        BridgeBuilt.model_validate({"name": "x", "built_on": "1902", "builder": "D. and P."})


def test_ids_sort_by_their_making_and_say_what_they_are() -> None:
    ids = [new_id("joint-programme") for _ in range(100)]
    assert len(set(ids)) == 100
    assert all(is_id("joint-programme", each) for each in ids)
    assert not is_id("partner", ids[0])
    assert not is_id("partner", "partner-1; drop table")
