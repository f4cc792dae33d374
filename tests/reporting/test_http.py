"""Measures, plans and texts over HTTP."""

from typing import Any

import pytest

from shared.security import Role
from tests.reporting.conftest import MakeOffice, Office, Others
from tests.reporting.test_projections import VISIT

PLAN: dict[str, Any] = {
    "title": "Work plan 2025",
    "issued_by": "International Office",
    "issued_on": "2024-12-11",
    "published_on": "2025-07-15",
    "targets": [
        {
            "id": "visitors",
            "dimension": "management",
            "text": "Five delegations, subject to approval",
            "form": "gated",
            "gate": "university approval",
            "number": 5,
            "counts": {"measure": "visits.delegations"},
        },
        {"id": "log", "dimension": "staff", "text": "Seek support", "form": "qualitative"},
        {
            "id": "rate",
            "dimension": "students",
            "text": "Increase the rate",
            "form": "rate",
            "counts": {"measure": "applications.submitted"},
            "of": {"measure": "headcount.graduates"},
        },
    ],
}


async def test_every_measure_says_its_rule_and_version(office: Office) -> None:
    listed = (await office.get("/measures"))["items"]
    assert len(listed) >= 30
    assert all(each["definition"].endswith(".") and each["version"] >= 1 for each in listed)


async def test_an_answer_has_its_two_dates_its_parts_and_its_records(
    office: Office, others: Others
) -> None:
    subject = await others.tell("visits.visit-recorded", **VISIT)
    found = await office.get(
        "/measures/visits.foreign-visitors", unit="hust", year=2019, country="JP,DE", records=True
    )
    assert (found["value"], found["unit_of_value"], found["on"]) == (3, "persons", "2019-12-31")
    assert found["period"] == {"first": "2019-01-01", "last": "2019-12-31"}
    assert found["known"].startswith("2025-11-17T01:0")
    assert found["groups"] == {"country=JP": 3, "theme=academic": 3}
    assert found["records"][0]["subject"] == subject
    assert found["records"][0]["link"] == f"/visits/{subject}"


async def test_years_may_be_a_span_and_of_an_academic_unit_one_year(office: Office) -> None:
    path = "/measures/contributions.received"
    span = (await office.get(path, unit="hust", year="2018-2019"))["period"]
    assert span == {"first": "2018-01-01", "last": "2019-12-31"}
    academic = (await office.get(path, unit="kiel", year="2018-2019"))["period"]
    assert academic == {"first": "2018-09-01", "last": "2019-08-31"}
    of_day = (await office.get(path, unit="kiel", on="2025-03-01"))["period"]
    assert of_day == {"first": "2024-09-01", "last": "2025-08-31"}


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("visits.lunches", {"unit": "hust", "year": 2019}, 404, "measure-unknown"),
        ("visits.trips", {"unit": "atlantis", "year": 2019}, 422, "unit-unknown"),
        ("visits.trips", {"unit": "hust", "year": "last"}, 422, "year-invalid"),
        ("visits.trips", {"unit": "hust", "on": "yesterday"}, 422, "date-invalid"),
        ("visits.trips", {"unit": "hust", "known": "2025-01-01T10:00"}, 422, "date-invalid"),
        ("visits.trips", {"unit": "hust", "year": 2019, "colour": "red"}, 422, "narrowing-unknown"),
        ("visits.trips", {"year": 2019}, 422, "invalid-request"),
    ],
)
async def test_a_question_that_cannot_be_answered_says_why(
    office: Office, path: str, query: dict[str, Any], status: int, code: str
) -> None:
    assert (await office.get(f"/measures/{path}", status, **query))["code"] == code


