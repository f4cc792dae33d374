"""Contenders in turn, every result checked before its figure counts, medians and ratios.

A noisy machine changes from minute to minute, but little within one round. So contenders alternate,
and a ratio is the median of the ratios within each round, not the ratio of two medians.
"""

import random
import statistics
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from benchmarks.place import ContenderFailed, Place

__all__ = ["Contender", "Figure", "Reading", "Work", "WrongResult", "in_turn"]


class WrongResult(Exception):
    """The job was not done: whatever it took, it is no figure."""


class Reading(NamedTuple):
    """One value of one run, of a contender (or a part of it) in a unit."""

    contender: str
    value: float
    unit: str


@dataclass(frozen=True)
class Contender:
    """One way to do the work. `run` does it once, checks the result and reads the clock."""

    name: str
    run: Callable[[], Awaitable[Sequence[Reading]]]
    peer: bool = False
    """Needs the libraries of `requirements/bench.txt`."""


class Work(Protocol):
    """One job that contenders do."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def aim(self) -> str: ...
    @property
    def limit(self) -> str | None:
        """The contender that all others are compared with."""

    @property
    def does(self) -> Mapping[str, str]:
        """What each contender does, in a few words, with what it leaves out."""

    def rounds(self, quick: bool, /) -> int:
        """How often each contender does it."""

    def open(self, place: Place, /) -> AbstractAsyncContextManager[Sequence[Contender]]:
        """Prepare the job; clean up at the end."""


@dataclass(frozen=True)
class Figure:
    """What a run says of one contender: the median of its rounds."""

    work: str
    contender: str
    value: float | None
    """None: the result was wrong."""
    unit: str
    ratio_to_limit: float | None
    checked: bool


class Turn(NamedTuple):
    """What goes on, for whoever shows it."""

    contender: str
    round: int
    said: str


async def in_turn(
    work: Work,
    contenders: Sequence[Contender],
    *,
    rounds: int,
    tell: Callable[[Turn], None] = lambda _: None,
) -> list[Figure]:
    """Every contender once, then again, in another order each time."""
    readings: dict[tuple[str, str], dict[int, float]] = {}
    wrong: list[str] = []
    order = list(contenders)
    for number in range(1, rounds + 1):
        for contender in order:
            if contender.name in wrong:
                continue
            tell(Turn(contender.name, number, "runs"))
            try:
                found = await contender.run()
            except (WrongResult, ContenderFailed) as error:
                wrong.append(contender.name)
                tell(Turn(contender.name, number, f"WRONG: {error}"))
                continue
            for reading in found:
                readings.setdefault((reading.contender, reading.unit), {})[number] = reading.value
            tell(Turn(contender.name, number, _short(found)))
        random.shuffle(order)
    figures = [
        Figure(
            work=work.name,
            contender=name,
            value=statistics.median(values.values()),
            unit=unit,
            ratio_to_limit=_ratio(values, readings.get((work.limit or "", unit), {})),
            checked=True,
        )
        for (name, unit), values in readings.items()
        if name not in wrong
    ]
    failed = [Figure(work.name, name, None, "", None, checked=False) for name in wrong]
    return [*figures, *failed]


def _ratio(values: dict[int, float], limits: dict[int, float]) -> float | None:
    ratios = [value / limits[number] for number, value in values.items() if limits.get(number)]
    return statistics.median(ratios) if ratios else None


def _short(readings: Sequence[Reading]) -> str:
    return ", ".join(f"{value:,.4g} {unit}" for _, value, unit in readings[:3])


Opened = AsyncIterator[Sequence[Contender]]
"""What `Work.open` is made of, before `asynccontextmanager`."""
