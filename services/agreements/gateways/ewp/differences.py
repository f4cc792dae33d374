"""Our copy of an agreement and the partner's, compared by meaning: what differs, in words.

The partner's copy names itself first, as ours names us; partners are matched by their ids.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from services.agreements.gateways.ewp.documents import Document, Iia
from services.agreements.gateways.ewp.meaning import (
    Condition,
    Meaning,
    Partner,
    Said,
    meaning_of,
    named_fields,
    shown,
)

__all__ = ["Compared", "Difference", "compare", "compare_files"]

_WORTH_PAIRING = 40_000
"""Pairs of conditions that are weighed against each other; beyond, they are paired in order."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the two copies say otherwise; None: that copy does not say it."""

    where: str
    field: str
    ours: str | None
    theirs: str | None

    def __str__(self) -> str:
        ours, theirs = (
            "not said" if value is None else value for value in (self.ours, self.theirs)
        )
        return f"{self.where}: {self.field}: ours {ours}; theirs {theirs}"


@dataclass(frozen=True, slots=True)
class Compared:
    """Two copies of one agreement. Remarks are what only one of them tells: it is no term."""

    ours: str | None
    theirs: str | None
    differences: list[Difference] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        return not self.differences

    def as_dict(self) -> dict[str, Any]:
        said = [asdict(each) | {"text": str(each)} for each in self.differences]
        return asdict(self) | {"same": self.same, "differences": said}


def compare(ours: Iia, theirs: Iia) -> Compared:
    """What the two copies say otherwise."""
    mine, other = meaning_of(ours), meaning_of(theirs)
    differences = [*_agreement(mine, other), *_partners(mine, other), *_conditions(mine, other)]
    return Compared(_name(ours), _name(theirs), differences, list(_remarks(mine, other)))


def compare_files(ours: Document, theirs: Document) -> list[Compared]:
    """Every agreement of two files; one that the other file does not have is a difference."""
    mates = _mates(ours.iias, theirs.iias)
    compared = [
        compare(mine, theirs.iias[mates[i]]) if i in mates else _missing(mine, in_ours=True)
        for i, mine in enumerate(ours.iias)
    ]
    taken = set(mates.values())
    left = [each for k, each in enumerate(theirs.iias) if k not in taken]
    return compared + [_missing(each, in_ours=False) for each in left]


def _mates(ours: Sequence[Iia], theirs: Sequence[Iia]) -> dict[int, int]:
    """Which is which: by an id that both copies give; what is left, where only one can be meant."""
    if len(ours) == len(theirs) == 1:
        return {0: 0}
    by_id = {id_: k for k, each in enumerate(theirs) for id_ in _ids(each).items()}
    mates: dict[int, int] = {}
    for i, mine in enumerate(ours):
        k = next((by_id[id_] for id_ in _ids(mine).items() if id_ in by_id), None)
        if k is not None and k not in mates.values():
            mates[i] = k
    left = _by_institutions(enumerate(ours), without=mates)
    right = _by_institutions(enumerate(theirs), without=mates.values())
    for heis in left.keys() & right.keys():
        if len(left[heis]) == len(right[heis]) == 1:
            (i, mine), (k, other) = left[heis][0], right[heis][0]
            if not _contradict(_ids(mine), _ids(other)):
                mates[i] = k
    return mates


def _by_institutions(
    iias: Iterable[tuple[int, Iia]], *, without: Iterable[int]
) -> dict[frozenset[str], list[tuple[int, Iia]]]:
    paired, found = set(without), defaultdict[frozenset[str], list[tuple[int, Iia]]](list)
    for number, iia in iias:
        if number not in paired:
            found[frozenset(hei.casefold() for hei in iia.hei_ids)].append((number, iia))
    return dict(found)


def _contradict(mine: dict[str, str], other: dict[str, str]) -> bool:
    return any(mine[hei] != other[hei] for hei in mine.keys() & other.keys())


def _ids(iia: Iia) -> dict[str, str]:
    """Each institution's own id of it, where it is given."""
    given = zip(iia.hei_ids, iia.iia_ids, strict=True)
    return {hei.casefold(): id_ for hei, id_ in given if id_}


def _name(iia: Iia) -> str:
    return next(iter(iia.iia_ids), "") or " and ".join(iia.hei_ids) or "?"


def _missing(iia: Iia, *, in_ours: bool) -> Compared:
    count = len(iia.conditions)
    name, number = _name(iia), f"{count} condition{'s' if count != 1 else ''}"
    ours, theirs = (number, None) if in_ours else (None, number)
    only = Difference(f"agreement {name}", "the agreement", ours, theirs)
    return Compared(name if in_ours else None, None if in_ours else name, [only])


# --- the agreement and its partners --------------------------------------------------------------


def _agreement(ours: Meaning, theirs: Meaning) -> Iterator[Difference]:
    for name, mine, other in (
        ("in effect", ours.in_effect, theirs.in_effect),
        ("terminated as a whole", ours.terminated, theirs.terminated),
    ):
        if mine != other:
            yield Difference("agreement", name, _yes(mine), _yes(other))


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _partners(ours: Meaning, theirs: Meaning) -> Iterator[Difference]:
    if ours.partners.keys() != theirs.partners.keys():
        mine, other = (", ".join(sorted(each.partners)) for each in (ours, theirs))
        yield Difference("agreement", "partners", mine, other)
    for name, one, another, said in _said_by_both(ours, theirs):
        if said[0] and said[1] and said[0] != said[1]:
            yield Difference(f"partner {one.hei}", name, _of(one, name), _of(another, name))


