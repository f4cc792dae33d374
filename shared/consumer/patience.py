"""How long something is tried, and what counts as too much."""

import asyncio
import random
import time
from collections import deque
from typing import Final

__all__ = ["BUGS_A_MINUTE", "TRIES", "Backoff", "Blown", "Fuse"]

TRIES: Final = 3
"""A batch that failed this often is worked subject by subject."""
BUGS_A_MINUTE: Final = 20
"""This many events parked as bugs within a minute say that the fault is not theirs."""


class Backoff:
    """Waits that grow, with full jitter: whoever waits for the same thing comes back apart."""

    def __init__(self, *, first: float = 0.1, most: float = 15.0) -> None:
        self._first = first
        self._most = most
        self._failures = 0

    async def wait(self, cancelled: asyncio.Event | None = None) -> None:
        """Sleep; return at once when `cancelled` is set."""
        limit = min(self._most, self._first * 2.0**self._failures)
        self._failures = min(self._failures + 1, 32)
        delay = random.uniform(0, limit)
        if cancelled is None:
            await asyncio.sleep(delay)
            return
        try:
            await asyncio.wait_for(cancelled.wait(), delay)
        except TimeoutError:
            return


class Blown(Exception):
    """Too many bugs in too short a time: it is not the events."""


class Fuse:
    """Lets a few bugs a minute pass."""

    def __init__(self, limit: int = BUGS_A_MINUTE, *, seconds: float = 60.0) -> None:
        self._seconds = seconds
        self._times: deque[float] = deque(maxlen=limit)

    def count(self) -> None:
        """One more event was parked as a bug. Raises Blown."""
        now = time.monotonic()
        self._times.append(now)
        if len(self._times) == self._times.maxlen and now - self._times[0] <= self._seconds:
            raise Blown
