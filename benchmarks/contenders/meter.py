"""How contenders are timed: alike, and without their start.

The clock runs from the moment the partitions are ours, or, with a library that does not say, from
its first record on, until the last event has had its effect. So imports, connections and the
joining of a group, which last as long for ten events as for ten million, are in nobody's figure.
"""

import json
import sys
import time
from typing import Any

__all__ = ["Meter", "given", "quicken", "say"]


class Meter:
    """Told how far a contender has come; knows when all is done, and how fast it went."""

    def __init__(self, events: int) -> None:
        self.events = events
        self.count = 0
        self._began: float | None = None
        self._end = 0.0

    def begin(self) -> None:
        """From now on, unless it has begun."""
        self._began = self._began or time.perf_counter()

    def reached(self, count: int) -> bool:
        """So many events have had their effect; true when these are all."""
        if count > self.count:
            self.count, self._end = count, time.perf_counter()
        return self.count >= self.events

    def rate(self) -> float:
        """Events per second."""
        if self._began is None or self.count < self.events:
            raise SystemExit(f"only {self.count} of {self.events} events had their effect")
        return self.count / (self._end - self._began)


def given() -> dict[str, Any]:
    """What this process was started with."""
    values: dict[str, Any] = json.loads(sys.argv[1])
    return values


def say(**found: Any) -> None:
    """The last line."""
    print(json.dumps(found), flush=True)


def quicken() -> None:
    """What the product does for itself (`shared.service`): nobody is slower for lack of it."""
    import gc

    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
