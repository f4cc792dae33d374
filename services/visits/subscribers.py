"""Kafka in: one line per subscription."""

from services.visits import usecases
from services.visits.incoming import AGREEMENT_FACTS, PARTNER_FACTS
from shared.clock import Clock
from shared.consumer import Subscription
from shared.reference import Reference

__all__ = ["subscriptions"]


def subscriptions(*, clock: Clock, reference: Reference) -> tuple[Subscription, ...]:
    """What this service reads of others."""
    agreements = usecases.reads_agreements(service="visits", clock=clock, reference=reference)
    return (Subscription("agreements.events", {**PARTNER_FACTS, **AGREEMENT_FACTS}, agreements),)
