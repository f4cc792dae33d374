"""The papers of a visit: the invitation letter and others, kept, replaced, handed out, removed."""

import io
import zipfile
from typing import Any

import pytest

from shared.identity import new_id
from shared.security import Role
from tests.support.papers import a_docx, a_pdf


async def put(office: Any, visit: str, content: bytes, expect: int = 201, **query: Any) -> Any:
    """Add a file; the answer's body."""
    told = {"title": "Invitation", "kind": "invitation-letter"} | query
    answer = await office.client.post(f"/visits/{visit}/documents", content=content, params=told)
    assert answer.status_code == expect, answer.text
    return answer.json()


async def test_an_invitation_letter_is_kept_with_the_visit_and_handed_out(office: Any) -> None:
    visit = await office.visit()
    letter = a_pdf("We have the honor to invite you")
    after = await put(office, visit, letter)
    (document,) = after["documents"]
    assert (document["kind"], document["size"]) == ("invitation-letter", len(letter))
    answer = await office.client.get(f"/visits/{visit}/documents/{document['id']}")
    assert (answer.content, answer.headers["content-type"]) == (letter, "application/pdf")
    assert 'filename="Invitation.pdf"' in answer.headers["content-disposition"]
    assert (await office.get(f"/{visit}/documents"))["items"] == [document]
    assert (await office.get(f"/{visit}"))["version"] == 2


async def test_a_letter_takes_the_place_of_another_and_counts_no_more_when_removed(
    office: Any,
) -> None:
    visit = await office.visit()
    first = (await put(office, visit, a_docx()))["documents"][0]["id"]
    after = await put(office, visit, a_pdf(), takes_place_of=first)
    second = after["documents"][1]["id"]
    assert after["documents"][0]["superseded_by"] == second
    left = await office.post(f"/{visit}/documents/{second}/removal", reason="Of another visit")
    assert [each["superseded_by"] for each in left["documents"]] == [None]
    gone = await office.client.get(f"/visits/{visit}/documents/{second}")
    assert gone.json()["code"] == "visit-document-unknown"
    assert (await office.history(visit))[1:] == [
        "visit-document-added",
        "visit-document-added",
        "visit-document-removed",
    ]


async def test_a_paper_that_cannot_be_kept_is_refused_with_a_code(office: Any) -> None:
    visit = await office.visit()
    await put(office, visit, a_pdf())
    assert (await put(office, visit, a_pdf(), 409))["code"] == "visit-document-kept-already"
    assert (await put(office, visit, b"GIF89a", 422))["code"] == "file-type-unknown"
    assert (await put(office, visit, b"", 422))["code"] == "file-empty"
    unknown = await put(office, visit, a_docx(), 422, takes_place_of=new_id("document"))
    assert (unknown["code"], unknown["field"]) == ("visit-document-unknown", "takes_place_of")
    assert (await put(office, visit, a_docx(), 422, kind="selfie"))["code"] == "invalid-request"
    assert (await put(office, visit, a_docx(), 422, title="\u202ex"))["code"] == "invalid-request"
    assert (await put(office, "visit-1", a_docx(), 404))["code"] == "visit-unknown"
    assert len((await office.get(f"/{visit}"))["documents"]) == 1


async def test_the_same_file_sent_again_under_one_key_is_kept_once(office: Any) -> None:
    visit = await office.visit()
    answers = [
        await office.client.post(
            f"/visits/{visit}/documents",
            content=a_pdf(),
            params={"title": "Invitation"},
            headers={"idempotency-key": "k-1"},
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


async def test_letters_name_people_so_only_the_units_coordinators_read_them(
    office: Any, office_of: Any
) -> None:
    visit = await office.visit()
    document = (await put(office, visit, a_pdf()))["documents"][0]["id"]
    for who, code in (
        ({"units": ["icst"]}, "unit-not-allowed"),
        ({"roles": [Role.READER]}, "role-not-allowed"),
    ):
        client = office_of(**who).client
        answers = [
            await client.get(f"/visits/{visit}/documents/{document}"),
            await client.post(
                f"/visits/{visit}/documents", content=a_docx(), params={"title": "x"}
            ),
            await client.post(
                f"/visits/{visit}/documents/{document}/removal", json={"reason": "x"}
            ),
        ]
        assert [answer.json()["code"] for answer in answers] == [code] * 3


async def test_documents_are_told_by_no_list_and_changed_by_no_correction(office: Any) -> None:
    visit = await office.visit()
    refused = await office.post(
        f"/{visit}/corrections", 422, field="documents", value=[], reason="Wrong"
    )
    assert refused["code"] == "field-not-correctable"


@pytest.mark.parametrize("name", ["document-%00", "a b", "../visit-1", "x" * 200])
async def test_a_name_that_no_document_can_have_is_refused(office: Any, name: str) -> None:
    visit = await office.visit()
    answer = await office.client.get(f"/visits/{visit}/documents/{name}")
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_draft_of_the_invitation_is_made_of_the_record_and_can_be_kept(
    office: Any, office_of: Any
) -> None:
    mayor = {"role": "Mayor", "organization": "Da Nang City", "person_ref": "p-mayor"}
    visit = await office.visit(members=[mayor], hosts=["hust"])
    await office.put("/persons/p-mayor", name="Trần Thị Bình (invented)")
    draft = await office.client.get(f"/visits/{visit}/invitation.docx")
    assert draft.headers["content-disposition"] == 'attachment; filename="invitation.docx"'
    with zipfile.ZipFile(io.BytesIO(draft.content)) as archive:
        text = archive.read("word/document.xml").decode()
    assert "Trần Thị Bình (invented), Mayor, Da Nang City" in text
    assert "A university of technology" in text
    kept = await put(office, visit, draft.content)
    assert kept["documents"][0]["size"] == len(draft.content)
    for who, code in (
        ({"units": ["icst"]}, "unit-not-allowed"),
        ({"roles": [Role.READER]}, "role-not-allowed"),
    ):
        refused = await office_of(**who).client.get(f"/visits/{visit}/invitation.docx")
        assert (refused.status_code, refused.json()["code"]) == (403, code)
    call = {"direction": "meeting", "partners": [{"name": "TU/e"}]}
    meeting = await office.visit(**call)
    refused = await office.client.get(f"/visits/{meeting}/invitation.docx")
    assert (refused.status_code, refused.json()["code"]) == (409, "visit-invites-nobody")
