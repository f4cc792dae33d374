"""Kafka in: one line per subscription."""

from services.reporting.incoming import AGREEMENTS, MOBILITY, VISITS
from services.reporting.projections import Recording
from shared.consumer import Subscription

__all__ = ["subscriptions"]


def subscriptions() -> tuple[Subscription, ...]:
    """Everything that agreements, visits and mobility publish is kept."""
    return (
        Subscription("agreements.events", AGREEMENTS, Recording()),
        Subscription("visits.events", VISITS, Recording()),
        Subscription("mobility.events", MOBILITY, Recording()),
    )
