"""What is parked is unreadable at rest, in view, and leaves only by replay or by a decision."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from structlog.testing import capture_logs

from shared.consumer import Consumer, Received
from shared.errors import Rejected
from shared.parking import Parking
from tests.conftest import MakeDatabase
from tests.support.consuming import CONSUMER, KEY, TOPIC, Bench, bench, history, rechained, until


@pytest.fixture
async def desk(make_database: MakeDatabase, kafka_servers: str) -> AsyncIterator[Bench]:
    with capture_logs():
        async with bench(await make_database("plumbing"), kafka_servers) as made:
            yield made


async def park(desk: Bench, *broken: tuple[str, int], versions: int = 4) -> Consumer:
    """Facts of "a" and "b", where the projection has a bug with `broken` while they stand there."""
    desk.broken = set(broken)

    def fail(facts: Sequence[Received]) -> None:
        if any((fact.subject, fact.version) in desk.broken for fact in facts):
            raise ZeroDivisionError

    desk.fail = fail
    await desk.send(*history("a", versions), *history("b", versions))
    consumer = desk.start()
    good = 2 * versions - sum(versions - version + 1 for _, version in broken)
    await until(desk.count, good)
    await until(desk.lag, 0)
    return consumer


async def operations(desk: Bench) -> list[tuple[str, str]]:
    rows = await desk.fetch("select actor, action from operations order by id")
    return [(row["actor"], row["action"]) for row in rows]


async def test_nothing_of_a_parked_record_can_be_read_at_rest(desk: Bench) -> None:
    facts = history("a", 1)
    facts[0] = facts[0].but(data=b'{"n": "Nguyen Van A"}')
    await desk.send(*rechained(facts))
    desk.start()
    await until(lambda: count(desk), 1)
    [row] = await desk.fetch("select p::text as whole, record from parked p")
    assert "Nguyen" not in row["whole"]
    assert b"Nguyen" not in row["record"]


async def count(desk: Bench) -> int:
    return len(await desk.fetch("select * from parked"))


async def test_the_list_shows_reason_and_place_and_only_show_the_content(desk: Bench) -> None:
    await park(desk, ("a", 3))
    parked = await desk.parking.list(reason="bug")
    [summary] = [record.summary() for record in parked]
    assert (summary["consumer"], summary["topic"]) == (CONSUMER, TOPIC)
    assert (summary["subject"], summary["version"], summary["path"]) == ("a", 3, "$")
    assert "value" not in json.dumps(summary)
    shown = (await desk.parking.show(summary["id"], actor="op")).full()
    assert json.loads(shown["value"])["n"] == 3
    assert shown["headers"]["ce_subject"] == "a"
    assert await operations(desk) == [("op", "parked-shown")]


async def test_the_list_keeps_every_condition(desk: Bench) -> None:
    await park(desk, ("a", 3), ("b", 4))
    now = desk.database.clock.now()
    listed = desk.parking.list
    assert len(await listed()) == 3
    assert [record.subject for record in await listed(subject="b")] == ["b"]
    assert [record.version for record in await listed(reason="behind")] == [4]
    assert await listed(since=now + timedelta(minutes=1)) == []
    assert len(await listed(since=now - timedelta(minutes=1), limit=2)) == 2
    assert await listed(consumer="another") == []


async def test_a_replay_applies_a_subject_in_order_and_frees_it(desk: Bench) -> None:
    consumer = await park(desk, ("a", 2))
    assert await desk.of("a") == [1]
    desk.broken.clear()
    outcomes = await consumer.replay(actor="op", subject="a")
    assert [(each["version"], each["outcome"]) for each in outcomes] == [
        (2, "applied"),
        (3, "applied"),
        (4, "applied"),
    ]
    assert await desk.of("a") == [1, 2, 3, 4]
    assert await count(desk) == 0
    assert await operations(desk) == [("op", "parked-replayed")]
    await desk.send(*history("a", 6))
    await until(lambda: desk.of("a"), [1, 2, 3, 4, 5, 6])


async def test_a_replay_stops_at_what_still_fails(desk: Bench) -> None:
    consumer = await park(desk, ("a", 2))
    desk.broken = {("a", 3)}
    outcomes = await consumer.replay(actor="op", reason="bug")
    assert [(each["version"], each["outcome"]) for each in outcomes] == [
        (2, "applied"),
        (3, "still parked: bug"),
        (4, "still behind"),
    ]
    assert await desk.of("a") == [1, 2]
    assert [version for _, version, _ in await desk.parked()] == [3, 4]


async def test_a_dry_run_says_what_would_happen_and_changes_nothing(desk: Bench) -> None:
    consumer = await park(desk, ("a", 2))
    desk.broken.clear()
    outcomes = await consumer.replay(actor="op", dry_run=True)
    assert [each["outcome"] for each in outcomes] == ["applied"] * 3
    assert await desk.of("a") == [1]
    assert await count(desk) == 3
    assert await operations(desk) == []


async def test_a_discarded_fact_is_passed_over_and_its_subject_goes_on(desk: Bench) -> None:
    consumer = await park(desk, ("a", 2))
    [bug] = await desk.parking.list(reason="bug")
    await desk.parking.discard(bug.id, reason="entered twice", actor="op")
    assert [version for _, version, _ in await desk.parked()] == [3, 4]
    await consumer.replay(actor="op", subject="a")
    assert await desk.of("a") == [1, 3, 4]
    await desk.send(*history("a", 5))
    await until(lambda: desk.of("a"), [1, 3, 4, 5])
    assert await operations(desk) == [("op", "parked-discarded"), ("op", "parked-replayed")]


async def test_the_first_fact_of_a_subject_can_be_discarded(desk: Bench) -> None:
    consumer = await park(desk, ("a", 1))
    [bug] = await desk.parking.list(reason="bug")
    await desk.parking.discard(bug.id, reason="a test", actor="op")
    await consumer.replay(actor="op")
    assert await desk.of("a") == [2, 3, 4]


async def test_discarding_another_history_does_not_follow_it(desk: Bench) -> None:
    truth, other = history("a", 3), history("a", 2, first_n=70)
    await desk.send(truth[0], other[1])
    consumer = desk.start()
    await until(desk.parked, [("a", 2, "equivocation")])
    [parked] = await desk.parking.list()
    await desk.parking.discard(parked.id, reason="not ours", actor="op")
    await desk.send(*truth)
    await until(lambda: desk.of("a"), [1, 2, 3])
    assert consumer.not_ready() is None


async def test_a_replay_takes_in_what_was_held_behind_it(desk: Bench) -> None:
    facts = history("a", 5)
    await desk.send(facts[0], facts[2])
    consumer = desk.start()
    await until(lambda: desk.fetch("select version from held"), [(3,)])
    await desk.stop()
    desk.broken = {("a", 2)}
    consumer = await park(desk, ("a", 2), versions=2)
    assert await desk.of("a") == [1]
    desk.broken.clear()
    await consumer.replay(actor="op")
    assert await desk.of("a") == [1, 2, 3]
    assert await desk.fetch("select * from held") == []


async def test_a_record_without_a_readable_envelope_is_replayed_by_its_number(desk: Bench) -> None:
    fact = history("a", 1)[0]
    await desk.send(fact.but(extra=(("x", b"\xff"),)))
    consumer = desk.start()
    await until(lambda: count(desk), 1)
    [parked] = await desk.parking.list()
    [outcome] = await consumer.replay(actor="op", id=parked.id)
    assert outcome["outcome"] == "still parked: header-not-utf-8 at $.headers.x"
    await desk.parking.discard(parked.id, reason="a test", actor="op")
    assert await count(desk) == 0
    with pytest.raises(Rejected, match="parked-unknown"):
        await desk.parking.discard(parked.id, reason="again", actor="op")


async def test_an_older_key_still_opens_and_a_missing_one_says_so(desk: Bench) -> None:
    await park(desk, ("a", 4))
    [parked] = await desk.parking.list()
    new = Fernet.generate_key().decode()
    rotated = Parking(database=desk.database, keys=[new, KEY])
    assert (await rotated.show(parked.id, actor="op")).raw is not None
    with pytest.raises(Rejected, match="parked-key-missing"):
        await Parking(database=desk.database, keys=[new]).show(parked.id, actor="op")
