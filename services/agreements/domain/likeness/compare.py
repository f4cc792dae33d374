"""Two partners: how alike they are, from 0 to 100, and by what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import ratio, token_sort_ratio

from services.agreements.domain.likeness.folding import UNSPACED, folded, script_of
from services.agreements.domain.likeness.words import (
    FIELD,
    OWN,
    Word,
    initials_of,
    is_short,
    words_of,
)

PROPOSED = 86
"""From this score on two partners are proposed as one. The benchmark `duplicates` shows what others
would find and miss."""

_IN_COMMON = 65
_LEFT_OUT = 0.92
"""For each field that only one of them has: it tells the universities of a city apart."""
_UNIQUE = ("ror", "pic", "oid", "erasmus")
"""Schemes that give a body one id: two ids mean two bodies, as far as their givers know."""


class _Core(NamedTuple):
    """What is a name's own, to see in no time that two have nothing in common."""

    script: str
    short: bool
    joined: str
    in_order: str

    def may_be(self, other: "_Core") -> bool:
        if self.short or other.short:
            return True
        return self.script == other.script and bool(
            ratio(self.joined, other.joined, score_cutoff=_IN_COMMON)
            or ratio(self.in_order, other.in_order, score_cutoff=_IN_COMMON)
        )


@lru_cache(maxsize=65536)
def _core(name: str) -> _Core:
    words = words_of(name)
    own = [word.text for word in words if word.weight == OWN] or [word.text for word in words]
    return _Core(script_of(folded(name)), is_short(name), "".join(own), "".join(sorted(own)))


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

    @cached_property
    def cores(self) -> tuple[tuple[str, "_Core"], ...]:
        return tuple((name, _core(name)) for name in self.all_names)

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
    for ours, our_core in one.cores:
        for theirs, their_core in other.cores:
            if not our_core.may_be(their_core):
                continue
            score = names_alike(ours, theirs)
            if score < 50:
                continue
            said = (one.as_what(ours), other.as_what(theirs))
            short = [
                as_what
                for as_what, name in zip(said, (ours, theirs), strict=True)
                if is_short(name)
            ]
            if short and "name" not in short:
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
        return _shortened({one, *initials_of(ours)} & {other, *initials_of(theirs)})
    mine, yours = words_of(ours), words_of(theirs)
    if script not in UNSPACED and token_sort_ratio(one, other, score_cutoff=98):
        return 98.0
    return 100.0 * max(_word_by_word(mine, yours), _as_one_word(mine, yours))


def _word_by_word(mine: tuple[Word, ...], yours: tuple[Word, ...]) -> float:
    """The weight of the words that both have, in any order, as a share of all."""
    left = sorted(yours, key=lambda word: -word.weight)
    common, alone = 0.0, 0
    for word in sorted(mine, key=lambda word: -word.weight):
        same, at = max(
            ((_same(word, each), -index) for index, each in enumerate(left)), default=(0.0, 0)
        )
        if same:
            common += same * (word.weight + left[-at].weight) / 2
            del left[-at]
        else:
            alone += word.weight == FIELD
    alone += sum(word.weight == FIELD for word in left)
    return common / _half(mine, yours) * _LEFT_OUT**alone


def _as_one_word(mine: tuple[Word, ...], yours: tuple[Word, ...]) -> float:
    """The same where words were written together or apart: what is their own as one word."""
    own = ["".join(word.text for word in each if word.weight == OWN) for each in (mine, yours)]
    if min(map(len, own)) < 4:
        return 0.0
    joined = [
        (Word(text, OWN), *(word for word in each if word.weight < OWN))
        for text, each in zip(own, (mine, yours), strict=True)
    ]
    return 0.98 * _word_by_word(joined[0], joined[1])


def _shortened(common: set[str]) -> float:
    """Two of three letters are often two bodies; of more letters they are seldom."""
    return {0: 0.0, 1: 0.0, 2: 70.0, 3: 80.0}.get(max(map(len, common), default=0), 88.0)


def _half(mine: tuple[Word, ...], yours: tuple[Word, ...]) -> float:
    return (sum(word.weight for word in mine) + sum(word.weight for word in yours)) / 2


def _same(one: Word, other: Word) -> float:
    """1 for the same word; less for one with a slip, or two if it is long; 0 for another."""
    if one.text == other.text:
        return 1.0
    short, long = sorted((len(one.text), len(other.text)))
    if one.weight < OWN or other.weight < OWN or short < 4 or _numbers(one) != _numbers(other):
        return 0.0
    slips = OSA.distance(one.text, other.text, score_cutoff=2)
    return 1 - slips / long if slips <= (1 if long < 11 else 2) else 0.0


def _numbers(word: Word) -> list[str]:
    return [each for each in word.text if each.isdigit()]
