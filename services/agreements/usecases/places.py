"""Places: changed from a year on, and what stays have taken of them; and their balance."""

from datetime import date

from pydantic import ConfigDict, Field

from services.agreements import store
from services.agreements.domain import agreement_places as rules
from services.agreements.domain.agreement_balance import BalanceStatement, balance_of
from services.agreements.domain.agreement_places import PlacesTaken
from services.agreements.domain.agreements import Agreement
from services.agreements.events.values import AgreementId, Places, Year
from services.agreements.usecases.ground import Allow, own_agreement, today_of
from shared.database import Transaction
from shared.dates import PartialDate
from shared.facts import Value
from shared.texts import Text


class ChangePlaces(Value):
    """Other numbers of places, from a year on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "on": "2025-11-14",
                    "evidence": "Exchange of mails, November 2025",
                    "from_year": 2026,
                    "places": [
                        {"direction": "out", "maximum": 4, "kind": "exchange-study", "levels": [6]},
                        {"direction": "in", "maximum": 4, "kind": "exchange-study"},
                    ],
                }
            ]
        }
    )
    on: PartialDate = Field(description="The day on which it was agreed")
    evidence: Text | None = Field(default=None, description="What shows that both sides agreed")
    from_year: Year = Field(description="The academic year that begins in it")
    places: tuple[Places, ...] = Field(description="All places from then on; none: there are none")


async def change_places(
    tx: Transaction, allow: Allow, subject: AgreementId, command: ChangePlaces
) -> Agreement:
    """Both sides agreed on other numbers, from the next academic year on at the earliest."""
    agreement = await own_agreement(tx, allow, subject)
    today = today_of(tx, agreement.unit)
    changed, facts = rules.change_places(
        agreement,
        places=command.places,
        from_year=command.from_year,
        on=command.on,
        evidence=command.evidence,
        today=today,
        this_year=tx.reference.year_of(agreement.unit, today),
    )
    return await store.agreements.save(tx, changed, *facts)


async def places_taken(tx: Transaction, subject: AgreementId, *, year: int | None) -> PlacesTaken:
    """Year by year what may be taken, what was, and what is left; or of one year."""
    agreement = await store.agreements.load(tx, subject, for_update=False)
    stays = await store.stays_under(tx, subject)
    reference, unit = tx.reference, agreement.unit

    def year_of(day: date) -> int:
        return reference.year_of(unit, day)

    years = rules.years_of(agreement, stays, now=year_of(today_of(tx, unit)), of=year_of)
    return PlacesTaken(
        agreement=subject,
        years=[
            rules.places_of_year(
                agreement, stays, year=each, days=reference.year(unit, each), of=year_of
            )
            for each in (reversed(years) if year is None else [year])
        ],
    )


async def balance(tx: Transaction, subject: AgreementId, *, on: date | None) -> BalanceStatement:
    """The statement of all stays begun by a day, by default today."""
    agreement = await store.agreements.load(tx, subject, for_update=False)
    reference, unit = tx.reference, agreement.unit
    return balance_of(
        agreement,
        await store.stays_under(tx, subject),
        on=on or today_of(tx, unit),
        of=lambda day: reference.year_of(unit, day),
    )
