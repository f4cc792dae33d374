"""Every call that the page for coordinators shows is one that works, in the page's order."""

import re
from pathlib import Path

from tests.agreements.office import Office
from tests.support.papers import a_pdf

PAGE = Path(__file__).parents[2] / "docs" / "agreements.md"
"""Not beside the tests of a wheel."""
CALLS = re.findall(r"```http\n(.*?)```", PAGE.read_text(), re.DOTALL) if PAGE.exists() else []


async def test_every_call_of_the_page_works(office: Office) -> None:
    made: dict[str, str] = {}
    for call in CALLS:
        for kind, subject in made.items():
            call = call.replace(f"{{{kind}}}", subject)
        head, _, body = call.partition("\n\n")
        first, *headers = head.strip().splitlines()
        method, path = first.split(" ")
        told = dict(each.split(": ", 1) for each in headers)
        answer = await office.client.request(
            method,
            path,
            content=a_pdf() if told else body,
            headers={"content-type": "application/json"} | told,
        )
        assert answer.is_success, f"{call}\n{answer.status_code} {answer.text}"
        if answer.status_code == 201:
            subject = answer.json()["id"]
            made[subject.rpartition("-")[0]] = subject
            for each in answer.json().get("documents", []):
                made["document"] = each["id"]
    assert set(made) == ({"partner", "agreement", "document"} if PAGE.exists() else set())
