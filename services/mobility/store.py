"""Tables and queries: the registers, what upstream said, what is known of agreements' records."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Select,
    Table,
    Text,
    and_,
    cast,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.mobility.domain.applications import Application
from services.mobility.domain.appointments import Appointment
from services.mobility.domain.names import folded
from services.mobility.domain.programmes import Headcount, Programme
from services.mobility.domain.stays import Stay
from shared.database import Transaction, metadata_of
from shared.documents import Register, register_table
from shared.lists.memory import Memory
from shared.personal import Personal

metadata = metadata_of()

_stays = register_table(
    "stays",
    metadata,
    Column("person_ref", Text, nullable=False, index=True),
    Column("direction", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("level", Text),
    Column("partner", Text, index=True),
    Column("programme", Text, index=True),
    Column("agreement", Text, index=True),
    Column("source", Text, nullable=False),
    Column("starts", Date, nullable=False),
    Column("starts_by", Date, nullable=False),
    Column("ends_by", Date, nullable=False),
)
_applications = register_table(
    "applications",
    metadata,
    Column("person_ref", Text, nullable=False, index=True),
    Column("level", Text, nullable=False),
    Column("partner", Text, index=True),
    Column("agency", Text),
    Column("submitted", Date, nullable=False),
)
_appointments = register_table(
    "appointments",
    metadata,
    Column("person_ref", Text, nullable=False, index=True),
    Column("term", Text, nullable=False),
    Column("ends_by", Date),
)
_programmes = register_table(
    "programmes",
    metadata,
    Column("name_key", Text, nullable=False),
)
_headcounts = register_table(
    "headcounts",
    metadata,
    Column("year", Integer, nullable=False),
    Column("level", Text, nullable=False),
)
Index(
    "uq_headcounts_unit_year_level",
    _headcounts.c.unit,
    _headcounts.c.year,
    _headcounts.c.level,
    unique=True,
)

persons = Personal("persons", metadata, Column("unit", Text, nullable=False))
"""The one table with names of persons; `unit` is the one whose coordinators may read the name."""

extract_mappings = Table(
    "extract_mappings",
    metadata,
    Column("name", Text, primary_key=True),
    Column("document", JSONB, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)
"""How extracts of other systems are read. `secret` is sealed: with it, refs are worked out."""

extract_rows = Table(
    "extract_rows",
    metadata,
    Column("mapping", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("document", JSONB(none_as_null=True)),
    Column("announced", JSONB(none_as_null=True)),
)
"""What each row of an extract said last, as far as it is told in events: nobody is named."""

upstream_events = Table(
    "upstream_events",
    metadata,
    Column("source", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("family", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("replaces", Text),
    Column("withdrawn", Boolean, nullable=False),
    Column("data", JSONB(none_as_null=True)),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Index("ix_upstream_events_record", "source", "record"),
    Index("ix_upstream_events_about", "source", "about"),
    Index("ix_upstream_events_replaces", "source", "replaces"),
)
"""All that HR and the registrar said and that is of interest. `data` null: it only takes back."""

upstream_records = Table(
    "upstream_records",
    metadata,
    Column("source", Text, primary_key=True),
    Column("family", Text, primary_key=True),
    Column("record", Text, primary_key=True),
    Column("about", Text, primary_key=True),
    Column("subject", Text, nullable=False, index=True),
    Column("target", JSONB, nullable=False),
)
"""Which record of ours follows which of theirs, and what theirs came to the last time."""

told = Memory("told", metadata, key=("register", "ref"), said="fields")
"""What the office's own list said of a record the last time."""

