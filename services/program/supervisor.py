"""Keeps the parts of the program running: what dies is started again, with growing patience."""

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable

from shared.embedded import Child, StartFailed

log = logging.getLogger("rapport.program")

PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 15.0)
CALM_SECONDS = 60.0
"""A part that ran so long begins again with the shortest pause."""


class Part:
    """One process that is meant to run all the time.

    `start` starts it (again) and returns when it runs; `tell` is told, in a sentence, what a person
    at the console wants to know.
    """

    def __init__(
        self, name: str, start: Callable[[], Awaitable[Child]], *, tell: Callable[[str], None]
    ) -> None:
        self.name = name
        self.child: Child | None = None
        self.ends = 0
        self._start = start
        self._tell = tell
        self._task: asyncio.Task[None] | None = None

    async def start(self, running: Child | None = None) -> None:
        """Start it, or take over one that runs; from now on it is started again when it ends.

        Raises OSError or StartFailed if the first start fails.
        """
        self.child = running or await self._start()
        self._task = asyncio.create_task(self._keep(self.child), name=f"keep-{self.name}")

    def leave(self) -> None:
        """From now on it is not started again."""
        if self._task is not None:
            self._task.cancel()

    async def stop(self, how: signal.Signals = signal.SIGTERM, *, within: float) -> None:
        """End it for good: asked first, after `within` seconds made to."""
        self.leave()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        if self.child is not None:
            await self.child.stop(how, within=within)
            log.info("stopped", extra={"part": self.name})

    async def _keep(self, child: Child) -> None:
        pauses = iter(PAUSES_SECONDS)
        while True:
            began = time.monotonic()
            code = await asyncio.shield(child.ended)
            self.ends += 1
            if time.monotonic() - began > CALM_SECONDS:
                pauses = iter(PAUSES_SECONDS)
            pause = next(pauses, PAUSES_SECONDS[-1])
            log.error("ended", extra={"part": self.name, "code": code, "pause_seconds": pause})
            self._tell(
                f"{self.name} ended ({_how(code)}) and is started again in {pause:g} s; "
                f"its log: {child.command.log}"
            )
            await asyncio.sleep(pause)
            child = self.child = await self._again()

    async def _again(self) -> Child:
        pauses = iter(PAUSES_SECONDS)
        while True:
            try:
                return await self._start()
            except (StartFailed, OSError) as failure:
                pause = next(pauses, PAUSES_SECONDS[-1])
                log.error("start-failed", extra={"part": self.name, "why": str(failure)})
                self._tell(f"{self.name} did not come back, again in {pause:g} s: {failure}")
                await asyncio.sleep(pause)


def _how(code: int) -> str:
    return f"exit {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
