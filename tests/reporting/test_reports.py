"""The report in its formats, and frozen when it is published."""

import json
from datetime import timedelta
from typing import Any

from shared.service import Service
from tests.reporting.conftest import Office, Others
from tests.reporting.test_projections import VISIT

ASKED: dict[str, Any] = {"unit": "hust/me", "year": "2019"}


async def test_a_report_is_html_pdf_and_json(office: Office, others: Others) -> None:
    await others.tell("visits.visit-recorded", **VISIT)
    await office.put(
        "/texts", {"foreword": "Chào mừng.", "closing": "Thanks."}, unit="hust/me", year=2019
    )
    html = await office.read("/report", **ASKED, format="html")
    assert html.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in html.headers["content-security-policy"]
    assert "3 professors of NUT" in html.text
    assert "Chào mừng." in html.text
    pdf = await office.read("/report", **ASKED, format="pdf")
    assert pdf.content.startswith(b"%PDF-")
    said = (await office.read("/report", **ASKED, format="json")).json()
    assert [section["id"] for section in said["sections"]] == ["received", "people"]
    assert (said["foreword"], said["closing"]) == ("Chào mừng.", "Thanks.")


async def test_the_same_question_has_the_same_bytes(office: Office, others: Others) -> None:
    await others.tell("visits.visit-recorded", "2025-11-01T10:00:00+00:00", **VISIT)
    for form in ("html", "pdf", "json"):
        asked = ASKED | {"format": form, "known": "2025-11-02T00:00:00+00:00"}
        first = await office.read("/report", **asked)
        assert (await office.read("/report", **asked)).content == first.content


async def test_a_published_edition_stays_as_it_was(
    service: Service, office: Office, others: Others
) -> None:
    subject = await others.tell("visits.visit-recorded", **VISIT)
    service.clock.advance(timedelta(days=1))
    published = await office.post("/reports", ASKED, 201)
    (edition,) = published["publications"]
    assert set(edition["digests"]) == {"html", "pdf", "json"}
    members = [{"role": "professor", "organization": "NUT", "country": "JP", "count": 9}]
    changes = {"changes": {"members": members}, "reason": "recounted"}
    service.clock.advance(timedelta(days=1))
    await others.say((subject, "visits.visit-corrected", changes))
    frozen = await office.read(f"/reports/{published['id']}/1.json")
    now = await office.read("/report", **ASKED, format="json")
    assert "3 professors" in frozen.text
    assert "9 professors" in now.text
    then = await office.read("/report", **ASKED, format="json", known=edition["known"])
    assert json.loads(then.content) == json.loads(frozen.content)
    again = await office.post("/reports", ASKED, 201)
    assert [each["number"] for each in again["publications"]] == [1, 2]
    await office.read(f"/reports/{published['id']}/3.json", 404)


async def test_the_editors_text_is_written_once_and_known_then(
    service: Service, office: Office
) -> None:
    body = {"unit": "hust/me", "year": 2019, "foreword": "First.", "closing": ""}
    written = await office.put("/texts", body, unit="hust/me", year=2019)
    assert (await office.put("/texts", body, unit="hust/me", year=2019)) == written
    then = service.clock.now().isoformat()
    service.clock.advance(timedelta(minutes=1))
    await office.put("/texts", body | {"foreword": "Second."}, unit="hust/me", year=2019)
    for known, foreword in ((then, "First."), (None, "Second.")):
        query = ASKED | {"format": "json"} | ({"known": known} if known else {})
        assert (await office.read("/report", **query)).json()["foreword"] == foreword
    refused = await office.put("/texts", body, 422, unit="hust", year=2019)
    assert refused["code"] == "text-elsewhere"
