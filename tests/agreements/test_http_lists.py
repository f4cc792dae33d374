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


# --- the register of agreements ------------------------------------------------------------------


async def told(office: Office, partner: str, ref: str, **fields: Any) -> str:
    """The id of an agreement of the past, by default in force since 2014."""
    parties = [{"party": "hust/me", "side": "ours"}, {"party": partner, "side": "theirs"}]
    usual = {"unit": "hust/me", "kind": "exchange", "title": ref, "signed_on": "2014"}
    recorded = await office.put(
        f"/records/agreements/{ref}", 201, **usual | {"parties": parties} | fields
    )
    return str(recorded["id"])


REST = {"suspended_from": "2020-03", "suspended_until": "2021-06"}
PAST: dict[str, dict[str, Any]] = {
    "open": {"fields": ["0714"], "levels": [6, 7]},
    "lapsed": {"valid_until": "2019"},
    "ending": {"valid_until": "2026-01", "levels": [7]},
    "tacit": {"valid_until": "2018", "renewal": {"rule": "tacit", "months": 240}},
    "rested": {"suspensions": [REST]},
    "rests": {"status": "suspended"},
    "ended": {"valid_until": "2030", "status": "terminated", "ended_on": "2020-09"},
    "proposed": {"signed_on": None, "proposed_on": "2025"},
}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"in_force_on": "2013-12-31"}, ""),
        ({"in_force_on": "2014-01-01"}, "open lapsed ending tacit rested ended"),
        ({"in_force_on": "2019-12-31"}, "open lapsed ending tacit rested ended"),
        ({"in_force_on": "2020-09-30"}, "open ending tacit ended"),
        ({"in_force_on": "2021-06-30"}, "open ending tacit"),
        ({"in_force_on": "2021-07-01"}, "open ending tacit rested"),
        ({"expiring_within": 74}, ""),
        ({"expiring_within": 75}, "ending"),
        ({"field": "0714"}, "open"),
        ({"level": 7}, "open ending"),
        ({"level": 7, "field": "0715"}, ""),
    ],
)
async def test_the_register_is_asked_what_holds_what_ends_and_what_it_covers(
    office: Office, query: dict[str, Any], found: str
) -> None:
    partner = await office.partner()
    names = {await told(office, partner, ref, **fields): ref for ref, fields in PAST.items()}
    assert [names[each] for each in await office.ids("", **query)] == found.split()
