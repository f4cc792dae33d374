"""Joint programmes, joint projects and contributions: their rules."""

from typing import Any

import pytest

from services.agreements.domain import contributions, joint_programmes, joint_projects
from services.agreements.events.contributions import ContributionFields
from services.agreements.events.joint import (
    JointProgrammeFields,
    JointProgrammePlan,
    JointProjectApplication,
    JointProjectFields,
)
from services.agreements.events.values import (
    ContributionId,
    Intake,
    JointProgrammeId,
    JointProjectId,
)
from tests.agreements.making import (
    OTHERS,
    THEIRS,
    TODAY,
    a_contribution,
    a_joint_programme,
    a_joint_project,
    on,
    refused,
    types,
)

PROGRAMME = JointProgrammeId("joint-programme-01k9zv5n3m8q4w7t2r6y0a1b2c")
PROJECT = JointProjectId("joint-project-01k9zv5n3m8q4w7t2r6y0a1b2c")
CONTRIBUTION = ContributionId("contribution-01k9zv5n3m8q4w7t2r6y0a1b2c")


# --- joint programmes ----------------------------------------------------------------------------


def test_a_joint_programme_goes_from_plan_to_establishment_to_closure() -> None:
    plan = JointProgrammePlan.model_validate(
        {"unit": "nist", "title": "Media, 3+1", "partners": [THEIRS]}
    )
    programme, _ = joint_programmes.plan(PROGRAMME, plan)
    programme, _ = joint_programmes.approve(programme, on=on("2024-05"), today=TODAY)
    programme, _ = joint_programmes.establish(programme, on=on("2024-11-29"), today=TODAY)
    assert (programme.status, programme.established_on) == ("established", "2024-11-29")
    programme, _ = joint_programmes.close(programme, on=on("2025-09"), today=TODAY)
    assert (programme.status, programme.version) == ("closed", 4)


def test_a_joint_programme_is_not_established_before_it_is_approved() -> None:
    with refused("joint-programme-not-approved"):
        joint_programmes.establish(a_joint_programme(), on=on("2024-11"), today=TODAY)


def test_a_closed_joint_programme_is_not_closed_again() -> None:
    with refused("joint-programme-closed"):
        joint_programmes.close(a_joint_programme("closed"), on=on("2024-11"), today=TODAY)


def test_a_joint_programme_needs_a_partner_and_names_it_once() -> None:
    with refused("joint-programme-needs-a-partner", field="partners"):
        joint_programmes.correct(a_joint_programme(), {"partners": []}, reason="x")
    with refused("partner-listed-twice", field="partners.1"):
        joint_programmes.correct(a_joint_programme(), {"partners": [THEIRS, THEIRS]}, reason="x")


def test_a_year_has_one_intake() -> None:
    twice = [{"year": 2024, "students": 20}, {"year": 2024, "students": 25}]
    with refused("intake-listed-twice", field="intakes.1"):
        joint_programmes.correct(a_joint_programme(), {"intakes": twice}, reason="x")


@pytest.mark.parametrize(
    ("dates", "status"),
    [
        ({}, "planned"),
        ({"approved_on": "2024"}, "approved"),
        ({"approved_on": "2024", "established_on": "2026-02"}, "approved"),
        ({"established_on": "2006"}, "established"),
        ({"established_on": "2006", "closed_on": "2020"}, "closed"),
    ],
)
def test_a_joint_programme_of_the_past_follows_its_dates(
    dates: dict[str, Any], status: str
) -> None:
    told = JointProgrammeFields.model_validate(
        {"unit": "nist", "title": "Media", "partners": [THEIRS]} | dates
    )
    assert joint_programmes.record(PROGRAMME, told, today=TODAY)[0].status == status


def test_a_list_that_has_a_joint_programme_established_says_when() -> None:
    told = {"status": "established", "established_on": "2024-11-29", "level": "bachelor"}
    decided = joint_programmes.reconcile(a_joint_programme(), told, today=TODAY)
    assert types(decided) == ["joint-programme-established", "joint-programme-corrected"]
    with refused("joint-programme-date-missing", field="established_on"):
        joint_programmes.reconcile(a_joint_programme(), {"status": "established"}, today=TODAY)


def test_a_list_does_not_reopen_a_joint_programme() -> None:
    with refused("joint-programme-cannot-go-back", field="status"):
        joint_programmes.reconcile(
            a_joint_programme("closed"), {"status": "established"}, today=TODAY
        )


# --- joint projects ------------------------------------------------------------------------------


def test_a_joint_project_goes_from_application_to_completion() -> None:
    application = JointProjectApplication.model_validate(
        {"unit": "nist", "title": "Vision", "partners": [THEIRS], "leader": "staff-2041"}
    )
    project, _ = joint_projects.apply(PROJECT, application, today=TODAY)
    assert project.applied_on == TODAY.isoformat()
    project, _ = joint_projects.grant(project, on=on("2025-11-17"), today=TODAY)
    project, _ = joint_projects.start(project, on=on("2025-11-17"), today=TODAY)
    project, _ = joint_projects.complete(project, on=on("2025-11-17"), today=TODAY)
    assert (project.status, project.version) == ("completed", 4)


