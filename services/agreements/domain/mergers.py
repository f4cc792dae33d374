"""Two records of partners become one, and two again.

A *duplicate* is one body that was entered twice: it counts as the one that is left on every day. An
*institutional* merger is of two bodies: until that day the one that is gone was one of its own, and
what happened then stays its own. References are never rewritten; who reads them follows
`merged_into`, from the day on where the merger is institutional.
"""

from collections.abc import Iterable
from datetime import date
from typing import Literal, TypeVar

from services.agreements.domain.decisions import Decided, decide, must_not_lie_ahead
from services.agreements.domain.partners import Partner, sound
from services.agreements.events.partners import (
    PartnerAbsorbed,
    PartnerMerged,
    PartnerReleased,
    PartnerUnmerged,
)
from services.agreements.events.values import Merger, MergerKind, Moved, PartnerId
from shared.dates import PartialDate
from shared.errors import Rejected

T = TypeVar("T")


def merge(
    gone: Partner,
    survivor: Partner,
    *,
    kind: MergerKind,
    on: PartialDate,
    reason: str,
    today: date,
) -> tuple[Decided[Partner], Decided[Partner]]:
    """What becomes of the one that is merged, and of the one that is left."""
    _must_be_two(gone, survivor)
    _must_not_be_merged(gone, field=None)
    _must_be_able_to_absorb(survivor)
    must_not_lie_ahead(on, today=today)
    moved = _what_moves(gone, survivor) if kind == "duplicate" else Moved()
    merged = decide(
        gone,
        PartnerMerged(
            on=on,
            reason=reason,
            status="merged",
            merged_into=PartnerId(survivor.id),
            merger=Merger(kind=kind, on=on, was=_before(gone), moved=moved),
            identifiers=_without(gone.identifiers, moved.identifiers),
        ),
    )
    absorbed = decide(
        survivor,
        PartnerAbsorbed(
            on=on,
            absorbed=PartnerId(gone.id),
            as_kind=kind,
            reason=reason,
            identifiers=(*survivor.identifiers, *moved.identifiers),
            aliases=(*survivor.aliases, *moved.aliases),
            rankings=(*survivor.rankings, *moved.rankings),
        ),
    )
    sound(merged[0])
    sound(absorbed[0])
    return merged, absorbed


def unmerge(
    gone: Partner, survivor: Partner, *, reason: str
) -> tuple[Decided[Partner], Decided[Partner]]:
    """They are two after all: exactly what moved goes back, and what came since stays.

    Raises Rejected: `partner-not-merged`, `partner-merged` where the one that is left was itself
    merged since, `partner-merger-cannot-be-undone` where an id that moved is not there any more.
    """
    if gone.status != "merged":
        raise Rejected("partner-not-merged", f"{gone.name!r} is {gone.status}, not merged")
    if survivor.status == "merged":
        raise Rejected(
            "partner-merged",
            f"{survivor.name!r} was itself merged into {survivor.merged_into} since;"
            " undo that merger first",
        )
    moved = gone.merger.moved if gone.merger else Moved()
    for each in moved.identifiers:
        if each not in survivor.identifiers:
            raise Rejected(
                "partner-merger-cannot-be-undone",
                f"the {each.scheme} id {each.value!r} moved to {survivor.name!r} and is not there"
                f" any more; correct the `identifiers` of {survivor.id} first",
            )
    back = decide(
        gone,
        PartnerUnmerged(
            reason=reason,
            unmerged_from=PartnerId(survivor.id),
            status=gone.merger.was if gone.merger else "active",
            merged_into=None,
            merger=None,
            identifiers=(*gone.identifiers, *moved.identifiers),
        ),
    )
    released = decide(
        survivor,
        PartnerReleased(
            released=PartnerId(gone.id),
            reason=reason,
            identifiers=_without(survivor.identifiers, moved.identifiers),
            aliases=_without(survivor.aliases, moved.aliases),
            rankings=_without(survivor.rankings, moved.rankings),
        ),
    )
    sound(back[0])
    sound(released[0])
    return back, released


def _what_moves(gone: Partner, survivor: Partner) -> Moved:
    """Its ids; its names and aliases, as aliases; its positions, but in editions that are known."""
    names = {each.name for each in survivor.names} | {*survivor.aliases}
    called = (gone.name, *(each.name for each in gone.names), *gone.aliases)
    editions = {(each.ranking, each.edition) for each in survivor.rankings}
    return Moved(
        identifiers=gone.identifiers,
        aliases=tuple(name for name in dict.fromkeys(called) if name not in names),
        rankings=tuple(r for r in gone.rankings if (r.ranking, r.edition) not in editions),
    )


def _before(gone: Partner) -> Literal["active", "retired"]:
    return "retired" if gone.status == "retired" else "active"


def _without(kept: Iterable[T], taken: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(each for each in kept if each not in taken)


def _must_be_two(gone: Partner, survivor: Partner) -> None:
    if gone.id == survivor.id:
        raise Rejected(
            "partner-merges-with-itself",
            f"{gone.name!r} is this partner; name the one that is left",
            field="into",
            status=422,
        )


def _must_not_be_merged(partner: Partner, *, field: str | None) -> None:
    if partner.status == "merged":
        raise Rejected(
            "partner-merged",
            f"{partner.name!r} is merged into {partner.merged_into}; take that one",
            field=field,
        )


def _must_be_able_to_absorb(survivor: Partner) -> None:
    _must_not_be_merged(survivor, field="into")
    if survivor.status != "active":
        raise Rejected(
            f"partner-{survivor.status}",
            f"{survivor.name!r} is {survivor.status}; reinstate it first",
            field="into",
        )
