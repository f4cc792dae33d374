"""Three brokers with copies, log-ins and rights: one is killed, one hangs, one user may not.

What was accepted is never lost, the order of each subject is kept, and what waited goes on by
itself: within fifteen seconds of the fault, or as soon as the right is granted.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from services.program.acls import AclFile, User, grant
from shared import journal
from shared.cluster import Kafka
from shared.service import Service
from tests.conftest import MakeDatabase
from tests.faults.records import note
from tests.support.cluster import Cluster, three_brokers
from tests.support.consuming import TOPIC, until
from tests.support.line import Line, line_of
from tests.support.office import built
from tests.support.publishing import WHEN, Noted

pytestmark = [pytest.mark.ci, pytest.mark.slow, pytest.mark.timeout(300)]

CONTROL = "rapport.control"
OWNER, READER, NOBODY = "owner", "reader", "nobody"
PREFIX = "secured."
SERVICES = ("agreements", "visits", "mobility", "reporting", "notify")
RIGHTS = (
    User(name=OWNER, writes=[TOPIC, CONTROL], reads=[TOPIC, CONTROL], groups=[]),
    User(name=READER, writes=[CONTROL], reads=[TOPIC, CONTROL], groups=[f"readers.{TOPIC}"]),
)
MAY_NOT = "this service's user may not"
RESUMES_WITHIN = 15.0
SLACK = 45.0
"""What a loaded machine may take longer before a test gives up; what it took is recorded."""


@pytest.fixture(scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    folder: Path = tmp_path_factory.mktemp("cluster")
    theirs = [f"{PREFIX}{user.name}" for user in AclFile.load().users]
    async with three_brokers(folder, users=[OWNER, READER, NOBODY, *theirs]) as made:
        yield made


async def granted(cluster: Cluster, prefix: str, *rights: User) -> None:
    """Topics and groups of this test, for users whose names have no prefix."""
    told = [
        User(
            name=user.name,
            writes=[prefix + name for name in user.writes],
            reads=[prefix + name for name in user.reads],
            groups=[prefix + name for name in user.groups],
        )
        for user in rights
    ]
    await grant(cluster.kafka(), file=AclFile(users=told))


@pytest.fixture
async def line(cluster: Cluster, make_database: MakeDatabase) -> AsyncIterator[Line]:
    logins = (cluster.kafka(OWNER), cluster.kafka(READER))
    urls = await make_database("plumbing"), await make_database("plumbing")
    async with line_of(urls, cluster.kafka(), copies=3, logins=logins) as made:
        await granted(cluster, made.reader.prefix, *RIGHTS)
        yield made


async def test_a_leader_killed_under_load_loses_nothing_and_work_goes_on(
    cluster: Cluster, line: Line
) -> None:
    async with line.under_load():
        await line.shows(200)
        victim = await cluster.leader(line.owner.topic)
        await victim.kill()
        await line.accepts(50)
        seconds = await line.last_shown(within=RESUMES_WITHIN + SLACK)
        await line.shows(100)
        await cluster.start_broker(victim)
        await line.accepts(50)
    await cluster.whole()
    await line.settle()
    log = await line.check()
    assert {seen.epoch for seen in log} == {1}, "a broker that died is no reason to fill again"
    late = seconds > RESUMES_WITHIN
    note(1, "leader of three brokers killed", 1, detail=f"{len(line.ledger.ok)} events under load")
    note(2, "leader of three brokers killed", 1, int(late), detail=f"resumed in {seconds:.1f} s")


async def test_a_broker_that_is_cut_off_loses_nothing_and_work_goes_on(
    cluster: Cluster, line: Line
) -> None:
    async with line.under_load(seed=2):
        await line.shows(200)
        victim = await cluster.leader(line.owner.topic)
        victim.send(signal.SIGSTOP)
        try:
            await line.accepts(50)
            seconds = await line.last_shown(within=RESUMES_WITHIN + SLACK)
            await line.shows(100)
        finally:
            victim.send(signal.SIGCONT)
        await line.accepts(50)
    await cluster.whole()
    await line.settle()
    log = await line.check()
    assert {seen.epoch for seen in log} == {1}
    late = seconds > RESUMES_WITHIN
    note(1, "one broker of three cut off", 1, detail=f"{len(line.ledger.ok)} events under load")
    note(2, "one broker of three cut off", 1, int(late), detail=f"resumed in {seconds:.1f} s")


async def test_a_user_without_the_right_is_refused_in_words_and_loses_nothing(
    cluster: Cluster, make_database: MakeDatabase
) -> None:
    logins = (cluster.kafka(OWNER), cluster.kafka(READER))
    urls = await make_database("plumbing"), await make_database("plumbing")
    async with line_of(urls, cluster.kafka(), copies=3, logins=logins) as line:
        prefix = line.reader.prefix
        [(relay, _)], [(consumer, _)] = line.owner.relays, line.reader.running
        for _ in range(20):
            assert await line.write("s-1"), "recording needs no Kafka"

        async def said() -> tuple[str | None, str | None]:
            return relay.not_ready(), consumer.not_ready()

        topic = line.owner.topic
        await until(
            said,
            (
                f"the topic {topic} does not exist, or may not be seen by this service",
                f"{topic} cannot be read: {MAY_NOT} use the topic",
            ),
            within=60,
        )
        owner, reader = RIGHTS
        # it may look, but not write; and read, but not as this group
        await granted(
            cluster,
            prefix,
            owner.model_copy(update={"writes": []}),
            reader.model_copy(update={"groups": []}),
        )
        await until(
            said,
            (
                f"Kafka does not take events for {topic}: {MAY_NOT} use the topic",
                f"{topic} cannot be read: {MAY_NOT} use its group",
            ),
            within=60,
        )
        assert await line.owner.unpublished() == 20
        assert await line.reader.count() == 0
        await granted(cluster, prefix, *RIGHTS)
        await line.settle()
        await line.check()
        await until(said, (None, None), within=60)
    note(6, "a user without the right", 4, detail="see, write, read, join: refused, said, waited")


def login(kafka: Kafka) -> dict[str, str]:
    """The settings that log a process in."""
    return {
        "kafka_servers": kafka.servers,
        "kafka_security": kafka.protocol,
        "kafka_user": str(kafka.user),
        "kafka_password": str(kafka.password),
        "topic_prefix": PREFIX,
    }


async def test_services_work_with_the_rights_of_the_file_and_with_no_others(
    cluster: Cluster,
    make_database: MakeDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NOTIFY_MAILBOX", str(tmp_path))
    told = {f"RAPPORT_{name.upper()}": value for name, value in login(cluster.kafka()).items()}
    for _ in range(2):  # it may run again
        job = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.program.topics", env={**os.environ, **told}
        )
        assert await job.wait() == 0

    def service_as(name: str, user: str, url: str) -> Service:
        kafka = cluster.kafka(f"{PREFIX}rapport-{user}")
        return built(name, tmp_path, database_url=url, **login(kafka))

    async with contextlib.AsyncExitStack() as stack:
        running = [service_as(name, name, await make_database(name)) for name in SERVICES]
        for service in running:
            await stack.enter_async_context(service.running())
        for service in running:
            await until(answering(service.not_ready), [], within=90)
            await until(answering(service.control.not_ready), None, within=60)
        for service in running:
            async with service.database.connect() as connection:
                await journal.append(
                    connection,
                    service=service.name,
                    subject=f"of-{service.name}",
                    after=0,
                    facts=[Noted()],
                    actor="tester",
                    correlation_id="c-1",
                    time=WHEN,
                )
        for service in running:
            await until(partial(unpublished, service), 0, within=60)
            await service.control.ask_for_replay("visits.events", "of-visits", 0)
        notify = running[-1]
        await until(partial(positions, notify, "of-agreements"), 1, within=60)
        await until(partial(positions, notify, "of-visits"), 1, within=60)

    other = service_as("visits", "agreements", await make_database("visits"))
    async with other.running():
        topic = f"{PREFIX}visits.events"
        away = f"the topic {topic} does not exist, or may not be seen by this service"
        group = f"{PREFIX}agreements.events cannot be read: {MAY_NOT} use its group"
        await until(answering(other.not_ready), [away, group], within=90)
    note(6, "a user without the right", 2, detail="five services with their rights, one as another")


def answering(what: Callable[[], Any]) -> Callable[[], Awaitable[Any]]:
    """For `until`, which awaits what it asks."""

    async def ask() -> Any:
        return what()

    return ask


async def unpublished(service: Service) -> int:
    return int((await service.relay.status())["unpublished"])


async def positions(service: Service, subject: str) -> int:
    """How many of this service's consumers have read a fact of the subject."""
    async with service.database.connect() as connection:
        found = await connection.exec_driver_sql(
            "select count(*) from positions where subject = $1", (subject,)
        )
        return int(found.scalar_one())


