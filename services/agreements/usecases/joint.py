"""Joint programmes and joint projects."""

from pydantic import ConfigDict

from services.agreements.domain import joint_programmes as programme_rules
from services.agreements.domain import joint_projects as project_rules
from services.agreements.domain.joint_programmes import JointProgramme
from services.agreements.domain.joint_projects import JointProject
from services.agreements.events.joint import JointProgrammePlan, JointProjectApplication
from services.agreements.events.values import Intake, JointProgrammeId, JointProjectId
from services.agreements.store import agreements, joint_programmes, joint_projects
from services.agreements.usecases.ground import (
    Allow,
    Correct,
    must_be_known,
    must_be_ours,
    must_be_partners,
    today_of,
)
from shared.database import Transaction
from shared.dates import PartialDate
from shared.facts import Value
from shared.identity import new_id


class PlanJointProgramme(JointProgrammePlan):
    """Begin work on a curriculum with partners."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "unit": "nist",
                    "title": "Media and communications, 3+1",
                    "partners": ["partner-01k9zv5n3m8q4w7t2r6y0a1b2c"],
                    "pattern": "3+1",
                    "level": "bachelor",
                    "degrees": ["BA"],
                }
            ]
        }
    )


class ApplyForJointProject(JointProjectApplication):
    """Apply for the funding of research with partners."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "unit": "nist",
                    "title": "Computer vision for craft workshops",
                    "partners": ["partner-01k9zv5n3m8q4w7t2r6y0a1b2c"],
                    "leader": "staff-2041",
                    "leader_role": "foreign expert",
                    "funder": "Provincial Department of Education",
                    "applied_on": "2024-02-19",
                }
            ]
        }
    )


class TakeIntake(Intake):
    """Students began it in a year."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"year": 2025, "students": 24}]})


class ReachedOn(Value):
    """A state was reached on that day."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"on": "2024-11-29"}]})
    on: PartialDate


async def plan_joint_programme(
    tx: Transaction, allow: Allow, command: PlanJointProgramme
) -> JointProgramme:
    """Work on it begins."""
    must_be_ours(tx, command, allow)
    new, facts = programme_rules.plan(JointProgrammeId(new_id("joint-programme")), command)
    await must_name_what_exists(tx, new, active_partners=True)
    return await joint_programmes.save(tx, new, *facts)


async def approve_joint_programme(
    tx: Transaction, allow: Allow, subject: JointProgrammeId, command: ReachedOn
) -> JointProgramme:
    """It may be run."""
    programme = await _own_programme(tx, allow, subject)
    today = today_of(tx, programme.unit)
    approved, facts = programme_rules.approve(programme, on=command.on, today=today)
    return await joint_programmes.save(tx, approved, *facts)


async def establish_joint_programme(
    tx: Transaction, allow: Allow, subject: JointProgrammeId, command: ReachedOn
) -> JointProgramme:
    """It is run."""
    programme = await _own_programme(tx, allow, subject)
    today = today_of(tx, programme.unit)
    established, facts = programme_rules.establish(programme, on=command.on, today=today)
    return await joint_programmes.save(tx, established, *facts)


async def take_intake(
    tx: Transaction, allow: Allow, subject: JointProgrammeId, command: TakeIntake
) -> JointProgramme:
    """Students begin it."""
    programme = await _own_programme(tx, allow, subject)
    after, facts = programme_rules.take_intake(
        programme,
        intake=Intake(**command.model_dump()),
        today=today_of(tx, programme.unit),
    )
    return await joint_programmes.save(tx, after, *facts)


async def close_joint_programme(
    tx: Transaction, allow: Allow, subject: JointProgrammeId, command: ReachedOn
) -> JointProgramme:
    """It is no longer run, or given up before it was."""
    programme = await _own_programme(tx, allow, subject)
    today = today_of(tx, programme.unit)
    closed, facts = programme_rules.close(programme, on=command.on, today=today)
    return await joint_programmes.save(tx, closed, *facts)


async def correct_joint_programme(
    tx: Transaction, allow: Allow, subject: JointProgrammeId, command: Correct
) -> JointProgramme:
    """Its record was wrong."""
    programme = await _own_programme(tx, allow, subject)
    changes = {command.field: command.value}
    mended, facts = programme_rules.correct(programme, changes, reason=command.reason)
    must_be_ours(tx, mended, allow)
    await must_name_what_exists(tx, mended)
    return await joint_programmes.save(tx, mended, *facts)


async def apply_for_joint_project(
    tx: Transaction, allow: Allow, command: ApplyForJointProject
) -> JointProject:
    """Its funding is applied for."""
    must_be_ours(tx, command, allow)
    today = today_of(tx, command.unit)
    project = JointProjectId(new_id("joint-project"))
    new, facts = project_rules.apply(project, command, today=today)
    await must_name_what_exists(tx, new, active_partners=True)
    return await joint_projects.save(tx, new, *facts)


async def grant_joint_project(
    tx: Transaction, allow: Allow, subject: JointProjectId, command: ReachedOn
) -> JointProject:
    """The funder says yes."""
    project = await _own_project(tx, allow, subject)
    today = today_of(tx, project.unit)
    granted, facts = project_rules.grant(project, on=command.on, today=today)
    return await joint_projects.save(tx, granted, *facts)


async def reject_joint_project(
    tx: Transaction, allow: Allow, subject: JointProjectId, command: ReachedOn
) -> JointProject:
    """The funder says no."""
    project = await _own_project(tx, allow, subject)
    today = today_of(tx, project.unit)
    rejected, facts = project_rules.reject(project, on=command.on, today=today)
    return await joint_projects.save(tx, rejected, *facts)


async def start_joint_project(
    tx: Transaction, allow: Allow, subject: JointProjectId, command: ReachedOn
) -> JointProject:
    """The work begins."""
    project = await _own_project(tx, allow, subject)
    today = today_of(tx, project.unit)
    started, facts = project_rules.start(project, on=command.on, today=today)
    return await joint_projects.save(tx, started, *facts)


async def complete_joint_project(
    tx: Transaction, allow: Allow, subject: JointProjectId, command: ReachedOn
) -> JointProject:
    """The work is done."""
    project = await _own_project(tx, allow, subject)
    today = today_of(tx, project.unit)
    completed, facts = project_rules.complete(project, on=command.on, today=today)
    return await joint_projects.save(tx, completed, *facts)


async def correct_joint_project(
    tx: Transaction, allow: Allow, subject: JointProjectId, command: Correct
) -> JointProject:
    """Its record was wrong."""
    project = await _own_project(tx, allow, subject)
    changes = {command.field: command.value}
    mended, facts = project_rules.correct(project, changes, reason=command.reason)
    must_be_ours(tx, mended, allow)
    await must_name_what_exists(tx, mended)
    return await joint_projects.save(tx, mended, *facts)


async def must_name_what_exists(
    tx: Transaction, joint: JointProgramme | JointProject, *, active_partners: bool = False
) -> None:
    """Its partners and its agreement are in our registers."""
    named: dict[str, str] = {each: f"partners.{i}" for i, each in enumerate(joint.partners)}
    await must_be_partners(tx, named, active=active_partners)
    await must_be_known(tx, agreements, joint.agreement, field="agreement")


async def _own_programme(
    tx: Transaction, allow: Allow, subject: JointProgrammeId
) -> JointProgramme:
    programme = await joint_programmes.load(tx, subject)
    allow(programme.unit)
    return programme


async def _own_project(tx: Transaction, allow: Allow, subject: JointProjectId) -> JointProject:
    project = await joint_projects.load(tx, subject)
    allow(project.unit)
    return project
