"""Kafka in: one line per subscription."""

from services.agreements.incoming import STAYS
from services.agreements.projections import stays_known
from shared.consumer import Subscription

SUBSCRIPTIONS = (Subscription("mobility.events", STAYS, stays_known, tables={"known_stays": "id"}),)
