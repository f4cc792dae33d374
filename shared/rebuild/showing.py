"""How far a rebuild is: a bar on a terminal, a line every few seconds elsewhere."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

__all__ = ["Showing"]

_LINE_SECONDS = 5.0


class HowFar(Protocol):
    """One topic of a rebuild."""

    topic: str
    total: int
    found: int
    """Done before this process began with it."""

    @property
    def done(self) -> int: ...


class Showing:
    """Speaks on stderr; results are said on stdout."""

    def __init__(self) -> None:
        self._out = Console(soft_wrap=True, highlight=False, markup=False)
        self._progress = Console(stderr=True, highlight=False)

    def say(self, text: str) -> None:
        self._out.print(text)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Something without a measure of how far it is."""
        began = time.monotonic()
        if self._progress.is_terminal:
            with self._progress.status(f"{name} ..."):
                yield
        else:
            yield
        self._progress.print(f"{name}: {time.monotonic() - began:.1f} s", markup=False)

    @contextlib.contextmanager
    def filling(self, topics: Sequence[HowFar]) -> Iterator[None]:
        """While topics are read."""
        task = asyncio.ensure_future(
            self._bar(topics) if self._progress.is_terminal else self._lines(topics)
        )
        try:
            yield
        finally:
            task.cancel()

    async def _bar(self, topics: Sequence[HowFar]) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        rate = _Rate(topics)
        await asyncio.sleep(0.5)  # what is done by then needs no bar
        with Progress(*columns, console=self._progress, transient=True) as progress:
            bar = progress.add_task("events", total=None, rate="")
            while True:
                done, total = _sum(topics)
                progress.update(bar, completed=done, total=total, rate=f"{rate():,.0f}/s")
                await asyncio.sleep(0.2)

    async def _lines(self, topics: Sequence[HowFar]) -> None:
        rate = _Rate(topics)
        while True:
            await asyncio.sleep(_LINE_SECONDS)
            done, total = _sum(topics)
            per_second = rate()
            left = f", {(total - done) / per_second:.0f} s left" if per_second else ""
            self._progress.print(
                f"{done:,} of {total:,} events, {per_second:,.0f}/s{left}", markup=False
            )


class _Rate:
    """Events a second, of the last samples that were asked for."""

    def __init__(self, topics: Sequence[HowFar]) -> None:
        self._topics = topics
        self._began = time.monotonic()
        self._samples: deque[tuple[float, int]] = deque(maxlen=25)

    def __call__(self) -> float:
        now, (done, _) = time.monotonic(), _sum(self._topics)
        if not self._samples:  # an interrupted rebuild does not begin with nothing done
            found = sum(each.found for each in self._topics)
            self._samples.append((self._began, min(done, found)))
        self._samples.append((now, done))
        since, before = self._samples[0]
        return max(0.0, (done - before) / max(0.001, now - since))


def _sum(topics: Sequence[HowFar]) -> tuple[int, int]:
    return sum(each.done for each in topics), sum(each.total for each in topics)
