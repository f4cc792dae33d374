"""Kills while an office's sheets are loaded, and a Kafka whose folder is gone: nothing is lost.

On embedded servers of its own, as `rapport up` runs them.
"""

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from services.program.client import Client, connect
from services.program.demo import NOW
from services.program.files import deploy_file
from services.program.importing import import_file
from services.program.up import Running, UpOptions, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

DEMO = deploy_file("demo")
ASK = {"unit": "hust", "on": "2025-11-14", "kind": "company"}


def options(folder: Path) -> UpOptions:
    return UpOptions(data=folder / "data", port=0, reference=DEMO / "units.yaml", now=NOW)


async def settled(client: Client, *, seconds: float = 90) -> Mapping[str, Any]:
    """The status of every service once nothing is unpublished and nobody is behind."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        names = ("agreements", "visits", "mobility", "reporting", "notify")
        statuses = {name: await client.get(f"/{name}/status") for name in names}
        behind = {
            name: (status["unpublished"], [each["lag"] for each in status["consumers"]])
            for name, status in statuses.items()
        }
        if not any(unpublished or any(lags) for unpublished, lags in behind.values()):
            return statuses
        assert asyncio.get_running_loop().time() < deadline, f"not settled: {behind}"
        await asyncio.sleep(0.2)


async def companies(client: Client) -> int:
    answer = await client.get("/reporting/measures/partners.under-agreement", **ASK)
    return int(answer["value"])


async def until_companies(client: Client, number: int) -> None:
    deadline = asyncio.get_running_loop().time() + 90
    while (found := await companies(client)) != number:
        assert asyncio.get_running_loop().time() < deadline, f"{found} companies, not {number}"
        await asyncio.sleep(0.2)


def kill(run: Running, name: str) -> None:
    """SIGKILL, to one part of the program."""
    child = run.parts[name].child
    assert child is not None
    psutil.Process(child.pid).kill()


async def test_killed_while_loading_and_without_its_kafka_an_office_is_all_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RAPPORT_DATABASE_URL", "RAPPORT_KAFKA_SERVERS", "RAPPORT_TOPIC_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    async with running(options(tmp_path)) as run, connect(run.url, run.token) as client:
        loading = asyncio.create_task(
            import_file(client, "partners", DEMO / "hust" / "partners.csv")
        )
        for name in ("reporting", "agreements", "Kafka", "PostgreSQL"):
            await asyncio.sleep(1.0)
            kill(run, name)
        await loading
        again = await import_file(client, "partners", DEMO / "hust" / "partners.csv")
        assert {verdict.outcome for verdict in again} <= {"created", "unchanged"}
        verdicts = await import_file(client, "agreements", DEMO / "hust" / "agreements.csv")
        assert [each.ref for each in verdicts if each.outcome == "refused"] == ["HUST-A399"]
        before = await settled(client)
        await until_companies(client, 53)

    shutil.rmtree(tmp_path / "data" / "kafka")

    async with running(options(tmp_path)) as run, connect(run.url, run.token) as client:
        after = await settled(client)
        assert after["agreements"]["journal"] == before["agreements"]["journal"]
        assert after["agreements"]["epoch"] > before["agreements"]["epoch"]
        await until_companies(client, 53)
        (verdict,) = await import_file(client, "partners", DEMO / "nist" / "partners-2024-12.csv")
        assert verdict.outcome == "created"
        await settled(client)
        assert all(not status["closed"] for status in after.values())
