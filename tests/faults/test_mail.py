"""A digest is never lost, never two different mails, and one copy, whatever servers do.

What was taken is read from the SMTP server's own ledger, which is also how the test, as operator,
finds out about mails of unknown fate.
"""

import asyncio
import json
import os
import random
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from services.notify import store
from services.notify.usecases import Mailer
from tests.conftest import MakeDatabase
from tests.faults.records import note
from tests.support.desk import Desk, MakeDesk, desks
from tests.support.smtp_sink import ROOT, Sink, sink_in

ROW = "digest on five schedulers, SMTP accepts then resets"
LEASE = 5
MAIL: dict[str, Any] = {
    "lease_seconds": LEASE,
    "retry_seconds": 1,
    "retry_most_seconds": 1,
    "attempts": 1000,
    "poll_seconds": 0.2,
}
Process = asyncio.subprocess.Process


@pytest.fixture
async def sink(tmp_path: Path) -> AsyncIterator[Sink]:
    async with sink_in(tmp_path) as running:
        yield running


@pytest.fixture
async def make_desk(make_database: MakeDatabase, tmp_path: Path) -> AsyncIterator[MakeDesk]:
    async with desks(make_database, tmp_path) as make:
        yield make


@pytest.fixture
async def desk(make_desk: MakeDesk, sink: Sink) -> Desk:
    return await make_desk(smtp_url=sink.url, **MAIL)


async def states(desk: Desk) -> list[str]:
    return [digest["state"] for digest in await desk.digests()]


async def reaches(desk: Desk, *wanted: str, count: int = 1, within: float = 60) -> None:
    """Wait until there are so many digests, and all of them in one of these states."""
    end = time.monotonic() + within
    while not set(found := await states(desk)) <= set(wanted) or len(found) < count:
        assert time.monotonic() < end, Counter(found)
        await asyncio.sleep(0.1)


async def reconcile(desk: Desk, sink: Sink) -> int:
    """As an operator who looks into the mail server's log."""
    unknown = (await desk.client.get("/notify/digests?state=unknown&limit=500")).json()["items"]
    taken = sink.ids()
    for each in unknown:
        path = f"/notify/digests/{each['subscriber']}/{each['period']}/fate"
        answer = await desk.client.post(path, json={"taken": each["message_id"] in taken})
        # its own sender may have come back from the dead meanwhile, and told
        assert answer.status_code == 200 or answer.json()["code"] == "digest-not-unknown"
    return len(unknown)


async def sent_facts(desk: Desk) -> list[str]:
    """The Message-IDs of which notify has published that they were accepted."""
    query = text("select data from journal where type like '%digest-sent%'")
    async with desk.service.database.connect() as connection:
        rows = (await connection.execute(query)).scalars()
        return [json.loads(data)["message_id"] for data in rows]


@pytest.mark.parametrize(
    ("mode", "state", "copies"),
    [
        ("accept", "accepted", 1),
        ("later", "failed-temporarily", 0),
        ("no", "failed-for-good", 0),
        ("early", "failed-temporarily", 0),
        ("cut", "unknown", 0),
        ("reset", "unknown", 1),
        ("odd", "unknown", 1),
        ("hang", "unknown", 1),
    ],
)
async def test_what_a_server_does_decides_whether_a_mail_may_be_sent_again(
    desk: Desk, sink: Sink, mode: str, state: str, copies: int
) -> None:
    await sink.modes(**{mode: 1})
    await desk.subscribe()
    await desk.signed()
    await desk.send()
    assert await states(desk) == [state]
    assert len(sink.taken()) == copies
    await sink.modes(accept=1)
    [digest] = await desk.digests()
    fate = f"/notify/digests/{digest['subscriber']}/{digest['period']}/fate"
    if state == "failed-for-good":
        assert (await desk.client.post(fate, json={"taken": False})).status_code == 200
    await reconcile(desk, sink)
    desk.service.clock.advance(timedelta(seconds=2))
    await desk.send()
    await desk.send()
    assert await states(desk) == ["accepted"]
    assert [taken.message_id for taken in sink.taken()] == [digest["message_id"]]
    assert await sent_facts(desk) == [digest["message_id"]]
    assert (await desk.client.post(fate, json={"taken": False})).status_code == 409
    note(4, ROW, 1, detail=f"one scheduler, a server that does: {mode}")


