"""What somebody types into a search box, against names: parts of names, with slips."""

from rapidfuzz.distance import OSA

from services.agreements.domain.likeness.compare import Called
from services.agreements.domain.likeness.folding import UNSPACED, folded, script_of
from services.agreements.domain.likeness.words import FIELD, words_of

SEEN = 70
"""Below this score nobody would take what was typed for a name."""


def typed_alike(typed: str, called: Called) -> int:
    """From 0 to 100: how much of what was typed is in one of the names, with slips."""
    return round(100 * max((_in(typed, name) for name in called.all_names), default=0.0))


def _in(typed: str, name: str) -> float:
    if script_of(typed) != script_of(name):
        return 0.0
    words = words_of(typed)
    own = [word for word in words if word.weight >= FIELD] or list(words)
    if script_of(name) in UNSPACED:
        signs, inside = "".join(word.text for word in own), folded(name).replace(" ", "")
        pieces = (inside[at : at + len(signs)] for at in range(len(inside) - len(signs) + 1))
        return max((_same(signs, piece) for piece in pieces), default=_same(signs, inside))
    theirs = {each for word in words_of(name) for each in word.text.split()}
    theirs |= {*folded(name).split()}
    return sum(
        word.weight * max((_begins(word.text, each) for each in theirs), default=0.0)
        for word in own
    ) / sum(word.weight for word in own)


def _begins(typed: str, word: str) -> float:
    """As a whole word, or as its beginning: people see it before they have typed all of it."""
    return max(_same(typed, word), 0.97 * _same(typed, word[: len(typed)]))


def _same(one: str, other: str) -> float:
    return OSA.normalized_similarity(one, other)
