"""Every reader understands every stored message, and folds them to what the publisher has."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from pydantic import BaseModel

from services.notify.incoming import Read
from shared.facts import Fact
from tests.support.catalogue import published, readers, sample_of

FACTS = {fact.type: fact for facts in published().values() for fact in facts}
Reads = Mapping[str, type[BaseModel]]


def _merged_by_notify(read: BaseModel) -> dict[str, Any]:
    assert isinstance(read, Read)
    return read.merged()


def _plainly(read: BaseModel) -> dict[str, Any]:
    fields = read.model_dump(mode="json", exclude_unset=True, by_alias=True)
    changes: dict[str, Any] = fields.pop("changes", {})
    return fields | changes


MERGES: Mapping[str, Callable[[BaseModel], dict[str, Any]]] = {
    "notify": _merged_by_notify,
}
"""How a reader lays a fact over what it had; the others have tests of their own for that."""


def _kinds() -> Iterator[tuple[str, list[type[Fact]]]]:
    """Every kind of record: its stem on the wire, and its facts, the whole of it first."""
    for facts in published().values():
        for whole in facts:
            for word in ("recorded.v1", "reported.v1"):
                stem = whole.type.removesuffix(word)
                if stem == whole.type or f"{stem}corrected.v1" not in FACTS:
                    continue
                rest = [f for f in facts if f.type.startswith(stem) and f is not whole]
                longer = {s for s in _stems() if s != stem and s.startswith(stem)}
                yield stem, [whole, *(f for f in rest if not f.type.startswith(tuple(longer)))]


def _stems() -> set[str]:
    return {type_.removesuffix("corrected.v1") for type_ in FACTS if "-corrected." in type_}


KINDS = dict(_kinds())
READINGS = [
    (service, stem)
    for service, reads in readers().items()
    for stem, facts in KINDS.items()
    if any(fact.type in reads for fact in facts)
]


def test_there_are_readings_to_look_at() -> None:
    assert {service for service, _ in READINGS} == set(readers())
    assert KINDS.keys() == _stems()


@pytest.mark.parametrize("service", sorted(readers()))
def test_every_stored_message_of_a_type_that_is_read_is_understood(service: str) -> None:
    for type_, model in readers()[service].items():
        if type_ in FACTS:
            model.model_validate(sample_of(FACTS[type_]))


@pytest.mark.parametrize(("service", "stem"), READINGS)
def test_a_reader_has_after_every_fact_what_the_publisher_has(service: str, stem: str) -> None:
    """Also after facts that it does not read: they must not change a field that it keeps."""
    reads, merge = readers()[service], MERGES.get(service, _plainly)
    ours: dict[str, Any] = {}
    theirs: dict[str, Any] = {}
    for fact in KINDS[stem]:
        sent = sample_of(fact)
        theirs |= sent.get("changes", sent)
        if fact.type in reads:
            ours |= merge(reads[fact.type].model_validate(sent))
        assert [*_differences(ours, theirs, fact.type)] == []


def _differences(ours: Any, theirs: Any, at: str) -> Iterator[str]:
    """Where what was read is not a part of what was sent."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name, value in ours.items():
            yield from _differences(value, theirs.get(name), f"{at}.{name}")
    elif isinstance(ours, list | tuple) and isinstance(theirs, list):
        if len(ours) != len(theirs):
            yield f"{at}: {len(ours)} entries, not {len(theirs)}"
        for number, (one, other) in enumerate(zip(ours, theirs, strict=False)):
            yield from _differences(one, other, f"{at}[{number}]")
    elif ours != theirs:
        yield f"{at}: {ours!r}, not {theirs!r}"
