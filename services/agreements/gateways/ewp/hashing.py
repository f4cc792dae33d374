"""The hash that both partners approve: of the text as it is written, to the last character.

So it is made of the bytes that were received, and never of a copy that was written again.
"""

import hashlib
from collections.abc import Iterator

from services.agreements.gateways.ewp.documents import (
    Element,
    Iia,
    child,
    children,
    local_name,
    written_in,
)

__all__ = ["hash_of", "text_to_hash"]

_CONTACTS = ("sending-contact", "receiving-contact")
_TRUE = ("true", "1")
_YEARS = ("receiving-first-academic-year-id", "receiving-last-academic-year-id")


def hash_of(iia: Iia) -> str:
    """The SHA-256 of the text below, in hexadecimal digits."""
    return hashlib.sha256(text_to_hash(iia).encode()).hexdigest()


def text_to_hash(iia: Iia) -> str:
    """Whether it is terminated, both ids, and each condition: its leaves, then its two years."""
    around = iia.all_conditions
    terminated = around is not None and around.get("terminated-as-a-whole") in _TRUE
    parts = ["_@terminated-as-a-whole@_"] if terminated else []
    for number, partner in enumerate(iia.partners, start=1):
        parts.append(f"_iia-id_{number}={_text(child(partner, 'iia-id'))}_")
    for condition in iia.conditions:
        parts += _leaves(condition, within="cooperation-conditions")
        parts += [f"_{year}={_text(child(condition, year))}_" for year in _YEARS]
    return "".join(parts)


def _leaves(element: Element, *, within: str) -> Iterator[str]:
    """Every leaf below an element, under the names of the two above it; what counts of them."""
    if _is_not_yet_defined(element):
        return
    name = local_name(element)
    for each in children(element):
        leaf = local_name(each)
        if leaf in _YEARS or _is_not_yet_defined(each):
            continue
        if next(children(each), None) is None:
            yield f"_{within}.{name}.{leaf}={each.get('v6-value') or written_in(each)}_"
        elif leaf not in _CONTACTS:
            yield from _leaves(each, within=name)


def _is_not_yet_defined(element: Element) -> bool:
    return element.get("not-yet-defined") in _TRUE


def _text(element: Element | None) -> str:
    return "" if element is None else written_in(element)
