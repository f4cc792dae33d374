"""Where the parts of this service meet; production and tests use it alike."""

from services.notify import store
from services.notify.gateways import way_out
from services.notify.http import routers
from services.notify.rendering import Renderer
from services.notify.settings import Settings
from services.notify.subscribers import SUBSCRIPTIONS
from services.notify.usecases import Mailer, remind
from shared.service import Job, Service


def build(settings: Settings) -> Service:
    """The service, with nothing opened yet. Raises ReferenceInvalid on a bad units file."""
    mail = settings.mail
    renderer = Renderer(public_url=str(settings.public_url), sender=mail.sender)
    mailer = Mailer(renderer=renderer, out=way_out(mail), settings=mail)
    return Service(
        name="notify",
        settings=settings,
        title="Rapport: notify",
        description=(
            "Subscribers, one digest per subscriber and period, reminders. Addresses are kept "
            "here and nowhere else, and are never published."
        ),
        routers=routers,
        subscriptions=SUBSCRIPTIONS,
        jobs=[
            Job(name="remind", every_seconds=60, run=remind),
            Job(name="send-digests", every_seconds=mail.poll_seconds, run=mailer.run, alone=False),
            Job(name="seal-anew", every_seconds=3600, run=store.addresses.seal_anew),
        ],
        parts={"renderer": renderer, "mailer": mailer},
    )
