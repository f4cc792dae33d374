"""What the notify service publishes: that mail was sent, never to which address."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.facts import Fact, Value

__all__ = [
    "FACTS",
    "DigestSent",
    "Interest",
    "PeriodKind",
    "SubscriberChanged",
    "SubscriberFields",
    "SubscriberRegistered",
    "SubscriberUnsubscribed",
]

PeriodKind = Literal["daily", "weekly", "monthly"]
Interest = Literal["agreements", "visits", "reminders"]


class SubscriberFields(Value):
    """What a subscriber asked for. Name and address are not part of it."""

    ref: Annotated[str, Field(min_length=1, max_length=100)]
    units: tuple[str, ...]
    period: PeriodKind
    zone: str
    interests: tuple[Interest, ...]
    sources: tuple[str, ...] = ()
    """The systems they look after (`/hust/hr`): what is refused of these."""
    status: Literal["active", "unsubscribed"]


class SubscriberRegistered(Fact, SubscriberFields):
    """Somebody subscribed, or was subscribed by the office."""

    type: ClassVar[str] = "rapport.notify.subscriber-registered.v1"


class SubscriberChanged(Fact, SubscriberFields):
    """What they want changed."""

    type: ClassVar[str] = "rapport.notify.subscriber-changed.v1"


class SubscriberUnsubscribed(Fact):
    """They want no more mail."""

    type: ClassVar[str] = "rapport.notify.subscriber-unsubscribed.v1"
    status: Literal["unsubscribed"] = "unsubscribed"


class DigestSent(Fact):
    """A mail server (or the mailbox folder) took a digest."""

    type: ClassVar[str] = "rapport.notify.digest-sent.v1"
    digest: str
    """The local label of its period: `2025-W46`."""
    items: int
    message_id: str
    accepted_at: datetime


FACTS = (SubscriberRegistered, SubscriberChanged, SubscriberUnsubscribed, DigestSent)
"""Everything that is published on `notify.events`."""
