"""Which partners may be one body: proposed with a score and a reason, never merged by itself."""

import hashlib
import json
from collections.abc import Mapping

from services.agreements.domain.likeness import PROPOSED, Called, Likeness, likeness
from services.agreements.domain.partners import Partner
from shared.facts import Value
from shared.texts import Line

_RULES = "1"
"""Another number where the same names are folded, keyed or compared otherwise: all are looked at
again then."""
_MOST = 20


class Proposal(Value):
    """Another partner that this one may be."""

    partner: str
    name: Line
    score: int
    reason: str

    @property
    def warning(self) -> str:
        return f"may be {self.name!r} ({self.partner}), {self.score} of 100: {self.reason}"


def called(partner: Partner) -> Called:
    """All that a partner can be known by."""
    second = partner.second_country
    ids: dict[str, frozenset[str]] = {}
    for each in partner.identifiers:
        ids[each.scheme] = ids.get(each.scheme, frozenset()) | {each.value}
    return Called(
        name=partner.name,
        countries=(partner.country, *((second.country,) if second else ())),
        names=tuple(each.name for each in partner.names),
        aliases=partner.aliases,
        kind=partner.kind,
        ids=ids,
    )


def mark(partner: Partner) -> str:
    """Stands for all that a comparison looks at: another one means that it must be made again."""
    looks_at = partner.model_dump(
        mode="json",
        include={"name", "names", "aliases", "country", "second_country", "kind", "status"}
        | {"identifiers"},
    )
    digest = hashlib.sha256(json.dumps(looks_at, sort_keys=True).encode()).hexdigest()
    return f"{_RULES}:{digest[:16]}"


def proposals(partner: Partner, others: Mapping[str, Called]) -> list[Proposal]:
    """Those of the others, by id, that are like it; the likeliest first."""
    ours = called(partner)
    found: list[tuple[Likeness, str]] = []
    for subject, other in others.items():
        alike = likeness(ours, other)
        if alike.score >= PROPOSED:
            found.append((alike, subject))
    found.sort(key=lambda each: (-each[0].score, each[1]))
    return [
        Proposal(partner=subject, name=others[subject].name, score=alike.score, reason=alike.reason)
        for alike, subject in found[:_MOST]
    ]
