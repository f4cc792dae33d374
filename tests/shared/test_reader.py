"""What a reader does with the records it is handed, on a real database and without a broker."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from shared.clock import Clock
from shared.cluster import Kafka
from shared.consumer import Projection, Received, Subscription
from shared.consumer.batches import Batch
from shared.consumer.facts import Facts
from shared.consumer.marks import Marks
from shared.consumer.patience import Fuse
from shared.consumer.positions import Moved
from shared.consumer.reader import Reader
from shared.database import Database
from shared.envelope import FactRecord, Record
from shared.errors import Transient
from shared.parking import Parking
from shared.reference import Reference
from tests.conftest import MakeDatabase
from tests.support.consuming import (
    CONSUMER,
    KEY,
    TOPIC,
    TYPE,
    Bench,
    NotedRead,
    Sent,
    history,
    rechained,
)

FIRST_COMMIT_FAILS = (
    "create sequence commits",
    """
    create function refuse_the_first() returns trigger language plpgsql as $$ begin
        if nextval('commits') = 1 then raise exception 'not now' using errcode = '40001'; end if;
        return null;
    end $$
    """,
    """
    create constraint trigger refuse_the_first after insert or update on positions
        deferrable initially deferred for each row execute function refuse_the_first()
    """,
)


@dataclass
class Hands:
    """Readers of one topic, and what their projection was given, batch by batch."""

    desk: Bench
    given: list[list[tuple[str, int]]] = field(default_factory=list)
    offset: int = 0

    async def apply(self, connection: AsyncConnection, facts: Sequence[Received]) -> None:
        self.given.append([(fact.subject, fact.version) for fact in facts])
        await self.desk.apply(connection, facts)

    def work(
        self, projection: Projection | None = None, forget: Callable[[], None] = lambda: None
    ) -> Facts:
        return Facts(
            consumer=CONSUMER,
            subscription=Subscription(
                TOPIC, {TYPE: NotedRead}, projection or self.apply, forget=forget
            ),
            database=self.desk.database,
            parking=self.desk.parking,
        )

    def marks(self) -> Marks:
        return Marks(self.desk.database, consumer=CONSUMER, topic=TOPIC)

    def reader(self, work: Facts | None = None) -> Reader:
        async def ask(subject: str, after: int) -> None:
            await self.desk.asked.ask_for_replay(TOPIC, subject, after)

        return Reader(
            consumer=CONSUMER,
            topic=self.desk.topic,
            work=work or self.work(),
            marks=self.marks(),
            ask=ask,
        )

    def records(self, *sent: Sent) -> list[Record]:
        """As they come from partition 0, one behind the other."""
        first, self.offset = self.offset, self.offset + len(sent)
        return [
            Record(
                topic=self.desk.topic,
                partition=0,
                offset=first + number,
                timestamp=0,
                key=each.subject.encode(),
                value=each.data,
                headers=tuple(each.headers),
            )
            for number, each in enumerate(sent)
        ]

    async def hand(self, reader: Reader, *sent: Sent) -> None:
        """One batch, until it has had its effect or was given up."""
        await reader.handle(self.records(*sent))
        await reader.settled()

    async def died_over(self, first: int, last: int, *, times: int) -> None:
        """A process has left this behind."""
        await self.desk.fetch(
            "update partitions set started_from = $1, started_to = $2, attempts = $3",
            *(first, last, times),
        )


@pytest.fixture
async def hands(make_database: MakeDatabase) -> AsyncIterator[Hands]:
    url = await make_database("plumbing")
    database = Database(url, service="readers", clock=Clock(), reference=Reference({}))
    desk = Bench(
        database=database,
        kafka=Kafka.at("127.0.0.1:1"),
        prefix="t.",
        partitions=1,
        parking=Parking(database=database, keys=[KEY]),
    )
    await desk.fetch(
        "create table effects (id bigint generated always as identity, subject text, version int,"
        " n int)"
    )
    # epoch 1 is known: a new one makes a reader seek, which it cannot do here
    await desk.fetch(
        "insert into partitions (consumer, topic, partition, epoch) values ($1, $2, 0, 1)",
        *(CONSUMER, TOPIC),
    )
    with capture_logs():
        yield Hands(desk)
    if desk.eye is not None:
        await desk.eye.close()
    await database.close()


def batch_of(hands: Hands, work: Facts, *sent: Sent) -> Batch[FactRecord]:
    batch: Batch[FactRecord] = Batch()
    work.read(hands.records(*sent), {0: 1}, batch)
    return batch


# --- effect and position --------------------------------------------------------------------------


async def test_a_projection_is_never_given_what_another_instance_has_done(hands: Hands) -> None:
    """Positions are written first: whoever comes second gets no further than that."""
    facts, desk = history("a", 4), hands.desk
    work = hands.work()
    for sent in ((facts[0],), (facts[1],)):
        await work.together(batch_of(hands, work, *sent))
    await desk.fetch("update positions set version = 3, digest = $1", facts[2].digest)
    hands.given.clear()
    late = batch_of(hands, work, *facts[2:])
    await work.prepare(late)
    assert late.ahead is not None
    with pytest.raises(Moved):
        await work.together(late)
    work.forget()
    await work.together(late)
    assert hands.given == [[("a", 4)]]
    assert await desk.of("a") == [1, 2, 4]


async def test_a_commit_that_fails_leaves_no_effect_behind(hands: Hands) -> None:
    for statement in FIRST_COMMIT_FAILS:
        await hands.desk.fetch(statement)
    await hands.hand(hands.reader(), *history("a", 2))
    assert len(hands.given) == 2, "the first commit must have failed"
    assert await hands.desk.effects() == [("a", 1), ("a", 2)]


async def test_what_a_projection_remembers_of_a_failed_batch_is_forgotten(hands: Hands) -> None:
    totals: dict[str, int] = {}

    async def add_up(_connection: AsyncConnection, facts: Sequence[Received]) -> None:
        for fact in facts:
            assert isinstance(fact.data, NotedRead)
            totals[fact.subject] = totals.get(fact.subject, 0) + fact.data.n

    for statement in FIRST_COMMIT_FAILS:
        await hands.desk.fetch(statement)
    await hands.hand(hands.reader(hands.work(add_up, forget=totals.clear)), *history("a", 3))
    assert totals == {"a": 6}


async def test_what_was_worked_out_on_a_batch_that_failed_is_worked_out_again(
    hands: Hands,
) -> None:
    def fail(facts: Sequence[Received]) -> None:
        if any(fact.version == 2 for fact in facts):
            raise ZeroDivisionError

    facts, work = history("a", 3), hands.work()
    await work.together(batch_of(hands, work, facts[0]))
    first, second = batch_of(hands, work, facts[1]), batch_of(hands, work, facts[2])
    await work.prepare(first)
    await work.prepare(second)
    assert second.ahead is not None
    hands.desk.fail = fail
    with pytest.raises(ZeroDivisionError):
        await work.together(first)
    work.forget()
    await work.apart(first, Fuse())
    await work.together(second)
    assert await hands.desk.of("a") == [1]
    assert await hands.desk.parked() == [("a", 2, "bug"), ("a", 3, "behind")]


# --- what passes, and what does not ---------------------------------------------------------------


async def test_what_passes_is_waited_for_in_the_midst_of_a_batch(hands: Hands) -> None:
    failures = 5

    def fail(_facts: Sequence[Received]) -> None:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise Transient("away")

    hands.desk.fail = fail
    reader = hands.reader()
    await hands.hand(reader, *history("a", 3))
    assert await hands.desk.of("a") == [1, 2, 3]
    assert await hands.desk.parked() == []
    assert reader.waits_for is None


async def test_a_bug_is_isolated_and_the_reader_goes_on(hands: Hands) -> None:
    def fail(facts: Sequence[Received]) -> None:
        if any((fact.subject, fact.version) == ("a", 2) for fact in facts):
            raise ZeroDivisionError

    hands.desk.fail = fail
    reader = hands.reader()
    await hands.hand(reader, *history("a", 3), *history("b", 2))
    assert not reader.halted.is_set()
    assert await hands.desk.parked() == [("a", 2, "bug"), ("a", 3, "behind")]
    assert sorted(await hands.desk.effects()) == [("a", 1), ("b", 1), ("b", 2)]


async def test_later_facts_of_a_parked_subject_wait_behind_it(hands: Hands) -> None:
    facts = history("a", 4)
    facts[1] = facts[1].but(data=b'{"n": "not a number"}')
    facts, reader = rechained(facts), hands.reader()
    for fact in facts:
        await hands.hand(reader, fact)
    assert await hands.desk.of("a") == [1]
    assert [(version, reason) for _, version, reason in await hands.desk.parked()] == [
        (2, "data-invalid:int_parsing"),
        (3, "behind"),
        (4, "behind"),
    ]
    assert hands.desk.asked.replays == []


async def test_records_read_before_partitions_changed_hands_are_left_alone(hands: Hands) -> None:
    reader = hands.reader()
    await reader.on_partitions_assigned(())
    await hands.hand(reader, *history("a", 2))
    assert hands.given == []
    assert await hands.desk.fetch("select * from positions") == []


# --- deaths ---------------------------------------------------------------------------------------


async def test_what_is_worked_on_is_marked_before_it_is_touched(hands: Hands) -> None:
    marked: list[tuple[int, int]] = []

    async def look(_connection: AsyncConnection, _facts: Sequence[Received]) -> None:
        rows = await hands.desk.fetch("select started_from, started_to from partitions")
        marked.extend((row["started_from"], row["started_to"]) for row in rows)

    await hands.hand(hands.reader(hands.work(look)), *history("a", 3))
    assert marked == [(0, 2)]


async def test_records_among_which_a_process_died_are_worked_one_by_one(hands: Hands) -> None:
    await hands.died_over(0, 2, times=1)
    await hands.hand(hands.reader(), *history("a", 3), *history("b", 2))
    assert hands.given == [[("a", 1)], [("a", 2)], [("a", 3)], [("b", 1), ("b", 2)]]


async def test_a_record_over_which_three_processes_died_is_left_unread(hands: Hands) -> None:
    await hands.died_over(0, 0, times=3)
    killer = history("killer", 2)
    await hands.hand(hands.reader(), killer[0], *history("b", 1), killer[1])
    assert hands.given == [[("b", 1)]]
    assert await hands.desk.parked() == [
        ("killer", 1, "killed-the-process"),
        ("killer", 2, "behind"),
    ]


async def test_deaths_over_one_record_are_counted_and_those_over_another_are_not(
    hands: Hands,
) -> None:
    [record, other] = hands.records(*history("a", 2))
    for expected in (False, False, False, True):
        marks = hands.marks()
        await marks.load({0})
        assert marks[0].kills(record) is expected
        await marks.start({0: (0, 0)})
    await hands.marks().start({0: (1, 1)})
    after = hands.marks()
    await after.load({0})
    assert after[0].suspects(other)
    assert not after[0].kills(other)


async def test_a_clean_end_leaves_nothing_marked(hands: Hands) -> None:
    reader = hands.reader()
    await hands.hand(reader, *history("a", 3))
    await reader.stop()
    assert await hands.desk.fetch("select * from partitions where started_from is not null") == []
