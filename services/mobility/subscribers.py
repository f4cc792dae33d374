"""Kafka in: one line per subscription."""

from services.mobility.incoming import HR, READS, REGISTRAR
from services.mobility.projections import agreements_known
from services.mobility.usecases.upstream import take_in
from shared.consumer import Subscription, UpstreamSubscription

_KNOWN = {"known_partners": "id", "known_agreements": "id", "known_joint_programmes": "id"}

SUBSCRIPTIONS = (
    Subscription("agreements.events", READS, agreements_known, tables=_KNOWN),
    UpstreamSubscription("upstream.hr", HR, take_in),
    UpstreamSubscription("upstream.registrar", REGISTRAR, take_in),
)
