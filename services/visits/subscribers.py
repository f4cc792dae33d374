"""Kafka in: one line per subscription."""

from services.visits import usecases
from services.visits.incoming import AGREEMENT_FACTS, PARTNER_FACTS
from shared.clock import Clock
from shared.consumer import Subscription
from shared.reference import Reference

__all__ = ["subscriptions"]

_ONCE = "an agreement that names a follow-up is recorded with its visit, as a fact of our own"


def subscriptions(*, clock: Clock, reference: Reference) -> tuple[Subscription, ...]:
    """What this service reads of others."""
    agreements = usecases.reads_agreements(service="visits", clock=clock, reference=reference)
    reads = {**PARTNER_FACTS, **AGREEMENT_FACTS}
    return (Subscription("agreements.events", reads, agreements, once=_ONCE),)
