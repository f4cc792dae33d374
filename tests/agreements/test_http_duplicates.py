"""Partners that may be one: proposed when they come, dismissed or merged, never by themselves."""

import asyncio
from typing import Any

from services.agreements.usecases.duplicates import look_for_duplicates
from shared.service import Service
from tests.agreements.office import TOLD_PARTNER, Office

NAGAOKA = "Nagaoka University of Technology"


async def test_who_registers_a_partner_again_is_told_which_one_it_may_be(office: Office) -> None:
    first = await office.partner(name=NAGAOKA, aliases=["長岡技術科学大学", "NUT"])
    for name in (
        "Nagoaka Univ. of Technology",
        "長岡技術科学 大学",
        "Technology, Univ. of Nagaoka",
    ):
        told = await office.post("/partners", 201, **TOLD_PARTNER | {"name": name})
        likely = {each["partner"]: each for each in told["duplicates"]}
        assert first in likely, name
        assert likely[first]["score"] >= 84
        assert repr(name) in likely[first]["reason"]
    elsewhere = await office.post(
        "/partners", 201, **TOLD_PARTNER | {"name": NAGAOKA, "country": "CN"}
    )
    assert elsewhere["duplicates"] == []


async def test_who_imports_a_partner_again_is_warned_and_it_is_recorded(office: Office) -> None:
    first = await office.partner(name=NAGAOKA)
    told = TOLD_PARTNER | {"name": "Nagaoka Technology University"}
    created = await office.put("/records/partners/P-2", 201, **told)
    assert first in created["warnings"][0]
    again = await office.put("/records/partners/P-2", **told)
    assert (again["outcome"], again["warnings"]) == ("unchanged", [])


async def test_pairs_are_worked_through_and_stay_dismissed(office: Office) -> None:
    first = await office.partner(name=NAGAOKA)
    second = await office.partner(name="Nagaoka Univ. of Technology")
    third = await office.partner(name="Nagaoka Univ of Technologie")
    pairs = (await office.get("/partners/duplicates"))["items"]
    assert {pairs[0]["one"], pairs[0]["other"]} == {first, second}
    assert len(pairs) == 3
    page = await office.get("/partners/duplicates", limit=2)
    rest = await office.get("/partners/duplicates", limit=2, after=page["next"])
    assert page["items"] + rest["items"] == pairs
    await office.post(f"/partners/{first}/duplicates/{second}/dismissal", reason="two schools")
    await office.post(
        f"/partners/{third}/merger", into=first, kind="duplicate", on="2025-11-01", reason="typo"
    )
    assert (await office.get("/partners/duplicates"))["items"] == []
    assert (await office.get(f"/partners/{first}/duplicates"))["items"] == []
    (kept,) = (await office.get("/partners/duplicates", dismissed="true"))["items"]
    assert (kept["dismissed_by"], kept["dismissed_because"]) == ("lan", "two schools")
    await office.post(f"/partners/{second}/aliases", name=NAGAOKA)
    assert (await office.get("/partners/duplicates"))["items"] == []


async def test_two_that_come_at_the_same_time_are_proposed_a_moment_later(
    office: Office, service: Service
) -> None:
    body: dict[str, Any] = TOLD_PARTNER | {"name": NAGAOKA}
    await asyncio.gather(*(office.client.post("/agreements/partners", json=body) for _ in range(3)))
    await look_for_duplicates(service.database)
    assert len((await office.get("/partners/duplicates"))["items"]) == 3


async def test_a_partner_that_is_called_otherwise_is_looked_at_again(
    office: Office, service: Service
) -> None:
    first = await office.partner(name=NAGAOKA)
    second = await office.partner(name="Something Else")
    await look_for_duplicates(service.database)
    assert (await office.get("/partners/duplicates"))["items"] == []
    await office.post(f"/partners/{second}/aliases", name="Nagaoka Univ. of Technology")
    await look_for_duplicates(service.database)
    (pair,) = (await office.get("/partners/duplicates"))["items"]
    assert {pair["one"], pair["other"]} == {first, second}
    assert "alias" in pair["reason"]


async def test_a_pair_that_is_none_is_refused(office: Office) -> None:
    partner = await office.partner()
    refusal = await office.post(
        f"/partners/{partner}/duplicates/{partner}/dismissal", 422, reason="none"
    )
    assert refusal["code"] == "partner-is-itself"
    assert (await office.get("/partners/duplicates", 422, after="1"))["code"] == "cursor-invalid"
