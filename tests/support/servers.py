"""One PostgreSQL and one Kafka for a whole test run, and what isolates tests on them."""

import asyncio
import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from pydantic import TypeAdapter
from sqlalchemy import make_url

from shared.embedded import Addresses, embedded_servers, free_ports
from shared.embedded.kafka import answers
from shared.migrating import upgrade

CONTAINER_SETTINGS = {
    "KAFKA_NODE_ID": "1",
    "KAFKA_PROCESS_ROLES": "broker,controller",
    "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
    "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
    "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
    "KAFKA_ADVERTISED_LISTENERS": "PLAINTEXT://127.0.0.1:{port}",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
}


@contextlib.asynccontextmanager
async def test_servers(run: str) -> AsyncIterator[Addresses]:
    """The pair that tests use: given by settings, in containers, or embedded (the default).

    `run` names the test run: workers of one run (pytest-xdist) share one embedded pair.
    """
    postgres = os.environ.get("RAPPORT_TEST_DATABASE_URL")
    kafka = os.environ.get("RAPPORT_TEST_KAFKA_SERVERS")
    if postgres and kafka:
        yield Addresses(postgres_dsn=postgres, kafka_servers=kafka)
    elif postgres or kafka:
        raise RuntimeError("Set both RAPPORT_TEST_DATABASE_URL and RAPPORT_TEST_KAFKA_SERVERS.")
    elif os.environ.get("RAPPORT_TEST_SERVERS") == "testcontainers":
        async with _in_containers() as addresses:
            yield addresses
    else:
        folder = Path(tempfile.gettempdir()) / f"rapport-tests-{run}"
        folder.mkdir(mode=0o700, exist_ok=True)
        async with _shared_pair(folder) as addresses:
            yield addresses


@contextlib.asynccontextmanager
async def _in_containers() -> AsyncIterator[Addresses]:
    from testcontainers.core.container import DockerContainer
    from testcontainers.postgres import PostgresContainer

    (port,) = free_ports(1)
    kafka = DockerContainer("apache/kafka:4.3.1").with_bind_ports(9092, port)
    for name, value in CONTAINER_SETTINGS.items():
        kafka.with_env(name, value.format(port=port))
    with PostgresContainer("postgres:18", driver=None) as postgres, kafka:
        until = asyncio.get_running_loop().time() + 60
        while not await answers(f"127.0.0.1:{port}"):
            if asyncio.get_running_loop().time() > until:
                raise RuntimeError("Kafka's container did not answer within 60 s")
            await asyncio.sleep(0.1)
        yield Addresses(
            postgres_dsn=postgres.get_connection_url(), kafka_servers=f"127.0.0.1:{port}"
        )


@contextlib.asynccontextmanager
async def _shared_pair(folder: Path) -> AsyncIterator[Addresses]:
    """The first worker that comes starts the pair, and is the last to go."""
    written = folder / "addresses.json"
    with (folder / "users").open("a") as users, (folder / "starting").open("a") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_SH)
        if written.exists():
            fcntl.flock(starting, fcntl.LOCK_UN)
            yield TypeAdapter(Addresses).validate_json(written.read_bytes())
            return
        try:
            async with embedded_servers(folder / "data", durable=False) as addresses:
                written.write_bytes(TypeAdapter(Addresses).dump_json(addresses))
                fcntl.flock(starting, fcntl.LOCK_UN)
                yield addresses
                # what others still need may take them longer than pytest-timeout gives this test
                signal.setitimer(signal.ITIMER_REAL, 0)
                await asyncio.to_thread(fcntl.flock, users, fcntl.LOCK_EX)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Databases:
    """Fresh databases on one server; a template per service is migrated once and copied."""

    dsn: str
    run: str

    async def copy(self, service: str | None) -> str:
        """Address (`postgresql://`) of a new database with the service's tables (25 ms).

        `"plumbing"`: only the tables of `shared.plumbing_tables`; None: empty.
        """
        name = f"t_{self.run}_{service or 'empty'}_{secrets.token_hex(4)}"
        connection = await asyncpg.connect(self.dsn)
        try:
            if service is None:
                await connection.execute(f'create database "{name}"')
            else:
                template = await self._template(connection, service)
                await connection.execute(f'create database "{name}" template "{template}"')
        finally:
            await connection.close()
        return self._url(name)

    async def drop(self, url: str) -> None:
        """Remove it, whoever is still connected."""
        connection = await asyncpg.connect(self.dsn)
        drop = f'drop database if exists "{make_url(url).database}" with (force)'
        try:
            while True:
                try:
                    await connection.execute(drop)
                except asyncpg.InsufficientPrivilegeError:
                    await asyncio.sleep(0.2)  # autovacuum is in it, and it is not ours to end
                else:
                    return
        finally:
            await connection.close()

    async def drop_templates(self) -> None:
        """At the end of a run on a server that stays."""
        connection = await asyncpg.connect(self.dsn)
        try:
            names = await connection.fetch(
                "select datname from pg_database where starts_with(datname, $1)",
                f"template_{self.run}_",
            )
        finally:
            await connection.close()
        for (name,) in names:
            await self.drop(self._url(name))

    def _url(self, name: str) -> str:
        return make_url(self.dsn).set(database=name).render_as_string(hide_password=False)

    async def _template(self, connection: asyncpg.Connection, service: str) -> str:
        name = f"template_{self.run}_{service}"
        # one of the workers makes it, under a name that says so until it is complete
        await connection.execute("select pg_advisory_lock(hashtext($1))", name)
        try:
            exists = "select 1 from pg_database where datname = $1"
            if not await connection.fetchval(exists, name):
                await connection.execute(f'drop database if exists "{name}_new" with (force)')
                await connection.execute(f'create database "{name}_new"')
                await _migrate(service, self._url(f"{name}_new"))
                await connection.execute(f'alter database "{name}_new" rename to "{name}"')
        finally:
            await connection.execute("select pg_advisory_unlock(hashtext($1))", name)
        return name


async def _migrate(service: str, url: str) -> None:
    if service != "plumbing":
        await upgrade(service, url)
        return
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    from shared.plumbing_tables import create_v1, create_v2

    def run(connection: Connection) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            create_v1()
            create_v2()

    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"), poolclass=NullPool
    )
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()
