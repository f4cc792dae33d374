"""Keys that two names share if they may be one: what is not shared by any is never compared.

The country stands before each: a slip, another order of words or a left-out accent is looked
for among the partners of one country only.
"""

from collections.abc import Iterable

from services.agreements.domain.likeness.compare import Called
from services.agreements.domain.likeness.folding import UNSPACED, folded, script_of
from services.agreements.domain.likeness.words import FIELD, OWN, initials_of, is_short, words_of

_MOST = 120
"""Keys of one partner: more say no more."""


def keys_of(called: Called) -> list[str]:
    """The keys of all its names, in each country that it can be looked for in, and in any (`*`)."""
    bare = dict.fromkeys(key for name in called.all_names for key in _of_name(name))
    keys = list(bare)[:_MOST]
    return [f"{country}:{key}" for country in (*called.countries, "*") for key in keys]


def slips_of(typed: str) -> list[str]:
    """The keys, in any country, of a partner whose name has the words that were typed with a slip.

    Each word is looked for by itself, as somebody who types may leave out others.
    """
    words = words_of(typed)
    own = [word for word in words if word.weight >= FIELD] or list(words)
    if script_of(typed) in UNSPACED:
        found = list(_of_signs("".join(word.text for word in own)))
    else:
        found = [key for word in own for key in _of_word(word.text)]
    return [f"*:{key}" for key in dict.fromkeys(found)]


def _of_name(name: str) -> Iterable[str]:
    if is_short(name):
        yield f"={folded(name).replace(' ', '')}"
    for initials in initials_of(name):
        yield f"={initials}"
    words = words_of(name)
    own = [word.text for word in words if word.weight >= OWN]
    own = own or [word.text for word in words if word.weight >= FIELD]
    own = own or [word.text for word in words]
    if script_of(name) in UNSPACED:
        yield from _of_signs("".join(own))
        return
    for text in own:
        yield from _of_word(text)
    if len(own) > 1 or (own and len(own[0]) > 5):
        yield f"+{''.join(own)[:5]}"


def _of_word(text: str) -> Iterable[str]:
    """What is left of a word with a slip: its beginning or its end, or all but one letter."""
    if len(text) < 4:
        yield text
        return
    yield from (f"{text[:3]}-", f"-{text[-3:]}")
    if len(text) < 7:
        yield text
        yield from (text[:at] + text[at + 1 :] for at in range(len(text)))


def _of_signs(text: str) -> Iterable[str]:
    if len(text) <= 3:
        yield from text
    yield from (text[at : at + 2] for at in range(len(text) - 1))
