"""What an operator types into a terminal beside a running Rapport."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from shared.embedded import Addresses
from tests.journeys.conftest import System
from tests.journeys.test_a_week_of_work import until
from tests.journeys.test_bad_input import send

pytestmark = pytest.mark.timeout(300)  # whoever comes first starts the whole system


async def rapport(system: System, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services",
        *arguments,
        env={**os.environ, "RAPPORT_DATA": str(system.run.data), "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, told = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode(), told.decode()


async def audited(system: System, service: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Actions and details of the service's audit trail."""
    prefix = system.topic_prefix.rstrip(".")
    dsn = urlsplit(system.run.addresses.postgres_dsn)._replace(path=f"/{prefix}_{service}")
    connection = await asyncpg.connect(dsn.geturl())
    try:
        rows = await connection.fetch("select action, details from operations order by id")
    finally:
        await connection.close()
    return [(row["action"], json.loads(row["details"])) for row in rows]


async def numbers(system: System) -> list[Any]:
    asked = (
        ("partners.ranked.top-200", "hust", "2025"),
        ("visits.foreign-visitors", "hust/me", "2019"),
        ("mobility.students-out", "nist", "2023"),
    )
    return [
        await system.client.get(f"/reporting/measures/{name}", unit=unit, year=year, records="true")
        for name, unit, year in asked
    ]


async def test_reporting_is_rebuilt_while_it_answers_and_no_mail_is_sent(system: System) -> None:
    before, mail = await numbers(system), sorted(system.mailbox.rglob("*"))
    rebuilding = asyncio.create_task(rapport(system, "rebuild", "reporting"))
    answered = 0
    while not rebuilding.done():
        assert _values(await numbers(system)) == _values(before)
        answered += 1
    code, said, told = await rebuilding
    assert code == 0, told
    assert answered >= 3
    assert "records, history: switched" in said
    counts = [line for line in said.splitlines() if " subjects equal" in line]
    assert len(counts) == 2
    assert all(" 0 different, 0 only live, 0 only new" in line for line in counts), said
    assert _values(await numbers(system)) == _values(before)
    assert sorted(system.mailbox.rglob("*")) == mail
    assert (await audited(system, "reporting"))[-1][0] == "rebuild-switched"


def _values(found: list[Any]) -> list[Any]:
    return [(each["value"], [record["subject"] for record in each["records"]]) for each in found]


@pytest.mark.parametrize(
    ("service", "topic", "table"),
    [
        ("mobility", "agreements.events", "known_partners"),
        ("agreements", "mobility.events", "known_stays"),
    ],
)
async def test_a_comparison_by_topic_says_that_nothing_differs(
    system: System, service: str, topic: str, table: str
) -> None:
    code, said, told = await rapport(
        system, "rebuild", service, "--projection", topic, "--compare", "--fresh"
    )
    assert code == 0, told
    assert f"{table}:" in said
    assert "switched" not in said


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("notify",), 2, "what was mailed cannot be taken back"),
        (("visits",), 2, "as a fact of our own"),
        (("mobility", "--projection", "upstream.hr"), 2, "kept by nobody but their sender"),
        (("reporting", "--projection", "nothing"), 2, "reporting does not project 'nothing'"),
        (("mail",), 2, "there is no service 'mail'"),
    ],
)
async def test_what_cannot_be_rebuilt_is_refused_with_its_reason(
    system: System, arguments: tuple[str, ...], code: int, why: str
) -> None:
    ended, said, told = await rapport(system, "rebuild", *arguments)
    assert (ended, said) == (code, "")
    assert why in told


async def test_without_a_run_on_this_machine_it_says_where_to_rebuild(
    system: System, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    del system
    monkeypatch.setenv("RAPPORT_DATA", str(tmp_path))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services", "rebuild", "reporting", stderr=asyncio.subprocess.PIPE
    )
    _, told = await process.communicate()
    assert process.returncode == 3
    assert b"python -m services.reporting rebuild" in told


async def test_a_parked_record_is_listed_shown_tried_and_given_up_and_all_of_it_is_written_down(
    system: System, servers: Addresses
) -> None:
    begun = system_time(await system.client.get("/mobility/status"))
    await send(system, servers, b"an operator's example")
    here = ("--service", "mobility")

    async def listed(*options: str) -> list[Any]:
        code, said, told = await rapport(
            system, "parked", "list", *here, "--since", begun, *options, "--json"
        )
        assert code == 0, told
        found: list[Any] = json.loads(said)
        return found

    [record] = await until("it is parked", listed, lambda items: len(items) == 1)
    assert await listed("--reason", "no-such-reason") == []
    number, written = str(record["id"]), len(await audited(system, "mobility"))
    try:
        code, said, _ = await rapport(system, "parked", "show", number, *here)
        assert (code, json.loads(said)["value"]) == (0, "an operator's example")
        conditions = ("--since", begun, "--reason", record["reason"])
        for options in (("--dry-run",), ("--rate", "50"), ("--dry-run", "--rate", "50")):
            code, said, told = await rapport(
                system, "parked", "replay", *here, *conditions, *options
            )
            assert code == 0, told
            [outcome] = json.loads(said)["records"]
            assert outcome["outcome"].startswith("still parked")
    finally:
        code, _, told = await rapport(
            system, "parked", "discard", number, *here, "--reason", "made by a test"
        )
    assert code == 0, told
    assert await listed() == []
    trail = (await audited(system, "mobility"))[written:]
    assert [action for action, _ in trail] == [
        "parked-shown",
        "parked-replayed",
        "parked-discarded",
    ]
    assert trail[-1][1]["why"] == "made by a test"


async def test_publishing_again_is_written_down(system: System) -> None:
    answer = await system.post("/visits/republish", type="rapport.visits.visit-recorded.v1")
    action, details = (await audited(system, "visits"))[-1]
    assert (action, details["count"]) == ("republished", answer["count"])


def system_time(status: Mapping[str, Any]) -> str:
    return str(status["now"])
