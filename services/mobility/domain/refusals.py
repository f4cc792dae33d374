"""What was refused of one source by one day: an aggregate of one fact."""

from services.mobility.domain.decisions import Decided
from services.mobility.events import UpstreamRefused
from services.mobility.events.refusals import RefusedFields
from shared.facts import State


class RefusedOfADay(RefusedFields, State):
    """It begins with what is told of it, and ends there."""


def tell(subject: str, fact: UpstreamRefused) -> Decided[RefusedOfADay]:
    """What was refused is told."""
    return RefusedOfADay(id=subject, version=1, **fact.model_dump()), (fact,)
