"""What is heard of agreements: partners called as on the day, and follow-ups that led somewhere."""

import asyncio
from typing import Any

from shared.identity import new_id

BOLTON = {
    "name": "University of Greater Manchester",
    "country": "GB",
    "names": [
        {"name": "University of Bolton", "valid_until": "2024-12-01"},
        {"name": "University of Greater Manchester", "valid_from": "2024-12-02"},
    ],
}


async def name_on(office: Any, partner: str, day: str) -> str:
    visit = await office.put(
        f"/records/visits/{new_id('row')}",
        201,
        unit="hust",
        direction="meeting",
        title="A call",
        starts_on=day,
        partners=[{"partner": partner}],
    )
    return str((await office.get(f"/{visit['id']}"))["partners"][0]["name"])


async def test_a_partner_is_called_as_it_was_on_the_day(office: Any, others: Any) -> None:
    partner = await others.partner(**BOLTON)
    assert await name_on(office, partner, "2024-12-01") == "University of Bolton"
    assert await name_on(office, partner, "2024-12-02") == "University of Greater Manchester"


async def test_a_renamed_partner_keeps_its_old_name_in_visits_of_before(
    office: Any, others: Any
) -> None:
    partner = await others.partner(name="University of Bolton", country="GB")
    before = await office.put(
        "/records/visits/V-1",
        201,
        unit="hust",
        direction="meeting",
        title="A call",
        starts_on="2024-03-01",
        partners=[{"partner": partner}],
    )
    await others.say(
        (partner, "partner-renamed", {"name": BOLTON["name"], "names": BOLTON["names"]})
    )
    visit = await office.get(f"/{before['id']}")
    assert visit["partners"][0]["name"] == "University of Bolton"
    assert await name_on(office, partner, "2025-01-15") == BOLTON["name"]
    assert await name_on(office, partner, "2023") == "University of Bolton"


async def test_a_name_in_english_is_taken_before_one_in_another_language(
    office: Any, others: Any
) -> None:
    partner = await others.partner(
        name="Science Tokyo",
        names=[
            {"name": "東京工業大学", "language": "ja", "valid_until": "2024-09-30"},
            {"name": "Tokyo Tech", "language": "en", "valid_until": "2024-09-30"},
            {"name": "Science Tokyo", "valid_from": "2024-10-01"},
        ],
    )
    assert await name_on(office, partner, "2020") == "Tokyo Tech"


async def test_facts_of_one_batch_are_merged_in_their_order(office: Any, others: Any) -> None:
    partner = new_id("partner")
    await others.say(
        (partner, "partner-registered", {"ref": "P-1", "name": "Old", "country": "JP"}),
        (partner, "partner-renamed", {"name": "New", "names": []}),
        (partner, "partner-corrected", {"changes": {"country": "KR"}, "reason": "Wrong"}),
    )
    assert await name_on(office, "ref:P-1", "2025-01-01") == "New"
    assert [each["id"] for each in (await office.get("", country="KR"))["items"]] != []


async def test_a_partner_that_was_merged_is_its_survivor(office: Any, others: Any) -> None:
    survivor = await others.partner(name="Science Tokyo")
    gone = await others.partner(ref="TMDU", name="TMDU", status="merged", merged_into=survivor)
    for token in (gone, "ref:TMDU"):
        assert await name_on(office, token, "2025-01-01") == "Science Tokyo"


async def test_a_partner_that_was_merged_again_and_again_is_the_one_that_is_left_at_last(
    office: Any, others: Any
) -> None:
    left = await others.partner(name="Science Tokyo")
    second = await others.partner(name="Tokyo Tech", status="merged", merged_into=left)
    first = await others.partner(name="Tokio Tech", status="merged", merged_into=second)
    assert await name_on(office, first, "2025-01-01") == "Science Tokyo"
    visit = (await office.get(""))["items"][0]["id"]
    for partner in (left, second):
        found = (await office.get("", partner=partner))["items"]
        assert [each["id"] for each in found] == ([visit] if partner == left else [])


