"""An event loop of its own: many processes in one thread, a clock that jumps, a seed that decides.

A task belongs to the process in whose context it was made. Within a process callbacks run in the
order in which they became ready, as asyncio promises; which process runs next is drawn. When none
can run, the clock jumps to the next timer. A killed process simply never runs again, wherever it
stood: no `finally` of it is reached, as with `kill -9`. A paused one runs nothing until it resumes.
"""

import asyncio
import contextvars
import heapq
import itertools
import random
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, TypeVar

__all__ = ["Loop", "Process"]

T = TypeVar("T")

_STEPS = 3_000_000
"""Callbacks of one story; more of them say that something spins."""


class Process:
    """What is killed and paused as one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.context = contextvars.copy_context()
        self.context.run(_current.set, self)
        self.ready: deque[asyncio.Handle] = deque()
        self.stopped = False
        """Paused or killed."""
        self.killed = False

    def __repr__(self) -> str:
        return self.name

    @staticmethod
    def current() -> "Process":
        return _current.get()


_current: contextvars.ContextVar[Process] = contextvars.ContextVar("process")


class Loop(asyncio.AbstractEventLoop):
    """Runs callbacks one by one, in an order that depends on the seed alone."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._now = 0.0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._nth = itertools.count()
        self._runnable: list[Process] = []
        self.processes: list[Process] = []
        self.outside = self.process("outside")
        """The world itself: servers, network, and who watches. Never killed or paused."""
        self.errors: list[str] = []

    # --- processes -------------------------------------------------------------------------------

    def process(self, name: str) -> Process:
        self.processes.append(Process(name))
        return self.processes[-1]

    def pause(self, process: Process) -> None:
        process.stopped = True
        if process in self._runnable:
            self._runnable.remove(process)

    def resume(self, process: Process) -> None:
        if process.stopped and process.ready:
            self._runnable.append(process)
        process.stopped = False

    def kill(self, process: Process) -> None:
        process.killed = True
        self.pause(process)

    async def end_all(self) -> None:
        """Let what still hangs somewhere, also in the dead, come to its end: nothing is left that
        would be collected in the midst of the next story."""
        for process in self.processes:
            self.resume(process)
        left: set[asyncio.Task[Any]] = set()
        for _ in range(20):
            left = asyncio.all_tasks(self) - {asyncio.current_task(self)}
            if not left:
                return
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=30)
        raise AssertionError(f"these do not end: {left}")

    # --- running ---------------------------------------------------------------------------------

    def run_until_complete(self, main: Coroutine[Any, Any, T]) -> T:  # type: ignore[override]
        around = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(finalizer=self._close_generator)
        try:
            task = self.create_task(main, context=self.outside.context)
            for _ in range(_STEPS):
                if task.done():
                    return task.result()
                self._step()
            raise AssertionError(f"{_STEPS} callbacks, and no end")
        finally:
            sys.set_asyncgen_hooks(*hooks)
            asyncio._set_running_loop(around)

    def _step(self) -> None:
        while not self._runnable:
            self._wait()
        nth = self._chance.randrange(len(self._runnable)) if len(self._runnable) > 1 else 0
        process = self._runnable[nth]
        handle = process.ready.popleft()
        if not process.ready:
            self._runnable.pop(nth)
        if not handle.cancelled():
            handle._run()

    def _wait(self) -> None:
        """Jump to the next timer."""
        if not self._timers:
            raise AssertionError("everybody waits for everybody, and no timer runs")
        when, _, handle = heapq.heappop(self._timers)
        if not handle.cancelled():
            self._now = max(self._now, when)
            self._enqueue(handle)

    def _enqueue(self, handle: asyncio.Handle) -> None:
        process: Process = handle._context[_current]  # type: ignore[attr-defined]
        if not process.ready and not process.stopped:
            self._runnable.append(process)
        process.ready.append(handle)

    def _close_generator(self, generator: AsyncGenerator[Any, Any]) -> None:
        self.create_task(generator.aclose())

    # --- what asyncio asks of a loop -------------------------------------------------------------

    def time(self) -> float:
        return self._now

    def call_soon(  # type: ignore[override]
        self,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._enqueue(handle)
        return handle

    def call_later(  # type: ignore[override]
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._nth), handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is passed over when its time comes."""

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]
        self,
        coro: Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: contextvars.Context | None = None,
    ) -> "asyncio.Task[T]":
        return asyncio.Task(coro, loop=self, name=name, context=context)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.errors.append(f"{context.get('message')}: {context.get('exception')!r}")
