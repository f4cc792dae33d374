"""Taking in what a list or another system newly says of a stay that is already here.

A difference is applied as what it implies: another status is the step that leads to it, and plain
fields are corrected; or it is refused, and nothing is changed.
"""

from datetime import date

from services.mobility.domain.decisions import Decided, decide, differences, laid_over
from services.mobility.domain.stays import (
    FIXED,
    FOLLOWING_THE_DATES,
    OVER_FOR_GOOD,
    Stay,
    sound,
    status_by_days,
)
from services.mobility.events import (
    StayApproved,
    StayCompleted,
    StayConfirmed,
    StayCorrected,
    StayExtended,
    StayNoShow,
    StayRecognised,
    StayRejected,
    StayReturnedEarly,
    StayStarted,
    StayTranscriptReceived,
    StayWithdrawn,
)
from services.mobility.events.values import StayStatus
from shared.dates import PartialDate
from shared.errors import Rejected
from shared.facts import Fact
from shared.lists.news import Told

ALONG: tuple[StayStatus, ...] = (
    "nominated",
    "approved",
    "confirmed",
    "under-way",
    "completed",
    "transcript-received",
    "recognised",
)
_DAYS = frozenset({"planned_from", "planned_until", "actual_from", "actual_until"})


def reconcile(
    stay: Stay, told: Told, *, reason: str, today: date, mends: bool = False
) -> Decided[Stay]:
    """Apply news. `mends`: a source that may take back what it said (upstream), so a status may
    also go back and a stay may be found to have another partner; otherwise such news is refused.

    Raises Rejected: `stay-parties-fixed`, `status-went-back`, `stay-began`, `stay-ended`,
    `value-invalid`, or what `sound` says.
    """
    # As the state would write it, so that 30 and 30.0 or an omitted null are no difference.
    target = laid_over(stay, told)
    wants = differences(
        {f: v for f, v in target.model_dump(mode="json").items() if f in told}, of=stay
    )
    if not mends:
        _parties_stay(stay, wants)
    goal = _goal(stay, target, wants, today=today)
    steps: list[Fact] = []
    wants.pop("status", None)
    if goal != stay.status:
        if _goes_on(stay.status, goal, mends=mends):
            steps = _steps(stay, target, goal, today=today)
        else:
            wants["status"] = goal
    if wants.get("extended") and "planned_until" in wants:
        steps.insert(
            0,
            StayExtended(
                status=wants.pop("status", stay.status),
                extended=True,
                planned_until=target.planned_until,
                reason=reason,
            ),
        )
    carried = {field for step in steps for field in step.model_fields_set} - {"status"}
    plain = {field: value for field, value in wants.items() if field not in carried}
    facts = [StayCorrected(changes=plain, reason=reason)] if plain else []
    after, all_facts = decide(stay, *facts, *steps)
    if all_facts:
        sound(after)
    return after, all_facts


def _parties_stay(stay: Stay, wants: Told) -> None:
    for field in sorted(FIXED & wants.keys()):
        if field == "partner" and stay.partner is None:
            continue
        raise Rejected(
            "stay-parties-fixed",
            f"{field!r} never changes in a stay: a replacement is a new stay under a new ref",
            field=field,
        )


def _goal(stay: Stay, target: Stay, wants: Told, *, today: date) -> StayStatus:
    """The status to reach: as told, but never behind what the days say."""
    by_days = status_by_days(target, today=today)
    if "status" in wants:
        if target.status in FOLLOWING_THE_DATES:
            return max(target.status, by_days, key=ALONG.index)
        return target.status
    if stay.status in FOLLOWING_THE_DATES and _DAYS & wants.keys():
        return by_days
    return stay.status


def _goes_on(now: StayStatus, goal: StayStatus, *, mends: bool) -> bool:
    """True if the life cycle leads from one to the other; False if a correction must do it."""
    if now in OVER_FOR_GOOD:
        if mends:
            return False
        raise Rejected(
            "stay-ended",
            f"it was {now} and cannot become {goal}; correct its status if that was wrong",
            field="status",
        )
    if goal in OVER_FOR_GOOD:
        begun = ALONG.index(now) >= ALONG.index("under-way")
        if begun and goal != "no-show" and not mends:
            raise Rejected(
                "stay-began", f"it is {now}: it cannot be {goal} any more", field="status"
            )
        return True
    if ALONG.index(goal) > ALONG.index(now):
        return True
    if now in FOLLOWING_THE_DATES and goal in FOLLOWING_THE_DATES:
        return False  # other days: the clock was wrong, not a person
    if mends:
        return False
    raise Rejected(
        "status-went-back",
        f"it is {now} and cannot become {goal} again; correct its status, saying why",
        field="status",
    )


def _steps(stay: Stay, target: Stay, goal: StayStatus, *, today: date) -> list[Fact]:
    """The facts of the way to `goal`. What lies between is implied only where all pass it."""
    on = PartialDate.of(min(today, target.starts.last))
    now = PartialDate.of(today)
    match goal:
        case "rejected":
            return [StayRejected(status="rejected", rejected_on=on)]
        case "withdrawn":
            return [StayWithdrawn(status="withdrawn", withdrawn_on=now)]
        case "no-show":
            return [StayNoShow(status="no-show", said_on=now)]
        case "approved":
            return [StayApproved(status="approved", approved_on=on)]
        case "confirmed":
            return [StayConfirmed(status="confirmed", confirmed_on=on)]
        case _:
            return _on_the_way(stay, target, goal, today=now)


def _on_the_way(stay: Stay, target: Stay, goal: StayStatus, *, today: PartialDate) -> list[Fact]:
    steps: list[Fact] = []
    passed = ALONG[ALONG.index(stay.status) + 1 : ALONG.index(goal) + 1]
    if "under-way" in passed:
        new = target.actual_from != stay.actual_from
        steps.append(
            StayStarted(status="under-way", actual_from=target.actual_from)
            if new
            else StayStarted(status="under-way")
        )
    if "completed" in passed:
        steps.append(_completed(stay, target))
    if "transcript-received" in passed and goal == "transcript-received":
        steps.append(
            StayTranscriptReceived(
                status="transcript-received", credits=target.credits, received_on=today
            )
        )
    if "recognised" in passed:
        steps.append(
            StayRecognised(status="recognised", credits=target.credits, recognised_on=today)
        )
    return steps


def _completed(stay: Stay, target: Stay) -> Fact:
    if target.actual_until is None or target.actual_until == stay.actual_until:
        return StayCompleted(status="completed")
    if target.returned_early and not stay.returned_early:
        return StayReturnedEarly(
            status="completed", returned_early=True, actual_until=target.actual_until
        )
    return StayCompleted(status="completed", actual_until=target.actual_until)
