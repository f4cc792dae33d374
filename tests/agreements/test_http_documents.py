"""The papers of an agreement over HTTP: kept as they came, and handed out to be saved."""

import hashlib
from typing import Any

import pytest

from shared.attachments import MAX_FILE_BYTES
from shared.limits import MAX_BODY_BYTES
from shared.service import Service
from tests.agreements.conftest import MakeOffice
from tests.agreements.office import Office
from tests.support.office import understood
from tests.support.papers import a_docx, a_pdf

TITLE = "Thỏa thuận trao đổi sinh viên"


async def add(
    office: Office, agreement: str, content: bytes, expect: int = 201, /, key: str = "", **told: Any
) -> Any:
    query = {"title": TITLE, "kind": "signature"} | told
    answer = await office.client.post(
        f"/agreements/{agreement}/documents",
        content=content,
        params=query,
        headers={"content-type": "text/html"} | ({"idempotency-key": key} if key else {}),
    )
    return understood(answer, expect)


async def test_a_file_of_20_mib_is_kept_and_handed_out_to_be_saved(office: Office) -> None:
    agreement = await office.proposal(await office.partner())
    content = a_pdf(size=MAX_FILE_BYTES)
    [known] = (await add(office, agreement, content))["documents"]
    assert known == {
        "id": known["id"],
        "title": TITLE,
        "kind": "signature",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": MAX_FILE_BYTES,
        "superseded_by": None,
    }
    answer = await office.client.get(f"/agreements/{agreement}/documents/{known['id']}")
    assert answer.content == content
    headers = answer.headers
    assert headers["content-type"] == "application/pdf"
    assert headers["content-length"] == str(MAX_FILE_BYTES)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-disposition"].startswith("attachment; filename=")
    told = (await office.get(f"/history/{agreement}"))["items"][-1]["data"]
    assert told == {"document": known["id"], "takes_place_of": None, "documents": [known]}


async def test_more_than_20_mib_are_refused_and_other_routes_take_no_more_than_before(
    office: Office,
) -> None:
    agreement = await office.proposal(await office.partner())
    refusal = await add(office, agreement, b"%PDF-" + b"0" * MAX_FILE_BYTES, 413)
    assert (refusal["code"], str(MAX_FILE_BYTES) in refusal["detail"]) == ("body-too-large", True)
    long = await office.client.post("/agreements", content=b"0" * (MAX_BODY_BYTES + 1))
    assert understood(long, 413)["code"] == "body-too-large"


async def test_what_a_file_is_its_bytes_say_and_not_who_sends_it(office: Office) -> None:
    agreement = await office.proposal(await office.partner())
    refusal = await add(office, agreement, b"<script>alert(1)</script>", 422)
    assert refusal["code"] == "file-type-unknown"
    await add(office, agreement, a_docx())
    [known] = (await office.get(f"/{agreement}/documents"))["items"]
    answer = await office.client.get(f"/agreements/{agreement}/documents/{known['id']}")
    assert answer.headers["content-type"].endswith("wordprocessingml.document")
    assert answer.content == a_docx()


async def test_the_same_upload_again_adds_nothing(office: Office) -> None:
    agreement = await office.proposal(await office.partner())
    first = await add(office, agreement, a_pdf(), key="once")
    assert await add(office, agreement, a_pdf(), key="once") == first
    refusal = await add(office, agreement, a_pdf("Other"), 422, key="once")
    assert refusal["code"] == "idempotency-key-reused"
    refusal = await add(office, agreement, a_pdf(), 409)
    assert refusal["code"] == "agreement-document-kept-already"


async def test_a_paper_that_was_wrong_is_replaced_and_both_are_kept(office: Office) -> None:
    agreement = await office.proposal(await office.partner())
    [draft] = (await add(office, agreement, a_pdf("draft")))["documents"]
    after = await add(office, agreement, a_pdf("final"), takes_place_of=draft["id"])
    old, new = after["documents"]
    assert (old["superseded_by"], new["superseded_by"]) == (new["id"], None)
    answer = await office.client.get(f"/agreements/{agreement}/documents/{draft['id']}")
    assert answer.content == a_pdf("draft")
    refusal = await add(office, agreement, a_pdf("third"), 409, takes_place_of=draft["id"])
    assert refusal["code"] == "agreement-document-superseded"
    refusal = await add(office, agreement, a_pdf("third"), 422, takes_place_of="document-0")
    assert refusal["code"] == "agreement-document-unknown"


async def test_a_paper_of_something_else_is_removed_and_its_file_destroyed(
    office: Office, service: Service
) -> None:
    agreement = await office.proposal(await office.partner())
    [draft] = (await add(office, agreement, a_pdf("draft")))["documents"]
    final = (await add(office, agreement, a_pdf("x"), takes_place_of=draft["id"]))["documents"][1]
    after = await office.post(
        f"/{agreement}/documents/{final['id']}/removal", reason="of another agreement"
    )
    assert after["documents"] == [draft]
    refusal = await office.get(f"/{agreement}/documents/{final['id']}", 404)
    assert refusal["code"] == "agreement-document-unknown"
    async with service.database.connect() as connection:
        kept = await connection.exec_driver_sql("select distinct attachment from attachment_parts")
        assert [row.attachment for row in kept] == [draft["id"]]


async def test_who_may_not_change_the_agreement_adds_nothing_to_its_papers(
    office: Office, office_of: MakeOffice
) -> None:
    agreement = await office.proposal(await office.partner())
    refusal = await add(office_of(units=["nist"]), agreement, a_pdf(), 403)
    assert refusal["code"] == "unit-not-allowed"
    refusal = await add(office_of(roles=["reader"]), agreement, a_pdf(), 403)
    assert refusal["code"] == "role-not-allowed"
    assert (await office.get(f"/{agreement}/documents"))["items"] == []


async def test_a_list_tells_no_papers(office: Office) -> None:
    refusal = await office.put("/records/agreements/A-1", 422, documents=[])
    assert "documents" in [each["field"] for each in refusal["errors"]]
    agreement = await office.proposal(await office.partner())
    refusal = await office.post(
        f"/{agreement}/corrections", 422, field="documents", value=[], reason="x"
    )
    assert refusal["code"] == "field-not-correctable"


@pytest.mark.parametrize("title", ["", "x" * 201, "a\u202eb"])
async def test_a_title_is_one_short_line(office: Office, title: str) -> None:
    agreement = await office.proposal(await office.partner())
    assert (await add(office, agreement, a_pdf(), 422, title=title))["code"] == "invalid-request"
