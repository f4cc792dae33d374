"""Contributions: received, corrected."""

from pydantic import ConfigDict

from services.agreements.domain import contributions as rules
from services.agreements.domain.contributions import Contribution
from services.agreements.events.contributions import ContributionFields
from services.agreements.events.values import ContributionId
from services.agreements.store import agreements, contributions
from services.agreements.usecases.ground import (
    Allow,
    Correct,
    must_be_known,
    must_be_ours,
    must_be_partners,
    today_of,
)
from shared.database import Transaction
from shared.identity import new_id


class ReceiveContribution(ContributionFields):
    """Enter money or goods that came."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "unit": "hust/me",
                    "donors": [{"partner": "partner-01k9zv5n3m8q4w7t2r6y0a1b2c"}],
                    "amount": "3000000",
                    "currency": "JPY",
                    "approximate": True,
                    "purpose": "Construction of a welding laboratory",
                    "received_on": "2018",
                    "received_until": "2019",
                }
            ]
        }
    )


async def receive_contribution(
    tx: Transaction, allow: Allow, command: ReceiveContribution
) -> Contribution:
    """It came."""
    must_be_ours(tx, command, allow)
    new, facts = rules.receive(
        ContributionId(new_id("contribution")), command, today=today_of(tx, command.unit)
    )
    await must_name_what_exists(tx, new)
    return await contributions.save(tx, new, *facts)


async def correct_contribution(
    tx: Transaction, allow: Allow, subject: ContributionId, command: Correct
) -> Contribution:
    """Its record was wrong."""
    contribution = await contributions.load(tx, subject)
    allow(contribution.unit)
    changes = {command.field: command.value}
    mended, facts = rules.correct(contribution, changes, reason=command.reason)
    must_be_ours(tx, mended, allow)
    await must_name_what_exists(tx, mended)
    return await contributions.save(tx, mended, *facts)


async def must_name_what_exists(tx: Transaction, contribution: Contribution) -> None:
    """Its donors and its agreement are in our registers."""
    named: dict[str, str] = {
        each.partner: f"donors.{index}.partner" for index, each in enumerate(contribution.donors)
    }
    await must_be_partners(tx, named)
    await must_be_known(tx, agreements, contribution.agreement, field="agreement")
