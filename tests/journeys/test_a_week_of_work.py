"""A signed agreement and a completed visit, entered over HTTP, reach measure, page and mail."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from services.program.expectations import Expectations
from tests.journeys.conftest import System

pytestmark = pytest.mark.timeout(300)  # whoever comes first starts the whole system

PARTNER = {
    "unit": "nist",
    "kind": "university",
    "name": "Journey University",
    "country": "FI",
    "illustrative": True,
}


async def until(
    what: str, look: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool], seconds: float = 30
) -> Any:
    """Ask again until it holds; says what did not happen and what was seen last."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        seen = await look()
        if holds(seen):
            return seen
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s; last seen: {seen}")
        await asyncio.sleep(0.1)


async def agreement_in_force(system: System, partner: str) -> str:
    """Proposed, reviewed, approved by both sides, signed by both parties, last week."""
    parties = [{"party": "nist", "side": "ours"}, {"party": partner, "side": "theirs"}]
    proposed = await system.post(
        "/agreements",
        201,
        unit="nist",
        kind="exchange",
        title="Journey exchange",
        parties=parties,
        proposed_on="2025-10-06",
        valid_until="2030-08-31",
    )
    path = f"/agreements/{proposed['id']}"
    await system.post(f"{path}/review", on="2025-10-07")
    await system.post(f"{path}/approvals", side="ours", on="2025-10-20")
    await system.post(f"{path}/approvals", side="theirs", on="2025-10-27", evidence="letter")
    await system.post(f"{path}/signatures", party="nist", on="2025-11-10")
    signed = await system.post(
        f"{path}/signatures", party=partner, on="2025-11-13", evidence="signed copy"
    )
    assert signed["signed_on"] == "2025-11-13"
    return str(proposed["id"])


async def completed_visit(system: System, partner: str) -> str:
    """Requested late, accepted, planned, approved, confirmed, started, completed."""
    requested = await system.post(
        "/visits",
        201,
        unit="nist",
        direction="inbound",
        title="Journey delegation",
        starts_on="2025-11-13",
        ends_on="2025-11-14",
        requested_on="2025-10-01",
        partners=[{"partner": partner}],
        members=[{"role": "professor", "partner": partner, "count": 4}],
    )
    path = f"/visits/{requested['id']}"
    await system.post(f"{path}/screenings", accepted=True, on="2025-10-02")
    await system.post(f"{path}/programmes", place="Main building")
    await system.post(f"{path}/approvals", on="2025-10-20")
    await system.post(f"{path}/confirmations", on="2025-10-21")
    await system.post(f"{path}/starts", on="2025-11-13")
    completed = await system.post(f"{path}/completions", on="2025-11-14")
    assert completed["status"] == "completed"
    return str(requested["id"])


async def test_a_week_of_work_reaches_measure_page_and_digest(system: System) -> None:
    partner = str((await system.post("/agreements/partners", 201, **PARTNER))["id"])

    async def known_to_visits() -> int:
        probe = {"direction": "meeting", "title": "probe", "starts_on": "2025-11-10"}
        answer = await system.http.post(
            "/visits", json={**probe, "unit": "nist", "partners": [{"partner": partner}]}
        )
        return answer.status_code

    await until("the partner is known to visits", known_to_visits, lambda status: status == 201)
    agreement = await agreement_in_force(system, partner)
    visit = await completed_visit(system, partner)

    async def measured(name: str) -> list[str]:
        answer = await system.client.get(
            f"/reporting/measures/{name}", unit="nist", year=2025, records="true"
        )
        return [record["subject"] for record in answer["records"]]

    await until(
        "the agreement is measured",
        lambda: measured("agreements.signed"),
        lambda seen: agreement in seen,
    )
    await until(
        "the visit is measured",
        lambda: measured("visits.delegations"),
        lambda seen: visit in seen,
    )
    page = await system.http.get("/reporting/", params={"unit": "nist", "year": "2025"})
    assert page.status_code == 200
    assert "Journey delegation" in page.text

    answer = await system.http.put(
        "/notify/subscribers/journey",
        json={"email": "journey@nist.example", "units": ["nist"], "zone": "Asia/Shanghai"},
    )
    assert answer.status_code == 201, answer.text
    wanted = {
        "seed": "-",
        "says": "the digest",
        "mail": "journey@nist.example",
        "phrases": [
            "Signed on 13 November 2025: Journey exchange (Journey University)",
            "Completed on 14 November 2025: Journey delegation (Journey University)",
            "Why: you follow agreements of nist",
            "Why: you follow visits of nist",
        ],
    }
    (outcome,) = await Expectations(system.client, system.mailbox).check([wanted])
    assert outcome.holds, outcome.found
