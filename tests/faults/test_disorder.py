"""Facts that come twice, late, in another order, with gaps, or as two histories: the fold of what
took effect is the fold of the history, and what stays missing is said within a minute.

The generator makes logs as no relay would write them. What is compared with them are the effects,
in the order in which they came.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, MutableMapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.conftest import MakeDatabase
from tests.faults.records import note
from tests.support.consuming import Bench, Sent, bench, history, rechained, until

ROW = "duplicates, late, reordered, gaps, equivocation"
SUBJECTS, VERSIONS = 30, 14
Log = list[MutableMapping[str, Any]]


@pytest.fixture
async def desk(make_database: MakeDatabase, kafka_servers: str) -> AsyncIterator[Bench]:
    async with bench(await make_database("plumbing"), kafka_servers) as made:
        yield made


@pytest.fixture
def log() -> Iterator[Log]:
    with capture_logs() as entries:
        yield entries


def disordered(histories: dict[str, list[Sent]], chance: random.Random) -> Iterator[Sent]:
    """Each fact at least once: some twice, some far too late, many before the one below them."""
    waiting = {subject: [*facts] for subject, facts in histories.items()}
    late: list[Sent] = []
    seen: list[Sent] = []
    while any(waiting.values()) or late:
        subject = chance.choice([*waiting])
        facts = waiting[subject]
        if late and chance.random() < 0.2:
            fact = late.pop(chance.randrange(len(late)))
        elif seen and chance.random() < 0.15:
            yield chance.choice(seen)
            continue
        elif facts:
            fact = facts.pop(min(chance.choice((0, 0, 0, 1, 3)), len(facts) - 1))
            if chance.random() < 0.1:
                late.append(fact)
                continue
        else:
            continue
        seen.append(fact)
        yield fact


def other_history(facts: Sequence[Sent], at: int) -> Sent:
    """A version as somebody tells it who knows the subject up to there, and goes on otherwise."""
    told = [*facts[: at - 1], facts[at - 1].but(data=b'{"n": 999}')]
    return rechained(told)[-1]


async def send(desk: Bench, facts: Sequence[Sent]) -> None:
    """In this order; each subject in its partition."""
    for start in range(0, len(facts), 50):
        await desk.send(*facts[start : start + 50])


async def in_order(desk: Bench) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for subject, version in await desk.effects():
        found.setdefault(subject, []).append(version)
    return found


async def disorder(desk: Bench, *, seed: int, subjects: int = SUBJECTS) -> None:
    chance = random.Random(seed)
    histories = {f"s{number}": history(f"s{number}", VERSIONS) for number in range(subjects)}
    facts = [*disordered(histories, chance)]
    desk.start()
    half = chance.randrange(len(facts))
    await send(desk, facts[:half])
    await desk.stop()  # another process has to go on with what is held
    desk.start()
    await send(desk, facts[half:])
    whole = {subject: [*range(1, VERSIONS + 1)] for subject in histories}
    await until(desk.count, subjects * VERSIONS, within=60)
    await until(desk.lag, 0, within=60)
    found = await in_order(desk)
    wrong = sum(found[subject] != whole[subject] for subject in whole)
    note(2, ROW, len(facts), wrong, f"seed {seed}: {subjects} subjects, {len(facts)} records")
    assert found == whole, f"SEED={seed}"
    numbers = await desk.fetch("select subject, sum(n) as fold from effects group by subject")
    folds = {row["subject"]: row["fold"] for row in numbers}
    assert folds == dict.fromkeys(whole, sum(range(1, VERSIONS + 1)))
    assert await desk.fetch("select * from held") == []
    assert await desk.parked() == []


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_however_facts_come_their_effects_are_the_history(
    desk: Bench, log: Log, seed: int
) -> None:
    await disorder(desk, seed=seed)
    assert "gap-not-healed" not in {entry["event"] for entry in log}


@pytest.mark.faults
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(100, 120))
async def test_however_many_more_facts_come_their_effects_are_the_history(
    desk: Bench, log: Log, seed: int
) -> None:
    await disorder(desk, seed=seed, subjects=150)
    assert "gap-not-healed" not in {entry["event"] for entry in log}


async def test_a_second_history_is_parked_and_alarmed_and_the_first_stays(
    desk: Bench, log: Log
) -> None:
    """Told after the true version, or instead of it; of the version that is known, or the next."""
    chance = random.Random(5)
    told_late, told_first = [f"late{n}" for n in range(8)], [f"first{n}" for n in range(8)]
    others = {f"s{n}": history(f"s{n}", VERSIONS) for n in range(10)}
    facts = [*disordered(others, chance)]
    stops = {}
    for subject in (*told_late, *told_first):
        true = history(subject, VERSIONS)
        at = chance.randrange(2, VERSIONS)
        lie = other_history(true, at).but(extra=(("ce_id", b"a-lie"),))
        stops[subject] = at if subject in told_late else at - 1
        if subject in told_first:
            lie = lie.but(digest=bytes(32))  # who does not know the chain
        place = at if subject in told_late else at - 1
        true.insert(place, lie)
        start = chance.randrange(len(facts))
        facts[start:start] = true
    desk.start()
    await send(desk, facts)
    await until(desk.lag, 0, within=60)
    parked = await desk.parked()
    lies = [(subject, reason) for subject, _, reason in parked if reason == "equivocation"]
    assert sorted(lies) == sorted((subject, "equivocation") for subject in stops)
    assert {reason for _, _, reason in parked} == {"equivocation", "behind"}
    found = await in_order(desk)
    for subject, stop in stops.items():
        assert found[subject] == [*range(1, stop + 1)]
    assert all(found[subject] == [*range(1, VERSIONS + 1)] for subject in others)
    alarmed = {
        e["subject"] for e in log if (e["event"], e["log_level"]) == ("equivocation", "error")
    }
    assert alarmed == set(stops)
    assert 999 not in {row["n"] for row in await desk.fetch("select n from effects")}
    note(2, ROW, len(stops), detail="a second history of a subject, told late or first")


async def test_a_gap_that_nobody_fills_is_alarmed_within_a_minute_of_its_seeing(
    desk: Bench, log: Log
) -> None:
    """The minute passes by the service's own clock; the tick that looks is a real one."""
    torn = {f"torn{n}": history(f"torn{n}", 5) for n in range(4)}
    whole = {f"s{n}": history(f"s{n}", 5) for n in range(4)}
    await send(desk, [f for facts in torn.values() for f in facts if f.version != 3])
    await send(desk, [f for facts in whole.values() for f in facts])
    desk.start()
    await until(desk.lag, 0)
    await until(desk.count, 4 * 2 + 4 * 5)
    assert {subject for _, subject, _ in desk.asked.replays} == set(torn)
    desk.database.clock.advance(timedelta(seconds=30))
    await asyncio.sleep(6)
    assert alarms(log) == {}
    desk.database.clock.advance(timedelta(seconds=30))

    async def alarmed() -> dict[str, int]:
        return alarms(log)

    await until(alarmed, dict.fromkeys(torn, 2), within=10)
    assert {each[1:] for each in desk.asked.replays} == {(subject, 2) for subject in torn}
    # the owner hears one of the requests at last
    await send(desk, [fact for facts in torn.values() for fact in facts])
    await until(desk.count, 8 * 5)
    assert {entry["subject"] for entry in log if entry["event"] == "gap-healed"} == set(torn)
    note(2, ROW, len(torn), detail="a gap that is not filled is alarmed within 60 s")


def alarms(log: Log) -> dict[str, int]:
    said = [entry for entry in log if entry["event"] == "gap-not-healed"]
    assert all(entry["log_level"] == "error" for entry in said)
    return {entry["subject"]: entry["after"] for entry in said}
