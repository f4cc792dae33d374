"""A projection is filled anew beside the live one, and takes its place between two batches."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from shared.rebuild.comparing import Compared
from shared.rebuild.rebuilding import Rebuild
from shared.rebuild.shadow import CannotRebuild
from shared.rebuild.showing import Showing
from shared.service import Service
from shared.settings import Settings
from tests.support.consuming import Bench, bench, history, until
from tests.support.rebuilding import (
    Totals,
    build,
    environment,
    make_tables,
    settings_of,
    subscription,
)

SCHEMA = "rebuild_tests_events"


@dataclass
class Reader:
    """The live service, and rebuilds of it."""

    desk: Bench
    settings: Settings
    totals: Totals = field(default_factory=Totals)
    said: list[str] = field(default_factory=list)
    live: Service | None = None

    async def rebuild(self, totals: Totals | None = None, **how: Any) -> list[Compared]:
        """In this process, by code that is given: by default the same as that of the live one."""
        service = build(self.settings, totals or Totals(self.totals.factor))
        [only] = service.subscriptions
        rebuild = Rebuild(service, [only], showing=Quiet(self.said))  # type: ignore[list-item]
        try:
            return await rebuild.run(**how)
        finally:
            await service.database.close()

    async def rows(self, schema: str = "public") -> dict[str, list[tuple[Any, ...]]]:
        return {
            table: [tuple(row) for row in await self.desk.fetch(query.format(schema))]
            for table, query in {
                "totals": "select * from {}.totals order by 1",
                "notes": "select * from {}.notes order by 1, 2",
                "positions": "select subject, version, digest from {}.positions order by 1",
            }.items()
        }

    async def total(self, subject: str) -> int | None:
        rows = await self.desk.fetch("select total from totals where subject = $1", subject)
        return int(rows[0]["total"]) if rows else None

    async def count(self) -> int:
        [row] = await self.desk.fetch("select count(*) from notes")
        return int(row[0])

    async def parked(self) -> list[tuple[str | None, int | None, str]]:
        return sorted(await self.desk.parked(), key=lambda each: (each[0] or "~", each[1]))

    async def operations(self) -> list[str]:
        rows = await self.desk.fetch("select action from operations order by id")
        return [row["action"] for row in rows]

    async def filled(self) -> int:
        """Rows of the new table; 0 where there is none."""
        try:
            [row] = await self.desk.fetch("select count(*) from rebuild_tests_events.notes")
        except asyncpg.UndefinedTableError:
            return 0
        return int(row[0])


class Quiet(Showing):
    """Keeps what it is told."""

    def __init__(self, said: list[str]) -> None:
        super().__init__()
        self._said = said

    def say(self, text: str) -> None:
        self._said.append(text)


@pytest.fixture
async def reader(
    make_database: Callable[..., Awaitable[str]], kafka_servers: str, tmp_path: Path
) -> AsyncIterator[Reader]:
    url = await make_database("plumbing")
    await make_tables(url)
    with capture_logs():
        async with bench(url, kafka_servers) as desk:
            settings = settings_of(environment(url, kafka_servers, desk.prefix, tmp_path))
            reader = Reader(desk, settings)
            reader.live = build(settings, reader.totals)
            async with reader.live.running():
                yield reader


async def test_an_unchanged_projection_is_found_equal_and_is_exchanged(reader: Reader) -> None:
    await reader.desk.send(*history("a", 5), *history("b", 3), *history("c", 1))
    await until(reader.count, 9)
    before = await reader.rows()
    [oid] = await reader.desk.fetch("select 'totals'::regclass::oid::int")
    compared = await reader.rebuild()
    assert [(each.table, each.equal, each.same) for each in compared] == [
        ("totals", 3, True),
        ("notes", 3, True),
    ]
    assert await reader.rows() == before
    [new] = await reader.desk.fetch("select 'totals'::regclass::oid::int")
    assert new != oid
    assert await reader.operations() == ["rebuild-switched"]
    assert await reader.desk.fetch("select from pg_namespace where nspname = $1", SCHEMA) == []


async def test_the_new_tables_have_the_shape_the_names_and_the_rights_of_the_old(
    reader: Reader,
) -> None:
    await reader.desk.send(*history("a", 2))
    await until(reader.count, 2)
    await reader.desk.fetch("grant select on totals to pg_monitor")
    await reader.desk.fetch("alter table notes set (fillfactor = 70)")
    query = """
        select c.relname::text, c.relkind::text, c.reloptions, c.relacl::text,
            pg_get_userbyid(c.relowner)::text, pg_get_indexdef(c.oid), (
                select array_agg(k.conname || ' ' || pg_get_constraintdef(k.oid) order by k.conname)
                from pg_constraint k where k.conrelid = c.oid)
        from pg_class c where c.relnamespace = 'public'::regnamespace order by 1
    """
    before = await reader.desk.fetch(query)
    await reader.rebuild()
    after = await reader.desk.fetch(query)
    assert len(after) == len(before)
    assert [tuple(row) for row in after if row not in before] == []


async def test_what_the_live_tables_have_wrong_is_found_and_mended(reader: Reader) -> None:
    await reader.desk.send(*history("a", 4), *history("b", 4), *history("c", 1))
    await until(reader.count, 9)
    right = await reader.rows()
    await reader.desk.fetch("update totals set total = 999 where subject = 'a'")
    await reader.desk.fetch("delete from notes where subject = 'c'")
    await reader.desk.fetch("insert into totals values ('nobody', 1)")
    [totals, notes] = await reader.rebuild()
    assert (totals.equal, totals.different, totals.only_live, totals.only_new) == (2, 1, 1, 0)
    assert totals.examples == {"different": ["a"], "only_live": ["nobody"]}
    assert (notes.equal, notes.different, notes.only_live, notes.only_new) == (2, 0, 0, 1)
    assert await reader.rows() == right


async def test_a_comparison_changes_nothing(reader: Reader) -> None:
    await reader.desk.send(*history("a", 4))
    await until(reader.count, 4)
    await reader.desk.fetch("update totals set total = 999")
    wrong = await reader.rows()
    [totals, _] = await reader.rebuild(only_compare=True)
    assert not totals.same
    assert await reader.rows() == wrong
    assert await reader.operations() == []
    assert await reader.filled() == 4
    await reader.rebuild()
    assert await reader.total("a") == 10


async def test_the_live_one_goes_on_from_the_new_tables_and_not_from_its_memory(
    reader: Reader,
) -> None:
    facts = history("a", 6)
    await reader.desk.send(*facts[:3])
    await until(reader.count, 3)
    reader.totals.factor = 10  # the code is another now; what it wrote and remembers is not
    await reader.rebuild()
    assert await reader.total("a") == 60
    await reader.desk.send(*facts[3:])
    await until(reader.count, 6)
    assert await reader.total("a") == 210


async def test_an_interrupted_rebuild_goes_on_where_it_was(reader: Reader) -> None:
    for subject in range(60):
        await reader.desk.send(*history(f"s{subject}", 3))
    await until(reader.count, 180)
    right = await reader.rows()
    first = Totals()
    first.slow = 3600
    interrupted = asyncio.create_task(reader.rebuild(first))
    await until(lambda: _value(bool(first.seen)), True)
    interrupted.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await interrupted
    assert await reader.filled() == 0  # its first batch was rolled back
    second = Totals()
    await reader.rebuild(second, only_compare=True)
    await reader.desk.fetch(f"create schema if not exists {SCHEMA}")
    assert await reader.rows() == right


async def test_what_was_filled_is_not_read_again(reader: Reader) -> None:
    await reader.desk.send(*history("a", 4))
    await until(reader.count, 4)
    await reader.desk.fetch("update totals set total = 999")  # different: it is kept
    await reader.rebuild(only_compare=True)
    await reader.desk.send(*history("b", 2))
    await until(reader.count, 6)
    again, fresh, other = Totals(), Totals(), Totals()
    await reader.rebuild(again, only_compare=True)
    assert sorted(again.seen) == [("b", 1), ("b", 2)]
    await reader.rebuild(fresh, only_compare=True, fresh=True)
    assert len(fresh.seen) == 6
    await reader.desk.fetch("alter table notes add column more text")  # another migration
    await reader.rebuild(other)
    assert len(other.seen) == 6
    assert [text.split(",")[0] for text in reader.said if "from tests" not in text] != []


async def test_what_is_parked_is_tried_and_what_still_fails_stays_parked(reader: Reader) -> None:
    reader.totals.broken = {("a", 2), ("b", 2)}
    unread = history("x", 1)[0].but(without=("ce_sequence",))
    await reader.desk.send(*history("a", 4), *history("b", 4), *history("c", 2), unread)
    await until(reader.parked, PARKED)
    mended = Totals()
    mended.broken = {("b", 2)}
    await reader.rebuild(mended)
    assert await reader.total("a") == 10
    assert await reader.total("b") == 1
    assert await reader.parked() == [each for each in PARKED if each[0] != "a"]
    await reader.desk.send(*[fact for fact in history("a", 5) if fact.version == 5])
    await until(lambda: reader.total("a"), 15)


PARKED = [
    *((s, v, "bug" if v == 2 else "behind") for s in ("a", "b") for v in (2, 3, 4)),
    (None, None, "header-missing"),
]


async def test_a_discarded_record_does_not_hold_up_and_takes_effect_if_it_works_by_now(
    reader: Reader,
) -> None:
    reader.totals.broken = {("a", 2), ("a", 4), ("b", 2)}
    await reader.desk.send(*history("a", 5), *history("b", 3))
    await until(lambda: _parked(reader), 6)
    live = reader.live
    assert live is not None
    assert live.consumer is not None
    for subject in ("a", "b", "a"):
        [first, *_] = await live.parking.list(subject=subject)
        await live.parking.discard(first.id, reason="a test's", actor="op")
        await live.consumer.replay(actor="op", subject=subject)
    assert (await reader.total("a"), await reader.total("b")) == (9, 4)
    operations = await reader.operations()
    code = Totals()
    code.broken = {("a", 2)}
    [totals, _] = await reader.rebuild(code)
    assert totals.different == 2
    assert (await reader.total("a"), await reader.total("b")) == (13, 6)
    assert await _parked(reader) == 0
    assert await reader.operations() == [*operations, "rebuild-switched"]


async def test_code_that_parks_what_had_its_effect_does_not_take_over(reader: Reader) -> None:
    await reader.desk.send(*history("a", 4), *history("b", 2))
    await until(reader.count, 6)
    before = await reader.rows()
    code = Totals()
    code.broken = {("a", 3)}
    with pytest.raises(CannotRebuild, match="a: live at 4, new at 2, parked as bug"):
        await reader.rebuild(code)
    assert await reader.rows() == before
    assert await _parked(reader) == 0
    assert await reader.operations() == []


async def test_a_topic_that_is_filled_again_under_it_is_read_again(reader: Reader) -> None:
    await reader.desk.send(*history("a", 4), *history("b", 2))
    await until(reader.count, 6)
    await reader.desk.fetch("update totals set total = 999")
    await reader.rebuild(only_compare=True)
    await reader.desk.recreate_topic()
    await reader.desk.send(*history("b", 3, epoch=2), *history("a", 5, epoch=2))
    await until(reader.count, 8)
    await reader.rebuild()
    assert (await reader.total("a"), await reader.total("b")) == (15, 6)


async def test_no_record_that_killed_the_live_one_is_touched(reader: Reader) -> None:
    reader.totals.broken = {("a", 2)}
    await reader.desk.send(*history("a", 3), *history("b", 2))
    await until(lambda: _parked(reader), 2)
    await reader.desk.fetch("update parked set reason = 'killed-the-process' where version = 2")
    code = Totals()
    await reader.rebuild(code)
    assert sorted(code.seen) == [("a", 1), ("b", 1), ("b", 2)]
    assert await reader.desk.parked() == [
        ("a", 2, "killed-the-process"),
        ("a", 3, "behind"),
    ]


async def test_facts_that_come_while_it_switches_have_their_effect_once(reader: Reader) -> None:
    sent = {f"s{subject}": history(f"s{subject}", 40) for subject in range(20)}
    rounds = list(zip(*sent.values(), strict=True))
    await reader.desk.send(*(fact for facts in rounds[:10] for fact in facts))

    async def go_on() -> None:
        for facts in rounds[10:]:
            await reader.desk.send(*facts)

    traffic = asyncio.create_task(go_on())
    while not traffic.done():
        await reader.rebuild()
    await traffic
    await until(reader.count, 20 * 40)
    rows = await reader.rows()
    assert rows["totals"] == sorted((subject, 820) for subject in sent)
    assert await _parked(reader) == 0
    assert (await reader.operations()).count("rebuild-switched") >= 1


async def test_a_question_that_has_begun_is_answered_from_what_it_began_with(
    reader: Reader,
) -> None:
    await reader.desk.send(*history("a", 4))
    await until(reader.count, 4)
    connection = await asyncpg.connect(reader.desk.database.dsn)
    question = connection.transaction(isolation="repeatable_read", readonly=True)
    await question.start()
    await connection.fetchval("select count(*) from positions")  # its snapshot is taken
    rebuild = asyncio.create_task(reader.rebuild())
    await until(reader.filled, 4)
    await until(lambda: _waits_for_old_snapshots(reader), True)
    assert await connection.fetchval("select sum(n) from notes") == 10
    await question.commit()
    await connection.close()
    await rebuild
    assert await reader.operations() == ["rebuild-switched"]


async def test_two_rebuilds_of_a_projection_do_not_run_at_once(reader: Reader) -> None:
    await reader.desk.send(*history("a", 4))
    await until(reader.count, 4)
    slow = Totals()
    slow.slow = 3600
    first = asyncio.create_task(reader.rebuild(slow))
    await until(lambda: _value(bool(slow.seen)), True)
    with pytest.raises(CannotRebuild, match="another rebuild of it is running"):
        await reader.rebuild()
    first.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await first
    await reader.rebuild()


async def test_a_table_that_would_lose_something_is_not_rebuilt(reader: Reader) -> None:
    await reader.desk.fetch("alter table notes add foreign key (subject) references totals")
    with pytest.raises(CannotRebuild, match="foreign key"):
        await reader.rebuild()
    assert await reader.desk.fetch("select from pg_namespace where nspname = $1", SCHEMA) == []


async def test_a_projection_that_writes_more_than_it_says_changes_nothing(reader: Reader) -> None:
    await reader.desk.send(*history("a", 2))
    await until(reader.count, 2)
    before = await reader.rows()
    totals = Totals()
    service = build(reader.settings, totals)
    less = replace(subscription(totals), tables={"totals": "subject"})
    rebuild = Rebuild(service, [less], showing=Quiet(reader.said))
    with pytest.raises(CannotRebuild, match="parked as bug"):
        await rebuild.run()
    await service.database.close()
    assert await reader.rows() == before


async def _parked(reader: Reader) -> int:
    return len(await reader.desk.parked())


async def _value(value: bool) -> bool:
    return value


async def _waits_for_old_snapshots(reader: Reader) -> bool:
    rows = await reader.desk.fetch(
        "select from pg_locks where relation = 'generations'::regclass and mode = 'ExclusiveLock'"
    )
    return bool(rows)
