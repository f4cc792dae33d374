"""The tables of this service, and the questions that are asked of them."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import asyncpg
from sqlalchemy import (
    JSON,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.domain.folding import Folded, Told, fold
from services.reporting.domain.plans.plan import Plan
from services.reporting.domain.records import Records
from services.reporting.domain.report.report import Report
from services.reporting.incoming import KINDS, kind_of
from shared.database import Transaction, metadata_of
from shared.documents import Register, register_table
from shared.personal import Personal

metadata = metadata_of()

records_table = Table(
    "records",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("units", ARRAY(Text), nullable=False),
    Column("first", Date),
    Column("last", Date),
    Column("known_from", DateTime(timezone=True), nullable=False),
    Column("state", JSON, nullable=False),
    Index("ix_records_kind", "kind"),
)
"""Every record of others, as it is known now: the fields that are read of it."""
history = Table(
    "history",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("known_from", DateTime(timezone=True), nullable=False),
    Column("fields", JSON, nullable=False),
)
"""What each fact set, and since when it is known: appended, and folded where the past is asked."""
plans_table = register_table("plans", metadata, Column("year", Integer, nullable=False))
plans_table.append_constraint(UniqueConstraint("unit", "year"))
reports_table = register_table("reports", metadata, Column("year", Integer, nullable=False))
reports_table.append_constraint(UniqueConstraint("unit", "year"))
published = Table(
    "published",
    metadata,
    Column("report", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("format", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
"""The bytes of published reports: written once."""
persons = Personal("persons", metadata)
"""The only table of this service with personal data in it."""

plans = Register(plans_table, Plan, kind="plan", columns={"year": lambda plan: plan.year})
reports = Register(reports_table, Report, kind="report", columns={"year": lambda each: each.year})


async def latest(connection: AsyncConnection, subjects: Sequence[str]) -> dict[str, Folded]:
    """These subjects, as they are known now; unknown ones are left out."""
    rows = await connection.exec_driver_sql(_LATEST, (list(subjects),))
    return {
        row.subject: Folded(
            row.subject,
            row.version,
            row.known_from,
            row.state.encode(),
            tuple(row.units),
            row.first,
            row.last,
        )
        for row in rows
    }


_LATEST = """
select subject, version, known_from, state::text as state, units, first, last
from records where subject = any($1)
"""


async def keep(
    connection: AsyncConnection, told: Sequence[Told], records: Collection[Folded]
) -> None:
    """Write a batch: what was told is added, what is known now is replaced.

    In a transaction that has begun. COPY takes half the time of an insert, which is the most of
    what a large batch costs; what a small one costs are the round trips.
    """
    known = (
        [record.subject for record in records],
        [record.version for record in records],
        [record.kind for record in records],
        [",".join(record.units) for record in records],
        [record.first for record in records],
        [record.last for record in records],
        [record.known_from for record in records],
        [record.state.decode() for record in records],
    )
    rows = [(f.subject, f.version, f.time, f.fields.decode()) for f in told]
    if len(rows) <= _FEW:
        await connection.exec_driver_sql(
            _TELL_AND_KEEP, (*known, *map(list, zip(*rows, strict=True)))
        )
        return
    raw = (await connection.get_raw_connection()).driver_connection
    assert isinstance(raw, asyncpg.Connection)  # noqa: S101 - the one driver that we use
    assert raw.is_in_transaction()  # noqa: S101 - the positions were written before
    await raw.copy_records_to_table(
        "history", columns=("subject", "version", "known_from", "fields"), records=rows
    )
    await connection.exec_driver_sql(_KEEP, known)


_FEW = 20
"""Facts of a batch whose round trips cost more than its rows."""
_KEEP = """
insert into records (subject, version, kind, units, first, last, known_from, state)
select subject, version, kind, string_to_array(units, ','), first, last, known_from, state
from unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::date[], $6::date[],
            $7::timestamptz[], $8::json[])
    as r (subject, version, kind, units, first, last, known_from, state)
on conflict (subject) do update set
    version = excluded.version, units = excluded.units, first = excluded.first,
    last = excluded.last, known_from = excluded.known_from, state = excluded.state
