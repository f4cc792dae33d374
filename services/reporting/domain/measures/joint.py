"""Joint programmes and projects, appointments, applications, headcounts: what plans aim at."""

from collections.abc import Callable, Iterable

from services.reporting.domain.measures.asking import (
    Answer,
    Behind,
    Counted,
    Measure,
    Question,
    Values,
    count,
    narrowed,
)
from services.reporting.domain.measures.mobility import refs
from services.reporting.domain.records import Records
from services.reporting.incoming.agreements import JointProgramme, JointProject
from services.reporting.incoming.mobility import Application, Appointment

__all__ = ["MEASURES"]


def _partner_refs(partners: Iterable[str], records: Records) -> tuple[str, ...]:
    return tuple(ref for each in partners for ref in refs(each, records))


def _programme(subject: str, each: JointProgramme, records: Records, why: str) -> Counted:
    return Counted(
        key=subject,
        subject=subject,
        label=each.title,
        why=why,
        illustrative=each.illustrative,
        attributes={
            "pattern": each.pattern,
            "level": each.level,
            "partner": _partner_refs(each.partners, records),
        },
    )


def _programmes_established(question: Question, records: Records) -> Answer:
    return count(
        (
            _programme(subject, each, records, f"established {each.established_on}")
            for subject, each in records.joint_programmes.items()
            if question.concerns(each)
            and each.status in ("established", "closed")
            and question.begins(each.established_on)
        ),
        question,
        groups=("pattern",),
    )


def _programmes_running(question: Question, records: Records) -> Answer:
    return count(
        (
            _programme(subject, each, records, f"established {each.established_on or 'before'}")
            for subject, each in records.joint_programmes.items()
            if question.concerns(each) and _runs(each, question)
        ),
        question,
        groups=("pattern", "level"),
    )


def _runs(each: JointProgramme, question: Question) -> bool:
    if each.status not in ("established", "closed"):
        return False
    if each.established_on and question.on < each.established_on.first:
        return False
    return each.status == "established" or bool(
        each.closed_on and question.on <= each.closed_on.last
    )


def _programmes_prepared(question: Question, records: Records) -> Answer:
    """On the way: planned or approved by the day, and not yet established or closed on it."""
    items = []
    for subject, each in records.joint_programmes.items():
        if not question.concerns(each):
            continue
        established = each.established_on and each.established_on.first <= question.on
        closed = each.closed_on and each.closed_on.first <= question.on
        approved = each.approved_on and each.approved_on.first <= question.on
        if not established and not closed and (approved or each.status == "planned"):
            why = f"approved {each.approved_on}" if approved else "planned"
            items.append(_programme(subject, each, records, why))
    return count(items, question, groups=("pattern",))


def _project(subject: str, each: JointProject, records: Records, why: str) -> Counted:
    return Counted(
        key=subject,
        subject=subject,
        label=each.title,
        why=why,
        illustrative=each.illustrative,
        attributes={
            "leader": each.leader,
            "funder": each.funder,
            "partner": _partner_refs(each.partners, records),
        },
    )


def _projects(step: str) -> Callable[[Question, Records], Answer]:
    def compute(question: Question, records: Records) -> Answer:
        items = []
        for subject, each in records.joint_projects.items():
            day = getattr(each, step)
            if question.concerns(each) and question.begins(day):
                said = step.removesuffix("_on").replace("_", " ")
                items.append(_project(subject, each, records, f"{said} {day}"))
        return count(items, question, groups=("leader",))

    return compute


def _projects_running(question: Question, records: Records) -> Answer:
    items = []
    for subject, each in records.joint_projects.items():
        begun = each.started_on or each.granted_on
        if (
            question.concerns(each)
            and begun is not None
            and begun.first <= question.on
            and (each.completed_on is None or question.on < each.completed_on.first)
        ):
            items.append(_project(subject, each, records, f"since {begun}"))
    return count(items, question, groups=("leader",))


def _appointment(subject: str, each: Appointment) -> Counted:
    return Counted(
        key=each.person_ref or subject,
        subject=subject,
        label=f"{each.role}, {each.term}-term, from {each.starts_on}",
        why=", ".join(
            said
            for said, holds in (
                ("foreign expert", each.foreign_expert),
                ("high-level", each.high_level),
                ("international background", each.international_background),
            )
            if holds
        ),
        illustrative=each.illustrative,
        attributes={
            "term": each.term,
            "role": each.role,
            "foreign_expert": each.foreign_expert,
            "high_level": each.high_level,
            "international_background": each.international_background,
            "nationality": each.nationality,
        },
    )


def _appointments(question: Question, records: Records) -> Answer:
    return count(
        (
            _appointment(subject, each)
            for subject, each in records.appointments.items()
            if question.concerns(each)
            and each.status in ("appointed", "ended")
            and question.begins(each.starts_on)
        ),
        question,
        groups=("term", "foreign_expert", "high_level", "international_background"),
    )


def _application(subject: str, each: Application, records: Records, why: str) -> Counted:
    partner = records.partner(each.partner, each.submitted_on)
    where = partner.name if partner else each.partner_name or each.destination_country or "abroad"
    attributes: dict[str, Values] = {
        "level": each.level,
        "graduate": each.graduate,
        "country": each.destination_country or (partner.country if partner else None),
        "partner": refs(each.partner, records, each.submitted_on),
        "agency": refs(each.agency, records, each.submitted_on),
    }
    return Counted(
        key=each.person_ref or subject,
        subject=subject,
        label=f"{each.level or 'studies'} at {where}, submitted {each.submitted_on}",
        why=why,
        illustrative=each.illustrative,
        attributes=attributes,
    )


