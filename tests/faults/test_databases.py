"""Databases crash under load, a COMMIT's answer is cut off, a back-up is older than what was said.

An accepted command is kept; one whose fate its client does not know took effect once or not at
all, and the client can find out by asking again.
"""

import asyncio
import contextlib
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from shared.embedded import StartFailed, free_ports
from shared.embedded.postgres import PostgresServer
from shared.errors import Rejected, Transient
from tests.conftest import MakeDatabase
from tests.faults.often import often
from tests.faults.records import note
from tests.support.cutting import wire_to
from tests.support.line import line_of
from tests.support.publishing import until
from tests.support.servers import Databases
from tests.support.tiny_service import NEAR, Client, caller, context_of

pytestmark = [pytest.mark.ci, pytest.mark.slow, pytest.mark.timeout(300)]

MakeOwn = Callable[[], Awaitable[str]]


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PostgresServer]:
    """A server for this file alone, durable as in production, that may be hurt."""
    folder: Path = tmp_path_factory.mktemp("postgres")
    [port] = free_ports(1)
    made = PostgresServer(folder / "data", port=port, log=folder / "postgres.log")
    await made.start(within=120)
    yield made
    await made.stop()


@pytest.fixture
def own_database(server: PostgresServer) -> MakeOwn:
    return lambda: Databases(server.dsn, "own").copy("plumbing")


async def crash(server: PostgresServer) -> None:
    """`kill -9` of the postmaster; its children end as soon as they notice."""
    assert server.child is not None
    server.child.send(signal.SIGKILL)
    await asyncio.shield(server.child.ended)


async def back(server: PostgresServer) -> None:
    """Start it again; it refuses while processes of its predecessor are on their way out."""
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(StartFailed):
                await server.run(within=60)
                return
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("crashes", [3, often(30)])
async def test_databases_that_crash_under_load_lose_nothing(
    server: PostgresServer, own_database: MakeOwn, kafka_servers: str, crashes: int
) -> None:
    urls = await own_database(), await own_database()
    async with line_of(urls, kafka_servers) as line:
        async with line.under_load():
            for _ in range(crashes):
                await line.shows(100)
                await crash(server)
                await asyncio.sleep(1)  # attempts fail meanwhile
                await back(server)
            await line.shows(100)
        await line.settle()
        log = await line.check()
        assert {seen.epoch for seen in log} == {1}
        ledger = line.ledger
    detail = f"{len(ledger.ok)} accepted, {len(ledger.unknown)} unknown, of owner and reader"
    note(1, "database crash", crashes, detail=detail)
    note(2, "database crash", crashes, detail=detail)


@pytest.mark.parametrize("turns", [12, often(300)])
async def test_commits_whose_answer_is_cut_take_effect_once_or_not_at_all(
    make_database: MakeDatabase, kafka_servers: str, turns: int
) -> None:
    owner_url, reader_url = await make_database("plumbing"), await make_database("plumbing")
    async with (
        wire_to(owner_url) as (owners, owner_near),
        wire_to(reader_url) as (readers, reader_near),
        line_of((owner_near, reader_near), kafka_servers) as line,
    ):
        async with line.under_load(subjects=5):
            for turn in range(turns):
                await line.accepts(5)
                for wire in (owners, readers):
                    wire.cut("after" if turn % 3 else "before")
                    cuts = wire.cuts
                    await until(lambda wire=wire: wire.cuts, cuts + 1)  # type: ignore[misc]
            await line.shows(20)
        await line.settle()
        await line.check()
        # never unknown for ever: every subject that was in doubt has gone on
        for subject, version in list(line.ledger.versions.items()):
            while not await line.write(subject):
                assert line.ledger.versions[subject] <= version + 1
        await line.settle()
        await line.check()
        assert line.ledger.unknown, "commits of the driver were cut, too"
        cuts, unknown = owners.cuts + readers.cuts, len(line.ledger.unknown)
    note(1, "COMMIT whose answer is cut", cuts, detail=f"{unknown} of them of commands")


@pytest.fixture
async def cut_off(
    make_database: MakeDatabase, tmp_path: Path
) -> AsyncIterator[tuple[Callable[[str], None], Client]]:
    """A service behind a wire to its database, a client of it, and what cuts the wire."""
    url = await make_database("plumbing")
    async with wire_to(url) as (wire, near):
        context = context_of(near, tmp_path)
        async with context.database.connect() as connection:
            await connection.exec_driver_sql(
                "create table things (id bigint generated always as identity, name text,"
                " more jsonb)"
            )
        async with caller(context, NEAR) as client:
            yield wire.cut, client  # type: ignore[misc]
        await context.database.close()


async def test_a_client_that_asks_again_under_its_key_learns_what_became_of_it(
    cut_off: tuple[Callable[[str], None], Client],
) -> None:
    cut, client = cut_off
    for turn, when in enumerate(("after", "before", "after"), start=1):
        headers = {"idempotency-key": f"k-{turn}"}
        cut(when)
        first = await client.post("/tests/things", json={"name": "a"}, headers=headers)
        assert first.status_code == 503, first.text
        again = await client.post("/tests/things", json={"name": "a"}, headers=headers)
        assert again.status_code == 201, again.text
        assert ("idempotency-replayed" in again.headers) is (when == "after")
        count = await client.get("/tests/things")
        assert count.json() == {"things": turn}
    note(1, "COMMIT whose answer is cut", 3, detail="over HTTP, asked again under the same key")


async def test_a_service_restored_from_an_older_base_backup_says_nothing_more(
    server: PostgresServer,
    own_database: MakeOwn,
    make_database: MakeDatabase,
    kafka_servers: str,
) -> None:
    urls = await own_database(), await make_database("plumbing")
    async with line_of(urls, kafka_servers) as line:
        async with line.under_load():
            await line.shows(50)
        await line.settle()
        await server.stop()
        backup = server.folder.with_name("backup")
        shutil.copytree(server.folder, backup)
        await asyncio.to_thread(owned_alike, server.folder, backup)
        await back(server)
        async with line.under_load():
            await line.shows(50)
        await line.settle()
        before = await line.check()
        effects = await line.reader.effects()

        await server.stop()
        shutil.rmtree(server.folder)
        backup.rename(server.folder)
        await back(server)
        # the service knows no better, and may take commands until its relay has looked
        with contextlib.suppress(Rejected, Transient):
            for number in range(5):
                await line.owner.append(f"new-{number}", after=0)
        [(relay, _)] = line.owner.relays

        async def closed() -> bool:
            with contextlib.suppress(Transient):
                return (await relay.status())["closed"] is not None
            return False

        await until(closed, True, within=60)
        assert "older back-up" in str((await relay.status())["closed"])
        with pytest.raises(Rejected) as refused:
            async with line.owner.database.begin(actor="a", correlation_id="c"):
                raise AssertionError("a closed service must not begin to record")
        assert refused.value.status == 503
        await asyncio.sleep(3)  # in which nothing may be sent
        assert await line.owner.log() == before
        assert await line.reader.effects() == effects
    note(1, "one service restored from an older back-up", 1, detail="found, closed, nothing sent")


def owned_alike(folder: Path, copy: Path) -> None:
    """The server's account owns the copy, too, and nobody else may look into it."""
    owner = folder.stat()
    for path in (copy, *copy.rglob("*")):
        shutil.chown(path, owner.st_uid, owner.st_gid)
    copy.chmod(0o700)