@pytest.mark.faults
@pytest.mark.timeout(1800)
async def test_brokers_killed_and_cut_off_in_turn_lose_nothing(
    cluster: Cluster, line: Line
) -> None:
    turns = 10
    async with line.under_load(seed=6):
        for _ in range(turns):
            await line.shows(100)
            victim = await cluster.leader(line.owner.topic)
            await victim.kill()
            await line.shows(100)
            await cluster.start_broker(victim)
            await cluster.whole()
            victim = await cluster.leader(line.owner.topic)
            victim.send(signal.SIGSTOP)
            await line.shows(100)
            victim.send(signal.SIGCONT)
            await cluster.whole()
    await line.settle()
    await line.check()
    detail = f"{len(line.ledger.ok)} events under load"
    note(1, "leader of three brokers killed", turns, detail=detail)
    note(1, "one broker of three cut off", turns, detail=detail)


async def test_a_wrong_password_is_waited_for_and_said(
    cluster: Cluster, make_database: MakeDatabase
) -> None:
    wrong = cluster.kafka(NOBODY, password="not the password")
    urls = await make_database("plumbing"), await make_database("plumbing")
    async with line_of(urls, cluster.kafka(), copies=3, logins=(wrong, wrong)) as line:
        [(relay, _)], [(consumer, _)] = line.owner.relays, line.reader.running

        async def said() -> tuple[str | None, str | None]:
            return relay.not_ready(), consumer.not_ready()

        why = "Kafka cannot be reached, or does not accept the user nobody"
        await until(said, (why, f"{line.owner.topic} cannot be read: {why}"), within=60)
        assert await line.write("s-1")
    note(6, "a user with a wrong password", 2, detail="relay and consumer say so and wait")
