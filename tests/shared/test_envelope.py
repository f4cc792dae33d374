"""Records are read within limits, in both modes, and what is wrong is named without content."""

import base64
import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.v1.event import CloudEvent as CoreEvent
from cloudevents.v1.http import CloudEvent as SdkEvent
from cloudevents.v1.kafka import from_binary, to_binary, to_structured
from cloudevents.v1.kafka.conversion import KafkaMessage
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shared.envelope import (
    Record,
    chained,
    decode,
    fit,
    headers_of,
    pack,
    read_event,
    read_fact,
    read_json,
    unpack,
)
from shared.errors import Poisoned

WHEN = datetime(2025, 11, 17, 1, 2, 3, 456789, tzinfo=UTC)


class Read(BaseModel):
    n: int
    parties: list[dict[str, int]] = []


def record(
    value: bytes | None, headers: list[tuple[str, bytes | None]], key: bytes | None = b"k"
) -> Record:
    return Record(
        topic="t",
        partition=1,
        offset=2,
        timestamp=3,
        key=key,
        value=value,
        headers=tuple(headers),
    )


def fact_record(data: bytes = b'{"n":1}', subject: str = "agreement-1") -> Record:
    headers = headers_of(
        service="agreements",
        subject=subject,
        version=1,
        type="rapport.agreements.agreement-signed.v1",
        time=WHEN,
        digest=chained(b"", "rapport.agreements.agreement-signed.v1", data),
        epoch=2,
        actor="op",
        correlation_id="c-1",
        traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01",
    )
    return record(data, [*headers], subject.encode())


def binary(data: Any, **attributes: str) -> Record:
    known = {"specversion": "1.0", "id": "e1", "source": "/hr", "type": "upstream.hr.hired.v1"}
    headers = [(f"ce_{name}", value.encode()) for name, value in (known | attributes).items()]
    value = data if isinstance(data, bytes) else json.dumps(data).encode()
    return record(value, [("content-type", b"application/json"), *headers])


def structured(event: Any) -> Record:
    value = event if isinstance(event, bytes) else json.dumps(event).encode()
    return record(value, [("content-type", b"application/cloudevents+json; charset=utf-8")])


def poisoned(call: Any, *arguments: Any) -> tuple[str, str]:
    with pytest.raises(Poisoned) as raised:
        call(*arguments)
    return raised.value.code, raised.value.path


def test_what_is_written_into_headers_is_read_back() -> None:
    fact = read_fact(fact_record())
    assert (fact.subject, fact.version, fact.epoch) == ("agreement-1", 1, 2)
    assert fact.type == "rapport.agreements.agreement-signed.v1"
    assert fact.digest == chained(b"", fact.type, b'{"n":1}')
    assert (fact.time, fact.actor, fact.correlation_id) == (WHEN, "op", "c-1")


def test_our_facts_are_cloudevents_to_another_library() -> None:
    raw = fact_record()
    message = KafkaMessage(
        headers={name: value for name, value in raw.headers if value},
        key=raw.key,
        value=raw.value or b"",
    )
    event = from_binary(message)
    assert event["id"] == "agreement-1:1"
    assert event["source"] == "/rapport/agreements"
    assert event["subject"] == "agreement-1"
    assert event["time"] == "2025-11-17T01:02:03.456789Z"
    assert event["sequence"] == "1"


def test_events_of_another_library_are_read_in_both_modes() -> None:
    attributes = {
        "type": "upstream.hr.hired.v1",
        "source": "/hr",
        "id": "e7",
        "replaces": "e6",
        "datacontenttype": "application/json",
    }
    old = SdkEvent(attributes, {"n": 5})
    new = CoreEvent({**attributes, "specversion": "1.0"}, {"n": 5})
    sent: list[Any] = [to_binary(old), to_structured(old), kafka.to_binary_event(new)]
    for message in [*sent, kafka.to_structured_event(new)]:
        headers: list[tuple[str, bytes | None]] = [*message.headers.items()]
        value = message.value
        event = read_event(record(value if isinstance(value, bytes) else value.encode(), headers))
        assert (event.id, event.source, event.type) == ("e7", "/hr", "upstream.hr.hired.v1")
        assert event.extensions["replaces"] == "e6"
        assert fit(Read, event).n == 5


