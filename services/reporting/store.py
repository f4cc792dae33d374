"""The tables of this service, and the questions that are asked of them."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.domain.folding import Version
from services.reporting.domain.plans.plan import Plan
from services.reporting.domain.records import Records
from services.reporting.domain.report.report import Report
from services.reporting.incoming import KINDS, kind_of
from shared.database import Transaction, metadata_of
from shared.documents import Register, register_table

metadata = metadata_of()

versions = Table(
    "versions",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("units", ARRAY(Text), nullable=False),
    Column("first", Date),
    Column("last", Date),
    Column("known_from", DateTime(timezone=True), nullable=False),
    Column("known_to", DateTime(timezone=True)),
    Column("state", JSONB, nullable=False),
    Index("ix_versions_now", "kind", postgresql_where=text("known_to is null")),
    Index("ix_versions_known", "kind", "known_from"),
)
"""Every version of every record of others: known from one instant until another."""
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
persons = Table(
    "persons",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("name", Text, nullable=False),
)
"""The only table of this service with personal data in it."""

plans = Register(plans_table, Plan, kind="plan", columns={"year": lambda plan: plan.year})
reports = Register(reports_table, Report, kind="report", columns={"year": lambda each: each.year})


async def latest(connection: AsyncConnection, subjects: Sequence[str]) -> dict[str, Version]:
    """The last version of each of these subjects that has one."""
    rows = await connection.exec_driver_sql(_LATEST, (list(subjects),))
    return {
        row.subject: Version(row.subject, row.version, row.known_from, json.loads(row.state))
        for row in rows
    }


_LATEST = """
select v.subject, v.version, v.known_from, v.state::text as state
from unnest($1::text[]) as wanted (subject)
cross join lateral (
    select * from versions where versions.subject = wanted.subject order by version desc limit 1) v
"""


async def add_versions(
    connection: AsyncConnection, made: Sequence[Version], *, before: Mapping[str, Version]
) -> None:
    """Write a batch: one statement ends what was known, one adds what is known now.

    `made` is in the order of each subject's versions, and follows `before`, the stored ones.
    """
    ends: list[tuple[str, int, datetime]] = []
    rows: list[dict[str, Any]] = []
    of_subject: dict[str, dict[str, Any]] = {}
    for version in made:
        known_from = version.known_from.isoformat()
        earlier = of_subject.get(version.subject)
        if earlier is not None:
            earlier["known_to"] = known_from
        elif (stored := before.get(version.subject)) is not None:
            ends.append((stored.subject, stored.version, version.known_from))
        row = {
            "subject": version.subject,
            "version": version.version,
            "kind": version.kind,
            "units": version.units,
            "first": _iso(version.first),
            "last": _iso(version.last),
            "known_from": known_from,
            "known_to": None,
            "state": version.state,
        }
        of_subject[version.subject] = row
        rows.append(row)
    if ends:
        columns = tuple(list(column) for column in zip(*ends, strict=True))
        await connection.exec_driver_sql(_END, columns)
    await connection.exec_driver_sql(_ADD, (msgspec.json.encode(rows).decode(),))


_END = """
update versions v set known_to = e.known_from
from unnest($1::text[], $2::int[], $3::timestamptz[]) as e (subject, version, known_from)
where v.subject = e.subject and v.version = e.version
"""
_ADD = """
insert into versions (subject, version, kind, units, first, last, known_from, known_to, state)
select subject, version, kind, units, first, last, known_from, known_to, state
from json_to_recordset($1::text::json) as r (
    subject text, version int, kind text, units text[], first date, last date,
    known_from timestamptz, known_to timestamptz, state jsonb)
"""


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

    Partners and named programmes come whole: others' records refer to them.
    """
    whole = [kind for kind in kinds if kind in ("partner", "programme")]
    narrow = [kind for kind in kinds if kind not in whole]
    rows = await tx.connection.exec_driver_sql(
        _RECORDS, (known, whole, narrow, list(units), first, last)
    )
    found: dict[str, dict[str, Any]] = {kind: {} for kind in kinds}
    for row in rows:
        kind = kind_of(row.subject)
        found[kind][row.subject] = KINDS[kind].model_validate_json(row.state)
    return Records.of(found)


_RECORDS = """
select subject, state::text as state from versions
where known_from <= $1 and (known_to is null or known_to > $1)
  and (kind = any($2::text[])
       or (kind = any($3::text[]) and units && $4::text[]
           and ($6::date is null or first is null or first <= $6::date)
           and ($5::date is null or last is null or last >= $5::date)))
order by subject
"""


async def states_of(
    tx: Transaction, subjects: Iterable[str], *, known: datetime
) -> dict[str, Mapping[str, Any]]:
    """What was known at an instant of single records, as JSON values."""
    query = select(versions.c.subject, versions.c.state).where(
        versions.c.subject.in_(list(subjects)),
        versions.c.known_from <= known,
        or_(versions.c.known_to.is_(None), versions.c.known_to > known),
    )
    return {row.subject: row.state for row in await tx.connection.execute(query)}


async def referring_to(
    tx: Transaction, subjects: Sequence[str], *, known: datetime, limit: int = 200
) -> dict[str, Mapping[str, Any]]:
    """Records that came from one of these, as JSON values by subject."""
    rows = await tx.connection.exec_driver_sql(_REFERRING, (known, list(subjects), limit))
    return {row.subject: json.loads(row.state) for row in rows}


_REFERRING = """
select subject, state::text as state from versions
where known_from <= $1 and (known_to is null or known_to > $1)
  and kind in ('visit', 'agreement', 'stay', 'joint-programme', 'joint-project', 'contribution')
  and (state->>'agreement' = any($2::text[])
       or state->>'joint_programme' = any($2::text[])
       or state->>'supersedes' = any($2::text[])
       or state->'follow_up'->>'visit' = any($2::text[])
       or (kind = 'visit' and exists (
           select from jsonb_array_elements(state->'follow_ups') as each
           where each->>'became' = any($2::text[]))))
order by subject limit $3
"""


async def name_person(tx: Transaction, ref: str, name: str) -> None:
    """Keep a person's name, for the texts that name this person."""
    statement = insert(persons).values(ref=ref, name=name)
    await tx.connection.execute(
        statement.on_conflict_do_update(index_elements=["ref"], set_={"name": name})
    )


async def forget_person(tx: Transaction, ref: str) -> bool:
    """Delete a person's name. False if there was none."""
    gone = await tx.connection.execute(persons.delete().where(persons.c.ref == ref))
    return gone.rowcount > 0


async def names_of(tx: Transaction, refs: Iterable[str]) -> dict[str, str]:
    """The names that are known of these persons."""
    query = select(persons).where(persons.c.ref.in_(list(refs)))
    return {row.ref: row.name for row in await tx.connection.execute(query)}


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


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
