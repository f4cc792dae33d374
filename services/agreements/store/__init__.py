"""The registers of this service, and the questions that are asked of them."""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    FromClause,
    Index,
    Select,
    Table,
    Text,
    and_,
    case,
    cast,
    column,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.agreements.domain.agreement_balance import CAME
from services.agreements.domain.agreement_places import Known
from services.agreements.domain.agreements import BEFORE_LAST_SIGNATURE, ENDED, HOLDING, Agreement
from services.agreements.domain.contributions import Contribution
from services.agreements.domain.joint_programmes import JointProgramme
from services.agreements.domain.joint_projects import JointProject
from services.agreements.domain.likeness import folded
from services.agreements.events.values import AgreementId
from services.agreements.incoming import Stay
from services.agreements.store.of_partners import PARTNERS
from services.agreements.store.of_partners import partners as partners
from services.agreements.store.tables import metadata as metadata
from shared.attachments import Attachments
from shared.database import Transaction
from shared.documents import Register, register_table
from shared.lists.memory import Memory

_agreements = register_table(
    "agreements",
    metadata,
    Column("kind", Text, nullable=False),
    Column("partners", ARRAY(Text), nullable=False),
    Column("first_day", Date),
    Column("last_day", Date),
    Column("supersedes", Text, index=True),
    Column("visit", Text, index=True),
    Column("search", Text, nullable=False),
)
Index("ix_agreements_partners", _agreements.c.partners, postgresql_using="gin")
_joint_programmes = register_table(
    "joint_programmes",
    metadata,
    Column("partners", ARRAY(Text), nullable=False),
    Column("search", Text, nullable=False),
)
_joint_projects = register_table(
    "joint_projects",
    metadata,
    Column("partners", ARRAY(Text), nullable=False),
    Column("search", Text, nullable=False),
)
_contributions = register_table(
    "contributions",
    metadata,
    Column("partners", ARRAY(Text), nullable=False),
    Column("search", Text, nullable=False),
)
known_stays = Table(
    "known_stays",
    metadata,
    Column("id", Text, primary_key=True),
    Column("agreement", Text, index=True),
    Column("document", JSONB, nullable=False),
)
"""What mobility says of stays."""
files = Attachments(metadata)
"""The papers of agreements."""
told = Memory("told", metadata, key=("register", "ref"), said="fields")
"""What the office's own list said of a record the last time."""


def searchable(*texts: str) -> str:
    """The texts as they are searched: without letter case, width and accents."""
    folded = unicodedata.normalize("NFKD", "\n".join(texts)).casefold()
    return "".join(each for each in folded if not unicodedata.combining(each)).replace("đ", "d")


agreements = Register(
    _agreements,
    Agreement,
    kind="agreement",
    columns={
        "kind": lambda agreement: agreement.kind,
        "partners": lambda agreement: agreement.partners,
        "first_day": lambda agreement: _first(agreement),
        "last_day": lambda agreement: agreement.valid_until and agreement.valid_until.last,
        "supersedes": lambda agreement: agreement.supersedes,
        "visit": lambda agreement: agreement.follow_up and agreement.follow_up.visit,
        "search": lambda agreement: searchable(agreement.title),
    },
)
joint_programmes = Register(
    _joint_programmes,
    JointProgramme,
    kind="joint-programme",
    columns={
        "partners": lambda programme: list(programme.partners),
        "search": lambda programme: searchable(programme.title),
    },
)
joint_projects = Register(
    _joint_projects,
    JointProject,
    kind="joint-project",
    columns={
        "partners": lambda project: list(project.partners),
        "search": lambda project: searchable(project.title),
    },
)
contributions = Register(
    _contributions,
    Contribution,
    kind="contribution",
    columns={
        "partners": lambda contribution: [each.partner for each in contribution.donors],
        "search": lambda contribution: searchable(contribution.purpose),
    },
)


def _first(agreement: Agreement) -> date | None:
    return agreement.valid_from.first if agreement.valid_from else None


# --- questions -----------------------------------------------------------------------------------


