"""What is published about partners."""

from typing import ClassVar, Literal

from pydantic import Field

from services.agreements.events.values import (
    Filed,
    Identifier,
    PartnerId,
    PartnerKind,
    PartnerName,
    PartnerStatus,
    Ranking,
    SecondCountry,
)
from shared.dates import PartialDate
from shared.facts import Correction, Fact
from shared.texts import CountryCode, Line, Text


class PartnerProfile(Filed):
    """What is said of a partner when it is registered."""

    kind: PartnerKind
    name: Line = Field(description="The name it has now")
    names: tuple[PartnerName, ...] = Field(
        default=(), description="All its names, each with its days"
    )
    aliases: tuple[Line, ...] = ()
    country: CountryCode = Field(description="Where it has its seat")
    second_country: SecondCountry | None = None
    identifiers: tuple[Identifier, ...] = ()
    rankings: tuple[Ranking, ...] = ()


class PartnerFields(PartnerProfile):
    """Everything that is known of a partner."""

    status: PartnerStatus = "active"
    merged_into: PartnerId | None = None


class PartnerRegistered(PartnerFields, Fact):
    """A partner came into the register."""

    type: ClassVar[str] = "rapport.agreements.partner-registered.v1"


class PartnerRecorded(PartnerFields, Fact):
    """A partner was entered as it is now, with its past."""

    type: ClassVar[str] = "rapport.agreements.partner-recorded.v1"


class PartnerRenamed(Fact):
    """It took a new name `on` that day."""

    type: ClassVar[str] = "rapport.agreements.partner-renamed.v1"
    on: PartialDate
    name: Line
    names: tuple[PartnerName, ...]


class PartnerIdentified(Fact):
    """Somebody else's id of it became known."""

    type: ClassVar[str] = "rapport.agreements.partner-identified.v1"
    added: Identifier
    identifiers: tuple[Identifier, ...]


class PartnerRanked(Fact):
    """Its position in an edition of a ranking became known."""

    type: ClassVar[str] = "rapport.agreements.partner-ranked.v1"
    added: Ranking
    rankings: tuple[Ranking, ...]


class PartnerRetired(Fact):
    """We no longer work with it; what was agreed stays."""

    type: ClassVar[str] = "rapport.agreements.partner-retired.v1"
    on: PartialDate
    reason: Text
    status: Literal["retired"]


class PartnerCorrected(Correction):
    """Its record was wrong and was mended."""

    type: ClassVar[str] = "rapport.agreements.partner-corrected.v1"
