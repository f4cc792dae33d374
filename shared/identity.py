"""Ids: a word that says what the thing is, and a ULID. They are subjects, keys and URL parts."""

import os
import re
import time
from typing import NewType

__all__ = ["SubjectId", "is_id", "new_id"]

SubjectId = NewType("SubjectId", str)

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u
_ID = re.compile(r"[a-z]+(?:-[a-z]+)*-[0-9a-hjkmnp-tv-z]{26}")


def new_id(kind: str) -> str:
    """`agreement` -> `agreement-01k9zq...`: unique, and sorted by the time it was made."""
    number = (int(time.time() * 1000) << 80) | int.from_bytes(os.urandom(10))
    digits = "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))
    return f"{kind}-{digits}"


def is_id(kind: str, text: str) -> bool:
    """True if `text` has the shape of an id of that kind."""
    return text.startswith(f"{kind}-") and _ID.fullmatch(text) is not None