def clauses(
    register: Register[Any],
    *,
    units: Iterable[str] | None,
    country: str | None,
    q: str | None,
    partner: str | None = None,
    also: Iterable[ColumnElement[bool]] = (),
    **equal: str | None,
) -> list[ColumnElement[bool]]:
    """The where-clauses of a list's filters; what is None does not filter.

    `units`: owned by or shared with one of them. `country`: of the partner, or of one of them.
    `partner`: that one, and those that became it.
    """
    columns = register.table.c
    where = [columns[name] == value for name, value in equal.items() if value is not None]
    where.extend(also)
    if units is not None:
        ids = sorted(units)
        shared = columns.document["shared_with"].has_any(literal(ids, ARRAY(Text)))
        where.append(or_(columns.unit.in_(ids), shared))
    if partner is not None:
        where.append(columns.partners.overlap(_who_became(partner)))
    if country is not None and register is partners:
        where.append(columns.country == country)
    elif country is not None:
        where.append(columns.partners.overlap(_all_in(country)))
    if q is not None:
        wanted = folded(q) if register is partners else searchable(q)
        where.append(columns.search.contains(wanted, autoescape=True))
    return where


def _who_became(partner: str) -> ColumnElement[list[str]]:
    """The ids of all that are this partner now. One that was a duplicate is asked for as the one
    that is left; one that became part of another is still asked for as itself."""
    before, after = PARTNERS.alias("before"), PARTNERS.alias("after")
    left = select(cast(partner, Text).label("id")).cte("left_over", recursive=True)
    left = left.union(
        select(after.c.merged_into).where(after.c.id == left.c.id, _was_a_duplicate(after))
    )
    became = select(left.c.id).cte("became", recursive=True)
    became = became.union(select(before.c.id).where(before.c.merged_into == became.c.id))
    return _ids(select(became.c.id))


def _all_in(country: str) -> ColumnElement[list[str]]:
    """The ids of the partners that sit in a country; a duplicate sits where the one that is left
    does."""
    before = PARTNERS.alias("before")
    there = (
        select(PARTNERS.c.id)
        .where(PARTNERS.c.country == country, ~_was_a_duplicate(PARTNERS))
        .cte("there", recursive=True)
    )
    there = there.union(
        select(before.c.id).where(before.c.merged_into == there.c.id, _was_a_duplicate(before))
    )
    return _ids(select(there.c.id))


def _was_a_duplicate(table: FromClause) -> ColumnElement[bool]:
    kind = table.c.document["merger"]["kind"].astext
    return and_(table.c.merged_into.is_not(None), func.coalesce(kind, "") != "institutional")


def _ids(query: Select[str]) -> ColumnElement[list[str]]:
    return func.array(query.scalar_subquery(), type_=ARRAY(Text))


def in_force(first: date, last: date) -> ColumnElement[bool]:
    """Agreements that hold on some of these days by their dates, as reporting's measure has it."""
    c = _agreements.c
    ended_on = c.document["ended_on"].astext
    tacit = c.document["renewal"]["rule"].astext == "tacit"
    goes_on = c.status.not_in(ENDED)
    return and_(
        c.status.not_in((*BEFORE_LAST_SIGNATURE, "withdrawn")),
        or_(c.first_day.is_(None), c.first_day <= last),
        case(
            (ended_on.is_not(None), _not_over(ended_on, first)),
            (c.last_day.is_not(None), or_(and_(tacit, goes_on), c.last_day >= first)),
            else_=and_(goes_on, or_(c.first_day.is_not(None), c.status == "in-force")),
        ),
    )


def binding(on: date) -> list[ColumnElement[bool]]:
    """Agreements that are in force on a day, and not suspended on it."""
    return [in_force(on, on), not_(_resting(on))]


def _resting(on: date) -> ColumnElement[bool]:
    """Agreements that are suspended on a day; those of which no day is told, on every day."""
    c = _agreements.c
    told = func.coalesce(c.document["suspensions"], cast([], JSONB))
    each = func.jsonb_array_elements(told).table_valued(column("value", JSONB), name="each")
    begins = each.c.value["suspended_from"].astext
    until = each.c.value["suspended_until"].astext
    rests = exists(
        select(literal(1))
        .select_from(each)
        .where(begins <= on.isoformat(), or_(until.is_(None), _not_over(until, on)))
    )
    return or_(rests, and_(c.status == "suspended", func.jsonb_array_length(told) == 0))


