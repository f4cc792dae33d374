"""Applications to study abroad: submitted -> admitted | declined -> departed; also withdrawn."""

from datetime import date
from typing import Any

from services.mobility.domain.decisions import (
    Decided,
    Record,
    decide,
    differences,
    fields_of,
    laid_over,
    mended,
    must_be_correctable,
    must_not_lie_ahead,
)
from services.mobility.events import (
    ApplicationAdmitted,
    ApplicationCorrected,
    ApplicationDeclined,
    ApplicationDeparted,
    ApplicationFields,
    ApplicationRecorded,
    ApplicationSubmitted,
    ApplicationWithdrawn,
)
from services.mobility.events.values import ApplicationStatus
from shared.dates import PartialDate
from shared.errors import Rejected
from shared.facts import Fact
from shared.lists.news import Told


class Application(ApplicationFields, Record):
    """An application as it is known now."""


CORRECTABLE = frozenset(ApplicationFields.model_fields) - {"person_ref", "ref", "source"}

_NEXT: dict[ApplicationStatus, frozenset[ApplicationStatus]] = {
    "submitted": frozenset({"admitted", "declined", "departed", "withdrawn"}),
    "admitted": frozenset({"departed", "withdrawn", "declined"}),
    "declined": frozenset(),
    "departed": frozenset(),
    "withdrawn": frozenset(),
}


def submit(application: Application) -> Decided[Application]:
    """A person applies. `application` has version 0 and status submitted."""
    sound(application)
    return decide(application, ApplicationSubmitted.model_validate(fields_of(application)))


def record(application: Application) -> Decided[Application]:
    """An application is entered in its present state."""
    sound(application)
    return decide(application, ApplicationRecorded.model_validate(fields_of(application)))


def admit(application: Application, *, on: PartialDate, today: date) -> Decided[Application]:
    """The institution said yes."""
    _must_be(application, "submitted")
    must_not_lie_ahead(on, today=today)
    return _sound(decide(application, ApplicationAdmitted(status="admitted", decided_on=on)))


def decline(application: Application, *, on: PartialDate, today: date) -> Decided[Application]:
    """The institution said no."""
    _must_be(application, "submitted")
    must_not_lie_ahead(on, today=today)
    return _sound(decide(application, ApplicationDeclined(status="declined", decided_on=on)))


def depart(application: Application, *, on: PartialDate, today: date) -> Decided[Application]:
    """The person went."""
    _must_be(application, "admitted")
    must_not_lie_ahead(on, today=today)
    return _sound(decide(application, ApplicationDeparted(status="departed", departed_on=on)))


def withdraw(
    application: Application, *, on: PartialDate, reason: str | None, today: date
) -> Decided[Application]:
    """The person no longer applies."""
    _must_be(application, "submitted", "admitted")
    must_not_lie_ahead(on, today=today)
    fact = ApplicationWithdrawn(status="withdrawn", withdrawn_on=on, reason=reason)
    return decide(application, fact)


def correct(
    application: Application, *, field: str, value: Any, reason: str
) -> Decided[Application]:
    """Mend one field; `value` is JSON."""
    must_be_correctable(field, CORRECTABLE)
    _, changes = mended(application, field, value)
    return _sound(decide(application, ApplicationCorrected(changes=changes, reason=reason)))


def reconcile(
    application: Application, told: Told, *, reason: str, today: date, mends: bool = False
) -> Decided[Application]:
    """Apply news; `mends`: from a source that may take back what it said.

    Raises Rejected: `application-person-fixed`, `status-went-back`, or what `sound` says.
    """
    target = laid_over(application, told)
    said = target.model_dump(mode="json")
    wants = differences({field: said[field] for field in told}, of=application)
    if "person_ref" in wants and not mends:
        raise Rejected(
            "application-person-fixed",
            "another person's application is another application under a new ref",
            field="person_ref",
        )
    steps: list[Fact] = []
    if "status" in wants:
        if target.status in _NEXT[application.status]:
            wants.pop("status")
            steps.append(_step(target, today=today))
        elif not mends:
            raise Rejected(
                "status-went-back",
                f"it is {application.status} and cannot become {target.status};"
                " correct its status, saying why",
                field="status",
            )
    carried = {field for step in steps for field in step.model_fields_set}
    plain = {field: value for field, value in wants.items() if field not in carried}
    facts = [ApplicationCorrected(changes=plain, reason=reason)] if plain else []
    return _sound(decide(application, *facts, *steps))


def sound(application: Application) -> None:
    """What must hold of every application."""
    days = [application.submitted_on, application.decided_on, application.departed_on]
    for field, day in zip(("decided_on", "departed_on"), days[1:], strict=True):
        if day is not None and day.last < application.submitted_on.first:
            raise Rejected(
                "application-out-of-order",
                f"{day} lies before it was submitted ({application.submitted_on})",
                field=field,
                status=422,
            )


def _sound(decided: Decided[Application]) -> Decided[Application]:
    sound(decided[0])
    return decided


def _step(target: Application, *, today: date) -> Fact:
    decided_on = target.decided_on or PartialDate.of(today)
    match target.status:
        case "admitted":
            return ApplicationAdmitted(status="admitted", decided_on=decided_on)
        case "declined":
            return ApplicationDeclined(status="declined", decided_on=decided_on)
        case "departed":
            departed_on = target.departed_on or PartialDate.of(today)
            return ApplicationDeparted(status="departed", departed_on=departed_on)
        case _:
            return ApplicationWithdrawn(status="withdrawn", withdrawn_on=PartialDate.of(today))


def _must_be(application: Application, *statuses: ApplicationStatus) -> None:
    if application.status not in statuses:
        raise Rejected(
            f"application-{application.status}",
            f"the application is {application.status}; this step needs it to be"
            f" {' or '.join(statuses)}",
        )
