"""`rapport calendar` against the visits service on a port: make, list, read, revoke."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
import uvicorn
from typer.testing import CliRunner, Result

from services.program.cli import app
from services.program.gateway import GatewayServer
from services.program.up import listen
from shared.security import Role
from shared.service import Service
from tests.support.office import at_hand, built

VISIT = {
    "unit": "hust/me",
    "direction": "inbound",
    "title": "Visit of Da Nang City",
    "starts_on": "2025-12-15",
    "partners": [{"name": "Da Nang City", "country": "VN"}],
}

Rapport = Callable[..., Awaitable[Result]]


@pytest.fixture
async def service(
    make_database: Callable[..., Awaitable[str]], tmp_path: Path
) -> AsyncIterator[Service]:
    url = await make_database("visits")
    async with at_hand(built("visits", tmp_path, database_url=url)) as service:
        yield service


@pytest.fixture
async def rapport(service: Service, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rapport]:
    """`await rapport("calendar", "list")`: the command, of a coordinator at this service."""
    with listen("127.0.0.1", 0) as listener:
        config = uvicorn.Config(service.app, lifespan="off", log_config=None, access_log=False)
        server = GatewayServer(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        token = service.tokens.issue(
            subject="lan", roles=[Role.COORDINATOR], units=["hust"], seconds=3600
        )
        monkeypatch.setenv("RAPPORT_URL", f"http://127.0.0.1:{listener.getsockname()[1]}")
        monkeypatch.setenv("RAPPORT_TOKEN", token)
        try:
            yield lambda *words: asyncio.to_thread(CliRunner().invoke, app, words)
        finally:
            server.should_exit = True
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def test_an_address_is_made_told_once_listed_and_revoked(
    rapport: Rapport, service: Service
) -> None:
    made = await rapport("calendar", "make", "--unit", "hust", "--json")
    assert made.exit_code == 0, made.output
    told = json.loads(made.stdout)
    transport = httpx.ASGITransport(app=service.app)
    async with httpx.AsyncClient(transport=transport) as stranger:
        assert (await stranger.get(told["url"])).status_code == 200
        listed = await rapport("calendar", "list", "--json")
        assert [each["id"] for each in json.loads(listed.stdout)] == [told["id"]]
        assert told["url"] not in listed.stdout
        revoked = await rapport("calendar", "revoke", told["id"])
        assert revoked.exit_code == 0, revoked.output
        assert (await stranger.get(told["url"])).status_code == 404
    assert "hust" in (await rapport("calendar", "list")).stdout


async def test_one_visit_is_written_to_a_file(
    rapport: Rapport, service: Service, tmp_path: Path
) -> None:
    token = service.tokens.issue(subject="lan", roles=[Role.COORDINATOR], units=["*"], seconds=3600)
    transport = httpx.ASGITransport(app=service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://rapport.test") as client:
        put = await client.put(
            "/visits/records/visits/V-1",
            json=VISIT,
            headers={"authorization": f"Bearer {token}"},
        )
    out = tmp_path / "files" / "visit.ics"
    written = await rapport("calendar", "visit", put.json()["id"], "--out", str(out))
    assert written.exit_code == 0, written.output
    assert b"SUMMARY:Visit of Da Nang City" in out.read_bytes()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "say either --unit or --person"),
        (("--unit", "hust", "--person", "p-1"), 2, "say either --unit or --person"),
        (("--unit", "icst"), 4, "unit-not-allowed"),
    ],
)
async def test_what_cannot_be_made_is_said(
    rapport: Rapport, words: tuple[str, ...], code: int, said: str
) -> None:
    refused = await rapport("calendar", "make", *words)
    assert (refused.exit_code, said in refused.stderr) == (code, True), refused.output
