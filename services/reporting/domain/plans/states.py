"""How far a target has come on a day. Pure: numbers and days in, a state out.

gated            its condition has not been approved by the day
not started      nothing is there yet, and it is not due
on track         at least the target times the share of the time that has passed
at risk          at least three quarters of that
behind           less
met, exceeded    reached; more than was aimed at
missed           due, and not reached
not measurable   a rate without a baseline or a denominator; prose on which nobody decided
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from services.reporting.events.plans import Baseline, Note, Target
from shared.dates import days_inclusive

__all__ = ["Standing", "StateName", "standing"]

StateName = Literal[
    "gated",
    "not started",
    "on track",
    "at risk",
    "behind",
    "met",
    "exceeded",
    "missed",
    "not measurable",
]
_RISK = Decimal("0.75")


@dataclass(frozen=True, slots=True)
class Standing:
    """A target's state on a day, why, and where it will be on the due day at this pace."""

    state: StateName
    why: str
    projection: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """The days of a target: both ends count; `on` is the day it is judged on."""

    first: date
    due: date
    on: date

    @property
    def is_due(self) -> bool:
        """The due day itself is judged as it ends."""
        return self.on >= self.due

    @property
    def share(self) -> Decimal:
        """The part of the time that has passed, 0 to 1."""
        if self.on < self.first:
            return Decimal(0)
        if self.is_due:
            return Decimal(1)
        return Decimal(days_inclusive(self.first, self.on)) / days_inclusive(self.first, self.due)


def standing(
    target: Target,
    *,
    number: Decimal | None,
    time: Time,
    approved_on: date | None = None,
    baseline: Baseline | None = None,
    notes: Sequence[Note] = (),
    stage: Decimal = Decimal(0),
) -> Standing:
    """The state of a target.

    `number` is what was counted (a share for a rate; None: cannot be said); `notes` those of this
    target; `stage` how far, from 0 to 1, something that is reached at once has been prepared.
    """
    if target.gate is not None and (approved_on is None or approved_on > time.on):
        return Standing("gated", f"subject to {target.gate}")
    if target.form == "qualitative":
        return _said(notes, time)
    if target.form == "rate":
        return _rate(number, baseline, time)
    if number is None:
        return Standing("not measurable", "what is counted cannot be said in one number")
    if target.form == "stock":
        return _stock(number, Decimal(target.number or 0), time)
    if target.form in ("milestone", "named"):
        return _at_once(number, Decimal(target.number or 1), time, stage)
    return _running(target, number, time)


def _running(target: Target, number: Decimal, time: Time) -> Standing:
    """At least, exactly, over, range: what adds up during the time."""
    aim = Decimal(target.number or 0)
    most = Decimal(target.number_until) if target.number_until is not None else aim
    projection = (number / time.share).quantize(Decimal("0.1")) if time.share else None
    if target.form == "over":
        if number > aim:
            return Standing("met", f"{number} is over {aim}", projection)
        return _pace(number, aim + 1, time, projection)
    if number > most:
        return Standing("exceeded", f"{number} is more than {most}", projection)
    if number >= aim:
        return Standing("met", f"{number} of {aim}", projection)
    return _pace(number, aim, time, projection)


def _pace(number: Decimal, aim: Decimal, time: Time, projection: Decimal | None) -> Standing:
    """Not reached yet: compared with what the time that has passed asks for."""
    if time.is_due:
        return Standing("missed", f"{number} of {aim} on the due day", projection)
    if number == 0:
        return Standing("not started", f"0 of {aim}", projection)
    asked = aim * time.share
    said = f"{number} of {aim}; {asked.quantize(Decimal('0.1'))} by now would be on track"
    if number >= asked:
        return Standing("on track", said, projection)
    if number >= asked * _RISK:
        return Standing("at risk", said, projection)
    return Standing("behind", said, projection)


def _stock(number: Decimal, aim: Decimal, time: Time) -> Standing:
    """What is so on a day and can fall again: only the due day decides."""
    said = f"{number} of {aim} on the day"
    if time.is_due:
        if number > aim:
            return Standing("exceeded", said, number)
        return Standing("met" if number == aim else "missed", said, number)
    if number >= aim:
        return Standing("on track", said, number)
    return Standing("at risk" if number >= aim * _RISK else "behind", said, number)


def _at_once(number: Decimal, aim: Decimal, time: Time, stage: Decimal) -> Standing:
    """A milestone: there or not; before that, its preparation is compared with the time."""
    if number >= aim:
        return Standing("met", "reached")
    if time.is_due:
        return Standing("missed", "not reached on the due day")
    if stage == 0:
        return Standing("not started", "nothing has been recorded yet")
    said = f"prepared, {stage:.0%} of the way; {time.share:.0%} of the time has passed"
    if stage >= time.share:
        return Standing("on track", said)
    return Standing("at risk" if stage >= time.share * _RISK else "behind", said)


def _rate(number: Decimal | None, baseline: Baseline | None, time: Time) -> Standing:
    """To be increased: more than the baseline."""
    if baseline is None:
        return Standing("not measurable", "an increase needs a baseline, and none was given")
    if number is None:
        return Standing("not measurable", "what it is divided by has not been reported")
    said = f"{number:.1%}, was {baseline.value:.1%} in {baseline.year} ({baseline.source})"
    if number > baseline.value:
        return Standing("met", said)
    if time.is_due:
        return Standing("missed", said)
    asked = baseline.value * time.share
    if number == 0:
        return Standing("not started", said)
    if number >= asked:
        return Standing("on track", said)
    return Standing("at risk" if number >= asked * _RISK else "behind", said)


def _said(notes: Sequence[Note], time: Time) -> Standing:
    """A progress log: what its last entry by the day says; somebody must decide how it ended."""
    log = sorted((each for each in notes if each.on <= time.on), key=lambda each: each.on)
    decided = [each.state for each in log if each.state is not None]
    if decided and (not time.is_due or decided[-1] in ("met", "missed")):
        return Standing(decided[-1], log[-1].text)
    if time.is_due:
        why = "nobody recorded how it ended" if log else "nothing was recorded"
        return Standing("not measurable", why)
    return Standing("on track", log[-1].text) if log else Standing("not started", "no notes yet")
