"""What a visit leads to: something to do next, with an owner and a day, and what came of it."""

from datetime import date

from services.visits.domain.visit import Decided, Visit, decided
from services.visits.events import (
    FollowUp,
    FollowUpId,
    VisitFollowUpAdded,
    VisitFollowUpClosed,
    VisitFollowUpLinked,
)
from shared.dates import PartialDate
from shared.errors import Rejected

__all__ = ["add_follow_up", "close_follow_up", "free_id", "link_follow_up", "replaced"]


def add_follow_up(visit: Visit, *, follow_up: FollowUp, today: date) -> Decided:
    """Note what is to be done next. Before, during or after the visit, unless it fell through."""
    if visit.status in ("declined", "cancelled"):
        raise Rejected(
            "visit-ended", f"the visit was {visit.status}: nothing follows from it", field="status"
        )
    if any(each.id == follow_up.id for each in visit.follow_ups):
        raise Rejected(
            "follow-up-exists",
            f"the visit has a follow-up {follow_up.id!r} (or one with that very text) already",
            field="text",
        )
    fact = VisitFollowUpAdded(follow_up=follow_up.id, follow_ups=(*visit.follow_ups, follow_up))
    return decided(visit, fact, today=today)


def link_follow_up(visit: Visit, *, follow_up: FollowUpId, became: str, today: date) -> Decided:
    """Say what the follow-up led to; that settles it. The same again changes nothing."""
    present = _follow_up(visit, follow_up)
    if present.became == became:
        return visit, ()
    if present.became is not None:
        raise Rejected(
            "follow-up-already-linked",
            f"follow-up {follow_up} led to {present.became} already; correct `follow_ups` if that"
            " is wrong, or add another follow-up",
            field="became",
        )
    linked = present.model_copy(update={"became": became, "status": "done"})
    fact = VisitFollowUpLinked(
        follow_up=follow_up, became=became, follow_ups=replaced(visit, linked)
    )
    return decided(visit, fact, today=today)


def close_follow_up(
    visit: Visit, *, follow_up: FollowUpId, on: PartialDate, result: str | None, today: date
) -> Decided:
    """Say that the follow-up is done, or no longer pursued (`result` says which)."""
    present = _follow_up(visit, follow_up)
    if present.status == "done":
        raise Rejected(
            "follow-up-already-done", f"follow-up {follow_up} is done already", field="status"
        )
    if on.first > today:
        raise Rejected("date-in-future", f"{on} has not come yet", field="on", status=422)
    fact = VisitFollowUpClosed(
        follow_up=follow_up,
        closed_on=on,
        result=result,
        follow_ups=replaced(visit, present.model_copy(update={"status": "done"})),
    )
    return decided(visit, fact, today=today)


def free_id(taken: set[str]) -> FollowUpId:
    """The lowest number that no follow-up of the visit has."""
    number = 1
    while str(number) in taken:
        number += 1
    return FollowUpId(str(number))


def replaced(visit: Visit, follow_up: FollowUp) -> tuple[FollowUp, ...]:
    """The visit's follow-ups with this one in the place of its namesake."""
    return tuple(follow_up if each.id == follow_up.id else each for each in visit.follow_ups)


def _follow_up(visit: Visit, follow_up: FollowUpId) -> FollowUp:
    for each in visit.follow_ups:
        if each.id == follow_up:
            return each
    raise Rejected(
        "follow-up-unknown", f"visit {visit.id} has no follow-up {follow_up!r}", status=404
    )
