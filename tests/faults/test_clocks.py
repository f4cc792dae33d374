"""One digest a period, by the local calendar of whoever reads: through nights of changing clocks,
week 53, the end of a year, and a month in which nothing ran.

The calendar that the answers are compared with is PostgreSQL's.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import RowMapping, delete, text, update

from services.notify import store
from tests.conftest import MakeDatabase
from tests.faults.records import note
from tests.support.desk import Desk, desks

ROW = "clocks: DST nights, week 53, 30 days down"
FORMATS = {"daily": "YYYY-MM-DD", "weekly": 'IYYY-"W"IW', "monthly": "YYYY-MM"}
CHANGES = {
    "Europe/Berlin": ("2026-03-29T01:00Z", "2026-10-25T01:00Z"),
    "America/New_York": ("2026-03-08T07:00Z", "2026-11-01T06:00Z"),
    "America/Havana": ("2026-03-08T05:00Z", "2026-11-01T05:00Z"),  # at midnight
    "Australia/Lord_Howe": ("2026-10-03T15:30Z", "2026-04-04T15:00Z"),  # by half an hour
    "Pacific/Chatham": ("2026-09-26T14:00Z", "2026-04-04T14:00Z"),
    "Africa/Casablanca": ("2026-03-22T02:00Z", "2026-02-15T02:00Z"),  # for Ramadan
}
"""Zones, and the instants at which their clocks go forward and back."""


@pytest.fixture
async def desk(make_database: MakeDatabase, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desks(make_database, tmp_path) as make:
        yield await make()


def at(desk: Desk, instant: datetime) -> None:
    desk.service.clock.advance(instant - desk.service.clock.now())


async def ask(desk: Desk, query: str, **values: Any) -> Sequence[RowMapping]:
    async with desk.service.database.connect() as connection:
        return (await connection.execute(text(query), values)).mappings().all()


async def start_anew(desk: Desk) -> None:
    async with desk.service.database.connect() as connection:
        await connection.execute(delete(store.digest_items))
        await connection.execute(delete(store.digests))


async def periods(desk: Desk) -> dict[str, list[str]]:
    """By subscriber, the periods of the digests there are, in the order they were due."""
    rows = await ask(desk, "select subscriber, period from digests order by due_at")
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["subscriber"], []).append(row["period"])
    return found


async def expected(desk: Desk, kind: str, zone: str, since: datetime, until: datetime) -> list[str]:
    """The periods that ended, and whose next morning came to eight o'clock, in this time."""
    rows = await ask(
        desk,
        """
        select distinct to_char(day - 1, :format) as label, min(day) as first
        from generate_series(cast(:since as timestamptz) - interval '2 days',
                             cast(:until as timestamptz) + interval '2 days', '1 day') as around,
             lateral (select cast(around at time zone :zone as date)) as local (day)
        where (day + time '08:00') at time zone :zone between :since and :until
          and to_char(day - 1, :format) <> to_char(day, :format)
        group by 1 order by 2
        """,
        format=FORMATS[kind],
        zone=zone,
        since=since,
        until=until,
    )
    return [row["label"] for row in rows]


@pytest.mark.parametrize("turn", [0, 1], ids=["forward", "back"])
async def test_a_night_in_which_clocks_change_has_one_digest(desk: Desk, turn: int) -> None:
    trials = failures = 0
    for zone, changes in CHANGES.items():
        change = datetime.fromisoformat(changes[turn])
        [offsets] = await ask(
            desk,
            "select (cast(:at as timestamptz) - interval '1 minute') at time zone :zone as before,"
            " cast(:at as timestamptz) at time zone :zone as after",
            at=change,
            zone=zone,
        )
        jump = offsets["after"] - offsets["before"] - timedelta(minutes=1)
        assert (jump > timedelta(0)) == (turn == 0), f"no clock changes in {zone} at {change}"
        reader = await desk.subscribe(zone.replace("/", "-"), period="daily", zone=zone)
        since, until = change - timedelta(hours=30), change + timedelta(hours=54)
        now, sent = since, dict[str, datetime]()
        while now <= until:
            at(desk, now)
            await desk.send()
            for label in (await periods(desk)).get(reader["id"], []):
                sent.setdefault(label, now)
            now += timedelta(hours=1)
        wanted = await expected(desk, "daily", zone, since, until)
        assert [label for label in sent if label in wanted] == wanted
        assert len(sent) == len(wanted) + 1  # and the one that was due when we began
        for label in wanted:
            [row] = await ask(
                desk,
                "select extract(hour from cast(:at as timestamptz) at time zone :zone) as hour",
                at=sent[label],
                zone=zone,
            )
            assert row["hour"] == 8, f"{label} was made at {row['hour']} in {zone}"
        trials += len(wanted)
        await start_anew(desk)
        async with desk.service.database.connect() as connection:
            await connection.execute(update(store.subscribers.table).values(status="unsubscribed"))
    note(4, ROW, trials, failures, f"clocks go {('forward', 'back')[turn]} in {len(CHANGES)} zones")


