"""Appointments: made, classified by the coordinator, ended by their last day or before it."""

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
    AppointmentClassified,
    AppointmentCorrected,
    AppointmentEnded,
    AppointmentFields,
    AppointmentMade,
    AppointmentRecorded,
)
from services.mobility.events.values import AppointmentStatus
from shared.dates import PartialDate
from shared.errors import Rejected
from shared.facts import Fact
from shared.lists.news import Told


class Appointment(AppointmentFields, Record):
    """An appointment as it is known now."""


CORRECTABLE = frozenset(AppointmentFields.model_fields) - {"person_ref", "ref", "source"}
_CLASSES = frozenset({"high_level", "international_background"})


def make(appointment: Appointment, *, today: date) -> Decided[Appointment]:
    """We hire someone. `appointment` has version 0 and status appointed."""
    sound(appointment)
    made, facts = decide(appointment, AppointmentMade.model_validate(fields_of(appointment)))
    settled, moved = by_the_dates(made, today=today)
    return settled, (*facts, *moved)


def record(appointment: Appointment, *, today: date) -> Decided[Appointment]:
    """An appointment is entered in its present state."""
    sound(appointment)
    fact = AppointmentRecorded.model_validate(fields_of(appointment))
    recorded, facts = decide(appointment, fact)
    settled, moved = by_the_dates(recorded, today=today)
    return settled, (*facts, *moved)


def classify(
    appointment: Appointment,
    *,
    high_level: bool | None,
    international_background: bool | None,
    today: date,
) -> Decided[Appointment]:
    """The coordinator says what HR does not know."""
    _must_not_be_withdrawn(appointment)
    classes = (high_level, international_background)
    if classes == (appointment.high_level, appointment.international_background):
        raise Rejected("appointment-so-classified", "it is classified like that already")
    fact = AppointmentClassified(
        high_level=high_level,
        international_background=international_background,
        classified_on=PartialDate.of(today),
    )
    return decide(appointment, fact)


def end(appointment: Appointment, *, on: PartialDate, today: date) -> Decided[Appointment]:
    """The person left: `on` is the last day."""
    _must_not_be_withdrawn(appointment)
    must_not_lie_ahead(on, today=today)
    if appointment.status == "ended":
        raise Rejected("appointment-ended", f"it ended on {appointment.ends_on}")
    ended, facts = decide(appointment, AppointmentEnded(status="ended", ends_on=on))
    sound(ended)
    return ended, facts


def correct(
    appointment: Appointment, *, field: str, value: Any, reason: str, today: date
) -> Decided[Appointment]:
    """Mend one field (`value` is JSON); a later last day revives an appointment that had ended."""
    must_be_correctable(field, CORRECTABLE)
    after, changes = mended(appointment, field, value)
    if field == "ends_on" and after.status != "withdrawn":
        status = status_by_days(after, today=today)
        if status != after.status:
            changes |= {"status": status}
    corrected, facts = decide(appointment, AppointmentCorrected(changes=changes, reason=reason))
    sound(corrected)
    return corrected, facts


def reconcile(
    appointment: Appointment, told: Told, *, reason: str, today: date, mends: bool = False
) -> Decided[Appointment]:
    """Apply news; `mends`: from a source that may take back what it said.

    Raises Rejected: `appointment-person-fixed`, `status-went-back`, or what `sound` says.
    """
    target = laid_over(appointment, told)
    said = target.model_dump(mode="json")
    wants = differences({field: said[field] for field in told}, of=appointment)
    if "person_ref" in wants and not mends:
        raise Rejected(
            "appointment-person-fixed",
            "another person's appointment is another one under a new ref",
            field="person_ref",
        )
    goal = _goal(appointment, target, wants, today=today)
    wants.pop("status", None)
    steps: list[Fact] = []
    if _CLASSES & wants.keys():
        steps.append(
            AppointmentClassified(
                high_level=target.high_level,
                international_background=target.international_background,
                classified_on=PartialDate.of(today),
            )
        )
    if goal == "ended" and appointment.status == "appointed":
        ends_on = target.ends_on or PartialDate.of(today)
        steps.append(AppointmentEnded(status="ended", ends_on=ends_on))
    elif goal != appointment.status:
        if not mends and not (goal == "appointed" and "ends_on" in wants):
            raise Rejected(
                "status-went-back",
                f"it is {appointment.status} and cannot become {goal}; correct its last day",
                field="status",
            )
        wants["status"] = goal
    carried = {field for step in steps for field in step.model_fields_set} - {"status"}
    plain = {field: value for field, value in wants.items() if field not in carried}
    facts = [AppointmentCorrected(changes=plain, reason=reason)] if plain else []
    after, all_facts = decide(appointment, *facts, *steps)
    if all_facts:
        sound(after)
    return after, all_facts


def _goal(
    appointment: Appointment, target: Appointment, wants: Told, *, today: date
) -> AppointmentStatus:
    if "status" in wants and target.status != "appointed":
        return target.status
    if appointment.status == "withdrawn" and "status" not in wants:
        return "withdrawn"  # other days do not bring back what was taken back
    if wants.keys() & {"status", "ends_on"}:
        return status_by_days(target, today=today)
    return appointment.status


def status_by_days(appointment: Appointment, *, today: date) -> AppointmentStatus:
    """Ended once the last day has passed."""
    over = appointment.ends_on is not None and appointment.ends_on.last < today
    return "ended" if over else "appointed"


def by_the_dates(appointment: Appointment, *, today: date) -> Decided[Appointment]:
    """What the clock does: an appointment ends with its last day. Without facts if it has not."""
    ends_on = appointment.ends_on
    if appointment.status != "appointed" or ends_on is None or ends_on.last >= today:
        return appointment, ()
    return decide(appointment, AppointmentEnded(status="ended", ends_on=ends_on))


def sound(appointment: Appointment) -> None:
    """What must hold of every appointment."""
    if appointment.ends_on and appointment.ends_on.last < appointment.starts_on.first:
        raise Rejected(
            "appointment-ends-before-it-starts",
            f"it cannot end ({appointment.ends_on}) before it starts ({appointment.starts_on})",
            field="ends_on",
            status=422,
        )


def _must_not_be_withdrawn(appointment: Appointment) -> None:
    if appointment.status == "withdrawn":
        raise Rejected("appointment-withdrawn", "HR took it back: it never was")
