"""`rapport send`: what is wrong with an upstream event is found before it is sent."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.program.sending import check_file, prefix_of

GOOD: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "/hust/registrar",
    "type": "upstream.registrar.student-departed.v1",
    "time": "2019-02-04T02:00:00Z",
    "data": {"record": "R-1", "person_ref": "p-1", "on": "2019-02-04"},
}


def checked(folder: Path, *lines: Any) -> Any:
    file = folder / "events.ndjson"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    file.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return check_file(file)


def test_an_event_that_keeps_the_contract_goes_to_its_systems_topic(tmp_path: Path) -> None:
    (event,) = checked(tmp_path, GOOD)
    assert event.ok
    assert (event.topic, event.key) == ("upstream.registrar", "R-1")


def test_events_of_one_record_have_one_key(tmp_path: Path) -> None:
    first, second = checked(tmp_path, GOOD, GOOD | {"id": "e-2"})
    assert first.key == second.key


def test_lines_are_numbered_as_in_the_file(tmp_path: Path) -> None:
    found = checked(tmp_path, GOOD, "", GOOD | {"type": "upstream.registrar.unheard-of.v1"})
    assert [(event.line, event.ok) for event in found] == [(1, True), (3, False)]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"specversion": "0.3"}, "$.specversion"),
        ({"id": ""}, "$.id"),
        ({"data": "text"}, "$.data"),
        ({"type": "upstream.hr.unheard-of.v1"}, "$.type"),
        ({"data": {"record": "R-1", "person_ref": "p-1", "on": "soon"}}, "$.data.on"),
        ({"data": {"record": "R-1", "person_ref": "p-1"}}, "$.data"),
        ({"data": GOOD["data"] | {"full_name": "A B"}}, "$.data"),
    ],
)
def test_what_breaks_the_contract_is_named_with_its_place(
    tmp_path: Path, change: dict[str, Any], path: str
) -> None:
    (event,) = checked(tmp_path, GOOD | change)
    assert not event.ok
    assert event.path == path


@pytest.mark.parametrize("line", ["not json", "[1, 2]", '"text"', "null"])
def test_what_is_no_event_is_named_and_not_a_crash(tmp_path: Path, line: str) -> None:
    (event,) = checked(tmp_path, line)
    assert (event.ok, event.path) == (False, "$")


def test_a_faulty_event_keeps_its_bytes_as_they_were(tmp_path: Path) -> None:
    (event,) = checked(tmp_path, GOOD | {"type": "upstream.hr.unheard-of.v1"})
    assert json.loads(event.raw)["type"] == "upstream.hr.unheard-of.v1"
    assert event.topic == "upstream.hr"


def test_topics_are_those_of_the_system_that_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    up = {"settings": {"mobility": {"RAPPORT_TOPIC_PREFIX": "trial."}}}
    monkeypatch.delenv("RAPPORT_TOPIC_PREFIX", raising=False)
    assert (prefix_of(up), prefix_of({})) == ("trial.", "")
    monkeypatch.setenv("RAPPORT_TOPIC_PREFIX", "other.")
    assert prefix_of(up) == "other."