def _remarks(ours: Meaning, theirs: Meaning) -> Iterator[str]:
    for name, mine, other, said in _said_by_both(ours, theirs):
        if bool(said[0]) != bool(said[1]):
            which, value = ("ours", _of(mine, name)) if said[0] else ("theirs", _of(other, name))
            yield f"partner {mine.hei}: only {which} gives the {name}: {value}"


_OF_PARTNERS = {
    "iia-id": "iia_id",
    "iia-code": "code",
    "unit": "unit",
    "signing date": "signed_on",
}


def _of(partner: Partner, name: str) -> str:
    value: str = getattr(partner, _OF_PARTNERS[name])
    return value


def _said_by_both(
    ours: Meaning, theirs: Meaning
) -> Iterator[tuple[str, Partner, Partner, tuple[str, str]]]:
    """Each partner of both copies, by what they say of it; a code is without letter case."""
    for hei in sorted(ours.partners.keys() & theirs.partners.keys()):
        mine, other = ours.partners[hei], theirs.partners[hei]
        for name in _OF_PARTNERS:
            said = (_of(mine, name), _of(other, name))
            if name == "iia-code":
                said = (_folded(said[0]), _folded(said[1]))
            yield name, mine, other, said


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


# --- the conditions ------------------------------------------------------------------------------


def _conditions(ours: Meaning, theirs: Meaning) -> Iterator[Difference]:
    mine, other = _by_who(ours.conditions), _by_who(theirs.conditions)
    for who in dict.fromkeys((*mine, *other)):
        left, right = _without_equals(mine.get(who, []), other.get(who, []))
        for first, second in _pairs(left, right):
            yield from _between(first, second)


def _by_who(conditions: Iterable[Condition]) -> dict[object, list[Condition]]:
    found: defaultdict[object, list[Condition]] = defaultdict(list)
    for each in conditions:
        found[each.who].append(each)
    return dict(found)


def _without_equals(
    ours: list[Condition], theirs: list[Condition]
) -> tuple[list[Condition], list[Condition]]:
    """Those that have no equal on the other side; each is the equal of one only."""
    both = Counter(each.terms for each in ours) & Counter(each.terms for each in theirs)
    return _left_over(ours, Counter(both)), _left_over(theirs, Counter(both))


def _left_over(conditions: list[Condition], equals: Counter[Any]) -> list[Condition]:
    left = []
    for each in conditions:
        if equals[each.terms]:
            equals[each.terms] -= 1
        else:
            left.append(each)
    return left


def _pairs(
    ours: list[Condition], theirs: list[Condition]
) -> list[tuple[Condition | None, Condition | None]]:
    """Each with the one that it is most like, and what is left over alone."""
    if len(ours) * len(theirs) > _WORTH_PAIRING:
        likes = [(0, index, index) for index in range(min(len(ours), len(theirs)))]
    else:
        likes = sorted(
            (len(_differing(mine, other)), i, k)
            for i, mine in enumerate(ours)
            for k, other in enumerate(theirs)
        )
    mate: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, k in likes:
        if i not in mate and k not in taken:
            mate[i] = k
            taken.add(k)
    pairs: list[tuple[Condition | None, Condition | None]] = [
        (mine, theirs[mate[i]] if i in mate else None) for i, mine in enumerate(ours)
    ]
    return pairs + [(None, other) for k, other in enumerate(theirs) if k not in taken]


def _between(ours: Condition | None, theirs: Condition | None) -> Iterator[Difference]:
    where = _where(ours, theirs)
    if ours is None or theirs is None:
        mine, other = (
            None if each is None else "; ".join(named_fields(each)) for each in (ours, theirs)
        )
        yield Difference(where, "the condition", mine, other)
        return
    for name in _differing(ours, theirs):
        mine, other = (
            shown(each.fields[name]) if name in each.fields else None for each in (ours, theirs)
        )
        yield Difference(where, name, mine, other)


def _differing(ours: Condition, theirs: Condition) -> list[str]:
    names = dict.fromkeys((*ours.fields, *theirs.fields))
    return [
        name for name in names if not _same(ours.fields.get(name, ()), theirs.fields.get(name, ()))
    ]


def _same(ours: tuple[Said, ...], theirs: tuple[Said, ...]) -> bool:
    """The same values; or ones that stand for the same code, approved in version 6."""
    if ours == theirs:
        return True
    left, right = set(ours) - set(theirs), set(theirs) - set(ours)
    before = [{each.before for each in side} for side in (left, right)]
    return len(left) == len(right) and None not in before[0] and before[0] == before[1]


def _where(ours: Condition | None, theirs: Condition | None) -> str:
    one = ours or theirs
    if one is None:
        return "agreement"
    numbers = [
        f"{whose} condition {each.number}"
        for whose, each in (("our", ours), ("their", theirs))
        if each is not None
    ]
    return f"{one.kind} from {one.sending} to {one.receiving} ({', '.join(numbers)})"