def test_a_rejected_project_does_not_start() -> None:
    project, _ = joint_projects.reject(a_joint_project(), on=on("2025-06"), today=TODAY)
    with refused("joint-project-not-granted"):
        joint_projects.start(project, on=on("2025-07"), today=TODAY)


def test_a_project_that_does_not_run_is_not_completed() -> None:
    with refused("joint-project-not-running"):
        joint_projects.complete(a_joint_project("granted"), on=on("2025-07"), today=TODAY)


def test_a_project_is_not_completed_tomorrow() -> None:
    with refused("date-in-future", field="on"):
        joint_projects.complete(a_joint_project("running"), on=on("2025-11-18"), today=TODAY)


@pytest.mark.parametrize(
    ("dates", "status"),
    [
        ({}, "applied"),
        ({"granted_on": "2023-09"}, "granted"),
        ({"rejected_on": "2023-09"}, "rejected"),
        ({"granted_on": "2023-09", "started_on": "2024-01"}, "running"),
        ({"started_on": "2024-01", "completed_on": "2024-12-20"}, "completed"),
    ],
)
def test_a_joint_project_of_the_past_follows_its_dates(dates: dict[str, Any], status: str) -> None:
    told = JointProjectFields.model_validate(
        {"unit": "nist", "title": "Vision", "partners": [THEIRS]} | dates
    )
    assert joint_projects.record(PROJECT, told, today=TODAY)[0].status == status


def test_a_list_may_be_two_steps_ahead_of_a_project_but_not_behind() -> None:
    told = {"status": "completed", "completed_on": "2024-12-20", "started_on": "2024-01"}
    decided = joint_projects.reconcile(a_joint_project("granted"), told, today=TODAY)
    assert types(decided) == ["joint-project-completed", "joint-project-corrected"]
    with refused("joint-project-cannot-go-back", field="status"):
        joint_projects.reconcile(a_joint_project("completed"), {"status": "running"}, today=TODAY)


# --- contributions -------------------------------------------------------------------------------


def _received(**fields: Any) -> Any:
    known = a_contribution().model_dump(mode="json", exclude={"id", "version"})
    told = ContributionFields.model_validate(known | fields)
    return contributions.receive(CONTRIBUTION, told, today=TODAY)


def test_a_joint_gift_without_known_shares_is_received_once() -> None:
    decided = _received()
    assert types(decided) == ["contribution-received"]
    assert [each.amount for each in decided[0].donors] == [None, None]


def test_known_shares_add_up_to_the_amount() -> None:
    shares = [{"partner": THEIRS, "amount": "1000000"}, {"partner": OTHERS, "amount": "2000000"}]
    assert _received(donors=shares)[0].amount == "3000000"
    with refused("contribution-shares-differ", field="donors"):
        _received(donors=shares, amount="3500000")


def test_one_known_share_does_not_exceed_the_amount() -> None:
    shares = [{"partner": THEIRS, "amount": "3000001"}, {"partner": OTHERS}]
    with refused("contribution-shares-differ"):
        _received(donors=shares)


def test_a_contribution_has_a_donor_a_currency_and_days_in_order() -> None:
    with refused("contribution-needs-a-donor", field="donors"):
        _received(donors=[])
    with refused("donor-listed-twice", field="donors.1"):
        _received(donors=[{"partner": THEIRS}, {"partner": THEIRS}])
    with refused("currency-unknown", field="currency"):
        _received(currency="YEN")
    with refused("contribution-ends-before-it-begins", field="received_until"):
        _received(received_until="2017")
    with refused("date-in-future", field="received_on"):
        _received(received_on="2026", received_until=None)


def test_a_contribution_told_otherwise_is_corrected() -> None:
    decided = contributions.reconcile(a_contribution(), {"amount": "3100000"})
    assert types(decided) == ["contribution-corrected"]
    assert types(contributions.reconcile(a_contribution(), {})) == []


def test_a_joint_programme_takes_students_once_a_year_while_it_is_run() -> None:
    run = a_joint_programme("established", intakes=[{"year": 2025, "students": 24}])
    after, _ = joint_programmes.take_intake(run, intake=Intake(year=2024, students=20), today=TODAY)
    assert [(each.year, each.students) for each in after.intakes] == [(2024, 20), (2025, 24)]
    with refused("joint-programme-intake-known", field="year"):
        joint_programmes.take_intake(run, intake=Intake(year=2025, students=1), today=TODAY)
    with refused("date-in-future", field="year"):
        joint_programmes.take_intake(run, intake=Intake(year=2026, students=1), today=TODAY)
    with refused("joint-programme-not-established"):
        joint_programmes.take_intake(
            a_joint_programme("approved"), intake=Intake(year=2025, students=1), today=TODAY
        )
