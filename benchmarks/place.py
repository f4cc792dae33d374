"""Where a run takes place: PostgreSQL and Kafka of its own, databases, contenders' processes."""

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from shared.embedded import embedded_servers
from tests.support.servers import Databases

__all__ = ["PEERS", "ROOT", "ContenderFailed", "Place", "place"]

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / ".venv" / "peers" / "bin" / "python"
"""Where `make bench` installs what is compared with."""
_LONGEST_SECONDS = 900
_START_SECONDS = 90


class ContenderFailed(Exception):
    """Its process ended badly, or not at all."""


@dataclass(frozen=True)
class Place:
    """What works and contenders find here."""

    postgres: str
    kafka: str
    quick: bool
    folder: Path
    databases: Databases
    made: list[str] = field(default_factory=list)

    async def database(self, service: str | None = None) -> str:
        """Address of a new database with the service's tables; empty for None."""
        return await self.databases.copy(service)

    async def forget_groups(self, prefix: str) -> None:
        """Groups whose name begins so have read nothing."""
        await asyncio.to_thread(_forget_groups, self.kafka, prefix)

    async def run(self, module: str, *, peers: bool = False, **given: Any) -> dict[str, Any]:
        """One contender to its end, in a process of its own: what it says on its last line.

        `peers`: with the libraries of `requirements/bench.txt`, which do not fit beside ours.
        """
        process = await self.start(module, peers=peers, **given)
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                said, errors = await process.communicate()
        except BaseException:
            process.kill()
            await process.wait()
            raise
        if process.returncode != 0:
            raise ContenderFailed(f"{module}: {errors.decode()[-2000:]}")
        result: dict[str, Any] = json.loads(said.decode().strip().splitlines()[-1])
        return result

    async def start(
        self, module: str, *, peers: bool = False, **given: Any
    ) -> asyncio.subprocess.Process:
        """A process of this repository's code; `given` is its one argument, as JSON."""
        python = PEERS if peers else Path(sys.executable)
        return await asyncio.create_subprocess_exec(
            *(str(python), "-m", module, json.dumps(given)),
            cwd=ROOT,
            env=self.environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    @contextlib.asynccontextmanager
    async def serving(
        self, port: int, ready: str, *arguments: str, given: Mapping[str, str]
    ) -> AsyncIterator[None]:
        """`python ARGUMENTS` with these settings, ready inside the block."""
        with tempfile.TemporaryFile() as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *arguments,
                cwd=ROOT,
                env=self.environment(given),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=log,
            )
            try:
                await self.answering(port, ready, process)
                yield
            except ContenderFailed as failed:
                log.seek(0)
                raise ContenderFailed(f"{failed}: {log.read().decode()[-2000:]}") from None
            finally:
                if process.returncode is None:
                    process.terminate()
                await process.wait()

    async def answering(self, port: int, path: str, process: asyncio.subprocess.Process) -> None:
        """Wait until it answers with 200, is ready that is. Raises ContenderFailed."""
        until = asyncio.get_running_loop().time() + _START_SECONDS
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            while asyncio.get_running_loop().time() < until and process.returncode is None:
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(path)).status_code == 200:
                        return
                await asyncio.sleep(0.1)
        raise ContenderFailed(f"what should serve {path} does not, or has ended")

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Ours, without what somebody set for Rapport; and more."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("RAPPORT_")}
        return kept | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"} | dict(more or {})


@contextlib.asynccontextmanager
async def place(*, quick: bool) -> AsyncIterator[Place]:
    """Servers as `rapport up` has them, records and commits on disk, in a folder that goes."""
    folder = _folder()
    try:
        async with embedded_servers(folder / "data") as servers:
            yield Place(
                postgres=servers.postgres_dsn,
                kafka=servers.kafka_servers,
                quick=quick,
                folder=folder,
                databases=Databases(servers.postgres_dsn, secrets.token_hex(4)),
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder() -> Path:
    """PostgreSQL may run as another account, which has to find the way."""
    folder = Path(tempfile.mkdtemp(prefix="rapport-bench-"))
    folder.chmod(0o755)
    return folder


def _forget_groups(kafka: str, prefix: str) -> None:
    admin = AdminClient({"bootstrap.servers": kafka})
    known = admin.list_consumer_groups().result(20).valid
    names = [group.group_id for group in known or () if group.group_id.startswith(prefix)]
    if not names:
        return
    for name, gone in admin.delete_consumer_groups(names).items():
        try:
            gone.result(20)
        except KafkaException as error:
            raise ContenderFailed(f"the group {name} is still used: {error}") from error
