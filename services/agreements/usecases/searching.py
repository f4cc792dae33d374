"""The search box: partners by whatever somebody remembers of them."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement

from services.agreements.domain.likeness import SEEN, typed_alike
from services.agreements.domain.partners import Partner
from services.agreements.store import of_partners as store
from services.agreements.store.of_partners import PARTNERS, partners
from shared.database import Transaction

Fit: TypeAlias = Literal["id", "name", "prefix", "words", "part", "like"]

_FITS: dict[int, Fit] = {
    store.NAME: "name",
    store.PREFIX: "prefix",
    store.WORDS: "words",
    store.PART: "part",
}


class Found(BaseModel):
    """A partner, and how what was typed fits it."""

    partner: Partner
    fits: Fit = Field(
        description="id: it has this id; name: it is or was called so; prefix: a name begins so; "
        "words: it has all these words; part: it has this within a word; like: but for a slip"
    )
    score: int = Field(default=100, description="Of 100; less where something is misspelt")


async def search(
    tx: Transaction, typed: str, where: Sequence[ColumnElement[bool]], *, limit: int
) -> list[Found]:
    """The best first: an id, a whole name, its beginning, its words, a part, something like it.

    Merged partners are found, too, by what they were called, after those that are not.
    """
    wanted = {each.id for each in await store.with_id(tx, typed)}
    by_id = await partners.all(tx, PARTNERS.c.id.in_(wanted), *where) if wanted else []
    found = [Found(partner=each, fits="id") for each in by_id]
    for fits, partner in await store.named(tx, typed, *where, limit=limit):
        found.append(Found(partner=partner, fits=_FITS[fits]))
    if len(found) < limit:
        found += await _misspelt(tx, typed, where, limit=limit)
    best: dict[str, Found] = {}
    for each in found:
        best.setdefault(each.partner.id, each)
    return list(best.values())[:limit]


async def _misspelt(
    tx: Transaction, typed: str, where: Sequence[ColumnElement[bool]], *, limit: int
) -> list[Found]:
    like = await store.like(tx, typed, *where)
    scores = {subject: typed_alike(typed, called) for subject, called in like.items()}
    best = sorted(
        (each for each in scores if scores[each] >= SEEN), key=lambda each: (-scores[each], each)
    )[:limit]
    states = {each.id: each for each in await partners.all(tx, PARTNERS.c.id.in_(best))}
    return [Found(partner=states[each], fits="like", score=scores[each]) for each in best]
