"""What is published about contributions received."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.agreements.events.values import AgreementId, Amount, Donor, Filed
from shared.dates import PartialDate
from shared.facts import Correction, Fact
from shared.texts import Text


class ContributionFields(Filed):
    """Money or goods that partners gave, and for what."""

    donors: tuple[Donor, ...]
    amount: Amount
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217")]
    approximate: bool = False
    form: Literal["money", "goods"] = "money"
    purpose: Text
    received_on: PartialDate = Field(description="The day it came, or began to come")
    received_until: PartialDate | None = Field(
        default=None, description="The day the last of it came, if over a time"
    )
    agreement: AgreementId | None = None


class ContributionReceived(ContributionFields, Fact):
    """It came."""

    type: ClassVar[str] = "rapport.agreements.contribution-received.v1"


class ContributionRecorded(ContributionFields, Fact):
    """A contribution of the past was entered."""

    type: ClassVar[str] = "rapport.agreements.contribution-recorded.v1"


class ContributionCorrected(Correction):
    """Its record was wrong and was mended."""

    type: ClassVar[str] = "rapport.agreements.contribution-corrected.v1"
