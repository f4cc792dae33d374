"""The page: signed in by a link, each number one click from its records, safe to look at."""

from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from shared.security import Role
from shared.service import Service
from tests.reporting.conftest import Office, Others
from tests.reporting.test_http import PLAN
from tests.reporting.test_projections import VISIT


class Links(HTMLParser):
    """What a page links to, and what it loads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.hrefs: list[str] = []
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.append(tag)
        if tag == "a" and named.get("href"):
            self.hrefs.append(str(named["href"]))
        for name in ("src", "href"):
            if tag in ("link", "script", "img") and named.get(name):
                self.loads.append(str(named[name]))


@pytest.fixture
async def browser(service: Service) -> Any:
    """A browser that has not signed in."""
    transport = httpx.ASGITransport(app=service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://rapport.test") as client:
        yield client


def token_of(service: Service, *roles: Role) -> str:
    return service.tokens.issue(subject="dean", roles=roles, units=["hust/me"], seconds=1000)


async def test_the_link_signs_in_with_a_cookie_that_no_script_can_read(
    service: Service, browser: httpx.AsyncClient
) -> None:
    assert (await browser.get("/reporting/")).status_code == 401
    link = f"/reporting/sign-in?token={token_of(service, Role.READER)}"
    answer = await browser.get(link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/reporting/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    page = await browser.get("/reporting/")
    assert page.status_code == 200
    assert "School of Mechanical Engineering" in page.text
    await browser.post("/reporting/sign-out")
    assert (await browser.get("/reporting/")).status_code == 401


async def test_a_token_that_does_not_hold_opens_nothing(
    service: Service, browser: httpx.AsyncClient
) -> None:
    refused = await browser.get("/reporting/sign-in?token=nonsense")
    assert (refused.status_code, "set-cookie" in refused.headers) == (401, False)
    pasted = await browser.post("/reporting/sign-in", data={"token": "nonsense"})
    assert "not valid" in pasted.text
    upstream = token_of(service, Role.UPSTREAM)
    await browser.get(f"/reporting/sign-in?token={upstream}")
    assert (await browser.get("/reporting/")).status_code == 401


async def test_a_number_is_one_click_from_its_records(office: Office, others: Others) -> None:
    subject = await others.tell("visits.visit-recorded", **VISIT)
    page = await office.read("/", unit="hust/me", year=2019)
    link = next(each for each in Links(page.text).hrefs if "visits.foreign-visitors" in each)
    number = await office.client.get(link)
    assert number.status_code == 200
    assert f"/reporting/records/{subject}" in Links(number.text).hrefs
    assert "Distinct persons" in number.text
    record = await office.read(f"/records/{subject}")
    assert "Visit of Nagaoka" in record.text


async def test_every_link_of_the_page_leads_somewhere(office: Office, others: Others) -> None:
    await others.tell("visits.visit-recorded", **VISIT)
    await others.tell(
        "agreements.agreement-recorded",
        title="Exchange",
        kind="exchange",
        status="in-force",
        valid_from="2017-01-01",
        valid_until="2020-03-01",
        parties=[{"party": "hust/me", "side": "ours"}],
    )
    page = await office.read("/", unit="hust/me", year=2019, on="2019-12-31")
    links = [each for each in Links(page.text).hrefs if each.startswith("/reporting/")]
    assert any("/records/agreement-" in each for each in links)
    for link in dict.fromkeys(links):
        assert (await office.client.get(link)).status_code == 200, link


async def test_the_plan_stands_on_the_page_with_its_states(office: Office) -> None:
    await office.put("/plans/hust/me/2025", PLAN, 201)
    page = await office.read("/", unit="hust/me", year=2025)
    for words in ("Five delegations", "gated", "not measurable", "issued by International Office"):
        assert words in page.text


async def test_the_page_loads_nothing_from_elsewhere_and_runs_no_script(
    office: Office, others: Others
) -> None:
    await others.tell("visits.visit-recorded", **VISIT | {"title": "<img src=x onerror=alert(1)>"})
    page = await office.read("/", unit="hust/me", year=2019)
    found = Links(page.text)
    assert "script" not in found.tags
    assert "img" not in found.tags
    assert [each for each in found.loads if not each.startswith(("/reporting/", "data:"))] == []
    assert "default-src 'none'" in page.headers["content-security-policy"]
    style = await office.read("/page.css")
    assert "http" not in style.text.replace("https://www.w3.org", "")


async def test_a_question_that_cannot_be_answered_is_said_on_a_page(office: Office) -> None:
    page = await office.read("/", 422, unit="atlantis")
    assert "there is no unit" in page.text
    assert (await office.read("/numbers/visits.lunches", 404, unit="hust")).text.count("<h1>") == 1
    await office.read("/records/visit-01k9zq3v7c8d2e4f6g8h0j2k4m", 404)
