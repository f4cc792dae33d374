"""Each named place in the life of a digest, in each of three ways: one mail, told once."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.program.forker import Forker
from shared.embedded import Child
from tests.conftest import MakeDatabase
from tests.faults.driving import forker_in, start
from tests.faults.provoking import DIGESTS
from tests.faults.records import note
from tests.faults.test_mail import MAIL, reconcile, sent_facts, settings_of, states
from tests.support.desk import Desk, desks
from tests.support.smtp_sink import ROOT, Sink, sink_in

pytestmark = pytest.mark.ci


@asynccontextmanager
async def scheduler(
    forker: Forker, settings: str, log: Path, failpoints: str = ""
) -> AsyncIterator[Child]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "RAPPORT_FAILPOINTS": failpoints}
    child = await start(forker, "tests.support.mail_process", settings, log=log, env=env)
    try:
        yield child
    finally:
        await child.end_now()


async def until(what: Callable[[], object], why: str) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end, why
        await asyncio.sleep(0.05)


async def accepted(desk: Desk, sink: Sink) -> None:
    """An operator settles what nobody knows of, until all is known."""
    end = time.monotonic() + 60
    while set(found := await states(desk)) != {"accepted"}:
        assert time.monotonic() < end, found
        await reconcile(desk, sink)
        await asyncio.sleep(0.1)


async def trial(forker: Forker, desk: Desk, sink: Sink, log: Path, point: str, mode: str) -> None:
    await desk.subscribe()
    await desk.signed()
    settings = settings_of(desk, sink)
    async with scheduler(forker, settings, log, f"{point}={mode}") as first:
        said = f"failpoint {point} {mode}\n"
        await until(lambda: said in log.read_text(), f"{point} was not reached")
        if mode == "die":
            assert await first.ended == -signal.SIGKILL
        if mode == "error":
            await accepted(desk, sink)
        else:
            async with scheduler(forker, settings, log):
                await accepted(desk, sink)
                if mode == "hang":
                    first.send(signal.SIGCONT)
        if mode != "die":
            assert await first.stop(within=40) == 0
    assert await states(desk) == ["accepted"]
    taken = sink.ids()
    assert [len(copies) for copies in taken.values()] == [1], "one mail, and no copy of it"
    assert await sent_facts(desk) == [*taken], "told once"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", ["die", "hang", "error"])
async def test_a_digest_that_is_left_at_any_place_is_sent_and_told_once(
    make_database: MakeDatabase, tmp_path: Path, mode: str
) -> None:
    began = time.monotonic()
    forker = forker_in(tmp_path)

    async def one(point: str) -> None:
        folder = tmp_path / point
        folder.mkdir()
        async with sink_in(folder) as sink, desks(make_database, folder) as make:
            desk = await make(smtp_url=sink.url, **MAIL)
            await trial(forker, desk, sink, folder / "schedulers.log", point, mode)

    places = asyncio.Semaphore(4)

    async def in_turn(point: str) -> None:
        async with places:
            await one(point)

    try:
        await asyncio.gather(*(in_turn(point) for point in DIGESTS))
    finally:
        await forker.stop()
    seconds = time.monotonic() - began
    detail = "every named place in the life of a digest"
    note(4, f"failpoints: {mode}", len(DIGESTS), detail=detail, seconds=seconds)
