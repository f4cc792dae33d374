"""What is to be done next, of all visits in one list, the most urgent first."""

from typing import Any


async def test_open_follow_ups_of_a_unit_are_listed_by_the_day_they_are_due(office: Any) -> None:
    async def noted(visit: str, text: str, due_on: str | None = None) -> None:
        body = {"text": text, "owner": "Cooperation office", "due_on": due_on}
        await office.post(f"/{visit}/follow-ups", 201, **body)

    first = await office.visit(title="First")
    second = await office.visit(title="Second", unit="hust")
    await noted(first, "Some day")
    await noted(first, "In March", "2026-03")
    await noted(second, "Tomorrow", "2025-11-18")
    await noted(second, "Done already", "2025-11-01")
    await noted(await office.visit(unit="icst"), "Of others", "2025-11-02")
    await office.post(f"/{second}/follow-ups/2/closure")

    async def texts(**query: Any) -> list[str]:
        items = (await office.get("/follow-ups", **query))["items"]
        return [each["follow_up"]["text"] for each in items]

    assert await texts(unit="hust") == ["Tomorrow", "In March", "Some day"]
    assert await texts(unit="hust/me") == ["In March", "Some day"]
    assert await texts(status="done") == ["Done already"]
    page = await office.get("/follow-ups", unit="hust", limit=2)
    (tomorrow, _) = page["items"]
    assert (tomorrow["visit"], tomorrow["unit"], tomorrow["title"]) == (second, "hust", "Second")
    assert await texts(unit="hust", limit=2, after=page["next"]) == ["Some day"]
    assert (await office.get("/follow-ups", 422, unit="nowhere"))["code"] == "unit-unknown"
