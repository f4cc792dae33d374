"""What to do with each fact of a batch. A pure function: positions and facts in, a plan out.

version == position + 1    apply it, if it continues the chain of digests
version <= position        a duplicate: drop it; another digest is another history: park it
version >  position + 1    a gap: hold it until the missing ones come
its subject is parked      park it behind, and let every other subject flow
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic import BaseModel

from shared.consumer.positions import Position
from shared.consumer.subscriptions import Received
from shared.envelope import FactRecord, chained, decode
from shared.errors import Poisoned
from shared.parking import BEHIND, EQUIVOCATION

__all__ = ["Condemned", "Deciding", "Park", "Plan", "decide"]

Condemned = Mapping[tuple[str, int], Poisoned]
"""By (subject, version): how a fact is known to fail."""


class Park(NamedTuple):
    """A fact that cannot take effect, and why."""

    fact: FactRecord
    reason: str
    path: str


@dataclass(slots=True)
class Plan:
    """What one transaction does with a batch."""

    apply: list[Received] = field(default_factory=list)
    positions: dict[str, Position] = field(default_factory=dict)
    """Where each subject stands now, also those that did not move."""
    moved: set[str] = field(default_factory=set)
    park: list[Park] = field(default_factory=list)
    hold: list[FactRecord] = field(default_factory=list)
    """Ahead of a gap."""
    stopped: set[str] = field(default_factory=set)
    """Subjects with something parked, before this batch or by it."""
    duplicates: int = 0

    @property
    def gaps(self) -> dict[str, int]:
        """Subjects with a gap, and the last version before it."""
        return {
            fact.subject: self.positions[fact.subject].version
            for fact in self.hold
            if fact.subject not in self.stopped
        }


def decide(
    facts: Iterable[FactRecord],
    *,
    positions: Mapping[str, Position],
    reads: Mapping[str, type[BaseModel]],
    topic: str,
    blocked: Iterable[str] = (),
    held: Iterable[FactRecord] = (),
    condemned: Condemned | None = None,
) -> Plan:
    """Sort the facts of a batch, which come in log order, into what happens to them.

    `positions` has every subject of the batch. `blocked` are the subjects with something parked;
    `held` the facts of these subjects that wait for a gap; `condemned` the (subject, version) that
    are known to fail, and how.
    """
    deciding = Deciding(
        positions=positions,
        reads=reads,
        topic=topic,
        blocked=blocked,
        held=held,
        condemned=condemned,
    )
    deciding.take(facts)
    return deciding.plan()


class Deciding:
    """What `decide` does, as many facts at a time as the caller likes."""

    def __init__(
        self,
        *,
        positions: Mapping[str, Position],
        reads: Mapping[str, type[BaseModel]],
        topic: str,
        blocked: Iterable[str] = (),
        held: Iterable[FactRecord] = (),
        condemned: Condemned | None = None,
    ) -> None:
        self._plan = Plan(positions=dict(positions), stopped=set(blocked))
        self._reads = reads
        self._topic = topic
        self._condemned = condemned or {}
        self._ahead: dict[str, dict[int, FactRecord]] = {}
        for fact in held:
            self._ahead.setdefault(fact.subject, {})[fact.version] = fact

    def take(self, facts: Iterable[FactRecord]) -> None:
        """The next ones of the batch."""
        plan, ahead = self._plan, self._ahead
        at, stopped = plan.positions, plan.stopped
        for fact in facts:
            subject = fact.subject
            version, digest = at[subject]
            if fact.version <= version:
                if fact.version == version and fact.digest != digest:
                    self._park(fact, EQUIVOCATION)
                else:
                    plan.duplicates += 1
            elif subject in stopped:
                plan.park.append(Park(fact, BEHIND, "$"))
            elif fact.version > version + 1:
                ahead.setdefault(subject, {})[fact.version] = fact
            else:
                self._next(fact)
                if ahead:
                    self._follow(subject)

    def plan(self) -> Plan:
        """What is to be done, once all were taken."""
        at = self._plan.positions
        self._plan.hold = [
            fact
            for subject, waiting in self._ahead.items()
            for version, fact in sorted(waiting.items())
            if version > at[subject].version
        ]
        return self._plan

    def _next(self, fact: FactRecord) -> None:
        """The next fact of its subject: apply it, or park it."""
        subject, version, type_, digest, _, _, raw = fact
        plan = self._plan
        data = raw.value or b""
        if chained(plan.positions[subject].digest, type_, data) != digest:
            self._park(fact, EQUIVOCATION)
            return
        model = self._reads.get(type_)
        try:
            if self._condemned and (subject, version) in self._condemned:
                raise self._condemned[subject, version]
            if model is not None:
                plan.apply.append(
                    Received(
                        subject,
                        version,
                        type_,
                        fact.time,
                        fact.actor,
                        decode(model, data),
                        data,
                        self._topic,
                        fact.correlation_id,
                    )
                )
        except Poisoned as poisoned:
            self._park(fact, poisoned.code, poisoned.path)
        else:
            plan.positions[subject] = Position(version, digest)
            plan.moved.add(subject)

    def _follow(self, subject: str) -> None:
        """Take what was held for this subject, as far as it continues now."""
        waiting = self._ahead.get(subject)
        while waiting and subject not in self._plan.stopped:
            fact = waiting.pop(self._plan.positions[subject].version + 1, None)
            if fact is None:
                return
            self._next(fact)

    def _park(self, fact: FactRecord, reason: str, path: str = "$") -> None:
        self._plan.park.append(Park(fact, reason, path))
        self._plan.stopped.add(fact.subject)
