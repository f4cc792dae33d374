"""Records as nobody should send them: each with a name, and where it has to end.

A canary stands in whatever is content, so that what leaks can be searched for. Ids are no content:
they name the record in logs and in lists of what is parked.
"""

import gzip
import json
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.support.consuming import TYPE, Sent, history, rechained

__all__ = ["CANARY", "HIRED", "Hostile", "against_facts", "against_upstream", "mutated"]

CANARY = "Nguyen-Canary-7f3a"
HIRED = "upstream.hr.employee-hired.v1"
Headers = list[tuple[str, bytes | None]]


class Hostile(NamedTuple):
    """A record, and how it ends: "applied", "held", "duplicate", or the reason it is parked for."""

    name: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    ends: str

    @property
    def id(self) -> str:
        return self.name if self.name.startswith("fuzz-") else f"hostile-{self.name}"


_DATA = json.dumps({"n": 1, "name": CANARY})


def _nested(depth: int) -> str:
    return '{"n": 1, "more": ' + "[" * depth + f'"{CANARY}"' + "]" * depth + "}"


_CONTENTS: dict[str, tuple[bytes, str]] = {
    "not-json": (f'{{"n": {CANARY}'.encode(), "data-invalid:json_invalid"),
    "empty": (b"", "data-invalid:json_invalid"),
    "not-utf-8": (
        b'{"n": 1, "name": "\xff\xfe' + CANARY.encode() + b'"}',
        "data-invalid:json_invalid",
    ),
    "utf-16": (_DATA.encode("utf-16"), "data-invalid:json_invalid"),
    "nul-escaped": (f'{{"n": 1, "name": "{CANARY}\\u0000"}}'.encode(), "json-nul"),
    "nul-raw": (f'{{"n": 1, "name": "{CANARY}\0"}}'.encode(), "data-invalid:json_invalid"),
    "lone-surrogate": (f'{{"n": 1, "name": "{CANARY}\\ud800"}}'.encode(), "json-lone-surrogate"),
    "key-twice-and-escaped": (b'{"n": 1, "n": 2, "name": "\\u0041"}', "json-key-twice"),
    "deep": (_nested(40).encode(), "json-too-deep"),
    "abysmal": (b"[" * 100_000, "json-too-deep"),
    "many-keys": (
        json.dumps({"n": 1} | {f"{CANARY}{key}": key for key in range(2_100)}).encode(),
        "json-too-many-keys",
    ),
    "long-string": (json.dumps({"n": 1, "name": CANARY * 1_000}).encode(), "json-string-too-long"),
    "nan": (f'{{"n": NaN, "name": "{CANARY}"}}'.encode(), "json-not-finite"),
    "infinity": (b'{"n": -Infinity}', "json-not-finite"),
    "infinite-by-exponent": (b'{"n": 1e999}', "data-invalid:finite_number"),
    "beyond-int64": (b'{"n": 18446744073709551616}', "data-invalid:less_than_equal"),
    "five-thousand-digits": (b'{"n": ' + b"9" * 5_000 + b"}", "data-invalid"),
    "a-list": (f'["{CANARY}"]'.encode(), "data-invalid:model_type"),
    "another-shape": (json.dumps({"n": {CANARY: 1}}).encode(), "data-invalid:int_type"),
    "too-large": (json.dumps({"n": 1, "name": CANARY * 16_000}).encode(), "record-too-large"),
    "gzip-in-the-value": (gzip.compress(_DATA.encode() * 9_000), "data-invalid:json_invalid"),
}
"""What stands where JSON should, and why it is parked."""


