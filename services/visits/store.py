"""Tables and queries: visits, what a spreadsheet last said of them, persons' names, projections."""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    DateTime,
    Index,
    LargeBinary,
    RowMapping,
    Table,
    Text,
    and_,
    any_,
    cast,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.visits.domain import MOVED_BY_THE_CLOCK, Visit
from services.visits.events import VisitId
from shared.attachments import Attachments
from shared.database import Transaction, metadata_of
from shared.documents import Register, register_table
from shared.lists.memory import Memory
from shared.personal import Personal

__all__ = [
    "agreements",
    "calendars",
    "files",
    "follow_ups_page",
    "ids_that_the_clock_may_move",
    "metadata",
    "name_of",
    "names_of",
    "partners",
    "persons",
    "rows",
    "units_that_met",
    "visits",
    "visits_in_calendar",
    "visits_where",
]

metadata = metadata_of()

_visits = register_table(
    "visits",
    metadata,
    Column("direction", Text, nullable=False),
    Column("theme", Text, nullable=False),
    Column("shared_with", ARRAY(Text), nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("partners", ARRAY(Text), nullable=False),
    Column("countries", ARRAY(Text), nullable=False),
    Column("persons", ARRAY(Text), nullable=False),
)
Index("ix_visits_days", _visits.c.starts_on, _visits.c.ends_on)
Index("ix_visits_partners", _visits.c.partners, postgresql_using="gin")
Index("ix_visits_persons", _visits.c.persons, postgresql_using="gin")

rows = Memory("rows", metadata, key=("visit",), said="said")
"""What the office's own list last said of a visit: a row that comes again is compared with it."""

persons = Personal("persons", metadata)
"""The only place of this service where a person has a name."""

partners = Table(
    "partners",
    metadata,
    Column("id", Text, primary_key=True),
    Column("ref", Text, index=True),
    Column("document", JSONB, nullable=False),
)
"""Projection of the agreements service's partners."""

agreements = Table(
    "agreements",
    metadata,
    Column("id", Text, primary_key=True),
    Column("ref", Text, index=True),
    Column("visit", Text, index=True),
    Column("follow_up", Text),
    Column("document", JSONB, nullable=False),
)
"""Projection of agreements: `visit` is as the agreement names it, an id or `ref:<office's id>`."""

files = Attachments(metadata)
"""The papers of visits."""

calendars = Table(
    "calendars",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("unit", Text),
    Column("person", Text),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("made_by", Text, nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
)
"""Calendars that others subscribe to: of a unit or of a person. Of the secret in its address only
the digest is kept."""


def _distinct(values: Iterable[str | None]) -> list[str]:
    return sorted({value for value in values if value is not None})


def _countries(visit: Visit) -> list[str]:
    return _distinct(
        [
            *(each.country for each in visit.partners),
            *(each.country for each in visit.legs),
            *(each.country for each in visit.members if not each.ours),
        ]
    )


visits: Register[Visit] = Register(
    _visits,
    Visit,
    kind="visit",
    columns={
        "direction": lambda visit: visit.direction,
        "theme": lambda visit: visit.theme,
        "shared_with": lambda visit: list(visit.shared_with),
        "starts_on": lambda visit: visit.starts_on.first,
        "ends_on": lambda visit: visit.ends_on.last,
        "partners": lambda visit: _distinct(each.partner for each in visit.partners),
        "countries": _countries,
        "persons": lambda visit: _distinct(each.person_ref for each in visit.members),
    },
)


def visits_where(
    *,
    units: Iterable[str] | None = None,
    directions: Sequence[str] = (),
    statuses: Sequence[str] = (),
    theme: str | None = None,
    partner: str | None = None,
    country: str | None = None,
    ref: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> list[ColumnElement[bool]]:
    """The clauses of a search; `since` and `until` keep visits with a day between them.

    `partner`: that one, and those that were merged into it.
    """
    c = _visits.c
    clauses: list[ColumnElement[bool]] = []
    if units is not None:
        wanted = sorted(units)
        clauses.append(or_(c.unit.in_(wanted), c.shared_with.overlap(cast(wanted, ARRAY(Text)))))
    if directions:
        clauses.append(c.direction.in_(directions))
    if statuses:
        clauses.append(c.status.in_(statuses))
    if theme is not None:
        clauses.append(c.theme == theme)
    if partner is not None:
        clauses.append(c.partners.overlap(_who_became(partner)))
    if country is not None:
        clauses.append(c.countries.contains([country]))
    if ref is not None:
        clauses.append(c.ref == ref)
    if since is not None:
        clauses.append(c.ends_on >= since)
    if until is not None:
        clauses.append(c.starts_on <= until)
    return clauses


def visits_in_calendar(
    *, units: Iterable[str] | None, person: str | None, since: date
) -> list[ColumnElement[bool]]:
    """The clauses for what a calendar shows: what units own, share or host; where a person goes."""
    c = _visits.c
    clauses: list[ColumnElement[bool]] = [c.ends_on >= since]
    if units is not None:
        wanted = cast(sorted(units), ARRAY(Text))
        hosted = c.document["hosts"].has_any(wanted)
        clauses.append(or_(c.unit == any_(wanted), c.shared_with.overlap(wanted), hosted))
    if person is not None:
        clauses.append(c.persons.contains([person]))
    return clauses


def _who_became(partner: str) -> ColumnElement[list[str]]:
    """The ids of all that are this partner now."""
    known = partners.alias()
    became = select(cast(partner, Text).label("id")).cte(recursive=True)
    into = known.c.document["merged_into"].astext
    became = became.union(select(known.c.id).where(into == became.c.id))
    return func.array(select(became.c.id).scalar_subquery(), type_=ARRAY(Text))


async def ids_that_the_clock_may_move(tx: Transaction, *, latest: date) -> list[VisitId]:
    """Visits whose first day has come, or whose last is over, somewhere on earth."""
    c = _visits.c
    meeting = and_(c.direction == "meeting", c.status.in_(MOVED_BY_THE_CLOCK))
    due = and_(
        or_(c.status.in_(("confirmed", "under-way")), meeting),
        or_(
            and_(c.status == "under-way", c.ends_on < latest),
            and_(c.status != "under-way", c.starts_on <= latest),
        ),
    )
    found = await tx.connection.scalars(select(c.id).where(due).order_by(c.id))
    return [VisitId(each) for each in found]


async def follow_ups_page(
    tx: Transaction,
    *where: ColumnElement[bool],
    status: str | None,
    after: str | None,
    limit: int,
) -> Sequence[RowMapping]:
    """Follow-ups of these visits, by the day on which they are due, with a `key` to go on after."""
    c = _visits.c
    each = func.jsonb_array_elements(c.document["follow_ups"]).table_valued("value").lateral()
    noted = cast(each.c.value, JSONB)
    due = func.coalesce(noted["due_on"].astext, "9999")
    key = func.concat_ws(" ", due, c.id, noted["id"].astext).collate("C").label("key")
    title = c.document["title"].astext.label("title")
    query = (
        select(key, c.id.label("visit"), c.unit, title, noted.label("follow_up"))
        .select_from(_visits.join(each, true()))
        .where(*where)
        .order_by(key)
        .limit(limit)
    )
    if status is not None:
        query = query.where(noted["status"].astext == status)
    if after is not None:
        query = query.where(key > after)
    return (await tx.connection.execute(query)).mappings().all()


async def units_that_met(tx: Transaction, ref: str) -> set[str]:
    """The owning units of the visits that the person is a member of."""
    query = select(_visits.c.unit).distinct().where(_visits.c.persons.contains([ref]))
    return set(await tx.connection.scalars(query))


async def name_of(tx: Transaction, ref: str) -> str | None:
    """The person's name, or None."""
    return (await names_of(tx, [ref])).get(ref)


async def names_of(tx: Transaction, refs: Iterable[str]) -> dict[str, str]:
    """The names that are known, by person_ref."""
    return {ref: said["name"] for ref, said in (await persons.said_of(tx, refs)).items()}
