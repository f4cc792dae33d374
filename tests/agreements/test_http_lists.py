"""Lists: filters and pages."""

from typing import Any

import pytest

from tests.agreements.office import Office


@pytest.fixture
async def registers(office: Office) -> dict[str, str]:
    """Two partners and three agreements, by name."""
    japan = await office.partner(name="Nagaoka", country="JP")
    germany = await office.partner(name="Leibniz", country="DE")
    return {
        "japan": japan,
        "germany": germany,
        "exchange": await office.proposal(japan, title="Austausch mit Nagaoka"),
        "research": await office.proposal(germany, kind="research", unit="hust"),
        "shared": await office.proposal(germany, unit="nist", shared_with=["hust/me"]),
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["exchange", "research", "shared"]),
        ({"kind": "research"}, ["research"]),
        ({"status": "in-force"}, []),
        ({"unit": "hust"}, ["exchange", "research", "shared"]),
        ({"unit": "hust/me"}, ["exchange", "shared"]),
        ({"unit": "nist"}, ["shared"]),
        ({"country": "DE"}, ["research", "shared"]),
        ({"country": "FR"}, []),
        ({"q": "AUSTAUSCH"}, ["exchange"]),
        ({"country": "DE", "kind": "exchange", "unit": "nist"}, ["shared"]),
    ],
)
async def test_agreements_are_listed_by_their_filters(
    office: Office, registers: dict[str, str], query: dict[str, Any], found: list[str]
) -> None:
    assert await office.ids("", **query) == [registers[name] for name in found]


async def test_agreements_are_listed_by_partner(office: Office, registers: dict[str, str]) -> None:
    assert await office.ids("", partner=registers["japan"]) == [registers["exchange"]]


async def test_a_list_by_an_unknown_unit_is_refused(office: Office) -> None:
    assert (await office.get("", 422, unit="hust/ee"))["code"] == "unit-unknown"


async def test_pages_follow_one_another_until_the_last(office: Office) -> None:
    made = [await office.partner(name=f"Partner {number}") for number in range(5)]
    seen, after = [], None
    for expected in (2, 2, 1):
        page = await office.get("/partners", limit=2, **({"after": after} if after else {}))
        assert len(page["items"]) == expected
        seen += [each["id"] for each in page["items"]]
        after = page["next"]
    assert (seen, after) == (made, None)


async def test_every_record_tells_its_history_and_only_its_own(office: Office) -> None:
    partner = await office.partner()
    agreement = await office.proposal(partner)
    assert (await office.get(f"/partners/{partner}/history"))["items"][0]["version"] == 1
    (entry,) = (await office.get(f"/{agreement}/history"))["items"]
    assert (entry["type"], entry["actor"]) == ("rapport.agreements.agreement-proposed.v1", "lan")
    assert entry["data"]["title"] == "Exchange of students"
    refusal = await office.get(f"/joint-projects/{agreement}/history", 404)
    assert refusal["code"] == "joint-project-unknown"
    for register in ("joint-programmes", "contributions"):
        await office.get(f"/{register}/{partner}/history", 404)
