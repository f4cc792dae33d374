"""Words that many names share: the kind of body, its legal form, its field; and what they weigh.

Two names are alike by what is their own: `Nagaoka`, not `University of`. A field counts more than a
kind, as only it tells the universities of one city apart. Words of several languages that mean one
thing are written as one, where names in those languages stand beside each other in one register.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from services.agreements.domain.likeness.folding import UNSPACED, folded, script_of
from services.agreements.domain.likeness.vocabulary import (
    FIELDS,
    FIELDS_WITHIN,
    KINDS,
    KINDS_WITHIN,
    SILENT,
)

OWN, FIELD, KIND = 1.0, 0.8, 0.25


class Word(NamedTuple):
    """A word of a name, written as one with its translations, and what it weighs."""

    text: str
    weight: float


def _one(lines: str, weight: float) -> dict[str, Word]:
    """`university = universität université` -> each of them as `university`."""
    found: dict[str, Word] = {}
    for line in lines.replace("\n  ", " ").strip().splitlines():
        meant, _, said = line.partition("=")
        word = Word(meant.strip(), weight)
        for each in (meant, *said.split()):
            found[folded(each.replace("_", " "))] = word
    return found


_SILENT = frozenset(folded(each) for each in SILENT.split())
_WORDS = _one(KINDS, KIND) | _one(FIELDS, FIELD)
_LONG = [each for each in _WORDS if len(each) >= 7]
_PHRASES = sorted((each for each in _WORDS if " " in each), key=len, reverse=True)
_PHRASE = re.compile(r"\b(" + "|".join(map(re.escape, _PHRASES)) + r")\b")

_WITHIN = _one(KINDS_WITHIN, KIND) | _one(FIELDS_WITHIN, FIELD)
_INSIDE = re.compile("(" + "|".join(sorted(map(re.escape, _WITHIN), key=len, reverse=True)) + ")")


@lru_cache(maxsize=65536)
def words_of(name: str) -> tuple[Word, ...]:
    """The words of a name that say something, each with its weight."""
    text = folded(name)
    if script_of(text) in UNSPACED:
        parts = _INSIDE.split(text.replace(" ", ""))
        return tuple(_WITHIN.get(part) or Word(part, OWN) for part in parts if part)
    text = _PHRASE.sub(lambda found: found[0].replace(" ", "_"), text)
    found = [_word(part.replace("_", " ")) for part in text.split() if part not in _SILENT]
    return tuple(found) or tuple(Word(part, OWN) for part in text.split())


@lru_cache(maxsize=65536)
def _word(part: str) -> Word:
    """A word that many names share, also with a slip in it; else one of its own."""
    known = _WORDS.get(part)
    if known is None and len(part) >= 7:
        near = process.extractOne(part, _LONG, scorer=OSA.distance, score_cutoff=1)
        known = _WORDS[near[0]] if near else None
    return known or Word(part, OWN)


@lru_cache(maxsize=65536)
def initials_of(name: str) -> frozenset[str]:
    """What a name may be shortened to: its initials with and without the small words."""
    parts = folded(name).split()
    if len(parts) < 3 or script_of(name) in UNSPACED:
        return frozenset()
    large = [part for part in parts if part not in _SILENT]
    return frozenset("".join(part[0] for part in each) for each in (parts, large) if len(each) > 2)


def is_short(name: str) -> bool:
    """An abbreviation: `HUST`, `M.I.T.`."""
    bare = name.replace(".", "").replace("-", "")
    return 2 <= len(bare) <= 8 and bare.isupper() and " " not in bare and bare.isalpha()
