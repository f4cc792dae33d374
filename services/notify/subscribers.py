"""Kafka in: what this service reads, and what becomes of it."""

from services.notify.incoming import AGREEMENTS, MOBILITY, VISITS
from services.notify.projections import collect
from shared.consumer import Subscription

_ONCE = "each becomes news that is mailed, and what was mailed cannot be taken back"

SUBSCRIPTIONS = (
    Subscription(topic="agreements.events", reads=AGREEMENTS, apply=collect, once=_ONCE),
    Subscription(topic="mobility.events", reads=MOBILITY, apply=collect, once=_ONCE),
    Subscription(topic="visits.events", reads=VISITS, apply=collect, once=_ONCE),
)
