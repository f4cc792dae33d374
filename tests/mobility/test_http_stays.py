"""Stays over HTTP, on a real database."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.mobility.usecases.clock import follow_the_clock
from shared.service import Service
from tests.mobility.office import Office

SIT = "partner-01k9zv5n3m8q4w7t2r6y0a1b2c"


def a_nomination(**fields: Any) -> dict[str, Any]:
    return {
        "unit": "hust/me",
        "person_ref": "st:1",
        "direction": "out",
        "who": "student",
        "kind": "exchange-study",
        "level": "bachelor",
        "partner": SIT,
        "host_country": "JP",
        "planned_from": "2025-10-01",
        "planned_until": "2026-02-28",
        "credits": {"planned": 20},
    } | fields


async def test_a_stay_lives_from_nomination_to_recognition(office: Office) -> None:
    stay = await office.post("/stays", 201, **a_nomination())
    path = f"/stays/{stay['id']}"
    assert stay["status"] == "nominated"
    await office.post(f"{path}/approvals", on="2025-06-01", evidence="letter of 2025-05-30")
    begun = await office.post(f"{path}/confirmations", on="2025-06-10")
    assert begun["status"] == "under-way"
    await office.post(f"{path}/starts", on="2025-10-03")
    await office.post(
        f"{path}/early-returns", on="2025-11-14", reason="ill", evidence="mail of 2025-11-14"
    )
    await office.post(f"{path}/transcripts", awarded=10, on="2025-11-16")
    done = await office.post(f"{path}/recognitions", recognised=8, on="2025-11-16")
    assert (done["status"], done["returned_early"]) == ("recognised", True)
    assert done["credits"] == {"planned": 20, "awarded": 10, "recognised": 8}
    assert await office.get(path) == done
    assert await office.history(stay["id"]) == [
        "stay-nominated",
        "stay-approved",
        "stay-confirmed",
        "stay-started",
        "stay-started",
        "stay-returned-early",
        "stay-transcript-received",
        "stay-recognised",
    ]


async def test_a_refused_step_changes_nothing_and_says_why(office: Office) -> None:
    stay = await office.post("/stays", 201, **a_nomination())
    refusal = await office.post(f"/stays/{stay['id']}/confirmations", 409, on="2025-06-10")
    assert refusal["code"] == "stay-nominated"
    missing = await office.post(f"/stays/{stay['id']}/approvals", 422, on="2025-06-10")
    assert (missing["code"], missing["field"]) == ("evidence-missing", "evidence")
    assert await office.get(f"/stays/{stay['id']}") == stay


async def test_the_same_stay_is_not_entered_twice(office: Office) -> None:
    stay = await office.post("/stays", 201, **a_nomination())
    again = await office.post("/stays", 409, **a_nomination(planned_from="2026-02-01"))
    assert again["code"] == "stay-exists"
    assert stay["id"] in again["detail"]
    await office.post(
        "/stays", 201, **a_nomination(planned_from="2026-03-01", planned_until="2026-08-31")
    )


async def test_days_that_run_backwards_are_refused_where_the_person_has_a_stay_already(
    office: Office,
) -> None:
    await office.post("/stays", 201, **a_nomination())
    backwards = a_nomination(planned_from="2026-04-01", planned_until="2019-05")
    answer = await office.post("/stays", 422, **backwards)
    assert answer["code"] == "stay-ends-before-it-starts"


async def test_two_who_nominate_at_once_make_one_stay(office: Office) -> None:
    answers = await asyncio.gather(
        *(office.client.post("/mobility/stays", json=a_nomination()) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_a_request_that_is_repeated_has_one_effect(office: Office) -> None:
    key = {"idempotency-key": "k1"}
    one, two = [
        await office.client.post("/mobility/stays", json=a_nomination(), headers=key)
        for _ in range(2)
    ]
    assert (one.status_code, one.json()) == (two.status_code, two.json())
    assert len((await office.get("/stays"))["items"]) == 1


async def test_a_coordinator_changes_only_what_the_units_own(
    office: Office, office_of: Callable[..., Office]
) -> None:
    stay = await office.post("/stays", 201, **a_nomination())
    foreign = office_of(units=["nist"])
    refused = await foreign.post(f"/stays/{stay['id']}/withdrawals", 403, on="2025-06-10")
    assert refused["code"] == "unit-not-allowed"
    assert (await foreign.post("/stays", 403, **a_nomination()))["code"] == "unit-not-allowed"
    await foreign.record("stays", "S-1", 403, **a_nomination())
    school = office_of(units=["hust/me"])
    moved = await school.post(
        f"/stays/{stay['id']}/corrections", 403, field="unit", value="nist", reason="moved"
    )
    assert moved["code"] == "unit-not-allowed"
    await school.post(f"/stays/{stay['id']}/withdrawals", on="2025-06-10")


async def test_a_reader_reads_and_does_not_write(
    office: Office, office_of: Callable[..., Office]
) -> None:
    stay = await office.post("/stays", 201, **a_nomination())
    reader = office_of(roles=["reader"])
    assert (await reader.get(f"/stays/{stay['id']}"))["id"] == stay["id"]
    assert (await reader.post("/stays", 403, **a_nomination()))["code"] == "role-not-allowed"
    await reader.get("/persons/st:1", 403)


async def test_names_are_kept_apart_and_for_their_unit(
    office: Office, office_of: Callable[..., Office]
) -> None:
    named: dict[str, Any] = {"unit": "hust/me", "name": "Nguyen Van A (invented)"}
    assert (await office.put("/persons/st:1", **named))["outcome"] == "created"
    assert (await office.get("/persons/st:1"))["name"] == named["name"]
    refused = await office_of(units=["nist"]).get("/persons/st:1", 403)
    assert refused["code"] == "unit-not-allowed"
    assert (await office.client.delete("/mobility/persons/st:1")).status_code == 200
    assert (await office.get("/persons/st:1", 404))["code"] == "person-unknown"


async def test_lists_are_filtered_and_come_in_pages(office: Office) -> None:
    for number in range(5):
        await office.record(
            "stays",
            f"S-{number}",
            201,
            **a_nomination(person_ref=f"st:{number}", status="approved"),
        )
    await office.record(
        "stays",
        "S-nist",
        201,
        **a_nomination(unit="nist", person_ref="st:9", kind="camp", shared_with=["hust"]),
    )
    first = await office.get("/stays", unit="hust", limit=4)
    assert len(first["items"]) == 4
    second = await office.get("/stays", unit="hust", limit=4, after=first["next"])
    assert [len(second["items"]), second["next"]] == [2, None]
    assert len((await office.get("/stays", unit="nist"))["items"]) == 1
    assert len((await office.get("/stays", kind="camp"))["items"]) == 1
    assert len((await office.get("/stays", status="approved", person_ref="st:2"))["items"]) == 1
    since: dict[str, Any] = {"since": "2026-02-28"}
    assert (await office.get("/stays", until="2025-09-30"))["items"] == []
    assert len((await office.get("/stays", **since))["items"]) == 6


async def test_the_clock_begins_and_ends_stays_and_appointments(
    office: Office, service: Service
) -> None:
    stay = await office.record(
        "stays",
        "S-1",
        201,
        **a_nomination(status="confirmed", planned_from="2025-11-20", planned_until="2025-11-22"),
    )
    hired = await office.post(
        "/appointments",
        201,
        unit="nist",
        person_ref="e:1",
        term="short",
        role="expert",
        foreign_expert=True,
        starts_on="2025-01-01",
        ends_on="2025-11-20",
    )
    await follow_the_clock(service.database)
    assert (await office.get(f"/stays/{stay['id']}"))["status"] == "confirmed"
    service.clock.advance(timedelta(days=3, hours=12))
    await follow_the_clock(service.database)
    assert (await office.get(f"/stays/{stay['id']}"))["status"] == "under-way"
    service.clock.advance(timedelta(days=3))
    await follow_the_clock(service.database)
    await follow_the_clock(service.database)
    assert (await office.get(f"/stays/{stay['id']}"))["status"] == "completed"
    assert (await office.get(f"/appointments/{hired['id']}"))["status"] == "ended"
    assert await office.history(stay["id"]) == [
        "stay-recorded",
        "stay-started",
        "stay-completed",
    ]


async def test_an_appointment_is_classified_by_the_coordinator(office: Office) -> None:
    hired = await office.post(
        "/appointments",
        201,
        unit="nist",
        person_ref="e:1",
        term="long",
        role="professor",
        foreign_expert=True,
        starts_on="2024-03",
    )
    path = f"/appointments/{hired['id']}"
    classified = await office.post(
        f"{path}/classifications", high_level=True, international_background=None
    )
    assert classified["high_level"] is True
    again = await office.post(
        f"{path}/classifications", 409, high_level=True, international_background=None
    )
    assert again["code"] == "appointment-so-classified"
    ended = await office.post(f"{path}/endings", on="2025-10-31")
    assert (ended["status"], ended["ends_on"]) == ("ended", "2025-10-31")
    revived = await office.post(
        f"{path}/corrections", field="ends_on", value="2026-03", reason="typo"
    )
    assert revived["status"] == "appointed"


async def test_who_applies_has_not_gone(office: Office) -> None:
    submitted = await office.post(
        "/applications",
        201,
        unit="nist",
        person_ref="g:1",
        level="master",
        graduate=True,
        submitted_on="2024-03-11",
    )
    path = f"/applications/{submitted['id']}"
    early = await office.post(f"{path}/departures", 409, on="2024-09-01")
    assert early["code"] == "application-submitted"
    await office.post(f"{path}/admissions", on="2024-05-01")
    gone = await office.post(f"{path}/departures", on="2024-09-01")
    assert (gone["status"], gone["departed_on"]) == ("departed", "2024-09-01")
    assert (await office.get("/applications", status="departed"))["items"] == [gone]


async def test_headcounts_are_one_for_a_unit_year_and_level(office: Office) -> None:
    headcount = {"unit": "nist", "year": 2024, "level": "bachelor", "graduates": 2310}
    reported = await office.post("/headcounts", 201, **headcount)
    assert (await office.post("/headcounts", 409, **headcount))["code"] == "headcount-exists"
    mended = await office.post(
        f"/headcounts/{reported['id']}/corrections", field="graduates", value=2311, reason="late"
    )
    assert mended["graduates"] == 2311


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"unit": "nowhere"}, "unit-unknown"),
        ({"host_country": None, "partner": "ref:X"}, "host-country-missing"),
        ({"planned_until": "2025-09-30"}, "stay-ends-before-it-starts"),
        ({"person_ref": "Nguyen Van A"}, "invalid-request"),
        ({"name": "Nguyen Van A"}, "invalid-request"),
    ],
)
async def test_a_nomination_that_makes_no_sense_is_refused(
    office: Office, change: dict[str, Any], code: str
) -> None:
    refusal = await office.post("/stays", 422, **a_nomination(**change))
    assert refusal["code"] == code
    assert (await office.get("/stays"))["items"] == []


@pytest.mark.parametrize("text", ["a\x00b", "a\u202eb", "a\nb"])
async def test_a_text_with_control_characters_is_refused(office: Office, text: str) -> None:
    refusal = await office.post("/stays", 422, **a_nomination(funding=text))
    assert refusal["field"] == "funding"


async def test_every_route_refuses_who_brings_no_token(service: Service) -> None:
    transport = httpx.ASGITransport(app=service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://rapport.test") as client:
        open_to_all = []
        for path, operations in service.app.openapi()["paths"].items():
            for method in operations:
                address = path.replace("{record}", "1").replace("{", "").replace("}", "")
                answer = await client.request(method, address)
                if answer.status_code != 401:
                    open_to_all.append((method, path, answer.status_code))
    assert open_to_all == []


async def test_every_route_that_changes_something_refuses_a_reader(
    service: Service, office_of: Callable[..., Office]
) -> None:
    reader = office_of(roles=["reader"])
    let_in = []
    for path, operations in service.app.openapi()["paths"].items():
        for method in operations.keys() - {"get"}:
            address = path.replace("{", "").replace("}", "")
            answer = await reader.client.request(method, address, json={})
            if answer.status_code != 403:
                let_in.append((method, path, answer.status_code))
    assert let_in == []


async def test_every_body_is_described_with_an_example(service: Service) -> None:
    description = service.app.openapi()
    without = []
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            for media in operation.get("requestBody", {}).get("content", {}).values():
                name = media["schema"].get("$ref", "").rpartition("/")[2]
                described = description["components"]["schemas"].get(name, media["schema"])
                ours = not path.startswith(("/mobility/parked", "/mobility/republish"))
                if ours and not ({"examples", "example"} & {*described, *media}):
                    without.append((method, path))
    assert without == []