"""
_TELL_AND_KEEP = "\n".join(
    (
        "with told as (insert into history (subject, version, known_from, fields)",
        "    select * from unnest($9::text[], $10::int[], $11::timestamptz[], $12::json[]))",
        _KEEP,
    )
)


async def records(
    tx: Transaction,
    kinds: Collection[str],
    *,
    units: Collection[str],
    known: datetime,
    first: date | None = None,
    last: date | None = None,
) -> Records:
    """What was known at an instant of the records of these kinds that are these units' own or
    shared with them, and that can be about a day from `first` to `last`.

    Partners and named programmes come whole: others' records refer to them. What has changed since
    that instant is folded from its history, and its cost is that of the change.
    """
    whole = [kind for kind in kinds if kind in ("partner", "programme")]
    narrow = [kind for kind in kinds if kind not in whole]
    rows = await tx.connection.exec_driver_sql(
        _RECORDS, (known, whole, narrow, list(units), first, last)
    )
    found: dict[str, dict[str, Any]] = {kind: {} for kind in kinds}
    states = {row.subject: row.state for row in rows}
    told = await _told_until(tx, kinds, known=known)
    for subject, record in fold({}, told)[1].items():
        if record.kind in whole or record.concerns(units, first=first, last=last):
            states[subject] = record.state
    for subject in sorted(states):
        kind = kind_of(subject)
        found[kind][subject] = KINDS[kind].model_validate_json(states[subject])
    return Records.of(found)


_RECORDS = """
select subject, state::text as state from records
where known_from <= $1
  and (kind = any($2::text[])
       or (kind = any($3::text[]) and units && $4::text[]
           and ($6::date is null or first is null or first <= $6::date)
           and ($5::date is null or last is null or last >= $5::date)))
"""


async def _told_until(tx: Transaction, kinds: Collection[str], *, known: datetime) -> list[Told]:
    """All that was told until an instant of records that have changed since."""
    rows = await tx.connection.exec_driver_sql(_TOLD_UNTIL, (known, list(kinds)))
    return [Told(row.subject, row.version, row.known_from, row.fields.encode()) for row in rows]


_TOLD_UNTIL = """
select h.subject, h.version, h.known_from, h.fields::text as fields
from records r join history h using (subject)
where r.kind = any($2::text[]) and r.known_from > $1 and h.known_from <= $1
order by h.subject, h.version
"""


async def states_of(tx: Transaction, subjects: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """What is known now of single records, as JSON values."""
    query = select(records_table.c.subject, records_table.c.state).where(
        records_table.c.subject.in_(list(subjects))
    )
    return {row.subject: row.state for row in await tx.connection.execute(query)}


async def visits_called(tx: Transaction, refs: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """The visits with these ids of the office's own."""
    query = select(records_table.c.subject, records_table.c.state).where(
        records_table.c.kind == "visit", records_table.c.state.op("->>")("ref").in_(list(refs))
    )
    return {row.subject: row.state for row in await tx.connection.execute(query)}


async def leading_to(tx: Transaction, subjects: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Records that say they led to one of these, as JSON values by subject."""
    rows = await tx.connection.exec_driver_sql(_LEADING, (list(subjects),))
    return {row.subject: json.loads(row.state) for row in rows}


_LEADING = """
select subject, state::text as state from records
where kind = 'visit' and json_typeof(state->'follow_ups') = 'array' and exists (
          select from json_array_elements(state->'follow_ups') as each
          where each->>'became' = any($1::text[]))
   or kind = 'partner' and state->>'merged_into' = any($1::text[])
order by subject
"""


async def coming_from(
    tx: Transaction, subjects: Sequence[str], visits: Sequence[str], *, limit: int
) -> dict[str, Mapping[str, Any]]:
    """Records that say they came from one of these, or from a visit that is called so (`ref:`)."""
    values = (list(subjects), [*subjects, *visits], limit)
    rows = await tx.connection.exec_driver_sql(_COMING, values)
    return {row.subject: json.loads(row.state) for row in rows}


_COMING = """
select subject, state::text as state from records
where kind in ('agreement', 'stay', 'joint-programme', 'joint-project', 'contribution')
  and (state->>'agreement' = any($1::text[])
       or state->>'joint_programme' = any($1::text[])
       or state->>'supersedes' = any($1::text[])
       or state->'follow_up'->>'visit' = any($2::text[]))
order by subject limit $3
"""


async def name_person(tx: Transaction, ref: str, name: str) -> None:
    """Keep a person's name, for the texts that name this person."""
    await persons.keep(tx, ref, {"name": name})


async def forget_person(tx: Transaction, ref: str) -> bool:
    """Delete a person's name. False if there was none."""
    return await persons.forget(tx, ref)


async def names_of(tx: Transaction, refs: Iterable[str]) -> dict[str, str]:
    """The names that are known of these persons."""
    return {ref: said["name"] for ref, said in (await persons.said_of(tx, refs)).items()}


async def freeze(tx: Transaction, report: str, number: int, contents: Mapping[str, bytes]) -> None:
    """Keep the bytes of a published report, by format."""
    rows = [
        {"report": report, "number": number, "format": name, "content": content}
        for name, content in contents.items()
    ]
    await tx.connection.execute(published.insert(), rows)


async def frozen(tx: Transaction, report: str, number: int, form: str) -> bytes | None:
    """The bytes of one published report, or None."""
    content = await tx.connection.scalar(
        select(published.c.content).where(
            published.c.report == report,
            published.c.number == number,
            published.c.format == form,
        )
    )
    return None if content is None else bytes(content)
