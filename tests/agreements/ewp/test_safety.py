"""Whatever the bytes are: nothing is opened, nothing grows, and what is wrong is said."""

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.agreements.gateways.ewp.checking import check
from services.agreements.gateways.ewp.differences import compare_files
from services.agreements.gateways.ewp.documents import MAX_DEPTH, NAMESPACE, read
from services.agreements.gateways.ewp.hashing import hash_of
from shared.errors import Rejected
from tests.agreements.ewp.documents import agreement, document, sample

LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {n} "{f"&{p};" * 10}">' for p, n in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)


def refusal(received: bytes) -> str:
    with pytest.raises(Rejected) as refused:
        read(received)
    assert refused.value.status == 422
    return refused.value.code


@pytest.mark.parametrize(
    "doctype",
    [
        LAUGHS,
        '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
        "<!DOCTYPE x>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_before_anything_is_done_with_it(
    doctype: str, encoding: str
) -> None:
    assert refusal((doctype + "<x>&i;&f;</x>").encode(encoding)) == "ewp-doctype"


def test_elements_within_one_another_without_end_are_refused() -> None:
    assert refusal(b"<a>" * 100_000) == "ewp-too-deep"
    within = MAX_DEPTH - 1
    assert read(b"<a>" * within + b"</a>" * within).iias == ()


def test_more_bytes_than_anybody_agrees_on_are_refused() -> None:
    assert refusal(b"<a>" + b" " * (20 * 1024 * 1024) + b"</a>") == "ewp-too-large"


@pytest.mark.parametrize(
    "received",
    [
        b"",
        b"{}",
        b"<a>",
        b"<a></b>",
        b"<a/><b/>",
        b"<a>&unknown;</a>",
        b"<a>\x00</a>",
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b"<a>\xff</a>",
    ],
)
def test_what_is_no_xml_is_refused_with_its_line(received: bytes) -> None:
    with pytest.raises(Rejected) as refused:
        read(received)
    assert refused.value.code == "ewp-not-xml"
    assert refused.value.message.startswith("line ")


def test_the_schemas_are_read_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert check(read(sample("every-element"))) == []


def test_a_place_of_a_schema_that_the_document_names_is_not_looked_at(tmp_path: Path) -> None:
    instance = 'xmlns:s="http://www.w3.org/2001/XMLSchema-instance"'
    hint = f'{instance} s:schemaLocation="{NAMESPACE} {tmp_path}/no.xsd"'
    tag = "<iias-get-response"
    received = document(agreement()).decode().replace(tag, f"{tag} {hint}", 1).encode()
    assert {each.code for each in check(read(received))} == {"hash-differs"}


@given(st.sampled_from(["every-element", "terminated"]), st.data())
def test_whatever_is_cut_out_of_a_document_is_answered(name: str, data: st.DataObject) -> None:
    whole = sample(name)
    start = data.draw(st.integers(0, len(whole)))
    damaged = whole[:start] + whole[start + data.draw(st.integers(1, 80)) :]
    try:
        document_ = read(damaged)
    except Rejected:  # anything else would be a bug
        return
    assert all(each.line >= 1 and each.path.startswith("/") for each in check(document_))
    assert all(len(hash_of(iia)) == 64 for iia in document_.iias)
    assert all(each.same for each in compare_files(document_, document_))
