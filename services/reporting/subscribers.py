"""Kafka in: one line per subscription."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from services.reporting.incoming import AGREEMENTS, MOBILITY, VISITS
from services.reporting.projections import Recording
from shared.consumer import Subscription

__all__ = ["subscriptions"]


_TABLES: Final = {"records": "subject", "history": "subject"}
"""What all three fill, with the column of the subject: they can be rebuilt together."""


def subscriptions() -> tuple[Subscription, ...]:
    """Everything that agreements, visits and mobility publish is kept."""
    return (
        _kept("agreements.events", AGREEMENTS),
        _kept("visits.events", VISITS),
        _kept("mobility.events", MOBILITY),
    )


def _kept(topic: str, reads: Mapping[str, type[BaseModel]]) -> Subscription:
    recording = Recording()
    return Subscription(topic, reads, recording, forget=recording.forget, tables=_TABLES)
