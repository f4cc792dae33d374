"""Kafka in: what this service reads, and what becomes of it."""

from services.notify.incoming import AGREEMENTS, VISITS
from services.notify.projections import collect
from shared.consumer import Subscription

SUBSCRIPTIONS = (
    Subscription(topic="agreements.events", reads=AGREEMENTS, apply=collect),
    Subscription(topic="visits.events", reads=VISITS, apply=collect),
)
