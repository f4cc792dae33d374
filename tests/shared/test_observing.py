"""A process speaks of itself in one shape, and never of people."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from prometheus_client import REGISTRY, generate_latest
from pydantic import BaseModel, ValidationError

from shared import observing


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator["Lines"]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in observing._QUIET}
    observing.configure(service="tests")
    yield Lines(capsys)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


class Lines:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def read(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self._capsys.readouterr().err.splitlines()]


def test_a_line_has_its_event_fields_service_and_correlation(lines: Lines) -> None:
    with observing.work_for(correlation="c-7"):
        structlog.get_logger().info("digest-sent", subscriber="s-1")
    structlog.get_logger().info("service-stopped")
    [first, second] = lines.read()
    at = str(first.pop("at"))
    assert at.endswith("Z")
    assert first == {
        "event": "digest-sent",
        "level": "info",
        "service": "tests",
        "correlation_id": "c-7",
        "subscriber": "s-1",
    }
    assert "correlation_id" not in second


def test_an_exception_is_logged_by_type_and_place_without_its_text(lines: Lines) -> None:
    class Person(BaseModel):
        age: int

    try:
        try:
            Person.model_validate({"age": "Nguyễn Thị Mai"})
        except ValidationError as error:
            raise RuntimeError("could not read Nguyễn Thị Mai") from error
    except RuntimeError:
        structlog.get_logger().exception("part-died")
    logging.getLogger("some.library").error("failed", exc_info=ValueError("Nguyễn Thị Mai"))
    written = lines.read()
    assert "Mai" not in json.dumps(written, ensure_ascii=False)
    assert written[0]["exception"] == [
        "builtins.RuntimeError",
        "pydantic_core._pydantic_core.ValidationError",
    ]
    assert "test_observing.py" in str(written[0]["raised_at"])
    assert written[1]["exception"] == ["builtins.ValueError"]


def test_libraries_write_in_the_same_shape(lines: Lines) -> None:
    logging.getLogger("some.library").warning("it is %s", "late")
    [line] = lines.read()
    assert (line["event"], line["library"], line["said"]) == (
        "library-log",
        "some.library",
        "it is late",
    )
    assert line["service"] == "tests"


def test_aiokafkas_chatter_while_a_broker_is_away_is_not_written(lines: Lines) -> None:
    logging.getLogger("aiokafka.producer.sender").error("Got error produce response")
    logging.getLogger("aiokafka").error("Unable connect to node")
    assert lines.read() == []


@pytest.mark.parametrize(
    "received",
    [
        None,
        "",
        "nonsense",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
    ],
)
def test_a_trace_begins_where_none_valid_came(received: str | None) -> None:
    trace = observing.continue_trace(received)
    version, trace_id, span, flags = trace.split("-")
    assert (version, len(trace_id), len(span), flags) == ("00", 32, 16, "01")
    assert trace_id != "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_valid_trace_is_continued_with_a_span_of_our_own() -> None:
    received = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
    trace = observing.continue_trace(received)
    assert trace.startswith("00-4bf92f3577b34da6a3ce929d0e0e4736-")
    assert trace.endswith("-00")
    assert trace != received


def test_trace_and_correlation_hold_inside_their_work_only() -> None:
    with observing.work_for(correlation="outer") as outer:
        with observing.work_for(correlation="inner", received=outer) as inner:
            assert observing.correlation_id() == "inner"
            assert observing.traceparent() == inner
            assert inner.split("-")[1] == outer.split("-")[1]
        assert observing.correlation_id() == "outer"
        assert observing.traceparent() == outer
    assert observing.traceparent() is None
    assert observing.correlation_id() is None


def test_every_metric_is_of_rapport_and_has_no_open_label() -> None:
    open_ended = {"subject", "id", "person", "person_ref", "actor", "correlation_id", "url"}
    for metric in vars(observing.metrics).values():
        assert metric._name.startswith("rapport_")
        assert not open_ended & set(metric._labelnames)
        assert metric._documentation
    observing.metrics.job_runs.labels("tests", "lapse", "done").inc()
    assert b'rapport_job_runs_total{job="lapse",outcome="done",service="tests"} 1.0' in (
        generate_latest(REGISTRY)
    )
