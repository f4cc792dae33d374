"""`/joint-programmes` and `/joint-projects`"""

from fastapi import APIRouter, Response

from services.agreements import store
from services.agreements.domain.joint_programmes import JointProgramme
from services.agreements.domain.joint_projects import JointProject
from services.agreements.events.values import (
    JointProgrammeId,
    JointProgrammeStatus,
    JointProjectId,
    JointProjectStatus,
)
from services.agreements.http.reading import (
    After,
    Country,
    Limit,
    PartnerParameter,
    Unit,
    Words,
    history,
    page,
)
from services.agreements.usecases import joint as usecases
from services.agreements.usecases.ground import Correct
from services.agreements.usecases.joint import ReachedOn
from shared.http import Page, Reads, Writes
from shared.operating import HistoryEntry

programmes = APIRouter(prefix="/joint-programmes", tags=["joint programmes"])
projects = APIRouter(prefix="/joint-projects", tags=["joint projects"])


@programmes.post("", status_code=201, response_model=JointProgramme)
async def plan_joint_programme(command: usecases.PlanJointProgramme, call: Writes) -> Response:
    """Begin work on a curriculum with partners."""
    return await call.once(
        lambda tx: usecases.plan_joint_programme(tx, call.allow, command),
        status=201,
        location=lambda programme: f"/agreements/joint-programmes/{programme.id}",
    )


@programmes.get("")
async def list_joint_programmes(
    call: Reads,
    status: JointProgrammeStatus | None = None,
    partner: PartnerParameter = None,
    unit: Unit = None,
    country: Country = None,
    q: Words = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[JointProgramme]:
    """Joint programmes, in the order of entry."""
    return await page(
        call,
        store.joint_programmes,
        unit=unit,
        country=country,
        q=q,
        partner=partner,
        status=status,
        after=after,
        limit=limit,
    )


@programmes.get("/{programme}")
async def get_joint_programme(programme: JointProgrammeId, call: Reads) -> JointProgramme:
    """One joint programme as it stands now."""
    return await call.read(lambda tx: store.joint_programmes.load(tx, programme, for_update=False))


@programmes.get("/{programme}/history")
async def get_joint_programme_history(
    programme: JointProgrammeId, call: Reads
) -> Page[HistoryEntry]:
    """Everything that was ever recorded of one joint programme, who did it and when."""
    return await history(call, store.joint_programmes, programme)


@programmes.post("/{programme}/approval", response_model=JointProgramme)
async def approve_joint_programme(
    programme: JointProgrammeId, command: ReachedOn, call: Writes
) -> Response:
    """It may be run."""
    return await call.once(
        lambda tx: usecases.approve_joint_programme(tx, call.allow, programme, command)
    )


@programmes.post("/{programme}/establishment", response_model=JointProgramme)
async def establish_joint_programme(
    programme: JointProgrammeId, command: ReachedOn, call: Writes
) -> Response:
    """It is run."""
    return await call.once(
        lambda tx: usecases.establish_joint_programme(tx, call.allow, programme, command)
    )


@programmes.post("/{programme}/intakes", response_model=JointProgramme)
async def take_intake(
    programme: JointProgrammeId, command: usecases.TakeIntake, call: Writes
) -> Response:
    """Students began it in a year."""
    return await call.once(lambda tx: usecases.take_intake(tx, call.allow, programme, command))


@programmes.post("/{programme}/closure", response_model=JointProgramme)
async def close_joint_programme(
    programme: JointProgrammeId, command: ReachedOn, call: Writes
) -> Response:
    """It is no longer run, or given up before it was."""
    return await call.once(
        lambda tx: usecases.close_joint_programme(tx, call.allow, programme, command)
    )


@programmes.post("/{programme}/corrections", response_model=JointProgramme)
async def correct_joint_programme(
    programme: JointProgrammeId, command: Correct, call: Writes
) -> Response:
    """Mend one field of its record."""
    return await call.once(
        lambda tx: usecases.correct_joint_programme(tx, call.allow, programme, command)
    )


@projects.post("", status_code=201, response_model=JointProject)
async def apply_for_joint_project(command: usecases.ApplyForJointProject, call: Writes) -> Response:
    """Apply for the funding of research with partners."""
    return await call.once(
        lambda tx: usecases.apply_for_joint_project(tx, call.allow, command),
        status=201,
        location=lambda project: f"/agreements/joint-projects/{project.id}",
    )


@projects.get("")
async def list_joint_projects(
    call: Reads,
    status: JointProjectStatus | None = None,
    partner: PartnerParameter = None,
    unit: Unit = None,
    country: Country = None,
    q: Words = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[JointProject]:
    """Joint projects, in the order of entry."""
    return await page(
        call,
        store.joint_projects,
        unit=unit,
        country=country,
        q=q,
        partner=partner,
        status=status,
        after=after,
        limit=limit,
    )


@projects.get("/{project}")
async def get_joint_project(project: JointProjectId, call: Reads) -> JointProject:
    """One joint project as it stands now."""
    return await call.read(lambda tx: store.joint_projects.load(tx, project, for_update=False))


@projects.get("/{project}/history")
async def get_joint_project_history(project: JointProjectId, call: Reads) -> Page[HistoryEntry]:
    """Everything that was ever recorded of one joint project, who did it and when."""
    return await history(call, store.joint_projects, project)


@projects.post("/{project}/grant", response_model=JointProject)
async def grant_joint_project(
    project: JointProjectId, command: ReachedOn, call: Writes
) -> Response:
    """The funder says yes."""
    return await call.once(
        lambda tx: usecases.grant_joint_project(tx, call.allow, project, command)
    )


@projects.post("/{project}/rejection", response_model=JointProject)
async def reject_joint_project(
    project: JointProjectId, command: ReachedOn, call: Writes
) -> Response:
    """The funder says no."""
    return await call.once(
        lambda tx: usecases.reject_joint_project(tx, call.allow, project, command)
    )


@projects.post("/{project}/start", response_model=JointProject)
async def start_joint_project(
    project: JointProjectId, command: ReachedOn, call: Writes
) -> Response:
    """The work begins."""
    return await call.once(
        lambda tx: usecases.start_joint_project(tx, call.allow, project, command)
    )


@projects.post("/{project}/completion", response_model=JointProject)
async def complete_joint_project(
    project: JointProjectId, command: ReachedOn, call: Writes
) -> Response:
    """The work is done."""
    return await call.once(
        lambda tx: usecases.complete_joint_project(tx, call.allow, project, command)
    )


@projects.post("/{project}/corrections", response_model=JointProject)
async def correct_joint_project(
    project: JointProjectId, command: Correct, call: Writes
) -> Response:
    """Mend one field of its record."""
    return await call.once(
        lambda tx: usecases.correct_joint_project(tx, call.allow, project, command)
    )
