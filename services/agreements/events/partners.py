"""What is published about partners."""

from typing import ClassVar, Literal

from pydantic import Field

from services.agreements.events.values import (
    Filed,
    Identifier,
    Merger,
    MergerKind,
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
    merger: Merger | None = Field(default=None, description="Of one that is merged: how")


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


class PartnerReinstated(Fact):
    """We work with it again."""

    type: ClassVar[str] = "rapport.agreements.partner-reinstated.v1"
    on: PartialDate
    reason: Text
    status: Literal["active"]


class PartnerAliasesChanged(Fact):
    """Other names that it goes by, in any script, came or went."""

    type: ClassVar[str] = "rapport.agreements.partner-aliases-changed.v1"
    added: tuple[Line, ...] = ()
    removed: tuple[Line, ...] = ()
    aliases: tuple[Line, ...]


class PartnerMerged(Fact):
    """It is the same as another one, or became one with it on that day; references to it stay."""

    type: ClassVar[str] = "rapport.agreements.partner-merged.v1"
    on: PartialDate
    reason: Text
    status: Literal["merged"]
    merged_into: PartnerId
    merger: Merger
    identifiers: tuple[Identifier, ...]


class PartnerAbsorbed(Fact):
    """Another one was merged into it; what moved with that one is here."""

    type: ClassVar[str] = "rapport.agreements.partner-absorbed.v1"
    on: PartialDate
    absorbed: PartnerId
    as_kind: MergerKind
    reason: Text
    identifiers: tuple[Identifier, ...]
    aliases: tuple[Line, ...]
    rankings: tuple[Ranking, ...]


class PartnerUnmerged(Fact):
    """It is one of its own after all, with all that it had."""

    type: ClassVar[str] = "rapport.agreements.partner-unmerged.v1"
    reason: Text
    unmerged_from: PartnerId
    status: Literal["active", "retired"]
    merged_into: None
    merger: None
    identifiers: tuple[Identifier, ...]


class PartnerReleased(Fact):
    """One that was merged into it is one of its own after all."""

    type: ClassVar[str] = "rapport.agreements.partner-released.v1"
    released: PartnerId
    reason: Text
    identifiers: tuple[Identifier, ...]
    aliases: tuple[Line, ...]
    rankings: tuple[Ranking, ...]


class PartnerCorrected(Correction):
    """Its record was wrong and was mended."""

    type: ClassVar[str] = "rapport.agreements.partner-corrected.v1"
