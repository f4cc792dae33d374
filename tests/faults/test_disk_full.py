"""A disk of 64 MB is full: nothing that was accepted is lost, nothing is parked, work goes on."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.embedded import free_ports
from shared.embedded.kafka import KafkaServer
from shared.embedded.postgres import PostgresServer
from tests.conftest import MakeDatabase
from tests.faults.records import note
from tests.support.line import line_of
from tests.support.publishing import until
from tests.support.servers import Databases
from tests.support.small_disk import SmallDisk, small_disk

pytestmark = [pytest.mark.ci, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as made:
        yield made


async def test_a_database_without_room_refuses_and_goes_on_when_there_is_room_again(
    disk: SmallDisk, tmp_path: Path, kafka_servers: str
) -> None:
    [port] = free_ports(1)
    server = PostgresServer(disk.folder / "data", port=port, log=tmp_path / "postgres.log")
    await server.start(within=120)
    await server.stop()
    # the log ahead of writing stays outside: without room for it the server ends, as in a crash
    wal, outside = server.folder / "pg_wal", tmp_path / "pg_wal"
    shutil.copytree(wal, outside)
    owner = wal.stat()
    for path in (outside, *outside.rglob("*")):
        shutil.chown(path, owner.st_uid, owner.st_gid)
    shutil.rmtree(wal)
    wal.symlink_to(outside)
    await server.start(within=120)
    try:
        databases = Databases(server.dsn, "small")
        urls = await databases.copy("plumbing"), await databases.copy("plumbing")
        async with line_of(urls, kafka_servers) as line:
            async with line.under_load():
                await line.shows(100)
                disk.fill()
                refused = len(line.ledger.unknown)
                await until(lambda: len(line.ledger.unknown) >= refused + 20, True, within=120)
                assert disk.free == 0
                disk.make_room()
                await line.shows(100, within=90)
            await line.settle()
            await line.check()
            ledger = line.ledger
        detail = f"{len(ledger.ok)} accepted, {len(ledger.unknown)} refused: database, 64 MB tmpfs"
        note(1, "disk full", 1, detail=detail)
        note(3, "disk full", 1, detail="nothing parked at the reader, whose disk was full as well")
    finally:
        await server.stop()


@pytest.mark.faults
async def test_a_broker_without_room_loses_nothing_and_goes_on_when_there_is_room_again(
    disk: SmallDisk, tmp_path: Path, make_database: MakeDatabase
) -> None:
    port, controller = free_ports(2)
    broker = KafkaServer(
        disk.folder / "kafka", port=port, controller_port=controller, log=tmp_path / "kafka.log"
    )
    await broker.start(within=120)
    urls = await make_database("plumbing"), await make_database("plumbing")
    try:
        async with line_of(urls, broker.servers) as line:
            async with line.under_load():
                await line.shows(100)
                disk.fill()
                assert broker.child is not None
                await until(broker.child.ended.done, True, within=120)
                await line.accepts(50)
                disk.make_room()
                await broker.run(within=120)
                await line.shows(100, within=90)
            await line.settle()
            await line.check()
            accepted = len(line.ledger.ok)
    finally:
        if broker.child is not None and not broker.child.ended.done():
            os.killpg(broker.child.pid, signal.SIGKILL)
            await broker.child.ended
    note(
        1, "disk full", 1, detail=f"{accepted} accepted: broker, 64 MB tmpfs; it ends, and returns"
    )
