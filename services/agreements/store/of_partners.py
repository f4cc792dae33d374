"""Partners: by the ids of others, by what they are called, and by whom they are like."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    Index,
    Integer,
    Select,
    Table,
    Text,
    and_,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert

from services.agreements.domain.duplicates import Proposal, called, mark
from services.agreements.domain.likeness import Called, folded, keys_of, slips_of
from services.agreements.domain.partners import Partner
from services.agreements.store.tables import metadata
from shared.database import Transaction
from shared.documents import Register, register_table
from shared.errors import Rejected
from shared.facts import Fact, changes_of
from shared.personal import Personal

PARTNERS = register_table(
    "partners",
    metadata,
    Column("kind", Text, nullable=False),
    Column("country", Text, nullable=False, index=True),
    Column("search", Text, nullable=False),
    Column("merged_into", Text, index=True),
    Column("keys", ARRAY(Text), nullable=False),
    Column("mark", Text, nullable=False),
    Column("compared", Text, nullable=False, server_default=""),
)
"""`search`: its names, folded, a line each; `keys`: what it shares with those that it may be;
`mark`: stands for what was looked at; `compared`: the mark of its last comparison."""
Index(
    "ix_partners_keys",
    PARTNERS.c["keys"],
    postgresql_using="gin",
    postgresql_with={"fastupdate": "off"},
)
Index(
    "ix_partners_not_compared",
    PARTNERS.c.id,
    postgresql_where=PARTNERS.c.mark != PARTNERS.c.compared,
)
_identifiers = Table(
    "partner_identifiers",
    metadata,
    Column("scheme", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("partner", Text, nullable=False, index=True),
)
Index("ix_partner_identifiers_value", _identifiers.c.value)
DUPLICATES = Table(
    "partner_duplicates",
    metadata,
    Column("one", Text, primary_key=True),
    Column("other", Text, primary_key=True, index=True),
    Column("score", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("found_at", DateTime(timezone=True), nullable=False),
    Column("dismissed_at", DateTime(timezone=True)),
    Column("dismissed_by", Text),
    Column("dismissed_because", Text),
)
"""Pairs that may be one body, the lesser id first. What was dismissed stays here, to stay so."""

contacts = Personal(
    "partner_contacts",
    metadata,
    Column("partner", Text, nullable=False, index=True),
    Column("unit", Text, nullable=False),
)
"""The only place of this service where persons have a name or an address."""

_MOST_LIKE = 500
"""Partners whose names are looked at for one with a slip."""


def lines_of(partner: Partner) -> str:
    """Its names as they are searched: a line each, the present one first, a blank before a word."""
    names = (partner.name, *(each.name for each in partner.names), *partner.aliases)
    return "\n" + "".join(f" {line}\n" for line in dict.fromkeys(map(folded, names)))


class Partners(Register[Partner]):
    """Partners; an id of a scheme belongs to one of them."""

    async def lock(self, tx: Transaction, *ids: str) -> None:
        """Lock several at once, always in the same order, so that nobody waits for each other."""
        query = select(PARTNERS.c.id).where(PARTNERS.c.id.in_(ids)).order_by(PARTNERS.c.id)
        await tx.connection.execute(query.with_for_update())

    async def save(self, tx: Transaction, state: Partner, *facts: Fact) -> Partner:
        """As every register, and raises Rejected("identifier-taken") naming who has the id."""
        saved = await super().save(tx, state, *facts)
        if any("identifiers" in changes_of(fact) for fact in facts):
            await self._claim_identifiers(tx, saved, new=saved.version == len(facts))
        return saved

    async def _claim_identifiers(self, tx: Transaction, partner: Partner, *, new: bool) -> None:
        if not new:
            of_this_partner = _identifiers.c.partner == partner.id
            await tx.connection.execute(delete(_identifiers).where(of_this_partner))
        for index, each in enumerate(partner.identifiers):
            claim = {"scheme": each.scheme, "value": each.value, "partner": partner.id}
            claimed = await tx.connection.execute(
                insert(_identifiers).values(claim).on_conflict_do_nothing()
            )
            if claimed.rowcount == 1:
                continue
            owner = await self.with_identifier(tx, scheme=each.scheme, value=each.value)
            raise Rejected(
                "identifier-taken",
                f"the {each.scheme} id {each.value!r} is that of {owner}: they may be one partner",
                field=f"identifiers.{index}.value",
            )

    async def with_identifier(self, tx: Transaction, *, scheme: str, value: str) -> str | None:
        """The id of the partner that has it."""
        found: str | None = await tx.connection.scalar(
            select(_identifiers.c.partner).where(
                _identifiers.c.scheme == scheme, _identifiers.c.value == value
            )
        )
        return found

    async def who_became(self, tx: Transaction, partner: str) -> set[str]:
        """The ids of all that are this partner now: its own, and those merged into it."""
        found, asked = {partner}, {partner}
        while asked:
            into = select(PARTNERS.c.id).where(PARTNERS.c.merged_into.in_(asked))
            asked = set((await tx.connection.scalars(into)).all()) - found
            found |= asked
        return found

    async def refresh(self, tx: Transaction, partner: Partner) -> None:
        """Write the columns anew, by the rules of today."""
        row = self._row(partner)
        written = {name: row[name] for name in ("search", "keys", "mark")}
        await tx.connection.execute(
            update(PARTNERS).where(PARTNERS.c.id == partner.id).values(written)
        )


partners = Partners(
    PARTNERS,
    Partner,
    kind="partner",
    columns={
        "kind": lambda partner: partner.kind,
        "country": lambda partner: partner.country,
        "merged_into": lambda partner: partner.merged_into,
        "search": lines_of,
        "keys": lambda partner: keys_of(called(partner)),
        "mark": mark,
    },
)


# --- by whom they are like -----------------------------------------------------------------------


class _Remembered:
    """What partners are called, by id and mark. A mark stands for its content, so none is ever out
    of date; it spares reading the same names again for each partner of an import."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._called: dict[tuple[str, str], Called] = {}

    def get(self, key: tuple[str, str]) -> Called | None:
        return self._called.get(key)

    def keep(self, key: tuple[str, str], known: Called) -> None:
        while len(self._called) >= self._most:
            del self._called[next(iter(self._called))]
        self._called[key] = known


