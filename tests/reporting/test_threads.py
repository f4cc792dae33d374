"""Threads: visit, follow-up, agreement, joint work, mobility, read from whichever end."""

from typing import Any

import pytest

from shared.identity import new_id
from tests.reporting.conftest import Office, Others

VISIT = {"direction": "inbound", "title": "Delegation", "theme": "academic", "status": "closed"}
AGREEMENT = {"unit": "hust/me", "title": "Dual degrees", "status": "in-force"}


@pytest.fixture
async def thread(others: Others) -> dict[str, str]:
    """visit -> follow-up f1 -> agreement -> its successor -> programme -> stay, and a project."""
    agreement, later = new_id("agreement"), new_id("agreement")
    follow_ups = [
        {"id": "f1", "text": "draft it", "status": "done", "became": agreement},
        {"id": "f2", "text": "send thanks", "due_on": "2025-12"},
    ]
    visit = await others.tell("visits.visit-recorded", **VISIT, follow_ups=follow_ups)
    await others.say((agreement, "agreements.agreement-recorded", AGREEMENT))
    succeeds = AGREEMENT | {"supersedes": agreement}
    await others.say((later, "agreements.agreement-recorded", succeeds))
    programme = await others.tell(
        "agreements.joint-programme-recorded", title="2+2", agreement=later
    )
    project = await others.tell("agreements.joint-project-recorded", title="Dyes", agreement=later)
    stay = await others.tell(
        "mobility.stay-recorded",
        person_ref="hust:s1",
        kind="dual-degree",
        joint_programme=programme,
    )
    return {
        "visit": visit,
        "follow-up": f"{visit}:f1",
        "agreement": agreement,
        "later": later,
        "programme": programme,
        "project": project,
        "stay": stay,
    }


async def test_a_thread_is_the_same_from_whichever_of_its_records_it_is_read(
    office: Office, thread: dict[str, str]
) -> None:
    whole = set(thread.values()) - {thread["follow-up"]}
    read = [await office.get(f"/threads/{end}") for end in thread.values()]
    for each in read:
        assert {node["subject"] for node in each["records"]} == whole
        assert each["links"] == read[0]["links"]
    assert {(each["earlier"], each["later"], each["follow_up"]) for each in read[0]["links"]} == {
        (thread["visit"], thread["agreement"], "f1"),
        (thread["agreement"], thread["later"], None),
        (thread["later"], thread["programme"], None),
        (thread["later"], thread["project"], None),
        (thread["programme"], thread["stay"], None),
    }


async def test_the_follow_ups_of_a_visit_are_in_its_thread_even_if_they_led_to_nothing(
    office: Office, thread: dict[str, str]
) -> None:
    read = await office.get(f"/threads/{thread['stay']}")
    (visit,) = [node for node in read["records"] if node["kind"] == "visit"]
    assert [(each["subject"], each["became"]) for each in visit["follow_ups"]] == [
        (thread["follow-up"], thread["agreement"]),
        (f"{thread['visit']}:f2", None),
    ]
    assert visit["follow_ups"][1]["due_on"] == "2025-12"
    page = await office.client.get(f"/reporting/records/{thread['follow-up']}")
    assert page.status_code == 200


@pytest.mark.parametrize("end", ["visit", "agreement"])
async def test_an_agreement_that_names_its_visit_by_the_offices_own_id_is_in_its_thread(
    office: Office, others: Others, end: str
) -> None:
    follow_ups = [{"id": "1", "text": "draft it"}]
    visit = await others.tell("visits.visit-recorded", **VISIT, ref="V-1", follow_ups=follow_ups)
    named: dict[str, Any] = {"follow_up": {"visit": "ref:V-1", "follow_up": "1"}}
    agreement = await others.tell("agreements.agreement-recorded", **AGREEMENT | named)
    read = await office.get(f"/threads/{visit if end == 'visit' else agreement}")
    links = [(each["earlier"], each["later"], each["follow_up"]) for each in read["links"]]
    assert links == [(visit, agreement, "1")]


async def test_what_an_agreement_came_from_is_found_however_many_stays_it_led_to(
    office: Office, others: Others, thread: dict[str, str]
) -> None:
    stay = ("mobility.stay-recorded", {"unit": "hust/me", "agreement": thread["agreement"]})
    await others.say(*((new_id("stay"), *stay) for _ in range(250)))
    for end in (thread["agreement"], thread["visit"], thread["stay"]):
        read = await office.get(f"/threads/{end}")
        assert thread["visit"] in {node["subject"] for node in read["records"]}
        assert len(read["records"]) == 200


async def test_partners_that_were_merged_or_renamed_break_no_thread(
    office: Office, others: Others, thread: dict[str, str]
) -> None:
    left = await others.tell("agreements.partner-recorded", name="Science Tokyo")
    gone = await others.tell("agreements.partner-recorded", name="Tokyo Tech")
    parties = {"parties": [{"party": gone, "side": "theirs"}]}
    await others.say((thread["agreement"], "agreements.agreement-corrected", {"changes": parties}))
    before = await office.get(f"/threads/{thread['visit']}")
    merged = {"status": "merged", "merged_into": left}
    await others.say((gone, "agreements.partner-merged", merged))
    await others.say((left, "agreements.partner-renamed", {"name": "Institute of Science"}))
    assert await office.get(f"/threads/{thread['visit']}") == before
    for end in (gone, left):
        read = await office.get(f"/threads/{end}")
        assert [(each["earlier"], each["later"]) for each in read["links"]] == [(gone, left)]
        assert "Institute of Science" in {node["title"] for node in read["records"]}


@pytest.mark.parametrize(
    "subject", ["visit-1", "nothing", "a:b", ":", "%00", "visit-%2F..", "x" * 999]
)
async def test_what_is_no_record_has_no_thread(office: Office, subject: str) -> None:
    answer = await office.client.get(f"/reporting/threads/{subject}")
    assert answer.status_code in (404, 422)


async def test_a_follow_up_that_the_visit_does_not_have_has_no_thread(
    office: Office, thread: dict[str, str]
) -> None:
    refused = await office.get(f"/threads/{thread['visit']}:f3", 404)
    assert refused["code"] == "record-unknown"
