"""How a record follows what upstream says, without undoing what was said here.

Only what upstream says *now and did not say before* is applied. A record that a coordinator had
entered first is completed by upstream, not overwritten.
"""

from datetime import date

from services.mobility.domain.decisions import laid_over
from services.mobility.domain.reconciling import ALONG
from services.mobility.domain.stays import OVER_FOR_GOOD, Stay, status_by_days
from services.mobility.domain.targets import Target
from services.mobility.events.values import StayStatus
from shared.facts import State
from shared.lists.news import Told, newly_told


def stay_news(stay: Stay, *, before: Target | None, now: Target, today: date) -> Told:
    """The fields of a stay to change; `before` is what upstream came to the last time, if ever."""
    told = plain_news(stay, before=before, now=now)
    if "credits" in told:
        told["credits"] = _credits(stay, before=before, now=now)
    status = _status(laid_over(stay, told), before=before, now=now, today=today)
    return told if status is None else told | {"status": status}


def plain_news(state: State, *, before: Target | None, now: Target) -> Told:
    """The fields to change, whatever the kind of record; not its status."""
    if before is not None:
        return newly_told(now.fields, before=before.fields)
    known = state.model_dump(mode="json")
    empty: tuple[object, ...] = (None, [], False, 0)
    return {
        field: value
        for field, value in now.fields.items()
        if field == "credits" or (known.get(field) in empty and value not in empty)
    }


def _credits(stay: Stay, *, before: Target | None, now: Target) -> Told:
    known = stay.credits.model_dump(mode="json")
    said: Told = now.fields["credits"]
    if before is None:
        return {name: value if value is not None else said[name] for name, value in known.items()}
    return known | newly_told(said, before=before.fields["credits"])


def _status(stay: Stay, *, before: Target | None, now: Target, today: date) -> StayStatus | None:
    """The status that upstream brings, or None if it brings none; `stay` has its other news."""
    if before is not None and before.status == now.status:
        return None
    said: StayStatus = now.status  # type: ignore[assignment]  # targets only hold stays' statuses
    goal = status_by_days(stay, today=today) if said == "confirmed" else said
    if before is None and stay.status in OVER_FOR_GOOD:
        return None
    forward = before is None or (
        before.status in ALONG and said in ALONG and ALONG.index(said) > ALONG.index(before.status)
    )
    if forward and stay.status in ALONG and goal in ALONG:
        return goal if ALONG.index(goal) > ALONG.index(stay.status) else None
    return goal
