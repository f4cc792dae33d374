"""Where the parts of this service meet; production and tests use it alike."""

from services.mobility.http import ROUTERS
from services.mobility.http.extracts import MOST_MISSING
from services.mobility.settings import Settings
from services.mobility.subscribers import SUBSCRIPTIONS
from services.mobility.usecases import refusals
from services.mobility.usecases.clock import find_references, follow_the_clock, forget_parked
from services.mobility.usecases.extracts import seal_anew
from shared.service import Job, Service


def build(settings: Settings) -> Service:
    """The service, with nothing opened yet. Raises ReferenceInvalid on a bad units file."""
    service = Service(
        name="mobility",
        settings=settings,
        title="Rapport: mobility",
        description=(
            "Stays of students and staff, applications to study abroad, appointments, named"
            " programmes and headcounts; and the door for events of HR and the registrar. Every"
            " refusal has a stable code; every change is published on `mobility.events`."
        ),
        routers=ROUTERS,
        subscriptions=SUBSCRIPTIONS,
        parts={MOST_MISSING: settings.most_missing},
        jobs=[
            Job(name="follow-the-clock", every_seconds=60, run=follow_the_clock),
            Job(name="find-references", every_seconds=2, run=find_references),
            Job(name="report-refusals", every_seconds=300, run=refusals.report),
            Job(
                name="forget-refusals",
                every_seconds=3600,
                run=refusals.forget(after_days=settings.parked_days),
            ),
            Job(
                name="forget-parked",
                every_seconds=3600,
                run=forget_parked(after_days=settings.parked_days),
            ),
            Job(name="seal-anew", every_seconds=3600, run=seal_anew),
        ],
    )
    service.jobs += (
        Job(name="note-refusals", every_seconds=5, run=refusals.note_parked(service.parking)),
    )
    return service
