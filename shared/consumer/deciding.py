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

__all__ = ["Park", "Plan", "decide"]


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
    condemned: Mapping[tuple[str, int], Poisoned] | None = None,
) -> Plan:
    """Sort the facts of a batch, which come in log order, into what happens to them.

    `positions` has every subject of the batch. `blocked` are the subjects with something parked;
    `held` the facts of these subjects that wait for a gap; `condemned` the (subject, version) that
    are known to fail, and how.
    """
    plan = Plan(positions=dict(positions), stopped=set(blocked))
    ahead: dict[str, dict[int, FactRecord]] = {}
    for fact in held:
        ahead.setdefault(fact.subject, {})[fact.version] = fact
    at, stopped = plan.positions, plan.stopped
    for fact in facts:
        subject = fact.subject
        version, digest = at[subject]
        if fact.version <= version:
            if fact.version == version and fact.digest != digest:
                _park(plan, fact, EQUIVOCATION)
            else:
                plan.duplicates += 1
        elif subject in stopped:
            plan.park.append(Park(fact, BEHIND, "$"))
        elif fact.version > version + 1:
            ahead.setdefault(subject, {})[fact.version] = fact
        else:
            _take(plan, fact, reads, topic, condemned)
            if ahead:
                _follow(plan, ahead.get(subject), subject, reads, topic, condemned)
    plan.hold = [
        fact
        for subject, waiting in ahead.items()
        for version, fact in sorted(waiting.items())
        if version > at[subject].version
    ]
    return plan


def _take(
    plan: Plan,
    fact: FactRecord,
    reads: Mapping[str, type[BaseModel]],
    topic: str,
    condemned: Mapping[tuple[str, int], Poisoned] | None,
) -> None:
    """The next fact of its subject: apply it, or park it."""
    subject, version, type_, digest, _, _, raw = fact
    before = plan.positions[subject]
    data = raw.value or b""
    if chained(before.digest, type_, data) != digest:
        _park(plan, fact, EQUIVOCATION)
        return
    model = reads.get(type_)
    try:
        if condemned and (subject, version) in condemned:
            raise condemned[subject, version]
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
                    topic,
                    fact.correlation_id,
                )
            )
    except Poisoned as poisoned:
        _park(plan, fact, poisoned.code, poisoned.path)
    else:
        plan.positions[subject] = Position(version, digest)
        plan.moved.add(subject)


def _follow(
    plan: Plan,
    waiting: dict[int, FactRecord] | None,
    subject: str,
    reads: Mapping[str, type[BaseModel]],
    topic: str,
    condemned: Mapping[tuple[str, int], Poisoned] | None,
) -> None:
    """Take what was held for this subject, as far as it continues now."""
    while waiting and subject not in plan.stopped:
        fact = waiting.pop(plan.positions[subject].version + 1, None)
        if fact is None:
            return
        _take(plan, fact, reads, topic, condemned)


def _park(plan: Plan, fact: FactRecord, reason: str, path: str = "$") -> None:
    plan.park.append(Park(fact, reason, path))
    plan.stopped.add(fact.subject)
