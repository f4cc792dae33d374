"""Two partners: how alike they are, from 0 to 100, and by what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import ratio, token_sort_ratio

from services.agreements.domain.likeness.folding import UNSPACED, folded, script_of
from services.agreements.domain.likeness.words import FIELD, Word, initials_of, is_short, words_of

PROPOSED = 84
"""From this score on two partners are proposed as one. The benchmark `duplicates` shows what others
would find and miss."""

_SAME_WORD = 0.72
_UNIQUE = ("ror", "pic", "oid", "erasmus")
"""Schemes that give a body one id: two ids mean two bodies, as far as their givers know."""


@dataclass(frozen=True)
class Called:
    """What a partner can be known by."""

    name: str
    countries: tuple[str, ...]
    names: tuple[str, ...] = ()
    """All names that it has or had."""
    aliases: tuple[str, ...] = ()
    kind: str = ""
    ids: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def all_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.name, *self.names, *self.aliases)))

    def as_what(self, name: str) -> str:
        """What a name is to it, in words."""
        if name == self.name:
            return "name"
        return "former name" if name in self.names else "alias"


@dataclass(frozen=True, order=True)
class Likeness:
    """A score from 0 to 100, and the reason in words."""

    score: int
    reason: str


def likeness(one: Called, other: Called) -> Likeness:
    """How likely two partners are one body."""
    best = max(_by_names(one, other), default=Likeness(0, "no name in one script"))
    score, reason = float(best.score), best.reason
    for scheme in _UNIQUE:
        ours, theirs = one.ids.get(scheme, frozenset()), other.ids.get(scheme, frozenset())
        if ours and theirs and not ours & theirs:
            score *= 0.82
            reason += f"; but their {scheme} ids differ"
    if one.kind and other.kind and one.kind != other.kind:
        score *= 0.95
        reason += f"; but one is a {one.kind}, the other a {other.kind}"
    return Likeness(round(score), reason)


def _by_names(one: Called, other: Called) -> Iterable[Likeness]:
    for ours in one.all_names:
        for theirs in other.all_names:
            score = names_alike(ours, theirs)
            if score < 50:
                continue
            said = (one.as_what(ours), other.as_what(theirs))
            if is_short(ours) and is_short(theirs) and "name" not in said:
                score *= 0.8  # two bodies of one country may well have one abbreviation
            elif said != ("name", "name"):
                score *= 0.99
            what = f"its {said[0]} {ours!r} is like the {said[1]} {theirs!r}"
            yield Likeness(round(score), what.replace("is like", "is") if ours == theirs else what)


@lru_cache(maxsize=65536)
def names_alike(ours: str, theirs: str) -> float:
    """From 0 to 100; 0 for names in two scripts."""
    one, other = folded(ours), folded(theirs)
    if one == other:
        return 100.0 if one else 0.0
    script = script_of(one)
    if script != script_of(other):
        return 0.0
    if is_short(ours) or is_short(theirs):
        return 88.0 if {one, *initials_of(ours)} & {other, *initials_of(theirs)} else 0.0
    mine, yours = words_of(ours), words_of(theirs)
    if script not in UNSPACED and token_sort_ratio(one, other, score_cutoff=98):
        return 98.0
    return 100.0 * max(_word_by_word(mine, yours), _as_one_word(mine, yours))


def _word_by_word(mine: tuple[Word, ...], yours: tuple[Word, ...]) -> float:
    """The weight of the words that both have, in any order, as a share of all."""
    left = sorted(yours, key=lambda word: -word.weight)
    common = 0.0
    for word in sorted(mine, key=lambda word: -word.weight):
        same, at = max(
            ((_same(word, each), -index) for index, each in enumerate(left)), default=(0.0, 0)
        )
        if same >= _SAME_WORD:
            common += same * (word.weight + left[-at].weight) / 2
            del left[-at]
    return common / _half(mine, yours)


def _as_one_word(mine: tuple[Word, ...], yours: tuple[Word, ...]) -> float:
    """The same where words were written together or apart: what is their own as one word."""
    own = ["".join(word.text for word in each if word.weight >= FIELD) for each in (mine, yours)]
    if min(map(len, own)) < 4 or own[0].isdigit():
        return 0.0
    kinds = [tuple(word for word in each if word.weight < FIELD) for each in (mine, yours)]
    weight = _half(
        *(tuple(word for word in each if word.weight >= FIELD) for each in (mine, yours))
    )
    digits = [[c for c in each if c.isdigit()] for each in own]
    if digits[0] != digits[1]:
        return 0.0
    same = ratio(own[0], own[1], score_cutoff=80) / 100 * 0.98
    common = same * weight
    common += sum(word.weight for word in kinds[0] if word in kinds[1])
    return common / _half(mine, yours)


def _half(mine: tuple[Word, ...], yours: tuple[Word, ...]) -> float:
    return (sum(word.weight for word in mine) + sum(word.weight for word in yours)) / 2


def _same(one: Word, other: Word) -> float:
    if one.text == other.text:
        return 1.0
    if one.weight < FIELD or other.weight < FIELD or one.text.isdigit() or other.text.isdigit():
        return 0.0
    if min(len(one.text), len(other.text)) < 4:
        return 0.0
    return OSA.normalized_similarity(one.text, other.text, score_cutoff=_SAME_WORD)
