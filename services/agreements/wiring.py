"""Where the parts of this service meet; production and tests use it alike."""

from services.agreements.gateways.ewp import keeping
from services.agreements.http import ROUTERS
from services.agreements.settings import HEI_IDS, Settings
from services.agreements.store.of_partners import contacts
from services.agreements.subscribers import SUBSCRIPTIONS
from services.agreements.usecases.agreements import follow_the_clock
from services.agreements.usecases.duplicates import look_for_duplicates
from shared.service import Job, Service


def build(settings: Settings) -> Service:
    """The service, with nothing opened yet. Raises ReferenceInvalid on a bad units file."""
    return Service(
        name="agreements",
        settings=settings,
        title="Rapport: agreements",
        description=(
            "Partners, agreements, joint programmes and projects, and contributions received. "
            "Every refusal has a stable code; every change is published on `agreements.events`."
        ),
        routers=ROUTERS,
        subscriptions=SUBSCRIPTIONS,
        jobs=[
            Job(name="follow-the-clock", every_seconds=60, run=follow_the_clock),
            Job(name="seal-anew", every_seconds=3600, run=keeping.documents.seal_anew),
            Job(name="seal-contacts-anew", every_seconds=3600, run=contacts.seal_anew),
            Job(name="look-for-duplicates", every_seconds=60, run=look_for_duplicates),
        ],
        parts={HEI_IDS: settings.hei_ids},
    )