async def test_a_mail_that_is_written_anew_is_the_same_to_the_byte(desk: Desk, sink: Sink) -> None:
    await desk.subscribe()
    await desk.signed()
    await desk.send()
    before = desk.service.clock.now()
    desk.service.clock.advance(timedelta(days=1))
    async with desk.service.database.connect() as connection:
        await connection.execute(
            store.digests.update().values(state="claimed", message=None, lease_until=before)
        )
    await desk.send()
    first, second = sink.taken()
    assert first.content == second.content


async def test_who_was_taken_for_dead_while_it_wrote_claims_no_items(
    desk: Desk, sink: Sink
) -> None:
    """They would stand in a digest that was never sent, and so in none at all."""
    mailer: Mailer = desk.service.context.parts["mailer"]
    database = desk.service.database
    await desk.subscribe()
    await mailer._make_due(database)
    async with database.begin(actor="test", correlation_id="") as tx:
        stale = await store.claim_digest(tx, lease_until=tx.now + timedelta(seconds=LEASE))
    assert stale is not None
    desk.service.clock.advance(timedelta(seconds=LEASE + 1))
    await desk.send()
    assert await states(desk) == ["suppressed"]
    await desk.signed()
    assert await mailer._render(database, stale) is None
    async with database.connect() as connection:
        assert (await connection.execute(select(store.digest_items))).all() == []
    desk.service.clock.advance(timedelta(days=7))
    await desk.send()
    assert "Exchange with Shibaura" in sink.taken()[0].text


async def test_of_two_that_took_a_digest_the_first_writes_nothing(desk: Desk, sink: Sink) -> None:
    mailer: Mailer = desk.service.context.parts["mailer"]
    database = desk.service.database
    await desk.subscribe()
    await desk.signed()
    await mailer._make_due(database)
    taken = []
    for _ in range(2):
        async with database.begin(actor="test", correlation_id="") as tx:
            claimed = await store.claim_digest(tx, lease_until=tx.now + timedelta(seconds=LEASE))
        assert claimed is not None
        taken.append(claimed)
        desk.service.clock.advance(timedelta(seconds=LEASE + 1))
    assert await mailer._render(database, taken[0]) is None
    assert await mailer._render(database, taken[1]) is not None
    assert sink.taken() == []


# --- in processes of their own --------------------------------------------------------------------


def settings_of(desk: Desk, sink: Sink) -> str:
    """The desk's settings for another process, whose clock agrees with the desk's."""
    settings = desk.service.settings
    return json.dumps(
        {
            "database_url": settings.database_url.get_secret_value(),
            "token_key": settings.token_key.get_secret_value(),
            "parking_key": ",".join(key.get_secret_value() for key in settings.parking_key),
            "personal_key": ",".join(key.get_secret_value() for key in settings.personal_key),
            "reference": str(settings.reference),
            "now": desk.service.clock.now().isoformat(),
            "now_set_at": time.time(),
            "mail": MAIL | {"smtp_url": sink.url},
        }
    )


class Schedulers:
    """Processes that make digests due and send them."""

    def __init__(self, settings: str, log: int) -> None:
        self._settings = settings
        self._log = log
        self.running: list[Process] = []

    async def start(self) -> Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.support.mail_process", self._settings),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=self._log,
        )
        self.running.append(process)
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        return process

    async def kill(self, process: Process) -> None:
        self.running.remove(process)
        process.kill()
        await process.wait()

    async def end(self, process: Process) -> int:
        self.running.remove(process)
        process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(process.wait(), 40)


