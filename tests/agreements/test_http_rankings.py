"""A published ranking, row by row: `PUT /agreements/records/rankings/{ref}`."""

from typing import Any

import pytest

from tests.agreements.office import TOLD_PARTNER, Office

QS: dict[str, Any] = {
    "ranking": "qs",
    "edition": 2026,
    "published_on": "2025-06-19",
    "position": 801,
    "position_until": 850,
}


@pytest.fixture
async def partner(office: Office) -> str:
    ror = {"scheme": "ror", "value": "00ntfnx83"}
    told = await office.put(
        "/records/partners/P-1", 201, **TOLD_PARTNER | {"name": "Kyoto", "identifiers": [ror]}
    )
    return str(told["id"])


@pytest.mark.parametrize("ref", ["P-1", "ref:P-1", "ror:00ntfnx83", "ror:00NTFNX83"])
async def test_a_position_is_told_of_a_partner_by_any_of_its_ids(
    office: Office, partner: str, ref: str
) -> None:
    told = await office.put(f"/records/rankings/{ref}", **QS)
    assert (told["id"], told["outcome"], told["changed"]) == (partner, "changed", ["rankings"])
    assert (await office.get(f"/partners/{partner}"))["rankings"] == [QS]


async def test_the_same_list_again_changes_nothing_and_undoes_nothing(
    office: Office, partner: str
) -> None:
    await office.put("/records/rankings/P-1", **QS)
    assert (await office.put("/records/rankings/P-1", **QS))["outcome"] == "unchanged"
    mended = [QS | {"position": 790, "position_until": None}]
    await office.post(
        f"/partners/{partner}/corrections", field="rankings", value=mended, reason="misread"
    )
    assert (await office.put("/records/rankings/P-1", **QS))["outcome"] == "unchanged"
    assert (await office.get(f"/partners/{partner}"))["rankings"] == mended


async def test_another_position_of_an_edition_sets_it_right_beside_other_editions(
    office: Office, partner: str
) -> None:
    earlier = QS | {"edition": 2025, "published_on": "2024-06-04"}
    for told in (earlier, QS, QS | {"position": 751, "position_until": 760}):
        await office.put("/records/rankings/P-1", **told)
    rankings = (await office.get(f"/partners/{partner}"))["rankings"]
    assert [(each["edition"], each["position"]) for each in rankings] == [(2025, 801), (2026, 751)]
    assert await office.history(partner) == [
        "partner-recorded",
        "partner-ranked",
        "partner-ranked",
        "partner-corrected",
    ]


@pytest.mark.parametrize("ref", ["P-2", "ror:01t884y44", "partner-01k9zv5n3m8q4w7t2r6y0a1b2c"])
async def test_a_position_of_an_unknown_partner_is_refused(office: Office, ref: str) -> None:
    assert (await office.put(f"/records/rankings/{ref}", 404, **QS))["code"] == "partner-unknown"
