"""PostgreSQL and Apache Kafka side by side, on the loopback interface, for as long as we live."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from shared.embedded.children import StartFailed
from shared.embedded.jars import JarSettings
from shared.embedded.kafka import KafkaServer
from shared.embedded.lock import DataLock
from shared.embedded.postgres import PostgresServer

TRIES = 3


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where the servers are: a `postgresql://` address and Kafka's `host:port,...`."""

    postgres_dsn: str
    kafka_servers: str


class EmbeddedServers:
    """The two servers of one data folder (`postgres/`, `kafka/`, `logs/`).

    An address that is given is used, and that server is not started. Whoever starts them holds the
    folder's `DataLock` and passes its descriptor as `lock`.
    """

    def __init__(
        self,
        data: Path,
        *,
        lock: int,
        postgres_dsn: str | None = None,
        kafka_servers: str | None = None,
        durable: bool = True,
        jars: JarSettings | None = None,
        console: Console | None = None,
    ) -> None:
        self.data = data.resolve()
        self.lock = lock
        self.given = (postgres_dsn, kafka_servers)
        self.durable = durable
        self.jars = jars
        self.console = console
        self.postgres: PostgresServer | None = None
        self.kafka: KafkaServer | None = None

    async def start(self) -> Addresses:
        """Start both side by side and wait until they answer.

        Raises StartFailed or JarsMissing; nothing is left running then.
        """
        try:
            postgres, kafka = await _both(self._start_postgres(), self._start_kafka())
        except BaseException:  # cancelled by Ctrl-C, too: nothing may be left running
            await self.stop()
            raise
        return Addresses(postgres_dsn=postgres, kafka_servers=kafka)

    async def stop(self) -> None:
        """Kafka first, then PostgreSQL; both flushed and reaped."""
        if self.kafka is not None:
            await self.kafka.stop()
        if self.postgres is not None:
            await self.postgres.stop()

    async def _start_postgres(self) -> str:
        if self.given[0] is not None:
            return self.given[0]
        for last in _tries():
            (port,) = free_ports(1)
            self.postgres = PostgresServer(
                self.data / "postgres",
                port=port,
                log=self.data / "logs" / "postgres.log",
                inherit=[self.lock],
                durable=self.durable,
            )
            try:
                return await self.postgres.start()
            except StartFailed as failure:
                if last or not _lost_its_port(failure):
                    raise
        raise AssertionError("the last try returns or raises")

    async def _start_kafka(self) -> str:
        if self.given[1] is not None:
            return self.given[1]
        for last in _tries():
            port, controller_port = free_ports(2)
            self.kafka = KafkaServer(
                self.data / "kafka",
                port=port,
                controller_port=controller_port,
                log=self.data / "logs" / "kafka.log",
                inherit=[self.lock],
                jars=self.jars,
                console=self.console,
            )
            try:
                return await self.kafka.start()
            except StartFailed as failure:
                if last or not _lost_its_port(failure):
                    raise
        raise AssertionError("the last try returns or raises")


@contextlib.asynccontextmanager
async def embedded_servers(
    data: Path, *, durable: bool = True, jars: JarSettings | None = None
) -> AsyncIterator[Addresses]:
    """`async with embedded_servers(folder) as addresses`: both, under the folder's lock.

    Raises DataInUse, JarsMissing or StartFailed.
    """
    async with DataLock(data) as lock:
        servers = EmbeddedServers(data, lock=lock.descriptor, durable=durable, jars=jars)
        addresses = await servers.start()
        try:
            yield addresses
        finally:
            await servers.stop()


async def _both(
    first: Coroutine[Any, Any, str], second: Coroutine[Any, Any, str]
) -> tuple[str, str]:
    """Both results, or the first error of either once the other has been cancelled."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = group.create_task(first), group.create_task(second)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from errors.exceptions[0].__cause__
    return tasks[0].result(), tasks[1].result()


def _tries() -> list[bool]:
    return [False] * (TRIES - 1) + [True]


def _lost_its_port(failure: StartFailed) -> bool:
    """Between choosing a free port and listening on it, another process may have taken it."""
    return "in use" in str(failure)


def free_ports(count: int) -> list[int]:
    """Ports of the loopback interface on which nobody listens now, all different."""
    with contextlib.ExitStack() as stack:
        ports = []
        for _ in range(count):
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            ports.append(listener.getsockname()[1])
        return ports
