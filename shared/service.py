"""One service as a process: HTTP, relay, consumer and jobs, wired alike everywhere.

A service's `wiring.build(settings)` returns a `Service`; `python -m services.<name> run` runs it,
and tests use the very same object.
"""

import asyncio
import contextlib
import gc
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from shared import http, operating
from shared.consumer import Consumer, Subscription, UpstreamSubscription
from shared.control import Control
from shared.database import Database
from shared.errors import Transient
from shared.parking import Parking
from shared.reference import Reference
from shared.relay import Relay
from shared.sealing import Cipher
from shared.security import Tokens
from shared.settings import Settings
from shared.sheets import handing_out

__all__ = ["Job", "Service"]

log = structlog.get_logger()

_RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work that the clock asks for."""

    name: str
    every_seconds: float
    run: Callable[[Database], Awaitable[None]]
    alone: bool = True
    """By one replica at a time: one that hangs keeps the others from it. False: `run` itself sees
    to it that any number may."""


class Service:
    """The parts of one service's process, and their order of starting and stopping."""

    def __init__(
        self,
        *,
        name: str,
        settings: Settings,
        title: str,
        description: str,
        routers: Sequence[APIRouter],
        subscriptions: Sequence[Subscription | UpstreamSubscription] = (),
        jobs: Sequence[Job] = (),
        parts: dict[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.settings = settings
        self.subscriptions = tuple(subscriptions)
        self.clock = settings.clock
        self.reference = Reference.load(settings.reference)
        self.database = Database(
            settings.database_url.get_secret_value(),
            service=name,
            clock=self.clock,
            reference=self.reference,
            cipher=Cipher([key.get_secret_value() for key in settings.personal_key]),
        )
        self.tokens = Tokens(settings.token_key.get_secret_value(), self.clock)
        self.control = Control(
            service=name,
            database=self.database,
            kafka_servers=settings.kafka,
            topic_prefix=settings.topic_prefix,
        )
        self.relay = Relay(
            service=name,
            database=self.database,
            topic=f"{settings.topic_prefix}{name}.events",
            kafka_servers=settings.kafka,
        )
        self.parking = Parking(
            database=self.database,
            keys=[key.get_secret_value() for key in settings.parking_key],
        )
        self.consumer = (
            Consumer(
                name=name,
                database=self.database,
                kafka_servers=settings.kafka,
                topic_prefix=settings.topic_prefix,
                subscriptions=subscriptions,
                parking=self.parking,
                control=self.control,
            )
            if subscriptions
            else None
        )
        self.jobs = tuple(jobs)
        self.context = http.Context(
            service=name,
            database=self.database,
            tokens=self.tokens,
            reference=self.reference,
            readiness=self,
            parts=parts or {},
        )
        self.app: FastAPI = http.create_app(
            context=self.context,
            title=title,
            description=description,
            routers=[operating.router(self), *handing_out.routers(name), *routers],
            lifespan=self._lifespan,
        )
        self._database_waits: str | None = "the database has not been reached yet"
        self._tasks: list[asyncio.Task[None]] = []
        self.failed: str | None = None

    def not_ready(self) -> list[str]:
        """Why this process cannot do all its work yet; [] when it can."""
        if self._database_waits is not None:
            return [self._database_waits]
        parts = [self.relay.not_ready(), self.consumer.not_ready() if self.consumer else None]
        return [reason for reason in parts if reason is not None]

    async def serve(self) -> None:
        """Run until SIGTERM or SIGINT; raises SystemExit(1) if a part of it died of a bug."""
        config = uvicorn.Config(
            self.app,
            host=self.settings.http_host,
            port=self.settings.http_port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=10,
        )
        gc.collect()
        gc.freeze()  # what was imported stays; a full collection need not walk it
        gc.set_threshold(50_000, 20, 20)
        await uvicorn.Server(config).serve()
        if self.failed is not None:
            raise SystemExit(1)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        async with self.running():
            yield

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Relay, control, consumer and jobs run inside the block; HTTP may come and go."""
        log.info("service-starting", service=self.name)
        self._spawn("start", self._start())
        try:
            yield
        finally:
            await self._stop()
            log.info("service-stopped", service=self.name)

    async def _start(self) -> None:
        """Wait for a migrated database, then start what leans on it."""
        waited = ""
        while self._database_waits is not None:
            try:
                async with self.database.connect() as connection:
                    await connection.execute(text("select version_num from alembic_version"))
                self._database_waits = None
            except Transient as away:
                self._database_waits = str(away)
            except ProgrammingError:
                self._database_waits = (
                    f"the database is empty: run `python -m services.{self.name} migrate`"
                )
            if self._database_waits is not None:
                if self._database_waits != waited:
                    log.warning("waiting-for-database", why=self._database_waits)
                    waited = self._database_waits
                await asyncio.sleep(_RETRY_SECONDS)
        self._spawn("relay", self.relay.run())
        self._spawn("control", self.control.run())
        if self.consumer is not None:
            self._spawn("consumer", self.consumer.run())
        for job in self.jobs:
            self._spawn(job.name, self._repeat(job))

    async def _stop(self) -> None:
        """Drain in the order of the flow: take nothing in, finish what runs, send what is left."""
        if self.consumer is not None:
            await self.consumer.stop()
        await self.relay.stop()
        await self.control.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.database.close()

    async def _repeat(self, job: Job) -> None:
        while True:
            try:
                async with contextlib.AsyncExitStack() as stack:
                    lock = f"{self.name}.{job.name}"
                    alone = stack.enter_async_context
                    if not job.alone or await alone(self.database.alone(lock)):
                        await job.run(self.database)
            except Transient as away:
                log.warning("job-must-wait", job=job.name, why=str(away))
            except Exception:  # a bug in one job must not take the service down: said, retried
                log.exception("job-failed", job=job.name)
            await asyncio.sleep(job.every_seconds)

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A part that died of a bug takes the process down: the supervisor starts it anew."""
        if task.cancelled() or task.exception() is None:
            return
        self.failed = task.get_name()
        log.error("part-died", part=self.failed, exc_info=task.exception())
        os.kill(os.getpid(), signal.SIGTERM)
