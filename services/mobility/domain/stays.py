"""The life cycle of a stay.

    nominated -> approved | rejected -> confirmed -> under way -> completed
    -> transcript received -> recognised (only where credits were planned)

also withdrawn (before it begins), no-show, extended, returned early. The sending side owns
nomination, start and recognition; the receiving side owns acceptance and the actual dates. A step
of the other side is recorded by us with the evidence for it. Person, sending and receiving
institution never change: a replacement is a new stay. *Under way* and *completed* follow the dates
(`by_the_dates`); whoever says otherwise says so with an actual date.
"""

from datetime import date
from typing import Any, Literal

from services.mobility.domain.decisions import (
    Decided,
    Record,
    decide,
    fields_of,
    mended,
    must_be_correctable,
    must_not_lie_ahead,
)
from services.mobility.events import (
    StayApproved,
    StayCompleted,
    StayConfirmed,
    StayCorrected,
    StayExtended,
    StayFields,
    StayNominated,
    StayNoShow,
    StayRecognised,
    StayRecorded,
    StayRejected,
    StayReturnedEarly,
    StayStarted,
    StayTranscriptReceived,
    StayWithdrawn,
)
from services.mobility.events.values import Credits, StayStatus
from shared.dates import PartialDate, Period
from shared.errors import Rejected
from shared.facts import Fact

Side = Literal["sending", "receiving"]


class Stay(StayFields, Record):
    """A stay as it is known now."""

    @property
    def our_side(self) -> Side:
        return "sending" if self.direction == "out" else "receiving"

    @property
    def starts(self) -> PartialDate:
        """The actual first day if it is known, else the planned one."""
        return self.actual_from or self.planned_from

    @property
    def ends(self) -> PartialDate:
        """The actual last day if it is known, else the planned one."""
        return self.actual_until or self.planned_until


FIXED = frozenset({"person_ref", "direction", "partner"})
"""What never changes in the life of a stay (a partner that is not known yet may become known)."""
CORRECTABLE = frozenset(StayFields.model_fields) - FIXED - {"ref", "source"} | {"partner"}
FOLLOWING_THE_DATES: tuple[StayStatus, ...] = ("confirmed", "under-way", "completed")
NOT_BEGUN: tuple[StayStatus, ...] = ("nominated", "approved", "confirmed")
OVER_FOR_GOOD: tuple[StayStatus, ...] = ("rejected", "withdrawn", "no-show")


def nominate(stay: Stay) -> Decided[Stay]:
    """The sending side proposes the person. `stay` has version 0 and status nominated."""
    sound(stay)
    return decide(stay, StayNominated.model_validate(fields_of(stay)))


def record(stay: Stay, *, today: date) -> Decided[Stay]:
    """A stay is entered in its present state; the dates carry it on from there."""
    sound(stay)
    recorded, facts = decide(stay, StayRecorded.model_validate(fields_of(stay)))
    settled, moved = by_the_dates(recorded, today=today)
    return settled, (*facts, *moved)


def approve(stay: Stay, *, on: PartialDate, evidence: str | None, today: date) -> Decided[Stay]:
    """The receiving side accepts the person."""
    _must_be(stay, "nominated")
    must_not_lie_ahead(on, today=today)
    _must_be_shown(stay, "receiving", evidence)
    return decide(stay, StayApproved(status="approved", approved_on=on, evidence=evidence))


def reject(
    stay: Stay, *, on: PartialDate, reason: str | None, evidence: str | None, today: date
) -> Decided[Stay]:
    """The receiving side does not accept the person."""
    _must_be(stay, "nominated", "approved")
    must_not_lie_ahead(on, today=today)
    _must_be_shown(stay, "receiving", evidence)
    fact = StayRejected(status="rejected", rejected_on=on, reason=reason, evidence=evidence)
    return decide(stay, fact)


def confirm(stay: Stay, *, on: PartialDate, today: date) -> Decided[Stay]:
    """The person goes. Where the days have come, the stay begins with it."""
    _must_be(stay, "approved")
    must_not_lie_ahead(on, today=today)
    confirmed, facts = decide(stay, StayConfirmed(status="confirmed", confirmed_on=on))
    settled, moved = by_the_dates(confirmed, today=today)
    return settled, (*facts, *moved)