async def test_a_plan_is_put_judged_approved_and_noted(office: Office, others: Others) -> None:
    await others.tell(
        "visits.visit-recorded", **VISIT | {"starts_on": "2025-05-01", "ends_on": "2025-05-02"}
    )
    put = await office.put("/plans/hust/me/2025", PLAN, 201)
    assert put["outcome"] == "created"
    assert (await office.put("/plans/hust/me/2025", PLAN))["outcome"] == "unchanged"
    asked: dict[str, Any] = {"unit": "hust/me", "year": 2025, "on": "2025-06-30"}
    judged = await office.get("/plans", **asked)
    assert [each["state"] for each in judged["targets"]] == [
        "gated",
        "not started",
        "not measurable",
    ]
    visitors = judged["targets"][0]
    assert (visitors["number"], visitors["target"], len(visitors["records"])) == (1, "5", 1)
    assert (judged["issued_on"], judged["published_on"]) == ("2024-12-11", "2025-07-15")

    approval = {"target": "visitors", "on": "2025-02-03", "evidence": "Minutes 4/2025"}
    await office.post(f"/plans/{put['id']}/approvals", approval)
    note = {"target": "log", "on": "2025-03-04", "text": "Two funds were asked."}
    await office.post("/plans/hust/me/2025/notes", note)
    baseline = {"target": "rate", "value": "0.042", "year": 2024, "source": "Statistics"}
    changed = await office.post("/plans/hust/me/2025/baselines", baseline)
    assert changed["version"] == 4
    judged = await office.get("/plans", **asked)
    assert [each["state"] for each in judged["targets"]] == ["behind", "on track", "not measurable"]
    assert judged["states"] == {"behind": 1, "on track": 1, "not measurable": 1}


async def test_a_plan_is_judged_as_it_was_known(service: Any, office: Office) -> None:
    await office.put("/plans/hust/2025", PLAN, 201)
    asked: dict[str, Any] = {"unit": "hust", "year": 2025}
    before = service.clock.now().isoformat()
    await office.put("/plans/hust/2025", PLAN | {"title": "Another"})
    assert (await office.get("/plans", **asked))["title"] == "Another"
    assert (await office.get("/plans", **asked, known=before))["title"] == "Work plan 2025"
    missing = await office.get("/plans", 404, **asked, known="2025-01-01")
    assert missing["code"] == "plan-unknown"


async def test_a_plan_that_cannot_be_counted_is_refused_and_nothing_is_kept(office: Office) -> None:
    wrong = PLAN | {"targets": [PLAN["targets"][0] | {"counts": {"measure": "visits.lunches"}}]}
    refused = await office.put("/plans/hust/2025", wrong, 422)
    assert (refused["code"], refused["field"]) == (
        "measure-unknown",
        "targets.0.counts.0.measure",
    )
    await office.get("/plans", 404, unit="hust", year=2025)
    unreadable = await office.put("/plans/hust/2025", PLAN | {"targets": [{"id": "a"}]}, 422)
    assert unreadable["code"] == "invalid-request"


async def test_only_a_coordinator_of_the_unit_changes_its_plan(office_of: MakeOffice) -> None:
    for office, code in (
        (office_of(units=["kiel"]), "unit-not-allowed"),
        (office_of(roles=[Role.READER]), "role-not-allowed"),
    ):
        assert (await office.put("/plans/hust/2025", PLAN, 403))["code"] == code
        body = {"foreword": "Mine"}
        assert (await office.put("/texts", body, 403, unit="hust", year=2025))["code"] == code
    await office_of().put("/plans/hust/2025", PLAN, 201)
    approval = {"target": "visitors", "on": "2025-02-03"}
    other = office_of(units=["kiel"])
    refused = await other.post("/plans/hust/2025/approvals", approval, 403)
    assert refused["code"] == "unit-not-allowed"
    judged = await other.get("/plans", unit="hust", year=2025)
    assert judged["targets"][0]["gate"]["approved_on"] is None


async def test_a_persons_name_is_in_no_fact(service: Any, office: Office) -> None:
    await office.put("/persons/hust:p01", {"name": "Lê Minh Quang"})
    async with service.database.connect() as connection:
        facts = await connection.exec_driver_sql("select count(*) from journal")
        assert facts.scalar_one() == 0
    await office.client.delete("/reporting/persons/hust:p01")
    assert (await office.client.delete("/reporting/persons/hust:p01")).status_code == 404
