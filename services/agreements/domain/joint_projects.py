"""Joint projects: applied -> granted | rejected, granted -> running -> completed."""

from datetime import date

from services.agreements.domain.decisions import (
    REIMPORTED,
    Decided,
    Record,
    decide,
    differences,
    fields_of,
    laid_over,
    mend,
    must_be_distinct,
    must_not_lie_ahead,
    written_as,
)
from services.agreements.events.joint import (
    JointProjectApplication,
    JointProjectAppliedFor,
    JointProjectCompleted,
    JointProjectCorrected,
    JointProjectFields,
    JointProjectGranted,
    JointProjectRecorded,
    JointProjectRejected,
    JointProjectStarted,
)
from services.agreements.events.values import JointProjectId, JointProjectStatus
from shared.dates import PartialDate
from shared.errors import Rejected
from shared.facts import Fact
from shared.lists.news import Told


class JointProject(JointProjectFields, Record):
    """A joint project as it stands now."""


CORRECTABLE = frozenset(JointProjectFields.model_fields) - {"status", "ref"}
AFTER: dict[JointProjectStatus, tuple[JointProjectStatus, ...]] = {
    "applied": ("granted", "rejected", "running", "completed"),
    "granted": ("running", "completed"),
    "running": ("completed",),
    "rejected": (),
    "completed": (),
}
"""What may still come of a project, by its status; a list may be a step or two ahead."""


def apply(
    project: JointProjectId, application: JointProjectApplication, *, today: date
) -> Decided[JointProject]:
    """Its funding is applied for."""
    applied_on = application.applied_on or PartialDate.of(today)
    must_not_lie_ahead(applied_on, today=today, field="applied_on")
    told = application.model_dump(exclude={"applied_on"})
    new = JointProject(id=project, **told, applied_on=applied_on)
    sound(new)
    fact = JointProjectAppliedFor.model_validate(fields_of(new))
    return new.after(fact), (fact,)


def grant(project: JointProject, *, on: PartialDate, today: date) -> Decided[JointProject]:
    """The funder says yes."""
    _must_be(project, "applied", on=on, today=today)
    return decide(project, JointProjectGranted(granted_on=on, status="granted"))


def reject(project: JointProject, *, on: PartialDate, today: date) -> Decided[JointProject]:
    """The funder says no."""
    _must_be(project, "applied", on=on, today=today)
    return decide(project, JointProjectRejected(rejected_on=on, status="rejected"))


def start(project: JointProject, *, on: PartialDate, today: date) -> Decided[JointProject]:
    """The work begins."""
    _must_be(project, "granted", on=on, today=today)
    return decide(project, JointProjectStarted(started_on=on, status="running"))


def complete(project: JointProject, *, on: PartialDate, today: date) -> Decided[JointProject]:
    """The work is done."""
    _must_be(project, "running", on=on, today=today)
    return decide(project, JointProjectCompleted(completed_on=on, status="completed"))


def record(
    project: JointProjectId, told: JointProjectFields, *, today: date
) -> Decided[JointProject]:
    """It is entered as it is now; a status that was not told follows its dates."""
    status = told.status if "status" in told.model_fields_set else status_by_dates(told, today)
    new = JointProject(id=project, **told.model_dump(exclude={"status"}), status=status)
    sound(new)
    fact = JointProjectRecorded.model_validate(fields_of(new))
    return new.after(fact), (fact,)


def status_by_dates(told: JointProjectFields, today: date) -> JointProjectStatus:
    """The last state whose day has come."""
    reached: list[tuple[PartialDate | None, JointProjectStatus]] = [
        (told.completed_on, "completed"),
        (told.started_on, "running"),
        (told.rejected_on, "rejected"),
        (told.granted_on, "granted"),
    ]
    for day, status in reached:
        if day is not None and day.first <= today:
            return status
    return "applied"


def correct(project: JointProject, changes: Told, *, reason: str) -> Decided[JointProject]:
    """Its record was wrong."""
    return mend(
        project,
        changes,
        reason=reason,
        fact=JointProjectCorrected,
        correctable=CORRECTABLE,
        sound=sound,
    )


def reconcile(project: JointProject, told: Told, *, today: date) -> Decided[JointProject]:
    """Apply what the office's list newly says: as the step it implies, the rest as a correction."""
    wanted = laid_over(project, told)
    told = written_as(wanted, told)
    state, facts = project, list[Fact]()
    if wanted.status != project.status:
        step = _step(project, wanted, today=today)
        state, facts = state.after(step), [step]
    rest = differences({f: v for f, v in told.items() if f != "status"}, of=state)
    if rest:
        state, corrections = correct(state, rest, reason=REIMPORTED)
        facts += corrections
    return state, tuple(facts)


def _step(now: JointProject, wanted: JointProject, *, today: date) -> Fact:
    if wanted.status not in AFTER[now.status]:
        raise Rejected(
            "joint-project-cannot-go-back",
            f"it is {now.status} and does not become {wanted.status}",
            field="status",
        )
    if wanted.status == "granted":
        on = _day(wanted.granted_on, "granted_on", today)
        return JointProjectGranted(granted_on=on, status="granted")
    if wanted.status == "rejected":
        on = _day(wanted.rejected_on, "rejected_on", today)
        return JointProjectRejected(rejected_on=on, status="rejected")
    if wanted.status == "running":
        on = _day(wanted.started_on, "started_on", today)
        return JointProjectStarted(started_on=on, status="running")
    on = _day(wanted.completed_on, "completed_on", today)
    return JointProjectCompleted(completed_on=on, status="completed")


def _day(day: PartialDate | None, field: str, today: date) -> PartialDate:
    if day is None:
        raise Rejected(
            "joint-project-date-missing",
            f"the new status needs its day: fill in {field}",
            field=field,
            status=422,
        )
    must_not_lie_ahead(day, today=today, field=field)
    return day


def sound(project: JointProject) -> None:
    """What must hold of every joint project."""
    if not project.partners:
        raise Rejected(
            "joint-project-needs-a-partner",
            "a joint project is done with at least one partner",
            field="partners",
            status=422,
        )
    must_be_distinct(project.partners, code="partner-listed-twice", field="partners")


def _must_be(
    project: JointProject, allowed: JointProjectStatus, *, on: PartialDate, today: date
) -> None:
    if project.status != allowed:
        raise Rejected(
            f"joint-project-not-{allowed}",
            f"it is {project.status}; this step is for one that is {allowed}",
        )
    must_not_lie_ahead(on, today=today)