def expiring(first: date, last: date) -> ColumnElement[bool]:
    """Agreements in force whose present term ends on one of these days."""
    return and_(_agreements.c.status.in_(HOLDING), _agreements.c.last_day.between(first, last))


def dormant(year: int) -> ColumnElement[bool]:
    """Agreements in force in a year in which nobody stayed under them, as far as is known."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    told = known_stays.c.document
    begins = func.coalesce(told["actual_from"].astext, told["planned_from"].astext)
    ends = func.coalesce(told["actual_until"].astext, told["planned_until"].astext)
    stayed = exists().where(
        known_stays.c.agreement == _agreements.c.id,
        told["status"].astext.in_(CAME),
        begins <= last.isoformat(),
        or_(ends.is_(None), _not_over(ends, first)),
    )
    return and_(in_force(first, last), not_(stayed))


def covering(field: str | None, level: int | None) -> list[ColumnElement[bool]]:
    """Agreements that name this field of study and this level among others."""
    document = _agreements.c.document
    asked = {"fields": field, "levels": level}
    return [document[name].contains([value]) for name, value in asked.items() if value is not None]


def _not_over(partial: ColumnElement[str], day: date) -> ColumnElement[bool]:
    """A date as it is written, known to the day, month or year, has not passed before a day."""
    return partial >= func.left(day.isoformat(), func.length(partial))


async def known(tx: Transaction, register: Register[Any], ids: Iterable[str]) -> dict[str, str]:
    """The status of each of these records that exists, by id."""
    rows = await tx.connection.execute(
        select(register.table.c.id, register.table.c.status).where(
            register.table.c.id.in_(list(ids))
        )
    )
    return {row.id: row.status for row in rows}


async def ids_by_ref(
    tx: Transaction, register: Register[Any], refs: Iterable[str]
) -> Mapping[str, str]:
    """The id of each record of these refs that exists, by ref."""
    rows = await tx.connection.execute(
        select(register.table.c.ref, register.table.c.id).where(
            register.table.c.ref.in_(list(refs))
        )
    )
    return {row.ref: row.id for row in rows}


async def stays_under(tx: Transaction, agreement: str) -> list[Known]:
    """The stays under an agreement, in the order of their making."""
    columns = known_stays.c
    rows = await tx.connection.execute(
        select(columns.id, columns.document)
        .where(columns.agreement == agreement)
        .order_by(columns.id)
    )
    return [Known(row.id, Stay.model_validate(row.document)) for row in rows]


async def due(tx: Transaction) -> list[AgreementId]:
    """Agreements that the calendar may do something to; their own unit's date decides."""
    columns = _agreements.c
    latest_today = tx.now.date() + timedelta(days=1)
    begins = and_(
        columns.status == "signed",
        or_(columns.first_day.is_(None), columns.first_day <= latest_today),
    )
    ends = and_(columns.status.in_(HOLDING), columns.last_day < latest_today)
    rests_until = columns.document["suspensions"][-1]["suspended_until"].astext
    goes_on = and_(columns.status == "suspended", rests_until < latest_today.isoformat())
    rows = await tx.connection.execute(
        select(columns.id).where(or_(begins, ends, goes_on)).order_by(columns.id)
    )
    return [AgreementId(row.id) for row in rows]


async def succeeded(tx: Transaction) -> list[tuple[AgreementId, AgreementId]]:
    """Pairs of an agreement and the successor that holds beside it."""
    before, after = _agreements.alias("before"), _agreements.alias("after")
    rows = await tx.connection.execute(
        select(before.c.id, after.c.id.label("successor"))
        .join(after, after.c.supersedes == before.c.id)
        .where(before.c.status.in_(HOLDING), after.c.status.in_(HOLDING))
        .order_by(before.c.id)
    )
    return [(AgreementId(row.id), AgreementId(row.successor)) for row in rows]