unresolved = Table(
    "unresolved",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("sought", Text, primary_key=True),
    Column("keys", ARRAY(Text), nullable=False),
    Column("name", Text),
    Column("country", Text),
    Column("unit", Text, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
)
"""References that match nothing yet: the coordinator's list."""

chosen = Table(
    "chosen",
    metadata,
    Column("key", Text, primary_key=True),
    Column("country", Text, primary_key=True),
    Column("partner", Text, nullable=False),
    Column("chosen_by", Text, nullable=False),
    Column("chosen_at", DateTime(timezone=True), nullable=False),
)
"""Which partner the office chose for a name or id that matches none; `country` "": any."""

refusals = Table(
    "refusals",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("door", Text, nullable=False),
    Column("source", Text, nullable=False, index=True),
    Column("caller", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("parked", BigInteger, unique=True),
    Column("told", Boolean, nullable=False),
)
"""Which event of whom was refused, where and why; never what was in it."""

known_partners = Table(
    "known_partners",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", JSONB, nullable=False),
    Column("country", Text),
    Column("merged_into", Text),
    Column("keys", ARRAY(Text), nullable=False),
    Index("ix_known_partners_keys", "keys", postgresql_using="gin"),
)
known_agreements = Table(
    "known_agreements",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", JSONB, nullable=False),
    Column("ref", Text, index=True),
)
known_joint_programmes = Table(
    "known_joint_programmes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", JSONB, nullable=False),
    Column("ref", Text, index=True),
)

stays = Register(
    _stays,
    Stay,
    kind="stay",
    columns={
        "person_ref": lambda s: s.person_ref,
        "direction": lambda s: s.direction,
        "who": lambda s: s.who,
        "kind": lambda s: s.kind,
        "level": lambda s: s.level,
        "partner": lambda s: s.partner,
        "programme": lambda s: s.programme,
        "agreement": lambda s: s.agreement,
        "source": lambda s: s.source,
        "starts": lambda s: s.starts.first,
        "starts_by": lambda s: s.starts.last,
        "ends_by": lambda s: s.ends.last,
    },
)
applications = Register(
    _applications,
    Application,
    kind="application",
    columns={
        "person_ref": lambda a: a.person_ref,
        "level": lambda a: a.level,
        "partner": lambda a: a.partner,
        "agency": lambda a: a.agency,
        "submitted": lambda a: a.submitted_on.first,
    },
)
appointments = Register(
    _appointments,
    Appointment,
    kind="appointment",
    columns={
        "person_ref": lambda a: a.person_ref,
        "term": lambda a: a.term,
        "ends_by": lambda a: a.ends_on.last if a.ends_on else None,
    },
)
programmes = Register(
    _programmes, Programme, kind="programme", columns={"name_key": lambda p: folded(p.name)}
)
headcounts = Register(
    _headcounts,
    Headcount,
    kind="headcount",
    columns={"year": lambda h: h.year, "level": lambda h: h.level or ""},
)


async def lock_persons(tx: Transaction, refs: Sequence[str]) -> None:
    """Whoever works on records of the same persons waits; everybody locks in the same order."""
    for ref in sorted(set(refs)):
        await tx.connection.execute(
            text("select pg_advisory_xact_lock(hashtextextended(:ref, 11))"), {"ref": ref}
        )


def clauses(
    register: Register[Any], *, units: Iterable[str] | None = None, **equal: Any
) -> list[ColumnElement[bool]]:
    """The where-clauses of a list's filters; what is None does not filter.

    `units`: owned by or shared with one of them. `partner`: that one, and those that were merged
    into it.
    """
    columns = register.table.c
    partner = equal.pop("partner", None)
    where = [columns[name] == value for name, value in equal.items() if value is not None]
    if partner is not None:
        where.append(columns.partner.in_(_who_became(partner)))
    if units is not None:
        ids = sorted(units)
        shared = columns.document["shared_with"].has_any(literal(ids, ARRAY(Text)))
        where.append(or_(columns.unit.in_(ids), shared))
    return where


def _who_became(partner: str) -> Select[str]:
    """The ids of all that are this partner now."""
    known = known_partners.alias()
    became = select(cast(partner, Text).label("id")).cte(recursive=True)
    into = known.c.document["merged_into"].astext
    became = became.union(select(known.c.id).where(into == became.c.id))
    return select(became.c.id)


def stays_in(first: date | None, last: date | None) -> list[ColumnElement[bool]]:
    """Stays with at least a day that may lie in the period."""
    clauses: list[ColumnElement[bool]] = []
    if first is not None:
        clauses.append(_stays.c.ends_by >= first)
    if last is not None:
        clauses.append(_stays.c.starts <= last)
    return clauses


def stays_due(today: date) -> ColumnElement[bool]:
    """Stays that the clock moves on by this day."""
    return or_(
        and_(_stays.c.status == "confirmed", _stays.c.starts_by <= today),
        and_(_stays.c.status == "under-way", _stays.c.ends_by < today),
    )


def appointments_due(today: date) -> ColumnElement[bool]:
    """Appointments that end by this day."""
    return and_(_appointments.c.status == "appointed", _appointments.c.ends_by < today)
