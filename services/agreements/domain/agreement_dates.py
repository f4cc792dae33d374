"""What the calendar does to agreements: into force, on after a rest, renewal, lapse, succession.

"Today" is the local date of the owning unit. An end known to the month or the year only comes
when that month or year is over.
"""

from datetime import date, timedelta

from services.agreements.domain.agreement_suspensions import resumed, resumes_on
from services.agreements.domain.agreements import HOLDING, Agreement
from services.agreements.domain.decisions import Decided, just_before
from services.agreements.events.agreements import (
    AgreementEnteredIntoForce,
    AgreementLapsed,
    AgreementRenewed,
)
from services.agreements.events.values import Renewal
from shared.dates import PartialDate, add_months
from shared.facts import Fact


def follow_the_calendar(agreement: Agreement, *, today: date) -> Decided[Agreement]:
    """Everything that is due by today, in order; nothing, mostly."""
    facts: list[Fact] = []
    while (due := _due(agreement, today=today)) is not None:
        agreement = agreement.after(due)
        facts.append(due)
    return agreement, tuple(facts)


def _due(agreement: Agreement, *, today: date) -> Fact | None:
    if agreement.status == "signed" and _begins_by(agreement, today):
        on = agreement.valid_from or PartialDate.of(today)
        return AgreementEnteredIntoForce(on=on, status="in-force")
    goes_on = resumes_on(agreement)
    if goes_on is not None and goes_on.first <= today:
        return resumed(agreement, on=goes_on)
    end = agreement.valid_until
    if agreement.status not in HOLDING or end is None or today <= end.last:
        return None
    if agreement.renewal.rule == "tacit" and agreement.renewal.months is not None:
        return AgreementRenewed(
            on=PartialDate.of(end.last + timedelta(days=1)),
            tacit=True,
            evidence=None,
            valid_until=extended(end, agreement.renewal),
        )
    return AgreementLapsed(ended_on=end, status="lapsed")


def _begins_by(agreement: Agreement, today: date) -> bool:
    return agreement.valid_from is None or agreement.valid_from.first <= today


def extended(end: PartialDate, renewal: Renewal) -> PartialDate:
    """The last day after one tacit renewal: so many months after `end`, month ends kept."""
    first_day_after = add_months(end.last + timedelta(days=1), renewal.months or 0)
    return PartialDate.of(first_day_after - timedelta(days=1))


def succession_day(predecessor: Agreement, *, successor: Agreement, today: date) -> PartialDate:
    """The last day of the one before: the day before the successor's first, or its own first."""
    begins = successor.valid_from or successor.signed_on or PartialDate.of(today)
    last, began = just_before(begins), predecessor.valid_from
    return began if began is not None and last.last < began.first else last
