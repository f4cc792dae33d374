"""Places over HTTP: what both sides agree on, and what mobility's facts have taken of it."""

from typing import Any

from services.agreements.incoming import STAYS
from services.agreements.projections import stays_known
from shared.consumer import Received
from shared.service import Service
from tests.agreements.office import Office


async def stays(service: Service, *facts: tuple[str, str, dict[str, Any]]) -> None:
    """Facts of mobility (`stay-1`, `confirmed`, its fields) take effect, in one batch."""
    batch = []
    for subject, word, data in facts:
        type_ = f"rapport.mobility.stay-{word}.v1"
        read = STAYS[type_].model_validate(data)
        now = service.clock.now()
        batch.append(Received(subject, 1, type_, now, "lan", read, b"", "mobility.events", ""))
    async with service.database.connect() as connection:
        await stays_known(connection, batch)


async def test_places_are_taken_by_the_stays_that_mobility_tells_of(
    office: Office, service: Service
) -> None:
    partner = await office.partner()
    terms = {"places": [{"direction": "out", "maximum": 2, "kind": "exchange-study"}]}
    agreement = (await office.agreed(partner, **terms))["id"]
    stay = {
        "agreement": agreement,
        "direction": "out",
        "kind": "exchange-study",
        "planned_from": "2025-09-01",
        "planned_until": "2026-01-31",
        "status": "nominated",
    }
    await stays(
        service,
        ("stay-1", "nominated", stay),
        ("stay-1", "approved", {"status": "approved"}),
        ("stay-2", "nominated", stay),
        ("stay-3", "recorded", stay | {"agreement": None, "status": "under-way"}),
    )
    [line] = (await office.get(f"/{agreement}/places", year=2025))["years"][0]["lines"]
    assert (line["taken"], line["nominated"], line["left"]) == (1, 1, 1)
    await stays(
        service,
        ("stay-2", "withdrawn", {"status": "withdrawn"}),
        ("stay-3", "corrected", {"changes": {"agreement": agreement}}),
    )
    told = await office.get(f"/{agreement}/places")
    assert [each["year"] for each in told["years"]] == [2026, 2025]
    [line] = told["years"][1]["lines"]
    assert [each["stay"] for each in line["stays"]] == ["stay-1", "stay-3"]
    assert (line["taken"], line["nominated"], line["left"]) == (2, 0, 0)


async def test_places_change_from_the_next_year_on(office: Office) -> None:
    terms = {"places": [{"direction": "out", "maximum": 2}]}
    agreement = (await office.agreed(await office.partner(), **terms))["id"]
    command: dict[str, Any] = {
        "on": "2025-11-14",
        "evidence": "Exchange of mails",
        "places": [{"direction": "out", "maximum": 5}],
    }
    refusal = await office.post(f"/{agreement}/places", 422, from_year=2025, **command)
    assert refusal["code"] == "agreement-places-too-early"
    await office.post(f"/{agreement}/places", from_year=2026, **command)
    years = (await office.get(f"/{agreement}/places"))["years"]
    assert [(each["year"], each["lines"][0]["maximum"]) for each in years] == [(2026, 5), (2025, 2)]


async def test_the_balance_shows_each_stay_behind_it(office: Office, service: Service) -> None:
    agreement = (await office.agreed(await office.partner()))["id"]
    stay = {
        "agreement": agreement,
        "who": "student",
        "kind": "exchange-study",
        "planned_from": "2024-09-01",
        "planned_until": "2025-01-31",
        "status": "completed",
    }
    await stays(
        service,
        ("stay-1", "recorded", stay | {"direction": "out", "planned_until": "2025-07-15"}),
        ("stay-2", "recorded", stay | {"direction": "in"}),
    )
    told = await office.get(f"/{agreement}/balance")
    assert (told["unit"], told["balance"], told["on"]) == ("student-semesters", -1, "2025-11-17")
    [year] = told["years"]
    assert (year["incoming"], year["outgoing"], year["carried"]) == (1, 2, 0)
    assert [each["weight"] for each in year["stays"]] == [-2, 1]
    assert (await office.get(f"/{agreement}/balance", on="2024-08-31"))["balance"] == 0


async def test_an_agreement_without_a_stay_in_a_year_is_dormant_in_it(
    office: Office, service: Service
) -> None:
    partner = await office.partner()
    parties = [{"party": "hust/me", "side": "ours"}, {"party": partner, "side": "theirs"}]
    agreement = (
        await office.put(
            "/records/agreements/A-1",
            201,
            unit="hust/me",
            kind="exchange",
            title="Exchange",
            parties=parties,
            signed_on="2022-05",
        )
    )["id"]
    stay = {
        "agreement": agreement,
        "planned_from": "2023-09-01",
        "planned_until": "2024-01",
        "actual_until": "2023-12-20",
    }
    await stays(
        service,
        ("stay-1", "recorded", stay | {"status": "completed"}),
        ("stay-2", "recorded", stay | {"planned_from": "2025-02-01", "status": "withdrawn"}),
    )
    years = {year: await office.ids("", dormant_in=year) for year in (2021, 2022, 2023, 2024, 2025)}
    assert [year for year, found in years.items() if found] == [2022, 2024, 2025]
