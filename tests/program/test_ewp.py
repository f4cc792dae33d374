"""`rapport ewp import`, `export`, `differences` against the agreements service on a port."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import uvicorn
from typer.testing import CliRunner, Result

from services.program.cli import app
from services.program.gateway import GatewayServer
from services.program.up import listen
from shared.security import Role
from shared.service import Service
from tests.support.office import at_hand, built

DEMO = Path(__file__).parents[2] / "deploy/demo/ewp"

Rapport = Callable[..., Awaitable[Result]]


@pytest.fixture
async def service(
    make_database: Callable[..., Awaitable[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Service]:
    monkeypatch.setenv("AGREEMENTS_HEI_IDS", "nist=nist.example, hust=hust.example")
    url = await make_database("agreements")
    async with at_hand(built("agreements", tmp_path, database_url=url)) as service:
        yield service


@pytest.fixture
async def rapport(service: Service, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rapport]:
    """`await rapport("ewp", "import", ...)`: the command, of a coordinator at this service."""
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


async def test_a_partners_file_comes_in_and_our_copy_goes_out(
    rapport: Rapport, tmp_path: Path
) -> None:
    file, out = str(DEMO / "theirs.xml"), tmp_path / "ours.xml"
    refused = await rapport("ewp", "import", file, "--unit", "hust/me")
    assert refused.exit_code == 4
    assert "ewp-partner-unknown" in refused.stderr
    sheet = tmp_path / "partners.csv"
    sheet.write_text(
        "ref,unit,kind,name,country,identifiers\n"
        "P-1,hust,university,Universit\u00e4t Seehafen,DE,schac|uni-seehafen.example\n",
        encoding="utf-8",
    )
    assert (await rapport("import", "partners", str(sheet))).exit_code == 0
    told = await rapport("ewp", "import", file, "--unit", "hust/me", "--json")
    assert told.exit_code == 0, told.stderr
    [imported] = json.loads(told.stdout)["agreements"]
    assert (imported["outcome"], imported["iia_id"]) == ("created", "SH-88121")
    exported = await rapport("ewp", "export", imported["agreement"], "--out", str(out))
    assert exported.exit_code == 0, exported.stderr
    assert b"<iia-id>hust-2025-0017</iia-id>" in out.read_bytes()
    same = await rapport("ewp", "differences", imported["agreement"])
    assert (same.exit_code, "the same in meaning" in same.stdout) == (0, True)


async def test_without_its_file_or_unit_nothing_is_asked(rapport: Rapport) -> None:
    assert (await rapport("ewp", "import", "no.xml", "--unit", "hust")).exit_code == 2
    assert (await rapport("ewp", "import", str(DEMO / "theirs.xml"))).exit_code == 2
    unknown = await rapport("ewp", "export", "agreement-01k9zv5n3m8q4w7t2r6y0a1b2c")
    assert (unknown.exit_code, "agreement-unknown" in unknown.stderr) == (4, True)
