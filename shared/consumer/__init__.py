"""Facts and events of others take effect here: exactly once, in order, whatever happens.

subscriptions   what a service says: one line per topic
consumer        all topics of a service, as one part of its process
subscriber      FastStream, and what it must not do
reader          one topic: batches in, offsets out, patience between
facts           our own facts: one transaction per batch, positions first
  deciding        what happens with each fact (pure)
  foresight       the next batch is worked out while this one is written
  positions       how far each subject is (compare and set)
  holding, gaps   what came too early, and asking for what is missing
upstream        events of others: inbox and effect in one transaction
distance        how far behind the end of a topic
counting        comparing with what the owner has published
marks           what is being worked on, so that a death can be traced
patience        retries, jitter, and when it is too much
"""

from shared.consumer.consumer import Consumer, Owners
from shared.consumer.subscriptions import (
    Foresighted,
    Projection,
    Received,
    Subscription,
    UpstreamEvent,
    UpstreamSubscription,
)

__all__ = [
    "Consumer",
    "Foresighted",
    "Owners",
    "Projection",
    "Received",
    "Subscription",
    "UpstreamEvent",
    "UpstreamSubscription",
]