@asynccontextmanager
async def schedulers(desk: Desk, sink: Sink) -> AsyncIterator[Schedulers]:
    with (sink.ledger.parent / "schedulers.log").open("ab") as log:
        made = Schedulers(settings_of(desk, sink), log.fileno())
        try:
            yield made
        finally:
            for process in [*made.running]:
                await made.kill(process)


async def test_a_sender_that_slept_past_its_lease_sends_nothing(desk: Desk, sink: Sink) -> None:
    await sink.modes(wait=1)
    await desk.subscribe()
    await desk.signed()
    async with schedulers(desk, sink) as made:
        sleeper = await made.start()
        await reaches(desk, "submitting")
        sleeper.send_signal(signal.SIGSTOP)
        await asyncio.sleep(LEASE + 1)
        await sink.modes(accept=1)
        await desk.send()
        assert await states(desk) == ["unknown"]
        await reconcile(desk, sink)
        await desk.send()
        assert await states(desk) == ["accepted"]
        await sink.go()
        sleeper.send_signal(signal.SIGCONT)
        assert await made.end(sleeper) == 0
    assert await states(desk) == ["accepted"]
    assert len(sink.taken()) == 1
    note(3, "paused consumer, relay, scheduler", 1, detail="a sender of mail, before its data")
    note(4, ROW, 1, detail="SIGSTOP past the lease, before the data")


async def test_a_process_that_is_asked_to_stop_still_hears_what_the_server_says(
    desk: Desk, sink: Sink
) -> None:
    await sink.modes(wait=1)
    await desk.subscribe()
    await desk.signed()
    async with schedulers(desk, sink) as made:
        sender = await made.start()
        await reaches(desk, "submitting")
        ending = asyncio.create_task(made.end(sender))
        await asyncio.sleep(0.5)
        await sink.go()
        assert await ending == 0
    assert await states(desk) == ["accepted"]
    assert len(sink.taken()) == 1


FAULTS = {"accept": 9, "reset": 3, "odd": 1, "later": 3, "cut": 3, "early": 2, "hang": 1}


class Office:
    """Readers, some of whom no server knows, and news for them that goes on coming in."""

    def __init__(self, desk: Desk, readers: int) -> None:
        self.desk = desk
        self.readers = readers
        self.titles: list[str] = []

    async def subscribe(self) -> None:
        for number in range(self.readers):
            domain = "refused.example" if number % 8 == 7 else "me.example"
            await self.desk.subscribe(f"reader-{number}", email=f"r{number}@{domain}", units=["*"])

    async def news(self) -> None:
        """One more agreement was signed last week."""
        number = len(self.titles)
        day = self.desk.service.clock.now().date() - timedelta(days=5)
        self.titles.append(f"Exchange number {number}:")
        await self.desk.signed(
            f"agreement-{number}", title=self.titles[-1], signed_on=day.isoformat()
        )


async def a_week(
    office: Office, sink: Sink, chance: random.Random, *, seconds: float, pause: float
) -> Counter[str]:
    """Five schedulers send this week's digests while they and the server fail."""
    desk, did = office.desk, Counter[str]()
    for _ in range(3):
        await office.news()
    await sink.modes(**FAULTS)
    async with schedulers(desk, sink) as made:
        await asyncio.gather(*(made.start() for _ in range(5)))
        end = time.monotonic() + seconds
        paused: dict[Process, float] = {}
        while time.monotonic() < end or paused:
            await asyncio.sleep(0.3 + chance.random() * 0.7)
            await office.news()
            did["unknown"] += await reconcile(desk, sink)
            for process, until in [*paused.items()]:
                if time.monotonic() > until:
                    process.send_signal(signal.SIGCONT)
                    del paused[process]
            awake = [process for process in made.running if process not in paused]
            if time.monotonic() >= end:
                continue
            if not did["pauses"] or (chance.random() < 0.3 and len(paused) < 2):
                process = chance.choice(awake)
                process.send_signal(signal.SIGSTOP)
                paused[process] = time.monotonic() + pause
                did["pauses"] += 1
            elif chance.random() < 0.5:
                await made.kill(chance.choice(awake))
                await made.start()
                did["kills"] += 1
        await sink.modes(accept=1)
        deadline = time.monotonic() + 90
        while not set(await states(desk)) <= {"accepted", "failed-for-good"}:
            assert time.monotonic() < deadline, Counter(await states(desk))
            did["unknown"] += await reconcile(desk, sink)
            await asyncio.sleep(0.2)
        for process in [*made.running]:
            assert await made.end(process) == 0
    return did


