"""A reader whose tables can be rebuilt: in a test's process, or as one of its own.

    python rebuilding.py run | rebuild [--compare] [--fresh]

It remembers what it wrote, as reporting does, so that a memory that outlives its tables shows.
`TESTS_FACTOR` stands for another version of its code; `TESTS_SLOW` seconds are taken for every
batch of a rebuild, of at most `TESTS_BATCH` records, so that kills find it at work.
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import asyncpg
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.commands import command_line
from shared.consumer import Received, Subscription
from shared.rebuild import filling
from shared.service import Service
from shared.settings import Settings
from tests.support.consuming import KEY, TOPIC, TYPE

TABLES = """
create table alembic_version (version_num text);
create table totals (subject text constraint pk_totals primary key, total bigint not null);
create table notes (
    subject text, version int, n bigint not null, constraint pk_notes primary key (subject, version)
);
create index ix_notes_n on notes (n);
"""


class CountedRead(BaseModel):
    """The part of a test's fact that is read: of one made by hand, or by a journal."""

    n: int = 0
    number: int = 0


class Totals:
    """The projection: every fact as a row, and the sum of each subject."""

    def __init__(self, factor: int = 1) -> None:
        self.factor = factor
        self.broken: set[tuple[str, int]] = set()
        self.seen: list[tuple[str, int]] = []
        self.slow = float(os.environ.get("TESTS_SLOW", "0"))
        self._known: dict[str, int] = {}

    def forget(self) -> None:
        self._known.clear()

    async def __call__(self, connection: AsyncConnection, facts: Sequence[Received]) -> None:
        self.seen += [(fact.subject, fact.version) for fact in facts]
        if any((fact.subject, fact.version) in self.broken for fact in facts):
            raise ZeroDivisionError
        unknown = [fact.subject for fact in facts if fact.subject not in self._known]
        rows = await connection.exec_driver_sql(
            "select subject, total from totals where subject = any($1)", (unknown,)
        )
        totals = dict.fromkeys(unknown, 0) | self._known
        totals |= {row.subject: row.total for row in rows}
        notes = []
        for fact in facts:
            data = cast(CountedRead, fact.data)
            n = (data.n + data.number) * self.factor
            totals[fact.subject] += n
            notes.append((fact.subject, fact.version, n))
        changed = {fact.subject: totals[fact.subject] for fact in facts}
        await connection.exec_driver_sql(
            "insert into notes select * from unnest($1::text[], $2::int[], $3::bigint[])",
            tuple(list(column) for column in zip(*notes, strict=True)),
        )
        await connection.exec_driver_sql(
            "insert into totals select * from unnest($1::text[], $2::bigint[])"
            " on conflict (subject) do update set total = excluded.total",
            (list(changed), list(changed.values())),
        )
        self._known |= changed
        await asyncio.sleep(self.slow)


def subscription(totals: Totals) -> Subscription:
    return Subscription(
        TOPIC,
        {TYPE: CountedRead},
        totals,
        forget=totals.forget,
        tables={"totals": "subject", "notes": "subject"},
    )


def build(settings: Any, totals: Totals | None = None) -> Service:
    """The service "readers"."""
    totals = totals or Totals(int(os.environ.get("TESTS_FACTOR", "1")))
    return Service(
        name="readers",
        settings=settings,
        title="Readers",
        description="Reads what tests publish.",
        routers=[],
        subscriptions=[subscription(totals)],
    )


def environment(url: str, kafka_servers: str, prefix: str, folder: Path) -> dict[str, str]:
    """What such a process reads."""
    reference = folder / "units.yaml"
    reference.write_text("units: [{id: u, name: Unit, zone: UTC, country: VN}]")
    return {
        "RAPPORT_DATABASE_URL": url,
        "RAPPORT_KAFKA_SERVERS": kafka_servers,
        "RAPPORT_TOPIC_PREFIX": prefix,
        "RAPPORT_TOKEN_KEY": "a key of tests, longer than 32 bytes",
        "RAPPORT_PARKING_KEY": KEY,
        "RAPPORT_PERSONAL_KEY": KEY,
        "RAPPORT_REFERENCE": str(reference),
    }


def settings_of(given: dict[str, str]) -> Settings:
    return Settings.model_validate(
        {name.removeprefix("RAPPORT_").lower(): value for name, value in given.items()}
    )


async def make_tables(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(TABLES)
    await connection.close()


if __name__ == "__main__":
    filling._BATCH = int(os.environ.get("TESTS_BATCH", "1000"))
    command_line("readers", build)()
