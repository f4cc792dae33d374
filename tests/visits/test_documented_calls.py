"""Every call that the page for coordinators shows is one that works, in the page's order."""

import re
from pathlib import Path
from typing import Any

from tests.support.papers import a_pdf

PAGE = Path(__file__).parents[2] / "docs" / "visits.md"
"""Not beside the tests of a wheel."""
CALLS = re.findall(r"```http\n(.*?)```", PAGE.read_text(), re.DOTALL) if PAGE.exists() else []


async def test_every_call_of_the_page_works(office: Any) -> None:
    made: dict[str, str] = {}
    for call in CALLS:
        head, _, body = call.partition("\n\n")
        first, *headers = head.strip().splitlines()
        method, path = first.split(" ")
        for kind, subject in made.items():
            path = path.replace(f"{{{kind}}}", subject)
        content: str | bytes = body
        if "content-type: application/pdf" in headers:
            content = a_pdf()
        told = {"content-type": "application/json"}
        told |= dict(each.split(": ", 1) for each in headers)
        answer = await office.client.request(method, path, content=content, headers=told)
        assert answer.is_success, f"{call}\n{answer.status_code} {answer.text}"
        if answer.status_code == 201 and "id" in answer.json():
            subject = answer.json()["id"]
            made[subject.rpartition("-")[0]] = subject
    assert set(made) == ({"visit", "calendar"} if PAGE.exists() else set())
