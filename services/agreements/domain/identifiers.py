"""Ids that others give to partners: how each scheme writes them, and what is wrong with one."""

import re

from services.agreements.events.values import Identifier
from shared.errors import Rejected

_SHAPES = {
    "ror": (
        r"0[0-9a-hj-km-np-tv-z]{6}\d{2}",
        "nine characters, the first 0, the last two digits, none of them i, l, o or u",
    ),
    "schac": (
        r"(?=.{4,100}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]",
        "a domain in lower case, such as uni-hannover.de",
    ),
    "erasmus": (
        r"[A-Z]{1,3} ?[A-Z-]{2,}\d{2,3}",
        "a country's letters, a city's letters and two or three digits, such as D HANNOVE01",
    ),
    "pic": (r"\d{9}", "nine digits"),
    "oid": (r"E\d{8}", "E and eight digits"),
}
_SAID_WITH = {
    "ror": ("https://ror.org/", "http://ror.org/", "ror.org/"),
    "schac": ("https://", "http://", "urn:schac:homeorganization:", "www."),
}
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


def normal(identifier: Identifier) -> Identifier:
    """The id as its scheme writes it.

    Raises Rejected: `identifier-malformed` saying what the form is, `identifier-checksum-wrong`.
    """
    scheme, value = identifier.scheme, " ".join(identifier.value.split())
    if scheme in _SAID_WITH:
        value = value.lower()
        for prefix in _SAID_WITH[scheme]:
            value = value.removeprefix(prefix)
        value = value.rstrip("/")
    elif scheme in ("erasmus", "oid"):
        value = value.upper()
    if scheme in _SHAPES:
        shape, words = _SHAPES[scheme]
        if re.fullmatch(shape, value) is None:
            raise Rejected(
                "identifier-malformed",
                f"{value!r} does not have the form of a {scheme} id: {words}",
                field="value",
                status=422,
            )
    if scheme == "ror" and value[-2:] != ror_check(value[1:7]):
        raise Rejected(
            "identifier-checksum-wrong",
            f"{value!r} is no ROR id: its last two digits do not fit the others, so a character"
            " is wrong or two have changed places",
            field="value",
            status=422,
        )
    return Identifier(scheme=scheme, value=value)


def ror_check(body: str) -> str:
    """The two digits after the six characters of a ROR id: ISO/IEC 7064, mod 97-10."""
    number = 0
    for character in body:
        number = number * 32 + _CROCKFORD.index(character)
    return f"{98 - number * 100 % 97:02d}"
