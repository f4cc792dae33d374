"""Working a batch out while the one before it is still being written.

What that one leaves behind is known already, if all goes well with it: so the next can be decided,
decoded and folded on what is expected, while PostgreSQL is busy. When its turn comes, everything
is written at once, if nothing happened meanwhile that anyone knows of; and the positions, compared
and set in that very transaction, find out what nobody knows of.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.consumer.deciding import Deciding, Plan
from shared.consumer.positions import Known, Position, Positions
from shared.consumer.subscriptions import Foresighted, Projection, Subscription
from shared.database import Database
from shared.envelope import FactRecord

__all__ = ["Ahead", "Foresight"]

log = structlog.get_logger()

_SLICE_FACTS = 250
"""Worked on at once; the batch that is being written waits for no more than these."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """A batch, worked out. `prepared` is the projection's own, None if it cannot foresee."""

    plan: Plan
    before: Known
    reached: Mapping[str, Position]
    prepared: Any
    apply: Projection
    era: int

    async def write(self, connection: AsyncConnection) -> None:
        """The projection's part of the transaction."""
        if self.prepared is not None and isinstance(self.apply, Foresighted):
            await self.apply.write(connection, self.prepared)
        else:
            await self.apply(connection, self.plan.apply)


class Foresight:
    """What one consumer expects to be so when its batch in hand is written."""

    def __init__(
        self, *, subscription: Subscription, database: Database, positions: Positions
    ) -> None:
        self._subscription = subscription
        self._database = database
        self._positions = positions
        self._expected: Mapping[str, Position] | None = None
        """The positions that the newest batch which was worked out will reach."""
        self._era = 0

    @property
    def certain(self) -> bool:
        """Whether the outcome of what is in hand is foreseen."""
        return self._expected is not None

    def lose(self) -> None:
        """Something else happened, or is about to: what was worked out counts no more."""
        self._expected = None
        self._era += 1

    def came_true(self, ahead: Ahead) -> bool:
        """Whether nothing is known that contradicts it."""
        return ahead.era == self._era

    async def look(self, facts: Sequence[FactRecord], subjects: Collection[str]) -> Ahead | None:
        """Work these out; None if they cannot be, as they are not all applied.

        If nothing is `certain`, the caller has seen to it that nothing is in hand.
        """
        era, expected = self._era, self._expected or {}
        self._expected = None
        try:
            # each question by itself: the write finds out what contradicts the answers
            async with self._database.connect(autocommit=True) as connection:
                before = await self._positions.of(connection, subjects, expected=expected)
                deciding = Deciding(
                    positions=before,
                    reads=self._subscription.reads,
                    topic=self._subscription.topic,
                )
                for start in range(0, len(facts), _SLICE_FACTS):
                    deciding.take(facts[start : start + _SLICE_FACTS])
                    await asyncio.sleep(0)
                plan = deciding.plan()
                if plan.park or plan.hold:
                    return None
                apply, prepared = self._subscription.apply, None
                if isinstance(apply, Foresighted) and plan.apply:
                    prepared = await apply.prepare(connection, plan.apply)
        except Exception as error:  # noqa: BLE001 - the batch's own transaction meets it again
            log.info("not-foreseen", topic=self._subscription.topic, why=type(error).__name__)
            return None
        if era != self._era:
            return None
        reached = {subject: plan.positions[subject] for subject in plan.moved}
        self._expected = reached
        return Ahead(plan, before, reached, prepared, apply, era)
