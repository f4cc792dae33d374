"""Which subjects wait for versions that have not come, and when their owner is asked for them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

__all__ = ["Gaps"]

log = structlog.get_logger()

_ASK_AGAIN = timedelta(seconds=15)
_ALARM = timedelta(seconds=60)
_REMEMBERED = 10_000
"""Beyond that the comparison of counts finds them."""


@dataclass(slots=True)
class _Gap:
    after: int
    since: datetime
    asked: datetime | None = None
    alarmed: bool = False


class Gaps:
    """The open gaps of one consumer."""

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer
        self._open: dict[str, _Gap] = {}

    def __contains__(self, subject: str) -> bool:
        return subject in self._open

    def isdisjoint(self, subjects: Collection[str]) -> bool:
        """Whether none of these subjects has a gap."""
        return self._open.keys().isdisjoint(subjects)

    def __bool__(self) -> bool:
        return bool(self._open)

    def load(self, stored: Mapping[str, tuple[int, datetime]]) -> None:
        """Begin with what the table of held facts says."""
        self._open = {subject: _Gap(after, since) for subject, (after, since) in stored.items()}

    def note(self, subject: str, *, after: int, now: datetime) -> None:
        """Versions right behind `after` are missing; if that is news, its owner is asked."""
        gap = self._open.get(subject)
        if gap is None and len(self._open) < _REMEMBERED:
            self._open[subject] = _Gap(after, now)
        elif gap is not None and gap.after != after:
            gap.after, gap.asked = after, None

    def close(self, subject: str) -> None:
        """Nothing is missing there."""
        gap = self._open.pop(subject, None)
        if gap is not None and gap.alarmed:
            log.info("gap-healed", consumer=self._consumer, subject=subject)

    def due(self, now: datetime) -> dict[str, int]:
        """For which subjects the owner is to be asked now, and after which version."""
        due = {}
        for subject, gap in self._open.items():
            if gap.asked is None or now - gap.asked >= _ASK_AGAIN:
                gap.asked = now
                due[subject] = gap.after
            if not gap.alarmed and now - gap.since >= _ALARM:
                gap.alarmed = True
                log.error(
                    "gap-not-healed", consumer=self._consumer, subject=subject, after=gap.after
                )
        return due