def _applications(step: str, statuses: frozenset[str]) -> Callable[[Question, Records], Answer]:
    def compute(question: Question, records: Records) -> Answer:
        items = []
        for subject, each in records.applications.items():
            day = getattr(each, step)
            if question.concerns(each) and each.status in statuses and question.begins(day):
                items.append(_application(subject, each, records, f"{each.status}, {day}"))
        return count(items, question, groups=("level", "graduate", "country"))

    return compute


def _headcount(column: str) -> Callable[[Question, Records], Answer]:
    def compute(question: Question, records: Records) -> Answer:
        year = question.period.first.year if question.period.first else question.on.year
        found = []
        for subject, each in records.headcounts.items():
            number = getattr(each, column)
            if question.concerns(each) and each.year == year and number is not None:
                found.append(
                    Counted(
                        key=subject,
                        subject=subject,
                        label=f"{each.unit} {each.year}, {each.level or 'all levels'}: {number}",
                        weight=number,
                        illustrative=each.illustrative,
                        attributes={"level": each.level or "all", "unit": each.unit},
                    )
                )
        kept = narrowed(found, question.where)
        if "level" not in question.where and any(
            each.attributes["level"] == "all" for each in kept
        ):
            kept = [each for each in kept if each.attributes["level"] == "all"]
        return Answer(
            value=sum(each.weight for each in kept) if kept else None,
            records=tuple(
                Behind(each.subject, each.label, "as reported", each.illustrative) for each in kept
            ),
        )

    return compute


def _measure(
    name: str,
    title: str,
    rule: str,
    compute: Callable[[Question, Records], Answer],
    *,
    counts: str,
    kind: str,
    where: tuple[str, ...],
    stock: bool = False,
) -> Measure:
    return Measure(
        name=name,
        version=1,
        title=title,
        rule=rule,
        counts=counts,
        reads=frozenset({kind, "partner"}),
        where=where,
        compute=compute,
        stock=stock,
    )


_PROGRAMME = ("pattern", "level", "partner")
_PROJECT = ("leader", "funder", "partner")
_APPLICATION = ("level", "graduate", "country", "partner", "agency")
_APPLIED = frozenset({"submitted", "admitted", "declined", "departed"})

MEASURES = (
    _measure(
        "joint-programmes.established",
        "Joint programmes established",
        "Joint programmes established in the period; planned or approved is not established.",
        _programmes_established,
        counts="programmes",
        kind="joint-programme",
        where=_PROGRAMME,
    ),
    _measure(
        "joint-programmes.running",
        "Joint programmes run",
        "Joint programmes that are established and not closed on the day.",
        _programmes_running,
        counts="programmes",
        kind="joint-programme",
        where=_PROGRAMME,
        stock=True,
    ),
    _measure(
        "joint-programmes.prepared",
        "Joint programmes in preparation",
        "Joint programmes that are planned or approved, and not established on the day.",
        _programmes_prepared,
        counts="programmes",
        kind="joint-programme",
        where=_PROGRAMME,
        stock=True,
    ),
    _measure(
        "joint-projects.applied",
        "Joint projects applied for",
        "Joint projects whose funding was applied for in the period.",
        _projects("applied_on"),
        counts="projects",
        kind="joint-project",
        where=_PROJECT,
    ),
    _measure(
        "joint-projects.granted",
        "Joint projects granted",
        "Joint projects that were granted in the period.",
        _projects("granted_on"),
        counts="projects",
        kind="joint-project",
        where=_PROJECT,
    ),
    _measure(
        "joint-projects.completed",
        "Joint projects completed",
        "Joint projects that were completed in the period.",
        _projects("completed_on"),
        counts="projects",
        kind="joint-project",
        where=_PROJECT,
    ),
    _measure(
        "joint-projects.running",
        "Joint projects running",
        "Joint projects granted or started by the day and not completed on it.",
        _projects_running,
        counts="projects",
        kind="joint-project",
        where=_PROJECT,
        stock=True,
    ),
    _measure(
        "appointments.made",
        "Appointments",
        "Distinct persons whose appointment began in the period; withdrawn ones count nowhere.",
        _appointments,
        counts="persons",
        kind="appointment",
        where=(
            "term",
            "role",
            "foreign_expert",
            "high_level",
            "international_background",
            "nationality",
        ),
    ),
    _measure(
        "applications.submitted",
        "Applications to study abroad",
        "Distinct persons who applied in the period, whatever came of it; withdrawn applications "
        "count nowhere. Who applies has not gone.",
        _applications("submitted_on", _APPLIED),
        counts="persons",
        kind="application",
        where=_APPLICATION,
    ),
    _measure(
        "applications.admitted",
        "Applications admitted",
        "Distinct persons whose application was admitted in the period.",
        _applications("decided_on", frozenset({"admitted", "departed"})),
        counts="persons",
        kind="application",
        where=_APPLICATION,
    ),
    _measure(
        "applications.departed",
        "Applicants departed",
        "Distinct persons who departed in the period after an application.",
        _applications("departed_on", frozenset({"departed"})),
        counts="persons",
        kind="application",
        where=_APPLICATION,
    ),
    _measure(
        "headcount.graduates",
        "Graduates",
        "Graduates of the year as reported; all levels together where that was reported.",
        _headcount("graduates"),
        counts="persons",
        kind="headcount",
        where=("level", "unit"),
    ),
    _measure(
        "headcount.students",
        "Students",
        "Students of the year as reported; all levels together where that was reported.",
        _headcount("students"),
        counts="persons",
        kind="headcount",
        where=("level", "unit"),
    ),
)