async def test_a_body_that_became_another_is_itself_until_that_day(
    office: Any, others: Any
) -> None:
    left = await others.partner(name="Science Tokyo")
    gone = await others.partner(name="TMDU")
    merger = {"kind": "institutional", "on": "2024-10-01"}
    merged = {"status": "merged", "merged_into": left, "merger": merger}
    await others.say((gone, "partner-merged", merged))
    assert await name_on(office, gone, "2024-09-30") == "TMDU"
    assert await name_on(office, gone, "2024-10-01") == "Science Tokyo"
    found = (await office.get("", partner=left))["items"]
    assert len(found) == 2


async def test_an_agreement_that_names_a_follow_up_is_linked_by_itself(
    office: Any, others: Any
) -> None:
    visit = await office.visit(ref="V-7")
    for text in ("Draft an agreement", "Draft another"):
        await office.post(f"/{visit}/follow-ups", 201, text=text)
    first = await others.agreement(follow_up={"visit": visit, "follow_up": "1"})
    second = await others.agreement(follow_up={"visit": "ref:V-7", "follow_up": "2"})
    after = await office.get(f"/{visit}")
    assert [each["became"] for each in after["follow_ups"]] == [first, second]
    entries = (await office.get(f"/{visit}/history"))["items"]
    assert entries[-1]["type"] == "rapport.visits.visit-follow-up-linked.v1"
    assert entries[-1]["actor"] == "minh"


async def test_an_agreement_heard_of_before_the_visit_is_linked_when_it_is_recorded(
    office: Any, others: Any
) -> None:
    agreement = await others.agreement(follow_up={"visit": "ref:V-8", "follow_up": "1"})
    recorded = await office.put(
        "/records/visits/V-8",
        201,
        unit="hust",
        direction="meeting",
        title="A call",
        starts_on="2024",
        partners=[{"name": "TU/e"}],
        follow_ups=[{"text": "Draft an agreement"}],
    )
    assert (await office.get(f"/{recorded['id']}"))["follow_ups"][0]["became"] == agreement


async def test_an_agreement_corrected_to_name_a_follow_up_is_linked_too(
    office: Any, others: Any
) -> None:
    visit = await office.visit()
    await office.post(f"/{visit}/follow-ups", 201, text="Draft an agreement")
    agreement = await others.agreement()
    await others.say(
        (
            agreement,
            "agreement-corrected",
            {"changes": {"follow_up": {"visit": visit, "follow_up": "1"}}, "reason": "Forgotten"},
        )
    )
    assert (await office.get(f"/{visit}"))["follow_ups"][0]["became"] == agreement


async def test_an_agreement_that_names_what_is_not_there_stops_nothing(
    office: Any, others: Any
) -> None:
    visit = await office.visit()
    await others.agreement(follow_up={"visit": visit, "follow_up": "9"})
    await others.agreement(follow_up={"visit": "visit-nowhere", "follow_up": "1"})
    assert await office.history(visit) == ["visit-requested"]


async def test_a_correction_can_take_back_a_wrong_link(office: Any, others: Any) -> None:
    visit = await office.visit()
    await office.post(f"/{visit}/follow-ups", 201, text="Draft an agreement")
    await others.agreement(follow_up={"visit": visit, "follow_up": "1"})
    after = await office.post(
        f"/{visit}/corrections",
        field="follow_ups",
        value=[{"id": "1", "text": "Draft an agreement", "became": None}],
        reason="Another one",
    )
    assert (after["follow_ups"][0]["became"], after["follow_ups"][0]["status"]) == (None, "open")


async def test_a_link_waits_for_whoever_is_changing_the_visit(office: Any, others: Any) -> None:
    visit = await office.visit()
    await office.post(f"/{visit}/follow-ups", 201, text="Draft an agreement")
    linking = others.agreement(follow_up={"visit": visit, "follow_up": "1"})
    changing = office.post(f"/{visit}/screenings", accepted=True)
    agreement, _ = await asyncio.gather(linking, changing)
    after = await office.get(f"/{visit}")
    assert (after["status"], after["follow_ups"][0]["became"]) == ("accepted", agreement)
