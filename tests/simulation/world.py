"""What all parts of one story share: the seed, the clock, the network and its whims, the trace."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.simulation.scheduling import Loop, Process

__all__ = ["EPOCH", "Odds", "World"]

EPOCH: Final = 1_763_341_200.0
"""Unix time at which every story begins."""


@dataclass
class Odds:
    """How likely it is that a request or an answer meets with an accident."""

    database_cut: float = 0.0
    """The connection goes, before the statement (or the commit) or behind it."""
    request_lost: float = 0.0
    answer_lost: float = 0.0
    request_late: float = 0.0
    """The sender is told that it failed, and then it arrives."""


class World:
    """One seed's world."""

    def __init__(self, seed: int, *, tell: bool = False) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self.loop = Loop(self.chance)  # type: ignore[abstract]  # of files and sockets it has none
        self.odds = Odds()
        self.slow = 1.0
        """Times as long as usual takes every message."""
        self.over = False
        self._tell = tell
        self.trace: list[str] = []

    def now(self) -> float:
        return EPOCH + self.loop.time()

    def happens(self, probability: float) -> bool:
        return probability > 0 and self.chance.random() < probability

    def say(self, what: str, /, **more: Any) -> None:
        """A line of the trace."""
        if self._tell:
            process = Process.current()
            details = " ".join(f"{name}={value}" for name, value in more.items())
            self.trace.append(f"{self.loop.time():10.4f} {process!r:12} {what} {details}".rstrip())

    def latency(self) -> float:
        """For one message, one way."""
        delay = self.chance.expovariate(1 / 0.0008) + 0.0001
        if self.chance.random() < 0.01:
            delay += self.chance.uniform(0, 0.3)
        return delay * self.slow

    def later(self, delay: float, act: Callable[..., object], *args: Any) -> asyncio.TimerHandle:
        """Outside of all processes: it happens whoever is dead by then."""
        return self.loop.call_later(delay, act, *args, context=self.loop.outside.context)

    def answer(self, waiting: "asyncio.Future[Any]", result: Any) -> None:
        """Let an answer travel to who waits for it."""
        self.later(self.latency(), _deliver, waiting, result)


def _deliver(waiting: "asyncio.Future[Any]", result: Any) -> None:
    if waiting.done():
        return
    if isinstance(result, BaseException):
        waiting.set_exception(result)
    else:
        waiting.set_result(result)