_remembered = _Remembered(most=50_000)


async def alike(tx: Transaction, partner: Partner) -> dict[str, Called]:
    """What the others are called that share a key with it, by id; none that is merged."""
    keys = [key for key in keys_of(called(partner)) if not key.startswith("*:")]
    query = select(PARTNERS.c.id, PARTNERS.c.mark).where(
        PARTNERS.c["keys"].overlap(literal(keys, ARRAY(Text))),
        PARTNERS.c.id != partner.id,
        PARTNERS.c.status != "merged",
    )
    return await _called(tx, query)


async def _called(tx: Transaction, query: Select[str, str]) -> dict[str, Called]:
    """Of the ids and marks that are asked for."""
    marks = [(row.id, row.mark) for row in await tx.connection.execute(query)]
    found = {key: _remembered.get(key) for key in marks}
    missing = [subject for (subject, _), known in found.items() if known is None]
    if missing:
        for other in await partners.all(tx, PARTNERS.c.id.in_(missing)):
            key, known = (other.id, mark(other)), called(other)
            _remembered.keep(key, known)
            found[key] = known
    return {subject: known for (subject, _), known in found.items() if known is not None}


async def keep_proposals(
    tx: Transaction, partner: Partner, proposed: Sequence[Proposal], *, compared: bool
) -> None:
    """These are now the open pairs of a partner; what was dismissed stays dismissed."""
    c = DUPLICATES.c
    gone = delete(DUPLICATES).where(
        or_(c.one == partner.id, c.other == partner.id), c.dismissed_at.is_(None)
    )
    if partner.version > 1:
        await tx.connection.execute(gone)
    if proposed:
        rows = [
            {
                "one": min(partner.id, each.partner),
                "other": max(partner.id, each.partner),
                "score": each.score,
                "reason": each.reason,
                "found_at": tx.now,
            }
            for each in proposed
        ]
        await tx.connection.execute(insert(DUPLICATES).on_conflict_do_nothing(), rows)
    if compared:
        await tx.connection.execute(
            update(PARTNERS).where(PARTNERS.c.id == partner.id).values(compared=mark(partner))
        )


async def not_compared(tx: Transaction, *, limit: int) -> list[str]:
    """Partners that came or changed since they were compared."""
    query = (
        select(PARTNERS.c.id)
        .where(PARTNERS.c.mark != PARTNERS.c.compared)
        .order_by(PARTNERS.c.id)
        .limit(limit)
    )
    return list((await tx.connection.scalars(query)).all())


async def dismissed_with(tx: Transaction, partner: str) -> set[str]:
    """The partners that somebody said it is not."""
    c = DUPLICATES.c
    rows = await tx.connection.execute(
        select(c.one, c.other).where(
            or_(c.one == partner, c.other == partner), c.dismissed_at.is_not(None)
        )
    )
    return {other if one == partner else one for one, other in rows}


