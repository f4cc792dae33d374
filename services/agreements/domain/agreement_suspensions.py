"""Suspension: an agreement in force rests, from one day to another, and binds nobody meanwhile."""

from datetime import date, timedelta

from services.agreements.domain.agreements import Agreement, must_be, sound
from services.agreements.domain.decisions import Decided, decide, just_before, must_not_lie_ahead
from services.agreements.events.agreements import AgreementResumed, AgreementSuspended
from services.agreements.events.values import Suspension
from shared.dates import PartialDate
from shared.errors import Rejected


def suspend(
    agreement: Agreement,
    *,
    on: PartialDate,
    until: PartialDate | None = None,
    reason: str,
    today: date,
) -> Decided[Agreement]:
    """It rests; its end, if it has one, still comes. With a last day it goes on by the clock."""
    must_be(agreement, "in-force", code="agreement-not-in-force")
    must_not_lie_ahead(on, today=today)
    fact = suspended(agreement, on=on, until=until, reason=reason)
    sound(agreement.after(fact))
    return decide(agreement, fact)


def resume(agreement: Agreement, *, on: PartialDate, today: date) -> Decided[Agreement]:
    """It no longer rests, from that day on."""
    must_be(agreement, "suspended", code="agreement-not-suspended")
    must_not_lie_ahead(on, today=today)
    if agreement.suspensions and on.last < agreement.suspensions[-1].suspended_from.first:
        raise Rejected(
            "agreement-resumed-before-suspension",
            f"it was suspended on {agreement.suspensions[-1].suspended_from}",
            field="on",
            status=422,
        )
    return decide(agreement, resumed(agreement, on=on))


def suspended(
    agreement: Agreement, *, on: PartialDate, until: PartialDate | None = None, reason: str
) -> AgreementSuspended:
    """The fact that it rests."""
    begun = Suspension(suspended_from=on, suspended_until=until)
    return AgreementSuspended(
        on=on, reason=reason, suspensions=(*agreement.suspensions, begun), status="suspended"
    )


def resumed(agreement: Agreement, *, on: PartialDate) -> AgreementResumed:
    """The fact that it rests no longer. Where it rested for no day at all, nothing stays of it."""
    kept = list(agreement.suspensions[:-1])
    for last in agreement.suspensions[-1:]:
        until = just_before(on)
        if until.last >= last.suspended_from.first:
            kept.append(last.model_copy(update={"suspended_until": until}))
    return AgreementResumed(on=on, suspensions=tuple(kept), status="in-force")


def resumes_on(agreement: Agreement) -> PartialDate | None:
    """The day on which it goes on by the clock, where its suspension has a last day."""
    if agreement.status != "suspended" or not agreement.suspensions:
        return None
    until = agreement.suspensions[-1].suspended_until
    return None if until is None else PartialDate.of(until.last + timedelta(days=1))