def test_a_kept_record_comes_back_whole() -> None:
    odd = record(b"\xff\x00", [("h", b"\xff"), ("null", None), ("\udcff", b"")], None)
    assert unpack(pack(odd)) == odd


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("ce_specversion", b"0.3", ("specversion-unknown", "$.headers.ce_specversion")),
        ("ce_sequence", b"-1", ("header-invalid", "$.headers.ce_sequence")),
        ("ce_sequence", b"1e3", ("header-invalid", "$.headers.ce_sequence")),
        (
            "ce_sequence",
            "\N{ARABIC-INDIC DIGIT ONE}".encode(),
            ("header-invalid", "$.headers.ce_sequence"),
        ),
        ("ce_sequence", b"2147483648", ("header-invalid", "$.headers.ce_sequence")),
        ("ce_epoch", b"0", ("header-invalid", "$.headers.ce_epoch")),
        ("ce_digest", b"ab", ("header-invalid", "$.headers.ce_digest")),
        ("ce_type", b"a\x00b", ("header-invalid", "$.headers.ce_type")),
        ("ce_subject", b"agreement-2", ("key-is-not-subject", "$.headers.ce_subject")),
        ("ce_actor", b"\xff", ("header-not-utf-8", "$.headers.ce_actor")),
        ("ce_actor", None, ("header-null", "$.headers")),
        ("ce_actor", b"x" * 8192, ("headers-too-large", "$.headers")),
    ],
)
def test_a_fact_with_a_wrong_header_is_poisoned(
    name: str, value: bytes | None, wrong: tuple[str, str]
) -> None:
    good = fact_record()
    headers = [(each, value if each == name else old) for each, old in good.headers]
    assert poisoned(read_fact, record(good.value, headers, good.key)) == wrong


@pytest.mark.parametrize("name", ["ce_specversion", "ce_subject", "ce_sequence", "ce_digest"])
def test_a_fact_without_a_header_is_poisoned(name: str) -> None:
    good = fact_record()
    headers = [(each, value) for each, value in good.headers if each != name]
    wrong = poisoned(read_fact, record(good.value, headers, good.key))
    assert wrong == ("header-missing", f"$.headers.{name}")


def test_a_header_given_twice_is_poisoned() -> None:
    good = fact_record()
    headers = [*good.headers, ("ce_type", b"another")]
    assert poisoned(read_fact, record(good.value, headers, good.key))[0] == "header-twice"


def test_a_tombstone_is_poisoned() -> None:
    good = fact_record()
    assert poisoned(read_fact, record(None, [*good.headers], good.key))[0] == "value-missing"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"[" * 100_000, "json-too-deep"),
        (b"[" * 33 + b"]" * 33, "json-too-deep"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "json-too-deep"),
        (json.dumps({str(n): n for n in range(2001)}).encode(), "json-too-many-keys"),
        (json.dumps("x" * 8193).encode(), "json-string-too-long"),
        (json.dumps({"x" * 8193: 1}).encode(), "json-string-too-long"),
        (b'{"n":NaN}', "json-not-finite"),
        (b'{"n":-Infinity}', "json-not-finite"),
        (b'{"n":1e999}', "json-not-finite"),
        (b'{"n":1,"n":2}', "json-key-twice"),
        (b'{"a":{"n":1,"n":2}}', "json-key-twice"),
        (b'"\\ud800"', "json-lone-surrogate"),
        (b'{"\\udfff":1}', "json-lone-surrogate"),
        (b'"a\\u0000b"', "json-nul"),
        (b'{"a\\u0000":1}', "json-nul"),
        (b'"\xff"', "json-not-utf-8"),
        (b'{"n":', "json-invalid"),
        (b"9" * 5000, "json-invalid"),
        (b"x" * (256 * 1024 + 1), "record-too-large"),
    ],
)
def test_json_beyond_the_limits_is_poisoned(data: bytes, code: str) -> None:
    assert poisoned(read_json, data)[0] == code


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 32 + b"1" + b"]" * 32,
        json.dumps({str(n): n for n in range(2000)}).encode(),
        json.dumps("x" * 8192).encode(),
        '{"tên": "Nguyễn", "👩‍🔬": [null, true, 1.5, ""]}'.encode(),
        b'"\\ud83d\\ude00"',
    ],
)
def test_json_within_the_limits_is_read(data: bytes) -> None:
    assert read_json(data) == json.loads(data)


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b'{"n":"Nguyen Van A"}', ("data-invalid:int_parsing", "$.n")),
        (b"{}", ("data-invalid:missing", "$.n")),
        (b'{"n":1,"parties":[{},{"x":"y"}]}', ("data-invalid:int_parsing", "$.parties[1].x")),
        (
            b'{"n":1,"parties":[{"Nguyen Van A":"y"}]}',
            ("data-invalid:int_parsing", "$.parties[0].*"),
        ),
        (b"not json", ("data-invalid:json_invalid", "$")),
        (b'{"n":1,"x":"\\u0000"}', ("json-nul", "$.x")),
        (b'{"n":1,"x":NaN}', ("json-not-finite", "$")),
        (b'{"n":1,"x":"\xff"}', ("data-invalid:json_invalid", "$")),
        (b'{"n":1,"x":' + b"[" * 40 + b"]" * 40 + b"}", ("json-too-deep", "$.x" + "[0]" * 31)),
    ],
)
def test_data_that_does_not_fit_is_named_by_place_and_never_shown(
    data: bytes, wrong: tuple[str, str]
) -> None:
    assert poisoned(decode, Read, data) == wrong


