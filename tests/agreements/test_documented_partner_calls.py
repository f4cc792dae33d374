"""Every call that the page about partners shows is one that works, in the page's order."""

import re
from pathlib import Path

from tests.agreements.office import Office

PAGE = Path(__file__).parents[2] / "docs" / "partners.md"
"""Not beside the tests of a wheel."""
CALLS = re.findall(r"```http\n(.*?)```", PAGE.read_text(), re.DOTALL) if PAGE.exists() else []


async def test_every_call_of_the_page_about_partners_works(office: Office) -> None:
    made: dict[str, str] = {}
    for call in CALLS:
        for name, subject in made.items():
            call = call.replace(f"{{{name}}}", subject)
        head, _, body = call.partition("\n\n")
        method, path = head.strip().split(" ")
        answer = await office.client.request(
            method, path, content=body, headers={"content-type": "application/json"}
        )
        assert answer.is_success, f"{call}\n{answer.status_code} {answer.text}"
        told = answer.json()
        if answer.status_code == 201 and path == "/agreements/partners":
            made["other" if made else "partner"] = told["id"]
        if "search" in path or (path.endswith(("duplicates", "contacts")) and method == "GET"):
            assert told["items"], f"{call} finds nothing"
