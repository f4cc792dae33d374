"""Names in three languages, and when two of them are the same."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias, get_args

from rapidfuzz import fuzz, process

__all__ = ["LANGUAGES", "Language", "Words", "folded", "nearest"]

Language: TypeAlias = Literal["en", "vi", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)

_NO_SIGN = re.compile(r"[\W_]+")
_LIKENESS = 60.0
"""Of 100; below it a name that is proposed only confuses."""


def folded(name: str) -> str:
    """A name as it is compared: without letter case, accents, blanks and signs."""
    plain = unicodedata.normalize("NFKD", name).casefold().replace("đ", "d")
    plain = "".join(each for each in plain if not unicodedata.combining(each))
    return _NO_SIGN.sub("", plain)


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """The known names that look most like it, the likest first; [] if none does."""
    found = process.extract(
        name, list(known), scorer=fuzz.WRatio, processor=folded, score_cutoff=_LIKENESS, limit=3
    )
    return [each[0] for each in found]


class Words:
    """The names of one service's columns and codes: word -> [Vietnamese, Chinese]."""

    def __init__(self, words: Mapping[str, tuple[str, str]]) -> None:
        self._words = words

    def said(self, word: str, language: Language) -> str:
        """The word in that language; itself where it has no other name there."""
        if language == "en" or word not in self._words:
            return word
        return self._words[word][LANGUAGES.index(language) - 1]

    def all(self, word: str) -> tuple[str, ...]:
        """What it is called anywhere, itself first."""
        return word, *self._words.get(word, ())

    def __contains__(self, word: object) -> bool:
        return word in self._words
