"""The page as a person sees it, in Chromium: `make test-browser` runs this."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from services.program.files import SOURCE_TREE
from tests.journeys.conftest import System

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    raise LookupError("no Chromium here; `make test-browser` installs it, or says how")


@pytest.fixture
async def page(system: System) -> AsyncIterator[Page]:
    """A signed-in window; a script error or a request to elsewhere fails the test."""
    wrong: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        page = await browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith(system.run.url) else wrong.append(request.url)
            ),
        )
        await page.goto(f"{system.run.url}/reporting/sign-in?token={system.run.token}")
        yield page
        await browser.close()
    assert wrong == []


async def open_year(page: Page, system: System, unit: str, year: int) -> None:
    await page.goto(f"{system.run.url}/reporting/?unit={unit}&year={year}")


async def test_a_number_opens_into_its_records_with_one_click(page: Page, system: System) -> None:
    await open_year(page, system, "hust/me", 2019)
    await page.get_by_role("link", name="Foreign visitors").click()
    text = await page.inner_text("body")
    assert "51" in text
    assert "Lecturers of Nagaoka University of Technology" in text
    assert "Distinct persons" in text


async def test_the_plan_shows_each_target_with_its_state(page: Page, system: System) -> None:
    await open_year(page, system, "nist", 2024)
    text = await page.inner_text("body")
    for shown in ("Sign 3-5 cooperation projects", "exceeded", "missed", "not measurable"):
        assert shown in text


async def test_without_a_token_the_page_shows_no_record(page: Page, system: System) -> None:
    await page.get_by_role("button", name="Sign out").click()
    await open_year(page, system, "hust/me", 2019)
    text = await page.inner_text("body")
    assert "Nagaoka" not in text
    assert await page.get_by_role("button").count() >= 1


async def test_on_a_phone_nothing_is_wider_than_the_screen(page: Page, system: System) -> None:
    await page.set_viewport_size({"width": 360, "height": 740})
    for unit, year in (("nist", 2024), ("hust", 2025)):
        await open_year(page, system, unit, year)
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, f"{unit} {year}: {width} px"


async def test_screenshot_of_the_page_is_taken(
    page: Page, system: System, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """`make screenshot` keeps it as docs/page.png, the picture of the README."""
    await open_year(page, system, "nist", 2024)
    wanted = pytestconfig.getoption("keyword") == "screenshot"
    target = SOURCE_TREE / "docs" / "page.png" if wanted else tmp_path / "page.png"
    await page.screenshot(path=target)
    assert target.stat().st_size > 20_000
