"""Calendars that others subscribe to: whose address leads to what, until it is revoked."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from shared.security import Role
from shared.service import Service
from tests.support.office import built
from tests.visits.rfc5545 import understood


@pytest.fixture
async def stranger(service: Service) -> Any:
    """A calendar program: it has addresses, and no token."""
    transport = httpx.ASGITransport(app=service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        yield client


async def shown(stranger: Any, url: str) -> list[Any]:
    answer = await stranger.get(url)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    return list(understood(answer.content).events)


async def titles(stranger: Any, url: str) -> set[str]:
    return {str(event["summary"]) for event in await shown(stranger, url)}


async def test_a_units_calendar_has_what_it_owns_shares_or_hosts_with_its_parts(
    office: Any, stranger: Any
) -> None:
    await office.visit(title="Of the school")
    await office.visit(unit="icst", title="Of others")
    await office.visit(unit="icst", title="Shared", shared_with=["hust/me"])
    await office.visit(unit="nist", title="Hosted", hosts=["hust"])
    made = await office.post("/calendars", 201, unit="hust")
    assert made["url"].startswith("http://127.0.0.1:8080/visits/calendars/")
    assert await titles(stranger, made["url"]) == {"Of the school", "Shared", "Hosted"}
    part = await office.post("/calendars", 201, unit="hust/me")
    assert await titles(stranger, part["url"]) == {"Of the school", "Shared"}


async def test_a_persons_calendar_has_the_visits_that_the_person_takes_part_in(
    office: Any, stranger: Any
) -> None:
    await office.visit(title="Without")
    dean = {"role": "Dean", "ours": True, "person_ref": "p-dean"}
    guest = {"role": "Mayor", "organization": "Da Nang City", "country": "VN"}
    await office.visit(title="With", members=[dean, guest])
    await office.put("/persons/p-dean", name="Nguyễn Văn Minh")
    url = (await office.post("/calendars", 201, person_ref="p-dean"))["url"]
    assert await titles(stranger, url) == {"With"}
    content = (await stranger.get(url)).text
    assert "p-dean" not in url + content
    assert "Minh" not in content


async def test_what_happens_to_a_visit_is_seen_in_the_calendar(
    office: Any, stranger: Any, service: Service
) -> None:
    visit = await office.visit()
    url = (await office.post("/calendars", 201, unit="hust"))["url"]
    (asked,) = await shown(stranger, url)
    service.clock.advance(timedelta(hours=1))
    await office.post(f"/{visit}/postponements", starts_on="2026-01-12", reason="Typhoon")
    (moved,) = await shown(stranger, url)
    assert moved["uid"] == asked["uid"]
    assert (moved["sequence"], str(moved.start)) == (asked["sequence"] + 1, "2026-01-12")
    assert timedelta(hours=1) <= moved.DTSTAMP - asked.DTSTAMP
    assert moved["created"].dt == asked["created"].dt
    await office.post(f"/{visit}/cancellation", reason="Typhoon")
    (off,) = await shown(stranger, url)
    assert (str(off["status"]), off["sequence"]) == ("CANCELLED", 3)
    service.clock.advance(timedelta(days=500))
    assert await shown(stranger, url) == []


async def test_who_has_the_newest_calendar_is_told_so_without_it(
    office: Any, stranger: Any
) -> None:
    visit = await office.visit()
    url = (await office.post("/calendars", 201, unit="hust"))["url"]
    tag = (await stranger.get(url)).headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = await stranger.get(url, headers={"if-none-match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
    await office.post(f"/{visit}/screenings", accepted=True)
    answer = await stranger.get(url, headers={"if-none-match": tag})
    assert answer.status_code == 200
    assert answer.headers["etag"] != tag


async def test_a_revoked_address_leads_nowhere_like_one_that_never_was(
    office: Any, stranger: Any, service: Service
) -> None:
    made = await office.post("/calendars", 201, unit="hust")
    other = await office.post("/calendars", 201, unit="hust")
    assert (await stranger.get(made["url"])).status_code == 200
    path = f"/visits/calendars/{made['id']}"
    revoked = (await office.client.delete(path)).json()
    service.clock.advance(timedelta(days=1))
    assert (await office.client.delete(path)).json() == revoked, "again changes nothing"
    never = made["url"].replace(".ics", "x.ics")
    answers = [await stranger.get(url) for url in (made["url"], never)]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer.json()["code"] for answer in answers} == {"calendar-unknown"}
    assert len({answer.text for answer in answers}) == 1
    assert (await stranger.get(other["url"])).status_code == 200
    listed = (await office.get("/calendars"))["items"]
    assert [each["id"] for each in listed] == [made["id"], other["id"]]
    assert [each["revoked_at"] is None for each in listed] == [False, True]


async def test_the_secret_of_an_address_is_kept_nowhere_not_even_for_a_repeated_request(
    office: Any, service: Service
) -> None:
    async def ask() -> Any:
        headers = {"idempotency-key": "k-1"}
        return await office.client.post("/visits/calendars", json={"unit": "hust"}, headers=headers)

    first, again = await ask(), await ask()
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    secret = first.json()["url"].rpartition("/")[2].removesuffix(".ics")
    assert len(secret) == 43
    listed = await office.get("/calendars")
    assert secret not in json.dumps(listed)
    async with service.database.connect() as connection:
        for table in ("calendars", "idempotency", "journal"):
            kept = await connection.scalars(text(f"select t::text from {table} t"))  # noqa: S608
            rows = " ".join(kept)
            assert secret not in rows
            assert secret.encode().hex() not in rows


async def test_no_log_line_has_the_secret_even_when_the_database_is_away(
    tmp_path: Path,
) -> None:
    away = built("visits", tmp_path)
    transport = httpx.ASGITransport(app=away.app)
    with capture_logs() as lines:
        async with httpx.AsyncClient(transport=transport, base_url="http://a.test") as client:
            answer = await client.get("/visits/calendars/SeCrEt.ics")
    assert answer.status_code == 503
    assert [line["route"] for line in lines] == ["/calendars/{secret}.ics"]
    assert "SeCrEt" not in str(lines)


async def test_who_may_not_change_a_unit_makes_and_revokes_no_calendar_of_it(
    office: Any, office_of: Any
) -> None:
    made = await office.post("/calendars", 201, unit="hust")
    dean = {"role": "Dean", "ours": True, "person_ref": "p-dean"}
    guest = {"role": "Mayor", "organization": "Da Nang City", "country": "VN"}
    await office.visit(members=[dean, guest])
    persons = await office.post("/calendars", 201, person_ref="p-dean")
    elsewhere = office_of(units=["icst"])
    for body in ({"unit": "hust"}, {"person_ref": "p-dean"}):
        assert (await elsewhere.post("/calendars", 403, **body))["code"] == "unit-not-allowed"
    for calendar in (made, persons):
        answer = await elsewhere.client.delete(f"/visits/calendars/{calendar['id']}")
        assert answer.json()["code"] == "unit-not-allowed"
    reader = office_of(roles=[Role.READER])
    assert (await reader.post("/calendars", 403, unit="hust"))["code"] == "role-not-allowed"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid-request"),
        ({"unit": "hust", "person_ref": "p-1"}, 422, "invalid-request"),
        ({"unit": "nowhere"}, 422, "unit-unknown"),
    ],
)
async def test_a_calendar_is_of_one_unit_or_one_person(
    office: Any, body: dict[str, str], status: int, code: str
) -> None:
    assert (await office.post("/calendars", status, **body))["code"] == code
    assert (await office.client.delete("/visits/calendars/calendar-1")).status_code == 404


async def test_one_visit_can_be_taken_into_a_calendar_by_hand(
    office: Any, stranger: Any, office_of: Any
) -> None:
    visit = await office.visit()
    reader = office_of(roles=[Role.READER]).client
    answer = await reader.get(f"/visits/{visit}/calendar.ics")
    assert answer.headers["content-disposition"] == f'attachment; filename="{visit}.ics"'
    (event,) = understood(answer.content).events
    assert str(event["uid"]) == f"{visit}@rapport"
    known = {"if-none-match": answer.headers["etag"]}
    assert (await reader.get(f"/visits/{visit}/calendar.ics", headers=known)).status_code == 304
    assert (await stranger.get(f"/visits/{visit}/calendar.ics")).status_code == 401
    unknown = await reader.get("/visits/visit-1/calendar.ics")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "visit-unknown")
