"""Fixtures that every test may use; the servers start only if a test asks for one of them.

- `servers`, `postgres_url`, `kafka_servers` (session): the run's PostgreSQL and Kafka. Embedded; or
  given by `RAPPORT_TEST_DATABASE_URL` and `RAPPORT_TEST_KAFKA_SERVERS`; or
  `RAPPORT_TEST_SERVERS=testcontainers` where there is Docker.
- `make_database`: `url = await make_database("agreements")`, a fresh migrated database, dropped
  after the test. `await make_database("plumbing")`: only the plumbing's tables; `()`: empty.
- `topic_prefix`: a random prefix for this test's topics and groups, also put into
  `RAPPORT_TOPIC_PREFIX`. `topics` is the same prefix once all topics of `deploy/topics.yaml` exist
  under it; they are deleted after the test.
"""

import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable

import hypothesis
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from services.program.topics import create_topics
from shared.embedded import Addresses
from tests.support.servers import Databases, test_servers

MakeDatabase = Callable[..., Awaitable[str]]


def pytest_configure() -> None:
    """How fast examples are made says something of the machine, and nothing of the code."""
    slow = hypothesis.HealthCheck.too_slow
    hypothesis.settings.register_profile("ours", deadline=None, suppress_health_check=[slow])
    hypothesis.settings.load_profile("ours")


@pytest.fixture(scope="session")
def run_id() -> str:
    """The same in all workers of a run, another in every run."""
    return os.environ.get("PYTEST_XDIST_TESTRUNUID", "")[:8] or secrets.token_hex(4)


@pytest.fixture(scope="session")
async def servers(run_id: str) -> AsyncIterator[Addresses]:
    async with test_servers(run_id) as addresses:
        yield addresses


@pytest.fixture(scope="session")
def postgres_url(servers: Addresses) -> str:
    """`postgresql://` address of the maintenance database; its role may create databases."""
    return servers.postgres_dsn


@pytest.fixture(scope="session")
def kafka_servers(servers: Addresses) -> str:
    """`host:port` of the run's Kafka."""
    return servers.kafka_servers


@pytest.fixture(scope="session")
async def databases(postgres_url: str, run_id: str) -> AsyncIterator[Databases]:
    databases = Databases(postgres_url, run_id)
    yield databases
    await databases.drop_templates()


@pytest.fixture
async def make_database(databases: Databases) -> AsyncIterator[MakeDatabase]:
    """Factory: `await make_database("agreements")` -> `postgresql://` of a fresh migrated copy."""
    made: list[str] = []

    async def make(service: str | None = None) -> str:
        made.append(await databases.copy(service))
        return made[-1]

    yield make
    for url in made:
        await databases.drop(url)


@pytest.fixture
def topic_prefix(monkeypatch: pytest.MonkeyPatch) -> str:
    """Such as `t1a2b3.`; also the value of `RAPPORT_TOPIC_PREFIX` during the test."""
    prefix = f"t{secrets.token_hex(4)}."
    monkeypatch.setenv("RAPPORT_TOPIC_PREFIX", prefix)
    return prefix


@pytest.fixture
async def topics(kafka_servers: str, topic_prefix: str) -> AsyncIterator[str]:
    """The prefix, once all topics exist under it."""
    names = await create_topics(kafka_servers, prefix=topic_prefix)
    yield topic_prefix
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_servers)
    await admin.start()
    try:
        await admin.delete_topics(names)
    finally:
        await admin.close()
