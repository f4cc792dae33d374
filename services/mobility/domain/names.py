"""When two names, or two ids, mean the same institution: keys that are equal if they do."""

import re
import unicodedata
from collections.abc import Iterable

_BY_HAND = str.maketrans(
    {"đ": "d", "ł": "l", "ø": "o", "ß": "ss", "\N{LATIN SMALL LETTER DOTLESS I}": "i", "æ": "ae"}
)
"""Letters that Unicode does not take apart."""


def folded(name: str) -> str:
    """Case, accents, punctuation and spaces do not count: `École  X.` -> `ecole x`."""
    apart = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(each for each in apart if not unicodedata.combining(each))
    return " ".join(re.findall(r"[^\W_]+", bare.translate(_BY_HAND)))


def name_keys(names: Iterable[str]) -> list[str]:
    """One key for each different name."""
    return sorted({f"name:{key}" for each in names if (key := folded(each))})


def identifier_key(scheme: str, value: str) -> str:
    """`("ror", "https://ror.org/00ntfnx83")` -> `ror:00ntfnx83`."""
    bare = value.strip().casefold().removeprefix("https://ror.org/")
    return f"{scheme}:{''.join(bare.split())}"


def reference_key(reference: str) -> str:
    """How a record of another service was named: `ref:<the office's ref>`, or an id as it is."""
    return reference if reference.startswith("ref:") else f"ref:{reference}"
