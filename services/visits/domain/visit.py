"""A visit's state, and what no visit can be.

What cannot be true is always refused (`refuse_the_impossible`); what an office merely asks of a
visit stands in `asked`.
"""

from collections.abc import Sequence
from datetime import date

from services.visits.domain.places import must_be_a_country
from services.visits.events import Leg, Member, Status, VisitFields, VisitPartner, VisitWhole
from shared.errors import Rejected
from shared.facts import Fact, State

__all__ = [
    "BEFORE_UNDER_WAY",
    "MOVED_BY_THE_CLOCK",
    "OVER",
    "Decided",
    "Visit",
    "decided",
    "may_start",
    "refuse_the_impossible",
]


class Visit(State, VisitWhole):
    """The present state of one visit."""


Decided = tuple[Visit, tuple[Fact, ...]]
"""The visit after a decision, and the facts that led to it."""

BEFORE_UNDER_WAY: frozenset[Status] = frozenset(
    ("requested", "accepted", "planned", "approved", "confirmed", "postponed")
)
OVER: frozenset[Status] = frozenset(("completed", "reported", "closed"))
MOVED_BY_THE_CLOCK: frozenset[Status] = frozenset(("planned", "approved", "confirmed", "under-way"))
"""Where the dates alone may carry a visit on; the first two only if it is a meeting."""


def decided(visit: Visit, *facts: Fact, today: date) -> Decided:
    """The visit after the facts. Raises Rejected if it would be an impossible one."""
    after = visit.after(*facts)
    refuse_the_impossible(after, today=today)
    return after, facts


def may_start(visit: VisitFields) -> bool:
    """True if nothing but the day is missing: a meeting needs no approval, the others do."""
    return visit.status == "confirmed" or (
        visit.direction == "meeting" and visit.status in ("planned", "approved")
    )


def refuse_the_impossible(visit: VisitFields, *, today: date) -> None:
    """Raises Rejected for what no visit can be, planned or past."""
    if visit.ends_on.last < visit.starts_on.first:
        raise Rejected(
            "ends-before-start",
            f"it ends ({visit.ends_on}) before it begins ({visit.starts_on})",
            field="ends_on",
            status=422,
        )
    for index, leg in enumerate(visit.legs):
        if leg.starts_on and leg.ends_on and leg.ends_on.last < leg.starts_on.first:
            raise Rejected(
                "ends-before-start",
                f"the leg to {leg.city} ends ({leg.ends_on}) before it begins ({leg.starts_on})",
                field=f"legs.{index}.ends_on",
                status=422,
            )
    _refuse_unknown_countries(visit)
    ids = [each.id for each in visit.follow_ups]
    if len(set(ids)) != len(ids):
        raise Rejected(
            "follow-up-twice",
            "two follow-ups have the same id; leave the ids out to have them given",
            field="follow_ups",
            status=422,
        )
    for field, day in (
        ("requested_on", visit.requested_on),
        ("decision.on", visit.decision.on if visit.decision else None),
        ("report.on", visit.report.on if visit.report else None),
    ):
        if day is not None and day.first > today:
            raise Rejected(
                "date-in-future",
                f"{day} has not come yet (today is {today})",
                field=field,
                status=422,
            )
    if visit.status in {"under-way", *OVER} and visit.starts_on.first > today:
        raise Rejected(
            "visit-lies-ahead",
            f"it cannot be {visit.status} before it begins ({visit.starts_on})",
            field="status",
        )


def _refuse_unknown_countries(visit: VisitFields) -> None:
    lists: dict[str, Sequence[VisitPartner | Member | Leg]] = {
        "partners": visit.partners,
        "members": visit.members,
        "legs": visit.legs,
    }
    for name, entries in lists.items():
        for index, entry in enumerate(entries):
            if entry.country is not None:
                must_be_a_country(entry.country, field=f"{name}.{index}.country")