@pytest.mark.parametrize(
    ("kind", "since", "until", "labels"),
    [
        ("weekly", "2026-12-20", "2027-01-20", ["2026-W52", "2026-W53", "2027-W01", "2027-W02"]),
        ("weekly", "2025-12-20", "2026-01-15", ["2025-W51", "2025-W52", "2026-W01"]),
        ("daily", "2026-12-30", "2027-01-02", ["2026-12-29", "2026-12-30", "2026-12-31"]),
        ("monthly", "2027-12-15", "2028-04-02", ["2027-12", "2028-01", "2028-02", "2028-03"]),
    ],
)
async def test_no_week_day_or_month_is_left_out_at_the_turn_of_a_year(
    desk: Desk, kind: str, since: str, until: str, labels: list[str]
) -> None:
    begin = datetime.fromisoformat(since).replace(tzinfo=UTC)
    end = datetime.fromisoformat(until).replace(tzinfo=UTC)
    at(desk, begin)
    reader = await desk.subscribe(period=kind)
    now = begin
    while now <= end:
        at(desk, now)
        await desk.send()
        now += timedelta(hours=12)
    found = (await periods(desk))[reader["id"]]
    wanted = await expected(desk, kind, "Asia/Ho_Chi_Minh", begin, end)
    assert [label for label in found if label in wanted] == wanted
    assert set(labels) <= set(found)
    assert len(found) == len(set(found))
    note(4, ROW, len(wanted), detail=f"{kind}, {since} to {until}")


@pytest.mark.parametrize("days", [2, 30, 400])
async def test_whatever_was_missed_is_in_one_mail_and_the_next_one_is_on_time(
    desk: Desk, days: int
) -> None:
    """Nothing ran; the facts of that time were recorded by others, and come in afterwards."""
    for kind in FORMATS:
        await desk.subscribe(f"reader-{kind}", email=f"{kind}@me.example", period=kind)
    await desk.send()
    went_down = desk.service.clock.now()
    for number in range(1, days):
        if number % (1 if days < 100 else 20) == 0:
            at(desk, went_down + timedelta(days=number))
            day = desk.service.clock.now().date().isoformat()
            await desk.signed(f"agreement-{number}", title=f"Number {number};", signed_on=day)
    at(desk, went_down + timedelta(days=days))
    before = await periods(desk)
    for _ in range(3):
        await desk.send()
    after = await periods(desk)
    for subscriber, labels in after.items():
        assert len(labels) <= len(before[subscriber]) + 1, labels
    for _ in range(45):  # until the end of the month has come as well
        desk.service.clock.advance(timedelta(days=1))
        await desk.send()
    found = (await periods(desk)).values()
    assert all(len(labels) == len(set(labels)) for labels in found)
    twice = await ask(
        desk,
        "select subscriber, (select count(*) from items) as items, count(*) as told,"
        " count(distinct item) as apart from digest_items group by subscriber",
    )
    assert [(row["told"], row["apart"]) for row in twice] == [(row["items"],) * 2 for row in twice]
    assert len(twice) == len(FORMATS)
    note(4, ROW, sum(map(len, found)), detail=f"{days} days down, then 45 days, three readers")
