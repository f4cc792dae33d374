"""Contributions received: who gave what, when, for what purpose."""

from datetime import date
from decimal import Decimal

from services.agreements.domain.decisions import (
    REIMPORTED,
    Decided,
    Record,
    fields_of,
    mend,
    must_be_distinct,
    must_not_lie_ahead,
)
from services.agreements.domain.places import must_be_a_currency
from services.agreements.events.contributions import (
    ContributionCorrected,
    ContributionFields,
    ContributionReceived,
    ContributionRecorded,
)
from services.agreements.events.values import ContributionId
from shared.errors import Rejected
from shared.lists.news import Told


class Contribution(ContributionFields, Record):
    """A contribution as it is known now."""


CORRECTABLE = frozenset(ContributionFields.model_fields) - {"ref"}


def receive(
    contribution: ContributionId, fields: ContributionFields, *, today: date
) -> Decided[Contribution]:
    """It came."""
    must_not_lie_ahead(fields.received_on, today=today, field="received_on")
    new = Contribution(id=contribution, **fields.model_dump())
    sound(new)
    fact = ContributionReceived.model_validate(fields_of(new))
    return new.after(fact), (fact,)


def record(contribution: ContributionId, fields: ContributionFields) -> Decided[Contribution]:
    """A contribution of the past is entered."""
    new = Contribution(id=contribution, **fields.model_dump())
    sound(new)
    fact = ContributionRecorded.model_validate(fields_of(new))
    return new.after(fact), (fact,)


def correct(contribution: Contribution, changes: Told, *, reason: str) -> Decided[Contribution]:
    """Its record was wrong."""
    return mend(
        contribution,
        changes,
        reason=reason,
        fact=ContributionCorrected,
        correctable=CORRECTABLE,
        sound=sound,
    )


def reconcile(contribution: Contribution, told: Told) -> Decided[Contribution]:
    """Apply what the office's list newly says: a contribution has no steps, so as a correction."""
    return correct(contribution, told, reason=REIMPORTED) if told else (contribution, ())


def sound(contribution: Contribution) -> None:
    """What must hold of every contribution."""
    must_be_a_currency(contribution.currency, field="currency")
    if not contribution.donors:
        raise Rejected(
            "contribution-needs-a-donor", "say which partner gave it", field="donors", status=422
        )
    must_be_distinct(
        (each.partner for each in contribution.donors), code="donor-listed-twice", field="donors"
    )
    until = contribution.received_until
    if until is not None and until.last < contribution.received_on.first:
        raise Rejected(
            "contribution-ends-before-it-begins",
            f"it began to come on {contribution.received_on}, after {until}",
            field="received_until",
            status=422,
        )
    _must_add_up(contribution)


def _must_add_up(contribution: Contribution) -> None:
    """Known shares are within the amount, and all of it when every share is known."""
    shares = [Decimal(each.amount) for each in contribution.donors if each.amount is not None]
    total, amount = sum(shares, Decimal(0)), Decimal(contribution.amount)
    every_share_known = len(shares) == len(contribution.donors)
    if total > amount or (every_share_known and total != amount):
        raise Rejected(
            "contribution-shares-differ",
            f"the donors' shares add up to {total}, the amount is {amount} {contribution.currency}",
            field="donors",
            status=422,
        )