def against_facts() -> Iterator[Hostile]:
    """Everything that can be wrong with one of our own facts."""
    for name, (value, ends) in _CONTENTS.items():
        [fact] = rechained([Sent(f"hostile-{name}", 1, value, b"")])
        yield _fact(name, fact, ends)
    for name, changes, ends in _envelopes():
        yield _fact(name, history(f"hostile-{name}", 1)[0].but(**changes), ends)
    good = history("hostile-tombstone", 1)[0]
    yield Hostile("tombstone", b"hostile-tombstone", None, [*good.headers], "value-missing")
    good = history("hostile-null-header", 1)[0]
    null: Headers = [*good.headers, (CANARY, None)]
    yield Hostile("null-header", b"hostile-null-header", good.data, null, "header-null")
    for name, key in (("no-key", None), ("wrong-key", CANARY.encode()), ("binary-key", b"\xff\0")):
        good = history(f"hostile-{name}", 1)[0]
        yield Hostile(name, key, good.data, [*good.headers], "key-is-not-subject")
    yield Hostile("nothing", b"", None, [], "value-missing")
    yield Hostile("a-stranger", b"hostile-a-stranger", CANARY.encode(), [], "header-missing")
    body = {"specversion": "1.0", "id": "x", "source": CANARY, "type": TYPE, "data": {"n": 1}}
    structured: Headers = [("content-type", b"application/cloudevents+json")]
    yield Hostile(
        "structured", b"hostile-structured", json.dumps(body).encode(), structured, "header-missing"
    )


def _envelopes() -> Iterator[tuple[str, dict[str, Any], str]]:
    def header(name: str, value: bytes) -> dict[str, Any]:
        return {"extra": ((name, value),)}

    for number in (
        b"0",
        b"-1",
        b"2147483648",
        b"9223372036854775808",
        b"1.0",
        b"",
        b" 1",
        b"\xd9\xa1",
    ):
        label = number.decode().replace(" ", "blank-").replace("\u0661", "arabic") or "empty"
        yield f"version-{label}", header("ce_sequence", number), "header-invalid"
        yield f"epoch-{label}", header("ce_epoch", number), "header-invalid"
    yield "version-2147483647", header("ce_sequence", b"2147483647"), "held"
    yield "version-2", header("ce_sequence", b"2"), "held"
    for size in (0, 31, 33, 100):
        yield f"digest-of-{size}", header("ce_digest", b"ab" * size), "header-invalid"
    yield "digest-no-hex", header("ce_digest", CANARY.encode() * 4), "header-invalid"
    yield "digest-of-another", header("ce_digest", b"ab" * 32), "equivocation"
    yield "type-of-another", header("ce_type", b"rapport.tests.other.v1"), "equivocation"
    yield "type-empty", header("ce_type", b""), "header-invalid"
    yield "type-of-600", header("ce_type", b"x" * 600), "header-invalid"
    yield "type-with-controls", header("ce_type", b"x\x1b[2J"), "header-invalid"
    yield "specversion-2", header("ce_specversion", b"2.0"), "specversion-unknown"
    yield "time-of-nobody", header("ce_time", CANARY.encode()), "time-invalid"
    yield "time-without-offset", header("ce_time", b"2025-11-17T01:00:00"), "time-without-offset"
    yield "time-before-all", header("ce_time", b"0001-01-01T00:00:00+23:00"), "time-invalid"
    yield "header-not-utf-8", header("x", b"\xff" + CANARY.encode()), "header-not-utf-8"
    flood = tuple((f"{CANARY}-{number}", b"") for number in range(40))
    yield "header-flood", {"extra": flood}, "headers-too-many"
    yield "header-huge", header(CANARY, b"x" * 9_000), "headers-too-large"
    twice = (("ce_actor", b"lan"), ("ce_actor", CANARY.encode()))
    yield "header-twice", {"extra": twice}, "header-twice"
    for name in ("ce_subject", "ce_sequence", "ce_type", "ce_digest", "ce_epoch", "ce_id"):
        yield f"without-{name[3:]}", {"without": (name,)}, "header-missing"
    reply = (("reply_to", b"t.victim"), ("correlation_id", CANARY.encode()))
    yield "reply-to", {"extra": reply}, "applied"
    yield "as-it-should-be", {}, "applied"


def _fact(name: str, fact: Sent, ends: str) -> Hostile:
    return Hostile(name, fact.subject.encode(), fact.data, [*fact.headers], ends)


def _event(name: str, *changes: tuple[str, bytes | None], without: str = "") -> Headers:
    headers: Headers = [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", f"hostile-{name}".encode()),
        ("ce_source", b"/hr"),
        ("ce_type", HIRED.encode()),
    ]
    replaced = {header for header, _ in changes} | {without}
    return [each for each in headers if each[0] not in replaced] + [*changes]


