"""When aiokafka's partitions are ours."""

from collections.abc import Collection

from aiokafka import ConsumerRebalanceListener, TopicPartition

from benchmarks.contenders.meter import Meter

__all__ = ["Assigned"]


class Assigned(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """Begins to measure then."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        if assigned:
            self._meter.begin()

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Nothing is held."""