async def pairs(
    tx: Transaction,
    *,
    units: Iterable[str] | None,
    dismissed: bool,
    after: tuple[int, str, str] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Pairs with both names, the likeliest first."""
    c, one, other = DUPLICATES.c, PARTNERS.alias("one"), PARTNERS.alias("another")
    query = (
        select(
            DUPLICATES,
            one.c.document["name"].astext.label("one_name"),
            other.c.document["name"].astext.label("other_name"),
        )
        .join(one, one.c.id == c.one)
        .join(other, other.c.id == c.other)
        .where(
            one.c.status != "merged",
            other.c.status != "merged",
            c.dismissed_at.is_not(None) if dismissed else c.dismissed_at.is_(None),
        )
        .order_by(c.score.desc(), c.one, c.other)
        .limit(limit)
    )
    if units is not None:
        wanted = sorted(units)
        query = query.where(or_(one.c.unit.in_(wanted), other.c.unit.in_(wanted)))
    if after is not None:
        score, first, second = after
        query = query.where(
            or_(
                c.score < score,
                and_(c.score == score, or_(c.one > first, and_(c.one == first, c.other > second))),
            )
        )
    return [dict(row) for row in (await tx.connection.execute(query)).mappings()]


async def dismiss(tx: Transaction, one: str, other: str, *, score: int, because: str) -> None:
    """They are two; whoever compares them again does not propose them again."""
    said = {"dismissed_at": tx.now, "dismissed_by": tx.actor, "dismissed_because": because}
    row = insert(DUPLICATES).values(
        one=min(one, other),
        other=max(one, other),
        score=score,
        reason="dismissed",
        found_at=tx.now,
        **said,
    )
    await tx.connection.execute(
        row.on_conflict_do_update(index_elements=["one", "other"], set_=said)
    )


# --- by what they are called ---------------------------------------------------------------------

ID, NAME, PREFIX, WORDS, PART, LIKE = 6, 5, 4, 3, 2, 1
"""How well what was typed fits: an id, a whole name, its beginning, its words, a part of it, or
with a slip."""


async def with_id(tx: Transaction, typed: str) -> list[Partner]:
    """Those with an id that is what was typed: ours, the office's, or one that somebody gave."""
    bare = typed.strip()
    low = bare.lower().removeprefix("https://").removeprefix("ror.org/").removeprefix("www.")
    written = {bare, low, bare.upper(), " ".join(bare.upper().split())}
    given = select(_identifiers.c.partner).where(_identifiers.c.value.in_(written))
    return await partners.all(
        tx,
        or_(PARTNERS.c.id == bare, PARTNERS.c.ref == bare, PARTNERS.c.id.in_(given)),
    )


async def named(
    tx: Transaction, typed: str, *where: ColumnElement[bool], limit: int
) -> list[tuple[int, Partner]]:
    """How well each fits that has all words of what was typed in its names, or has it as a part."""
    text = folded(typed)
    if not text:
        return []
    lines = PARTNERS.c.search
    whole, first = lines.contains(f"\n {text}\n"), lines.startswith(f"\n {text}\n")
    words = and_(*(lines.contains(f" {word}") for word in text.split()))
    fits = case(
        (whole, NAME), (lines.contains(f"\n {text}"), PREFIX), (words, WORDS), else_=PART
    ).label("fits")
    query = (
        select(PARTNERS.c.id, fits)
        .where(or_(words, lines.contains(text)), *where)
        .order_by(
            fits.desc(),
            (PARTNERS.c.status == "active").desc(),
            first.desc(),
            func.length(lines),
            PARTNERS.c.id,
        )
        .limit(limit)
    )
    found = {row.id: row.fits for row in await tx.connection.execute(query)}
    states = {each.id: each for each in await partners.all(tx, PARTNERS.c.id.in_(found))}
    return [(how, states[subject]) for subject, how in found.items()]


async def like(tx: Transaction, typed: str, *where: ColumnElement[bool]) -> dict[str, Called]:
    """What those are called that have a word that was typed, but for a slip; by id."""
    slips = slips_of(typed)
    if not slips:
        return {}
    query = (
        select(PARTNERS.c.id, PARTNERS.c.mark)
        .where(PARTNERS.c["keys"].overlap(literal(slips, ARRAY(Text))), *where)
        .limit(_MOST_LIKE)
    )
    return await _called(tx, query)