def against_upstream() -> Iterator[Hostile]:
    """Everything that can be wrong with an event of others: here JSON is always read strictly."""
    strict = {
        "data-invalid:json_invalid": "json-invalid",
        "data-invalid:finite_number": "json-not-finite",
    }
    special = {
        "not-utf-8": "json-not-utf-8",
        "utf-16": "json-not-utf-8",
        "gzip-in-the-value": "json-not-utf-8",
        "five-thousand-digits": "json-invalid",
        "abysmal": "json-",
    }
    for name, (value, ends) in _CONTENTS.items():
        why = special.get(name) or strict.get(ends, ends)
        yield Hostile(name, b"p", value, _event(name), why)
    good = _DATA.encode()
    for name, headers, why in (
        ("without-id", _event("-", without="ce_id"), "attribute-missing"),
        ("without-type", _event("-", without="ce_type"), "attribute-missing"),
        ("id-of-600", _event("-", ("ce_id", b"x" * 600)), "attribute-invalid"),
        ("id-with-controls", _event("-", ("ce_id", b"x\x07")), "attribute-invalid"),
        ("type-unknown", _event("-", ("ce_type", CANARY.encode())), "type-unknown"),
        ("specversion-2", _event("-", ("ce_specversion", b"2.0")), "specversion-unknown"),
        ("time-invalid", _event("-", ("ce_time", CANARY.encode())), "time-invalid"),
        ("xml", _event("-", ("content-type", b"text/xml")), "content-type-unknown"),
        (
            "avro",
            _event("-", ("content-type", b"application/cloudevents+avro")),
            "content-type-unknown",
        ),
        ("header-twice", [*_event("-"), ("ce_id", b"y")], "header-twice"),
        ("header-null", [*_event("-"), ("x", None)], "header-null"),
        ("header-not-utf-8", [*_event("-"), ("x", b"\xff")], "header-not-utf-8"),
        ("header-flood", [*_event("-"), *((f"h{n}", b"") for n in range(40))], "headers-too-many"),
        ("reply-to", [*_event("reply-to"), ("reply_to", b"t.victim")], "applied"),
        ("as-it-should-be", _event("as-it-should-be"), "applied"),
    ):
        yield Hostile(name, b"p", good, headers, why)
    yield Hostile("tombstone", b"p", None, _event("-"), "value-missing")
    body = {"specversion": "1.0", "id": "hostile-structured", "source": "/hr", "type": HIRED}
    of = {"data": {"n": 1, "name": CANARY}}
    structured = json.dumps(body | of).encode()
    media: Headers = [("content-type", b"application/cloudevents+json")]
    yield Hostile("structured", b"p", structured, media, "applied")
    yield Hostile("structured-in-binary", b"p", structured, _event("-"), "data-invalid:missing")
    yield Hostile("structured-list", b"p", f'["{CANARY}"]'.encode(), media, "event-not-object")
    base64 = json.dumps(body | {"data_base64": "AAAA"}).encode()
    yield Hostile("structured-base64", b"p", base64, media, "data-not-json")
    numbers = json.dumps(body | of | {"id": 7}).encode()
    yield Hostile("structured-id-a-number", b"p", numbers, media, "attribute-invalid")
    batch = [("content-type", b"application/cloudevents-batch+json")]
    yield Hostile("batch-mode", b"p", b"[" + structured + b"]", [*batch], "content-type-unknown")


def mutated(seed: int, count: int) -> Iterator[Hostile]:
    """Good facts that something happened to; where each ends is for the oracle to say."""
    chance = random.Random(seed)
    for number in range(count):
        fact = history(f"fuzz-{number}", 1)[0]
        key: bytes | None = fact.subject.encode()
        value, headers = bytearray(fact.data), [(n, bytearray(v)) for n, v in fact.headers]
        for _ in range(chance.choice((1, 1, 1, 2, 5))):
            at = chance.randrange(len(headers))
            match chance.randrange(9):
                case 0 | 1:
                    _flip(value, chance)
                case 2 | 3 | 4:
                    _flip(headers[at][1], chance)
                case 5:
                    del value[chance.randrange(len(value) + 1) :]
                case 6:
                    del headers[at]
                case 7:
                    headers.append((headers[at][0], bytearray(chance.randbytes(5))))
                case _:
                    key = chance.randbytes(6)
        sent: Headers = [(name, bytes(each)) for name, each in headers]
        yield Hostile(f"fuzz-{number}", key, bytes(value), sent, "anything")


def _flip(data: bytearray, chance: random.Random) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
