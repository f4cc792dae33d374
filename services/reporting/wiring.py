"""Where the parts of this service meet; production and tests use it alike."""

from services.reporting import store, subscribers
from services.reporting.http import ROUTERS
from services.reporting.http.reports import FONTS
from services.reporting.settings import Settings
from shared.service import Job, Service

__all__ = ["build"]


def build(settings: Settings) -> Service:
    """The service, with nothing opened yet. Raises ReferenceInvalid on a bad units file."""
    return Service(
        name="reporting",
        settings=settings,
        title="Rapport: reporting",
        description=(
            "Measures with the records behind each number, plans with the state of every target, "
            "the annual report, and the page. Every question has two dates: `on`, when it was so, "
            "and `known`, by when we knew it."
        ),
        routers=ROUTERS,
        subscriptions=subscribers.subscriptions(),
        jobs=[Job(name="seal-anew", every_seconds=3600, run=store.persons.seal_anew)],
        parts={FONTS: settings.fonts},
    )
