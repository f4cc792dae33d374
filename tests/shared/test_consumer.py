"""Facts take effect exactly once, in the order of their subject, whatever happens."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import pytest
from confluent_kafka.admin import AdminClient
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from shared.consumer import Consumer, Received, Subscription, holding
from shared.control import Counts
from shared.errors import Rejected, Transient
from shared.journal import bucket_of
from tests.conftest import MakeDatabase
from tests.support.consuming import CONSUMER, TOPIC, Bench, bench, history, rechained, until


@pytest.fixture
async def desk(make_database: MakeDatabase, kafka_servers: str) -> AsyncIterator[Bench]:
    with capture_logs() as log:
        async with bench(await make_database("plumbing"), kafka_servers) as made:
            made.log = log
            yield made


async def test_facts_reach_the_projection_once_and_in_order(desk: Bench) -> None:
    await desk.send(*history("a", 5), *history("b", 3))
    desk.start()
    await until(desk.count, 8)
    assert await desk.of("a") == [1, 2, 3, 4, 5]
    assert await desk.of("b") == [1, 2, 3]
    await desk.send(*history("a", 7))  # a replay: five of them are known
    await until(lambda: desk.of("a"), [1, 2, 3, 4, 5, 6, 7])
    await until(desk.lag, 0)
    assert await desk.count() == 10
    rows = await desk.fetch("select * from positions where subject = 'a'")
    assert [(row["consumer"], row["version"]) for row in rows] == [(CONSUMER, 7)]


async def test_types_that_are_not_read_still_move_the_position(desk: Bench) -> None:
    facts = history("a", 3)
    facts[1] = facts[1].but(type="rapport.tests.other.v1", data=b"not even json")
    await desk.send(*rechained(facts))
    desk.start()
    await until(lambda: desk.of("a"), [1, 3])
    assert await desk.parked() == []


async def test_a_gap_holds_its_subject_and_no_other_and_asks_its_owner(desk: Bench) -> None:
    facts = history("a", 5)
    await desk.send(facts[0], *facts[2:], *history("b", 4))
    desk.start()
    await until(lambda: desk.of("b"), [1, 2, 3, 4])
    await until(desk.lag, 0)
    assert await desk.of("a") == [1]
    assert desk.asked.replays == [(TOPIC, "a", 1)]
    assert [row["version"] for row in await desk.fetch("select version from held")] == [3, 4, 5]
    await desk.send(facts[1])
    await until(lambda: desk.of("a"), [1, 2, 3, 4, 5])
    assert await desk.fetch("select * from held") == []


async def test_a_gap_is_healed_by_a_consumer_that_did_not_see_it_open(desk: Bench) -> None:
    facts = history("a", 4)
    await desk.send(*facts[2:])
    desk.start()
    await until(lambda: desk.fetch("select version from held"), [(3,), (4,)])
    await desk.stop()
    desk.asked.replays.clear()
    desk.start()
    await desk.send(*history("b", 1))
    await until(lambda: desk.of("b"), [1])
    await until(lambda: replays(desk), {(TOPIC, "a", 0)})  # asked again: the first may be lost
    await desk.send(*facts[:2])
    await until(lambda: desk.of("a"), [1, 2, 3, 4])


async def replays(desk: Bench) -> set[tuple[str, str, int]]:
    return set(desk.asked.replays)


async def test_what_a_stale_instance_holds_of_the_past_is_dropped(
    desk: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.consumer.consumer._TICK_SECONDS", 0.1)
    desk.start()
    await desk.send(*history("a", 2))
    await until(lambda: desk.of("a"), [1, 2])
    held = "insert into held values ($1, 'a', $2, '', now())"
    await desk.fetch(held, CONSUMER, 2)
    await desk.fetch(held, CONSUMER, 4)
    await until(lambda: desk.fetch("select version from held"), [(4,)])


async def test_a_full_table_of_held_facts_loses_none(
    desk: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "LIMIT", 3)
    facts = history("a", 9)
    await desk.send(facts[0], *facts[2:])
    desk.start()
    await until(desk.lag, 0)
    assert len(await desk.fetch("select * from held")) == 3
    await desk.send(*facts[1:])  # what the owner sends when it is asked: all after the gap
    await until(lambda: desk.of("a"), list(range(1, 10)))


async def test_the_same_version_with_other_content_is_parked_and_stops_its_subject(
    desk: Bench,
) -> None:
    first, other = history("a", 3), history("a", 4, first_n=100)
    await desk.send(*first, other[2])
    desk.start()
    await until(desk.parked, [("a", 3, "equivocation")])
    await desk.send(history("a", 4)[3], *history("b", 1))
    await until(lambda: desk.of("b"), [1])
    assert await desk.of("a") == [1, 2, 3]
    assert await desk.parked() == [("a", 3, "equivocation"), ("a", 4, "behind")]


async def test_a_version_that_does_not_continue_the_chain_is_parked(desk: Bench) -> None:
    await desk.send(*history("a", 2), history("a", 3, first_n=100)[2])
    desk.start()
    await until(desk.parked, [("a", 3, "equivocation")])
    assert await desk.of("a") == [1, 2]


async def test_content_that_was_changed_on_the_way_is_parked(desk: Bench) -> None:
    facts = history("a", 2)
    await desk.send(facts[0], facts[1].but(data=b'{"n": 666}'))
    desk.start()
    await until(desk.parked, [("a", 2, "equivocation")])


async def test_unreadable_data_parks_its_subject_while_others_flow(desk: Bench) -> None:
    facts = history("a", 4)
    facts[1] = facts[1].but(data=b'{"n": "Nguyen Van A"}')
    await desk.send(*rechained(facts), *history("b", 4))
    desk.start()
    await until(lambda: desk.of("b"), [1, 2, 3, 4])
    await until(desk.lag, 0)
    assert await desk.of("a") == [1]
    assert await desk.parked() == [
        ("a", 2, "data-invalid:int_parsing"),
        ("a", 3, "behind"),
        ("a", 4, "behind"),
    ]
    [position] = await desk.fetch("select version from positions where subject = 'a'")
    assert position["version"] == 1
    [row] = await desk.fetch("select path, record from parked where version = 2")
    assert row["path"] == "$.n"
    assert b"Nguyen" not in row["record"]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"extra": (("x-name", b"\xff\xfe"),)}, "header-not-utf-8"),
        ({"extra": (("ce_sequence", b"0"),)}, "header-invalid"),
        ({"extra": (("ce_sequence", b"99999999999"),)}, "header-invalid"),
        ({"extra": (("ce_subject", b"b"),)}, "key-is-not-subject"),
        ({"extra": (("ce_digest", b"zz"),)}, "header-invalid"),
        ({"without": ("ce_digest",)}, "header-missing"),
        ({"without": ("ce_type",)}, "header-missing"),
        ({"data": b"x" * 300_000}, "record-too-large"),
        ({"extra": tuple((f"h{n}", b"") for n in range(40))}, "headers-too-many"),
        ({"extra": (("big", b"x" * 9000),)}, "headers-too-large"),
    ],
)
async def test_a_record_without_a_sound_envelope_is_parked_and_its_good_copy_taken(
    desk: Bench, broken: dict[str, object], reason: str
) -> None:
    facts = history("a", 3)
    await desk.send(facts[0], facts[1].but(**broken), facts[2], *history("b", 1))
    desk.start()
    await until(lambda: desk.of("b"), [1])
    await until(desk.parked, [(None, None, reason)])
    await until(lambda: replays(desk), {(TOPIC, "a", 1)})
    await desk.send(*facts[1:])
    await until(lambda: desk.of("a"), [1, 2, 3])


async def test_a_bug_parks_the_fact_it_happens_with_and_what_is_behind_it(desk: Bench) -> None:
    def fail(facts: Sequence[Received]) -> None:
        if any(fact.subject == "a" and fact.version == 3 for fact in facts):
            raise ZeroDivisionError

    desk.fail = fail
    await desk.send(*history("a", 5), *history("b", 5))
    desk.start()
    await until(lambda: desk.of("b"), [1, 2, 3, 4, 5])
    await until(desk.parked, [("a", 3, "bug"), ("a", 4, "behind"), ("a", 5, "behind")])
    assert await desk.of("a") == [1, 2]
    assert desk.running[0][0].not_ready() is None


async def test_a_refusal_by_a_projection_parks_with_its_code(desk: Bench) -> None:
    def fail(facts: Sequence[Received]) -> None:
        if any(fact.subject == "a" for fact in facts):
            raise Rejected("unit-unknown", "there is no such unit", field="$.unit")

    desk.fail = fail
    await desk.send(*history("a", 1))
    desk.start()
    await until(desk.parked, [("a", 1, "rejected:unit-unknown")])


async def test_twenty_bugs_in_a_minute_stop_the_consumer_with_nothing_committed(
    desk: Bench,
) -> None:
    def fail(_facts: Sequence[Received]) -> None:
        raise ZeroDivisionError

    desk.fail = fail
    await desk.send(*(fact for n in range(40) for fact in history(f"s{n}", 1)))
    consumer = desk.start()
    await until(lambda: said(consumer), True)
    assert len(await desk.parked()) == 20
    await desk.stop()
    # mended and started again: all are there, the parked ones after their replay
    desk.fail = None
    consumer = desk.start()
    await until(desk.count, 20)
    await until(desk.lag, 0)
    assert consumer.not_ready() is None
    await consumer.replay(actor="op", reason="bug")
    assert await desk.count() == 40
    assert len(set(await desk.effects())) == 40


async def said(consumer: Consumer) -> bool:
    return "has stopped" in (consumer.not_ready() or "")


async def test_what_is_transient_is_waited_for_and_never_parked(desk: Bench) -> None:
    failures = 5

    def fail(_facts: Sequence[Received]) -> None:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise Transient("the database is away")

    desk.fail = fail
    await desk.send(*history("a", 3))
    desk.start()
    await until(lambda: desk.of("a"), [1, 2, 3])
    assert await desk.parked() == []


async def test_a_restart_in_the_middle_goes_on_where_it_was(desk: Bench) -> None:
    facts = history("a", 400)
    await desk.send(*facts[:200])
    desk.start()
    await until(desk.count, 200)
    await desk.stop()
    await desk.send(*facts[200:])
    desk.start()
    await until(desk.count, 400)
    assert await desk.of("a") == list(range(1, 401))


async def test_an_offset_reset_skips_nothing_and_repeats_nothing(desk: Bench) -> None:
    await desk.send(*history("a", 50), *history("b", 50))
    desk.start()
    await until(desk.count, 100)
    await desk.stop()
    await delete_group(desk)
    await desk.send(*history("a", 51)[50:])
    desk.start()
    await until(lambda: desk.of("a"), list(range(1, 52)))
    await until(desk.lag, 0)
    assert await desk.count() == 101


async def delete_group(desk: Bench) -> None:
    admin = AdminClient({"bootstrap.servers": desk.kafka_servers})
    deleted = admin.delete_consumer_groups([f"{desk.prefix}{CONSUMER}"])
    await asyncio.gather(*(asyncio.wrap_future(each) for each in deleted.values()))


async def test_a_refilled_topic_is_read_from_its_start(desk: Bench) -> None:
    old = [*history("a", 10), *history("b", 10)]
    await desk.send(*old, partition=0)
    desk.start()
    await until(desk.count, 20)
    await desk.stop()  # with 20 committed
    await desk.recreate_topic()
    new = [*history("c", 12), *history("b", 11), *history("a", 11)]
    await desk.send(*(fact.but(epoch=2) for fact in new), partition=0)
    desk.start()
    await until(lambda: desk.of("c"), list(range(1, 13)))
    await until(lambda: desk.of("a"), list(range(1, 12)))
    assert await desk.of("b") == list(range(1, 12))
    status = await desk.running[0][0].status()
    assert status[0]["epoch"] == 2


async def test_a_second_filling_behind_the_first_is_read_once_more_and_dropped(
    desk: Bench,
) -> None:
    await desk.send(*history("a", 5), *(f.but(epoch=2) for f in history("a", 7)))
    desk.start()
    await until(lambda: desk.of("a"), [1, 2, 3, 4, 5, 6, 7])
    await until(desk.lag, 0)


async def test_two_consumers_of_one_group_share_the_work_and_double_none(desk: Bench) -> None:
    subjects = [f"s{n}" for n in range(30)]
    histories = {subject: history(subject, 20) for subject in subjects}
    desk.start()
    desk.start()
    for start in range(0, 20, 4):
        await desk.send(*(f for h in histories.values() for f in h[start : start + 4]))
        if start == 8:  # a third comes, and the first leaves
            desk.start()
            consumer, task = desk.running.pop(0)
            await consumer.stop()
            await task
    await until(desk.count, 600)
    effects = await desk.effects()
    for subject in subjects:
        assert [v for s, v in effects if s == subject] == list(range(1, 21))


async def test_positions_that_another_instance_moved_undo_the_whole_batch(desk: Bench) -> None:
    await desk.send(*history("a", 2))
    desk.start()
    await until(desk.count, 2)
    # another instance takes version 3 while this one has version 2 in its memory
    facts = history("a", 4)
    await desk.fetch(
        "update positions set version = 3, digest = $1 where subject = 'a'", facts[2].digest
    )
    await desk.send(*facts[2:])
    await until(lambda: desk.of("a"), [1, 2, 4])


async def test_status_says_how_far_each_topic_is(desk: Bench) -> None:
    facts = history("a", 3)
    await desk.send(facts[0], facts[2])
    consumer = desk.start()
    await until(desk.lag, 0)
    [status] = await consumer.status()
    assert status["topic"] == TOPIC
    assert (status["lag"], status["held"], status["parked"], status["epoch"]) == (0, 1, 0, 1)
    assert status["waits_for"] is None


async def test_a_consumer_without_a_broker_says_so_and_stops_at_once(desk: Bench) -> None:
    consumer = desk.start(desk.consumer(kafka_servers="127.0.0.1:1"))
    away = f"{desk.topic} cannot be read: Kafka cannot be reached"
    await until(lambda: reason(consumer), away)
    await desk.stop()


async def reason(consumer: Consumer) -> str | None:
    return consumer.not_ready()


async def test_a_lost_last_event_is_found_by_the_owners_count(desk: Bench) -> None:
    await desk.send(*history("a", 2), *history("b", 2), partition=0)  # "b" has a third, lost
    desk.start()
    await until(desk.count, 4)
    await until(desk.lag, 0)
    buckets = {bucket_of("a"): 2, bucket_of("b"): 3}
    await desk.hear(Counts(topic=TOPIC, epoch=1, offsets={0: 3}, buckets=buckets))
    await until(lambda: asked_for(desk), [(TOPIC, bucket_of("b"))])
    # what is held or parked is no loss
    await desk.send(history("b", 4)[3], partition=0)
    await until(desk.lag, 0)
    desk.asked.buckets.clear()
    await desk.hear(Counts(topic=TOPIC, epoch=1, offsets={0: 4}, buckets=buckets))
    await asyncio.sleep(7)
    assert desk.asked.buckets == []


async def test_counts_of_facts_that_are_not_read_yet_are_not_compared(desk: Bench) -> None:
    await desk.send(*history("a", 2), partition=0)
    desk.start()
    await until(desk.lag, 0)
    ahead = Counts(topic=TOPIC, epoch=1, offsets={0: 2}, buckets={bucket_of("a"): 3})
    await desk.hear(ahead)
    await asyncio.sleep(7)
    assert desk.asked.buckets == []


async def asked_for(desk: Bench) -> list[tuple[str, int]]:
    return desk.asked.buckets


async def test_a_value_that_the_database_driver_refuses_is_a_bug_and_not_waited_for(
    desk: Bench,
) -> None:
    facts = history("a", 2)
    facts[1] = facts[1].but(data=b'{"n": 1099511627776}')
    await desk.send(*rechained(facts), *history("b", 2))
    desk.start()
    await until(desk.parked, [("a", 2, "bug")])
    await until(lambda: desk.of("b"), [1, 2])


async def test_a_pool_that_is_used_up_is_waited_for(desk: Bench) -> None:
    desk.database.engine.pool._timeout = 0.2  # type: ignore[attr-defined]
    async with contextlib.AsyncExitStack() as taken:
        for _ in range(16):
            await taken.enter_async_context(desk.database.connect())
        await desk.send(*history("a", 2))
        consumer = desk.start()
        await until(lambda: reason(consumer), "the database cannot be reached")
    await until(lambda: desk.of("a"), [1, 2])
    assert await desk.parked() == []


async def test_a_topic_that_does_not_exist_yet_is_waited_for(desk: Bench) -> None:
    async def nothing(_connection: AsyncConnection, _facts: Sequence[Received]) -> None:
        """The projection of a topic without facts."""

    consumer = desk.start(
        desk.consumer(Subscription("later.events", {}, nothing), desk.subscription())
    )
    await desk.send(*history("a", 2))
    await until(lambda: desk.of("a"), [1, 2])  # the others go on meanwhile
    assert f"{desk.prefix}later.events" in (consumer.not_ready() or "")
    await desk.create_topic("later.events")
    await until(lambda: reason(consumer), None, within=40)
