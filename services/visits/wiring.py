"""Where the parts of this service meet; production and tests use it alike."""

from services.visits import store, subscribers, usecases
from services.visits.domain import Policy
from services.visits.http import ROUTERS
from services.visits.http.calendars import ADDRESSES
from services.visits.http.views import POLICY
from services.visits.settings import VisitsSettings
from shared.reference import Reference
from shared.service import Job, Service

__all__ = ["build"]


def build(settings: VisitsSettings) -> Service:
    """The service, with nothing opened yet. Raises ReferenceInvalid on a bad units file."""
    return Service(
        name="visits",
        settings=settings,
        title="Rapport: visits",
        description=(
            "Delegations that come and go, hosted events and meetings, and what they led to. "
            "Every refusal has a stable code; every change is published on `visits.events`."
        ),
        routers=ROUTERS,
        subscriptions=subscribers.subscriptions(
            clock=settings.clock, reference=Reference.load(settings.reference)
        ),
        jobs=[
            Job(
                name="follow-the-clock",
                every_seconds=settings.clock_seconds,
                run=usecases.follow_the_clock,
            ),
            Job(name="seal-anew", every_seconds=3600, run=store.persons.seal_anew),
        ],
        parts={
            ADDRESSES: usecases.Addresses(
                key=settings.token_key.get_secret_value().encode(),
                public_url=str(settings.public_url),
            ),
            POLICY: Policy(lead_days=settings.lead_days, report_days=settings.report_days),
        },
    )
