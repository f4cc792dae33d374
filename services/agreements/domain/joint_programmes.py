"""Joint programmes: planned -> approved -> established -> closed."""

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
    JointProgrammeApproved,
    JointProgrammeClosed,
    JointProgrammeCorrected,
    JointProgrammeEstablished,
    JointProgrammeFields,
    JointProgrammeIntakeTaken,
    JointProgrammePlan,
    JointProgrammePlanned,
    JointProgrammeRecorded,
)
from services.agreements.events.values import Intake, JointProgrammeId, JointProgrammeStatus
from shared.dates import PartialDate
from shared.errors import Rejected
from shared.facts import Fact
from shared.lists.news import Told


class JointProgramme(JointProgrammeFields, Record):
    """A joint programme as it stands now."""


CORRECTABLE = frozenset(JointProgrammeFields.model_fields) - {"status", "ref"}
ROAD: tuple[JointProgrammeStatus, ...] = ("planned", "approved", "established", "closed")


def plan(programme: JointProgrammeId, plan: JointProgrammePlan) -> Decided[JointProgramme]:
    """Work on it begins."""
    new = JointProgramme(id=programme, **plan.model_dump())
    sound(new)
    fact = JointProgrammePlanned.model_validate(fields_of(new))
    return new.after(fact), (fact,)


def approve(programme: JointProgramme, *, on: PartialDate, today: date) -> Decided[JointProgramme]:
    """It may be run."""
    _must_be(programme, "planned")
    must_not_lie_ahead(on, today=today)
    return decide(programme, JointProgrammeApproved(approved_on=on, status="approved"))


def establish(
    programme: JointProgramme, *, on: PartialDate, today: date
) -> Decided[JointProgramme]:
    """It is run from that day on."""
    _must_be(programme, "approved")
    must_not_lie_ahead(on, today=today)
    return decide(programme, JointProgrammeEstablished(established_on=on, status="established"))


def take_intake(
    programme: JointProgramme, *, intake: Intake, today: date
) -> Decided[JointProgramme]:
    """Students begin it, once a year; a number that was wrong is corrected."""
    _must_be(programme, "established")
    must_not_lie_ahead(PartialDate(str(intake.year)), today=today, field="year")
    if any(each.year == intake.year for each in programme.intakes):
        raise Rejected(
            "joint-programme-intake-known",
            f"the intake of {intake.year} is recorded; correct `intakes` if it was wrong",
            field="year",
        )
    intakes = tuple(sorted((*programme.intakes, intake), key=lambda each: each.year))
    return decide(
        programme,
        JointProgrammeIntakeTaken(year=intake.year, students=intake.students, intakes=intakes),
    )


def close(programme: JointProgramme, *, on: PartialDate, today: date) -> Decided[JointProgramme]:
    """It is no longer run, or given up before it was."""
    _must_be(programme, "planned", "approved", "established")
    must_not_lie_ahead(on, today=today)
    return decide(programme, JointProgrammeClosed(closed_on=on, status="closed"))


def record(
    programme: JointProgrammeId, told: JointProgrammeFields, *, today: date
) -> Decided[JointProgramme]:
    """It is entered as it is now; a status that was not told follows its dates."""
    status = told.status if "status" in told.model_fields_set else status_by_dates(told, today)
    new = JointProgramme(id=programme, **told.model_dump(exclude={"status"}), status=status)
    sound(new)
    fact = JointProgrammeRecorded.model_validate(fields_of(new))
    return new.after(fact), (fact,)


def status_by_dates(told: JointProgrammeFields, today: date) -> JointProgrammeStatus:
    """The last state whose day has come."""
    if told.closed_on and told.closed_on.first <= today:
        return "closed"
    if told.established_on and told.established_on.first <= today:
        return "established"
    if told.approved_on and told.approved_on.first <= today:
        return "approved"
    return "planned"


def correct(programme: JointProgramme, changes: Told, *, reason: str) -> Decided[JointProgramme]:
    """Its record was wrong."""
    return mend(
        programme,
        changes,
        reason=reason,
        fact=JointProgrammeCorrected,
        correctable=CORRECTABLE,
        sound=sound,
    )


def reconcile(programme: JointProgramme, told: Told, *, today: date) -> Decided[JointProgramme]:
    """Apply what the office's list newly says: as the step it implies, the rest as a correction."""
    wanted = laid_over(programme, told)
    told = written_as(wanted, told)
    state, facts = programme, list[Fact]()
    if wanted.status != programme.status:
        step = _step(programme, wanted, today=today)
        state, facts = state.after(step), [step]
    rest = differences({f: v for f, v in told.items() if f != "status"}, of=state)
    if rest:
        state, corrections = correct(state, rest, reason=REIMPORTED)
        facts += corrections
    return state, tuple(facts)


def _step(now: JointProgramme, wanted: JointProgramme, *, today: date) -> Fact:
    if ROAD.index(wanted.status) < ROAD.index(now.status):
        raise Rejected(
            "joint-programme-cannot-go-back",
            f"it is {now.status} and does not become {wanted.status} again",
            field="status",
        )
    if wanted.status == "approved":
        on = _day(wanted.approved_on, "approved_on", today)
        return JointProgrammeApproved(approved_on=on, status="approved")
    if wanted.status == "established":
        on = _day(wanted.established_on, "established_on", today)
        return JointProgrammeEstablished(established_on=on, status="established")
    on = _day(wanted.closed_on, "closed_on", today)
    return JointProgrammeClosed(closed_on=on, status="closed")


def _day(day: PartialDate | None, field: str, today: date) -> PartialDate:
    if day is None:
        raise Rejected(
            "joint-programme-date-missing",
            f"the new status needs its day: fill in {field}",
            field=field,
            status=422,
        )
    must_not_lie_ahead(day, today=today, field=field)
    return day


def sound(programme: JointProgramme) -> None:
    """What must hold of every joint programme."""
    if not programme.partners:
        raise Rejected(
            "joint-programme-needs-a-partner",
            "a joint programme is run with at least one partner",
            field="partners",
            status=422,
        )
    must_be_distinct(programme.partners, code="partner-listed-twice", field="partners")
    must_be_distinct(
        (str(each.year) for each in programme.intakes),
        code="intake-listed-twice",
        field="intakes",
    )


def _must_be(programme: JointProgramme, *allowed: JointProgrammeStatus) -> None:
    if programme.status not in allowed:
        raise Rejected(
            f"joint-programme-not-{allowed[0]}" if len(allowed) == 1 else "joint-programme-closed",
            f"it is {programme.status}; this step is for one that is {' or '.join(allowed)}",
        )
