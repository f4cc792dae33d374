"""Money and goods that partners gave."""

from decimal import Decimal

from services.reporting.domain.measures.asking import (
    Answer,
    Behind,
    Counted,
    Measure,
    Question,
    narrowed,
)
from services.reporting.domain.measures.mobility import refs
from services.reporting.domain.records import Records
from services.reporting.incoming.agreements import Contribution

__all__ = ["MEASURES", "contributions_in", "shares"]


def contributions_in(question: Question, records: Records) -> dict[str, Contribution]:
    """The unit's contributions that began to come in the asked period."""
    return {
        subject: each
        for subject, each in records.contributions.items()
        if question.concerns(each) and question.begins(each.received_on)
    }


def shares(contribution: Contribution, records: Records) -> dict[str, Decimal]:
    """Who gave how much, by name; what has no known shares stands once, under "jointly"."""
    found: dict[str, Decimal] = {}
    joint = []
    left = contribution.amount
    for donor in contribution.donors:
        name = records.partner_name(donor.partner, contribution.received_on)
        if donor.amount is not None:
            found[name] = found.get(name, Decimal(0)) + donor.amount
            left -= donor.amount
        else:
            joint.append(name)
    if len(joint) == 1:
        found[joint[0]] = found.get(joint[0], Decimal(0)) + left
    elif joint:
        found[f"jointly: {' and '.join(joint)}"] = left
    return found


def _counted(subject: str, each: Contribution, records: Records) -> Counted:
    about = "about " if each.approximate else ""
    until = f" to {each.received_until}" if each.received_until else ""
    donors = " and ".join(
        records.partner_name(donor.partner, each.received_on) for donor in each.donors
    )
    return Counted(
        key=subject,
        subject=subject,
        label=f"{about}{each.amount:,} {each.currency} for {each.purpose}",
        why=f"from {donors}, received {each.received_on}{until}",
        illustrative=each.illustrative,
        attributes={
            "currency": each.currency,
            "form": each.form,
            "partner": tuple(
                ref
                for donor in each.donors
                for ref in refs(donor.partner, records, each.received_on)
            ),
        },
    )


def _received(question: Question, records: Records) -> Answer:
    found = contributions_in(question, records)
    kept = narrowed(
        (_counted(subject, each, records) for subject, each in found.items()), question.where
    )
    groups: dict[str, Decimal] = {}
    for item in kept:
        each = found[item.subject]
        by = [f"currency={each.currency}"]
        groups[by[0]] = groups.get(by[0], Decimal(0)) + each.amount
        for donor, amount in shares(each, records).items():
            name = f"donor={donor} ({each.currency})"
            groups[name] = groups.get(name, Decimal(0)) + amount
    currencies = sorted({found[item.subject].currency for item in kept})
    about = any(found[item.subject].approximate for item in kept)
    total = sum((found[item.subject].amount for item in kept), Decimal(0))
    return Answer(
        value=total if len(currencies) < 2 else None,
        records=tuple(
            Behind(item.subject, item.label, item.why, item.illustrative) for item in kept
        ),
        groups=groups,
        shown={
            "currency": ", ".join(currencies) or None,
            "about": about,
        },
    )


MEASURES = (
    Measure(
        name="contributions.received",
        version=1,
        title="Contributions received",
        rule=(
            "The amounts of contributions that began to come in the period, by donor and currency; "
            "one number only where there is one currency, as nothing is converted. One that came "
            "over several years counts whole in the first. A joint gift without known shares "
            "stands once, under `jointly`. Approximate amounts make the sum `about`."
        ),
        counts="money",
        reads=frozenset({"contribution", "partner"}),
        where=("currency", "partner", "form"),
        compute=_received,
    ),
)
