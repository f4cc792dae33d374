"""Puts the models where the product reaches for asyncpg, aiokafka, FastStream and the clock.

Nothing of ours is replaced but `subscriber.py`, which is FastStream's wiring: a loop of `read` and
`handle` stands for it.
"""

import asyncio
import contextlib
import random
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import asyncpg
import structlog
from aiokafka.errors import KafkaConnectionError

from shared import control
from shared.consumer import consumer
from shared.consumer.reader import Reader
from shared.relay import sending, topic
from tests.simulation.clients import ModelAdmin, ModelConsumer, ModelProducer
from tests.simulation.cluster import Cluster
from tests.simulation.connections import AsyncpgConnection
from tests.simulation.database import Server
from tests.simulation.world import World

__all__ = ["standing_in"]


class Stream:
    """What FastStream does for a subscriber: read, handle, and so on."""

    def __init__(self, cluster: Cluster, reader: Reader, group: str) -> None:
        self._cluster = cluster
        self._reader = reader
        self._group = group
        self._kafka: ModelConsumer | None = None
        self._consuming: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._kafka = ModelConsumer(
            self._cluster, self._reader.topic, group=self._group, listener=self._reader
        )
        await self._kafka.start()
        self._consuming = asyncio.create_task(self._consume(self._kafka))

    async def _consume(self, kafka: ModelConsumer) -> None:
        while True:
            records = await self._reader.read(kafka)
            if records:
                await self._reader.handle(records)

    async def stop(self) -> None:
        if self._consuming is not None:
            self._consuming.cancel()
            await asyncio.gather(self._consuming, return_exceptions=True)
        if self._kafka is not None:
            await self._kafka.stop()


class _Broker:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    async def connect(self) -> None:
        if not self.cluster.up:
            raise KafkaConnectionError("down")


@contextlib.contextmanager
def standing_in(world: World, server: Server, cluster: Cluster) -> Iterator[None]:
    """While this lasts, the product lives in `world`."""

    async def connect(*_: Any, command_timeout: float, **more: Any) -> AsyncpgConnection:
        idles = "idle_in_transaction_session_timeout" in more["server_settings"]
        session = await server.connect(idle_limit=60.0 if idles else None)
        return AsyncpgConnection(session, limit=command_timeout)

    def reads(*topics: str, **options: Any) -> ModelConsumer:
        latest = options.get("auto_offset_reset") == "latest"
        return ModelConsumer(cluster, *topics, latest=latest)

    def subscribe(_broker: _Broker, reader: Reader, *, group: str) -> Stream:
        return Stream(cluster, reader, group)

    places: list[tuple[Any, str, Callable[..., Any]]] = [
        (asyncpg, "connect", connect),
        (sending, "AIOKafkaProducer", lambda **_: ModelProducer(cluster)),
        (control, "AIOKafkaProducer", lambda **_: ModelProducer(cluster)),
        (control, "AIOKafkaConsumer", reads),
        (topic, "AIOKafkaConsumer", reads),
        (topic, "AIOKafkaAdminClient", lambda **_: ModelAdmin(cluster)),
        (consumer, "broker_for", lambda **_: _Broker(cluster)),
        (consumer, "subscribe", subscribe),
        (time, "time", world.now),
        (time, "time_ns", lambda: int(world.now() * 1e9)),
        (time, "monotonic", world.loop.time),
    ]
    before = [getattr(place, name) for place, name, _ in places]
    for place, name, model in places:
        setattr(place, name, model)
    random.seed(world.seed)
    structlog.configure(processors=[_into_the_trace(world)], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        for (place, name, _), real in zip(places, before, strict=True):
            setattr(place, name, real)
        structlog.reset_defaults()


def _into_the_trace(world: World) -> Callable[[Any, str, Any], Any]:
    def tell(_logger: Any, method: str, event: Any) -> Any:
        error = event.pop("exc_info", None)
        if error:
            event["exception"] = repr(sys.exc_info()[1])
        world.say(f"{method}: {event.pop('event')}", **event)
        raise structlog.DropEvent

    return tell