def start(stay: Stay, *, on: PartialDate, today: date) -> Decided[Stay]:
    """It began on this day, whatever was planned."""
    _must_be(stay, "confirmed", "under-way")
    must_not_lie_ahead(on, today=today)
    started, facts = decide(stay, StayStarted(status="under-way", actual_from=on))
    sound(started)
    return started, facts


def complete(stay: Stay, *, on: PartialDate, evidence: str | None, today: date) -> Decided[Stay]:
    """It ended on this day, as was planned or nearly so."""
    _must_be(stay, "under-way", "completed")
    must_not_lie_ahead(on, today=today)
    _must_be_shown(stay, "receiving", evidence)
    fact = StayCompleted(status="completed", actual_until=on, evidence=evidence)
    completed, facts = decide(stay, fact)
    sound(completed)
    return completed, facts


def return_early(
    stay: Stay, *, on: PartialDate, reason: str | None, evidence: str | None, today: date
) -> Decided[Stay]:
    """It ended before its time."""
    _must_be(stay, "under-way", "completed")
    must_not_lie_ahead(on, today=today)
    _must_be_shown(stay, "receiving", evidence)
    if on.first >= stay.planned_until.last:
        raise Rejected(
            "stay-not-early",
            f"it was planned until {stay.planned_until}: complete it instead",
            field="on",
        )
    fact = StayReturnedEarly(
        status="completed", returned_early=True, actual_until=on, reason=reason, evidence=evidence
    )
    returned, facts = decide(stay, fact)
    sound(returned)
    return returned, facts


def extend(stay: Stay, *, until: PartialDate, reason: str | None, today: date) -> Decided[Stay]:
    """It lasts longer than was planned; one that the clock had completed is under way again."""
    _must_be(stay, *FOLLOWING_THE_DATES)
    if stay.actual_until is not None:
        raise Rejected(
            "stay-ended", f"it ended on {stay.actual_until}; correct that day if it did not"
        )
    if until.last <= stay.planned_until.last:
        raise Rejected(
            "stay-not-longer",
            f"it is planned until {stay.planned_until}: an extension ends later",
            field="until",
        )
    longer = stay.model_copy(update={"planned_until": until})
    fact = StayExtended(
        status=status_by_days(longer, today=today),
        extended=True,
        planned_until=until,
        reason=reason,
    )
    return decide(stay, fact)


def receive_transcript(
    stay: Stay, *, awarded: float, on: PartialDate, today: date
) -> Decided[Stay]:
    """The receiving side says which credits it awarded."""
    _must_be(stay, "completed")
    must_not_lie_ahead(on, today=today)
    _must_have_planned_credits(stay)
    credits_ = stay.credits.model_copy(update={"awarded": awarded})
    fact = StayTranscriptReceived(
        status="transcript-received", credits=_all_set(credits_), received_on=on
    )
    return decide(stay, fact)


def recognise(
    stay: Stay, *, recognised: float, on: PartialDate, evidence: str | None, today: date
) -> Decided[Stay]:
    """The sending side recognises credits: all of them, or fewer."""
    _must_be(stay, "transcript-received")
    must_not_lie_ahead(on, today=today)
    _must_have_planned_credits(stay)
    _must_be_shown(stay, "sending", evidence)
    awarded = stay.credits.awarded
    if awarded is not None and recognised > awarded:
        raise Rejected(
            "credits-exceed-award",
            f"{awarded:g} were awarded; no more can be recognised",
            field="recognised",
        )
    credits_ = stay.credits.model_copy(update={"recognised": recognised})
    fact = StayRecognised(
        status="recognised", credits=_all_set(credits_), recognised_on=on, evidence=evidence
    )
    return decide(stay, fact)


def withdraw(stay: Stay, *, on: PartialDate, reason: str | None, today: date) -> Decided[Stay]:
    """The nomination is taken back, before the stay begins."""
    if stay.status == "under-way":
        raise Rejected(
            "stay-under-way",
            "it has begun: say that the person returned early, or never arrived (no-show)",
        )
    _must_be(stay, *NOT_BEGUN)
    must_not_lie_ahead(on, today=today)
    return decide(stay, StayWithdrawn(status="withdrawn", withdrawn_on=on, reason=reason))


