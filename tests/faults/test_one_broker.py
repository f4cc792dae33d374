"""A broker without copies: it is restarted, it hangs, its disk comes back older, its disk is gone.

The journals can publish everything again, under a new epoch; readers begin at the beginning, and
what they had is not applied twice.
"""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.embedded import free_ports
from shared.embedded.kafka import KafkaServer
from tests.conftest import MakeDatabase
from tests.faults.records import note
from tests.support.line import Line, line_of
from tests.support.publishing import create_topic, until

pytestmark = [pytest.mark.ci, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[KafkaServer]:
    """A broker for this file alone, that may be hurt."""
    folder: Path = tmp_path_factory.mktemp("broker")
    port, controller = free_ports(2)
    server = KafkaServer(
        folder / "kafka", port=port, controller_port=controller, log=folder / "kafka.log"
    )
    await server.start(within=120)
    yield server
    await crash(server)


@pytest.fixture
async def line(broker: KafkaServer, make_database: MakeDatabase) -> AsyncIterator[Line]:
    urls = await make_database("plumbing"), await make_database("plumbing")
    async with line_of(urls, broker.servers) as made:
        yield made


def hurt(server: KafkaServer, how: signal.Signals) -> None:
    """Send the signal to the broker and to what guards it."""
    assert server.child is not None
    os.killpg(server.child.pid, how)


async def crash(server: KafkaServer) -> None:
    hurt(server, signal.SIGKILL)
    assert server.child is not None
    await asyncio.shield(server.child.ended)


async def epoch_of(line: Line) -> int:
    rows = await line.owner.fetch("select epoch from publication")
    return int(rows[0][0])


async def test_a_broker_killed_twice_and_hanging_once_loses_nothing(
    broker: KafkaServer, line: Line
) -> None:
    async with line.under_load():
        for _ in range(2):
            await line.shows(100)
            await crash(broker)
            await line.accepts(50)
            await broker.run(within=120)
        await line.shows(100)
        hurt(broker, signal.SIGSTOP)
        await line.accepts(50)
        await asyncio.sleep(12)  # twice as long as a send, or a request of a reader, is waited for
        hurt(broker, signal.SIGCONT)
        await line.shows(100)
    await line.settle()
    log = await line.check()
    assert {seen.epoch for seen in log} == {1}, "a broker that comes back is the same topic"
    note(1, "broker restart", 2, detail="kill -9 under load")
    note(1, "broker hang", 1, detail="SIGSTOP for 12 s under load")


async def test_a_broker_whose_disk_comes_back_older_is_filled_again(
    broker: KafkaServer, line: Line
) -> None:
    async with line.under_load(seed=3):
        await line.shows(100)
        await crash(broker)
        older = broker.folder.with_name("older")
        shutil.copytree(broker.folder, older)
        await broker.run(within=120)
        await line.shows(100)
        await crash(broker)
        shutil.rmtree(broker.folder)
        older.rename(broker.folder)
        await broker.run(within=120)
        await until(lambda: epoch_of(line), 2, within=90)
        await line.shows(100)
    await line.settle()
    await line.check()
    note(1, "tail lost", 1, detail="the data directory of before is put back under load")
    note(2, "tail lost", 1, detail="projection = fold of the journal")


async def test_a_broker_whose_disk_is_gone_is_filled_again(broker: KafkaServer, line: Line) -> None:
    [(relay, _)] = line.owner.relays
    async with line.under_load(seed=4):
        await line.shows(100)
        await crash(broker)
        shutil.rmtree(broker.folder)
        await broker.run(within=120)
        await until(
            relay.not_ready,
            f"the topic {line.owner.topic} does not exist, or may not be seen by this service",
            within=90,
        )
        await line.accepts(50)
        create_topic(broker.servers, line.owner.topic)
        create_topic(broker.servers, f"{line.reader.prefix}rapport.control", partitions=1)
        await until(lambda: epoch_of(line), 2, within=90)
        await line.shows(100)
    await line.settle()
    log = await line.check()
    assert {seen.epoch for seen in log} == {2}
    note(1, "all topics lost", 1, detail="the data directory is wiped under load")
    note(2, "all topics lost", 1, detail="projection = fold of the journal")