async def weeks(
    desk: Desk, sink: Sink, *, readers: int, seconds: list[float], pause: float, seed: int
) -> None:
    office, chance = Office(desk, readers), random.Random(seed)
    await office.subscribe()
    did = Counter[str]()
    for each in seconds:
        did += await a_week(office, sink, chance, seconds=each, pause=pause)
        desk.service.clock.advance(timedelta(days=7))
    await office.news()
    async with schedulers(desk, sink) as made:  # what came late stands in the next one
        await made.start()
        await reaches(desk, "accepted", "failed-for-good", count=readers * (len(seconds) + 1))
    digests = await desk.digests()
    modes = Counter(taken.mode for taken in sink.taken())
    problems = [*failures(office, sink, digests), *await untold(desk, digests)]
    detail = f"five processes, seed {seed}: {dict(did)}, the server did {dict(modes)}"
    note(4, ROW, len(digests), len(problems), detail)
    assert problems == []
    assert did["kills"]
    assert did["unknown"]
    assert modes["reset"]


def failures(office: Office, sink: Sink, digests: list[dict[str, Any]]) -> Iterator[str]:
    """What the server's ledger has against what is promised."""
    taken = sink.ids()
    by_id = {digest["message_id"]: digest for digest in digests}
    if len(by_id) != len(digests):
        yield "two digests have one Message-ID"
    for message_id, copies in taken.items():
        if message_id not in by_id:
            yield f"{message_id} belongs to no digest"
        if len(copies) > 1:
            yield f"{message_id} came {len(copies)} times"
        if len({copy.content for copy in copies}) > 1:
            yield f"{message_id} is several mails"
    read: dict[str, Counter[str]] = {}
    for digest in digests:
        there = digest["message_id"] in taken
        if there != (digest["state"] == "accepted"):
            yield f"{digest['period']} is {digest['state']}, and was taken: {there}"
    for copies in taken.values():
        to = str(copies[0].message["To"])
        read.setdefault(to, Counter()).update(re.findall(r"Exchange number \d+:", copies[0].text))
    reachable = office.readers - office.readers // 8
    if len(read) != reachable:
        yield f"{len(read)} readers got mail, not {reachable}"
    for to, found in read.items():
        if found != Counter(office.titles):
            yield f"{to} read {found - Counter(office.titles)} too often, not all of the rest"


async def untold(desk: Desk, digests: list[dict[str, Any]]) -> list[str]:
    """Accepted digests of which that was not published, or more than once."""
    accepted = Counter(each["message_id"] for each in digests if each["state"] == "accepted")
    return [] if Counter(await sent_facts(desk)) == accepted else ["facts and digests differ"]


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_five_schedulers_that_are_killed_and_paused_send_each_digest_once(
    desk: Desk, sink: Sink
) -> None:
    await weeks(desk, sink, readers=16, seconds=[5], pause=LEASE + 1, seed=1)


@pytest.mark.faults
@pytest.mark.timeout(1800)
async def test_weeks_of_killed_schedulers_and_failing_servers_send_each_digest_once(
    desk: Desk, sink: Sink
) -> None:
    seed = int(os.environ.get("SEED", "2"))
    await weeks(desk, sink, readers=48, seconds=[30] * 6, pause=2 * LEASE, seed=seed)