def miss(
    stay: Stay, *, on: PartialDate, reason: str | None, evidence: str | None, today: date
) -> Decided[Stay]:
    """The person never arrived, though the days came."""
    _must_be(stay, "approved", *FOLLOWING_THE_DATES)
    must_not_lie_ahead(on, today=today)
    _must_be_shown(stay, "receiving", evidence)
    if stay.actual_from is not None:
        raise Rejected("stay-began", f"it began on {stay.actual_from}; correct that day first")
    fact = StayNoShow(status="no-show", said_on=on, reason=reason, evidence=evidence)
    return decide(stay, fact)


def correct(stay: Stay, *, field: str, value: Any, reason: str, today: date) -> Decided[Stay]:
    """Mend one field (`value` is JSON). Other days take back a status that the clock had set."""
    if field in FIXED and not (field == "partner" and stay.partner is None):
        raise Rejected(
            "stay-parties-fixed",
            f"{field!r} never changes in a stay: withdraw this one and enter another",
            field="field",
        )
    must_be_correctable(field, CORRECTABLE)
    after, changes = mended(stay, field, value)
    if field == "status":
        if after.status in FOLLOWING_THE_DATES and after.status != status_by_days(
            after, today=today
        ):
            raise Rejected(
                "status-contradicts-days",
                f"its days are {after.starts} to {after.ends}: correct those",
                field="value",
            )
    elif stay.status in FOLLOWING_THE_DATES:
        status = status_by_days(after, today=today)
        if status != status_by_days(stay, today=today):
            changes |= {"status": status}
    corrected, facts = decide(stay, StayCorrected(changes=changes, reason=reason))
    sound(corrected)
    return corrected, facts


def status_by_days(stay: Stay, *, today: date) -> StayStatus:
    """What the days say of a stay that takes place; vague ones by the last day they can mean."""
    if stay.ends.last < today:
        return "completed"
    return "under-way" if stay.starts.last <= today else "confirmed"


def by_the_dates(stay: Stay, *, today: date) -> Decided[Stay]:
    """What the clock does: a confirmed stay begins, one under way ends. No facts if neither."""
    facts: list[Fact] = []
    goal = status_by_days(stay, today=today)
    if stay.status == "confirmed" and goal != "confirmed":
        facts.append(StayStarted(status="under-way"))
    if stay.status in ("confirmed", "under-way") and goal == "completed":
        facts.append(StayCompleted(status="completed"))
    return decide(stay, *facts)


def sound(stay: Stay) -> None:
    """What must hold of every stay, however it came to be so."""
    for first, last in (("planned_from", "planned_until"), ("actual_from", "actual_until")):
        begins, ends = getattr(stay, first), getattr(stay, last)
        if begins is not None and ends is not None and ends.last < begins.first:
            raise Rejected(
                "stay-ends-before-it-starts",
                f"it cannot end ({ends}) before it starts ({begins})",
                field=last,
                status=422,
            )
    if stay.ends.last < stay.starts.first:
        raise Rejected(
            "stay-ends-before-it-starts",
            f"it cannot end ({stay.ends}) before it starts ({stay.starts})",
            field="actual_until" if stay.actual_until else "actual_from",
            status=422,
        )
    whole = Period.spanning(stay.starts, stay.ends)
    for index, gap in enumerate(stay.interruptions):
        if not whole.overlaps(Period.spanning(gap.from_, gap.until)):
            raise Rejected(
                "interruption-outside-stay",
                f"{gap.from_} to {gap.until} is not within the stay",
                field=f"interruptions.{index}",
                status=422,
            )


def _all_set(credits_: Credits) -> Credits:
    return Credits.model_validate(credits_.model_dump())


def _must_be(stay: Stay, *statuses: StayStatus) -> None:
    if stay.status not in statuses:
        raise Rejected(
            f"stay-{stay.status}",
            f"the stay is {stay.status}; this step needs it to be {' or '.join(statuses)}",
        )


def _must_have_planned_credits(stay: Stay) -> None:
    if not stay.credits.planned:
        raise Rejected(
            "credits-not-planned",
            "no credits were planned for this stay; correct `credits` first if they were",
        )


def _must_be_shown(stay: Stay, owner: Side, evidence: str | None) -> None:
    """A step that the other side owns is recorded with what shows it."""
    if stay.our_side != owner and not evidence:
        raise Rejected(
            "evidence-missing",
            f"the {owner} side owns this step: say how you know of it (a letter, its date)",
            field="evidence",
            status=422,
        )