@pytest.mark.parametrize(
    ("event", "wrong"),
    [
        (binary({"n": 1}, id=""), ("attribute-missing", "$.headers.ce_id")),
        (binary({"n": 1}, source="x" * 600), ("attribute-invalid", "$.headers.ce_source")),
        (binary({"n": 1}, type="a\nb"), ("attribute-invalid", "$.headers.ce_type")),
        (binary({"n": 1}, specversion="2.0"), ("specversion-unknown", "$.headers.ce_specversion")),
        (binary({"n": 1}, time="yesterday"), ("time-invalid", "$.headers.ce_time")),
        (binary({"n": 1}, time="2025-01-01T00:00"), ("time-without-offset", "$.headers.ce_time")),
        (binary(b"{"), ("json-invalid", "$")),
        (structured(b"[]"), ("event-not-object", "$")),
        (structured({"specversion": "1.0", "id": "1"}), ("attribute-missing", "$.source")),
        (structured({"specversion": 1, "id": "1"}), ("attribute-invalid", "$.specversion")),
        (structured({"data_base64": "eA=="}), ("data-not-json", "$.data_base64")),
        (
            record(b"x", [("content-type", b"application/cloudevents+avro")]),
            ("content-type-unknown", "$.headers.content-type"),
        ),
        (
            record(b"x", [("content-type", b"text/plain")]),
            ("content-type-unknown", "$.headers.content-type"),
        ),
        (record(None, []), ("value-missing", "$")),
    ],
)
def test_an_upstream_event_that_is_wrong_is_poisoned(event: Record, wrong: tuple[str, str]) -> None:
    assert poisoned(read_event, event) == wrong


@given(
    value=st.binary(max_size=400),
    headers=st.lists(
        st.tuples(
            st.sampled_from(["content-type", "ce_id", "ce_type", "ce_sequence", "ce_x", "y"]),
            st.none() | st.binary(max_size=40),
        ),
        max_size=8,
    ),
    key=st.none() | st.binary(max_size=20),
)
def test_nothing_but_poisoned_comes_of_bytes(
    value: bytes, headers: list[tuple[str, bytes | None]], key: bytes | None
) -> None:
    for read in (read_fact, read_event):
        with contextlib.suppress(Poisoned):
            read(record(value, headers, key))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=30))
def test_the_quick_look_never_lets_pass_what_the_exact_one_refuses(value: Any) -> None:
    data = json.dumps({"n": 1, "x": value}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    try:
        read_json(data)
    except Poisoned:
        poisoned(decode, Read, data)
    else:
        assert decode(Read, data).n == 1


def test_base64_is_not_guessed() -> None:
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": "t"}
    wrong = poisoned(
        read_event, structured(event | {"data_base64": base64.b64encode(b"{}").decode()})
    )
    assert wrong == ("data-not-json", "$.data_base64")
