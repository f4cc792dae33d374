"""The whole system, once for all journeys: every service as a process, behind one address."""

import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.program.client import Client, connect
from services.program.demo import NOW, Loader
from services.program.files import deploy_file
from services.program.up import Running, UpOptions, running
from shared.embedded import Addresses


@dataclass(frozen=True)
class System:
    """A running Rapport with the demo offices in it, and the ways to speak to it."""

    run: Running
    client: Client
    http: httpx.AsyncClient
    mailbox: Path
    topic_prefix: str

    async def post(self, path: str, expect: int = 200, **body: Any) -> dict[str, Any]:
        """As a person's own HTTP client would; the answer must be what is expected."""
        answer = await self.http.post(path, json=body)
        assert answer.status_code == expect, f"{path}: {answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture(scope="session")
async def system(
    servers: Addresses, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[System]:
    """Started on the run's servers, under names of its own; the demo offices' files are loaded."""
    folder = tmp_path_factory.mktemp("system")
    mark = secrets.token_hex(4)
    settings = {
        "RAPPORT_DATABASE_URL": servers.postgres_dsn,
        "RAPPORT_KAFKA_SERVERS": servers.kafka_servers,
        "RAPPORT_DATABASE_PREFIX": f"j{mark}_",
        "RAPPORT_TOPIC_PREFIX": f"j{mark}.",
    }
    demo = deploy_file("demo")
    options = UpOptions(
        data=folder / "data",
        port=0,
        reference=demo / "units.yaml",
        now=NOW,
        environment={"NOTIFY_MAILBOX": str(folder / "mail")},
    )
    async with contextlib.AsyncExitStack() as stack:
        # read at the start only: the system lives as long as the run, and other tests in between
        with pytest.MonkeyPatch.context() as environment:
            for name, value in settings.items():
                environment.setenv(name, value)
            run = await stack.enter_async_context(running(options))
        client = await stack.enter_async_context(connect(run.url, run.token))
        http = await stack.enter_async_context(
            httpx.AsyncClient(
                base_url=run.url, headers={"authorization": f"Bearer {run.token}"}, timeout=30
            )
        )
        loader = Loader(client, servers.kafka_servers, demo, prefix=f"j{mark}.")
        await loader.load()
        yield System(run, client, http, folder / "mail", f"j{mark}.")
