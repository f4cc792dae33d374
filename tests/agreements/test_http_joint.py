"""Joint programmes, joint projects and contributions over HTTP: each through its whole life."""

from typing import Any

from tests.agreements.office import Office


async def test_a_joint_programme_is_planned_approved_run_and_closed(office: Office) -> None:
    told: dict[str, Any] = {
        "unit": "nist",
        "title": "Media, 3+1",
        "partners": [await office.partner()],
    }
    programme = (await office.post("/joint-programmes", 201, **told, pattern="3+1"))["id"]
    path = f"/joint-programmes/{programme}"
    refusal = await office.post(f"{path}/intakes", 409, year=2025, students=24)
    assert refusal["code"] == "joint-programme-not-established"
    await office.post(f"{path}/approval", on="2024-05-06")
    await office.post(f"{path}/establishment", on="2024-09-02")
    await office.post(f"{path}/intakes", year=2025, students=24)
    await office.post(f"{path}/intakes", year=2024, students=20)
    closed = await office.post(f"{path}/closure", on="2025-11-14")
    assert (closed["status"], closed["intakes"]) == (
        "closed",
        [{"year": 2024, "students": 20}, {"year": 2025, "students": 24}],
    )
    assert await office.history(programme) == [
        "joint-programme-planned",
        "joint-programme-approved",
        "joint-programme-established",
        "joint-programme-intake-taken",
        "joint-programme-intake-taken",
        "joint-programme-closed",
    ]


async def test_a_joint_project_is_applied_for_granted_run_and_completed(office: Office) -> None:
    told: dict[str, Any] = {
        "unit": "nist",
        "title": "Vision for workshops",
        "partners": [await office.partner()],
    }
    project = (await office.post("/joint-projects", 201, **told, applied_on="2024-02"))["id"]
    path = f"/joint-projects/{project}"
    await office.post(f"{path}/grant", on="2024-06-03")
    refusal = await office.post(f"{path}/rejection", 409, on="2024-06-04")
    assert refusal["code"] == "joint-project-not-applied"
    await office.post(f"{path}/start", on="2024-09-02")
    assert (await office.post(f"{path}/completion", on="2025-11-14"))["status"] == "completed"
    other = (await office.post("/joint-projects", 201, **told))["id"]
    rejected = await office.post(f"/joint-projects/{other}/rejection", on="2025-11-17")
    assert (rejected["status"], rejected["rejected_on"]) == ("rejected", "2025-11-17")


async def test_a_joint_gift_under_an_agreement_is_listed_once_under_each_donor(
    office: Office,
) -> None:
    donors = [await office.partner(), await office.partner(name="SIT")]
    agreement = (await office.agreed(donors[0]))["id"]
    gift = await office.post(
        "/contributions",
        201,
        unit="hust/me",
        donors=[{"partner": each} for each in donors],
        amount="3000000",
        currency="JPY",
        approximate=True,
        purpose="A welding laboratory",
        received_on="2018",
        received_until="2019",
        agreement=agreement,
    )
    for donor in donors:
        assert await office.ids("/contributions", partner=donor) == [gift["id"]]
    refusal = await office.post(
        f"/contributions/{gift['id']}/corrections",
        422,
        field="donors",
        value=[{"partner": each, "amount": "1"} for each in donors],
        reason="shares",
    )
    assert refusal["code"] == "contribution-shares-differ"
