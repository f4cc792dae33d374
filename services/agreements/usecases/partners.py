"""Partners: registered, renamed, identified, ranked, retired and reinstated, corrected."""

from pydantic import ConfigDict

from services.agreements.domain import partners as rules
from services.agreements.domain.duplicates import Proposal
from services.agreements.domain.partners import Partner
from services.agreements.events.partners import PartnerProfile
from services.agreements.events.values import Identifier, LanguageTag, PartnerId, Ranking
from services.agreements.store import partners
from services.agreements.usecases.duplicates import look_for_others
from services.agreements.usecases.ground import Allow, Correct, must_be_ours, today_of
from shared.database import Transaction
from shared.dates import PartialDate
from shared.facts import Value
from shared.identity import new_id
from shared.texts import Line, Text


class RegisterPartner(PartnerProfile):
    """Put an outside body into the register."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "unit": "hust",
                    "kind": "university",
                    "name": "Nagaoka University of Technology",
                    "aliases": ["NUT"],
                    "country": "JP",
                    "identifiers": [{"scheme": "schac", "value": "nagaokaut.ac.jp"}],
                }
            ]
        }
    )


class RenamePartner(Value):
    """It took a new name."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "University of Greater Manchester", "on": "2024-12-02"}]
        }
    )
    name: Line
    on: PartialDate
    language: LanguageTag | None = None


class IdentifyPartner(Identifier):
    """Add somebody else's id of it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"scheme": "erasmus", "value": "D HANNOVE01"}]}
    )


class RankPartner(Ranking):
    """Add its position in an edition of a ranking."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ranking": "qs",
                    "edition": 2026,
                    "published_on": "2025-06-19",
                    "position": 801,
                    "position_until": 850,
                }
            ]
        }
    )


class RetirePartner(Value):
    """We no longer work with it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"on": "2025-03-31", "reason": "it was dissolved"}]}
    )
    on: PartialDate
    reason: Text


class ReinstatePartner(Value):
    """We work with it again."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"on": "2025-09-01", "reason": "it was founded anew"}]}
    )
    on: PartialDate
    reason: Text


class NamePartnerAlso(Value):
    """A name that it goes by beside its own: in another script, or in short."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "長岡技科大"}]})
    name: Line


class Registered(Partner):
    """A partner as it is registered, and others that it may be: nothing is merged by itself."""

    duplicates: tuple[Proposal, ...] = ()


async def register_partner(tx: Transaction, allow: Allow, command: RegisterPartner) -> Registered:
    """A partner comes into the register."""
    must_be_ours(tx, command, allow)
    new, facts = rules.register(PartnerId(new_id("partner")), command)
    saved = await partners.save(tx, new, *facts)
    return Registered(**saved.model_dump(), duplicates=tuple(await look_for_others(tx, saved)))


async def rename_partner(
    tx: Transaction, allow: Allow, subject: PartnerId, command: RenamePartner
) -> Partner:
    """It took a new name; the old one keeps its days."""
    partner = await _own(tx, allow, subject)
    renamed, facts = rules.rename(
        partner,
        name=command.name,
        on=command.on,
        language=command.language,
        today=today_of(tx, partner.unit),
    )
    return await partners.save(tx, renamed, *facts)


async def identify_partner(
    tx: Transaction, allow: Allow, subject: PartnerId, command: IdentifyPartner
) -> Partner:
    """Somebody else's id of it became known; no two partners share one."""
    partner = await _own(tx, allow, subject)
    added = Identifier(scheme=command.scheme, value=command.value)
    identified, facts = rules.identify(partner, added=added)
    return await partners.save(tx, identified, *facts)


async def rank_partner(
    tx: Transaction, allow: Allow, subject: PartnerId, command: RankPartner
) -> Partner:
    """Its position in an edition of a ranking became known."""
    partner = await _own(tx, allow, subject)
    added = Ranking(**command.model_dump())
    ranked, facts = rules.rank(partner, added=added, today=today_of(tx, partner.unit))
    return await partners.save(tx, ranked, *facts)


async def retire_partner(
    tx: Transaction, allow: Allow, subject: PartnerId, command: RetirePartner
) -> Partner:
    """We no longer work with it; its agreements stay as they are."""
    partner = await _own(tx, allow, subject)
    retired, facts = rules.retire(
        partner, on=command.on, reason=command.reason, today=today_of(tx, partner.unit)
    )
    return await partners.save(tx, retired, *facts)


async def reinstate_partner(
    tx: Transaction, allow: Allow, subject: PartnerId, command: ReinstatePartner
) -> Partner:
    """We work with it again."""
    partner = await _own(tx, allow, subject)
    reinstated, facts = rules.reinstate(
        partner, on=command.on, reason=command.reason, today=today_of(tx, partner.unit)
    )
    return await partners.save(tx, reinstated, *facts)


async def add_alias(
    tx: Transaction, allow: Allow, subject: PartnerId, command: NamePartnerAlso
) -> Partner:
    """Another name that it goes by."""
    partner = await _own(tx, allow, subject)
    named, facts = rules.add_alias(partner, alias=command.name)
    return await partners.save(tx, named, *facts)


async def remove_alias(
    tx: Transaction, allow: Allow, subject: PartnerId, command: NamePartnerAlso
) -> Partner:
    """It does not go by that name."""
    partner = await _own(tx, allow, subject)
    named, facts = rules.remove_alias(partner, alias=command.name)
    return await partners.save(tx, named, *facts)


async def correct_partner(
    tx: Transaction, allow: Allow, subject: PartnerId, command: Correct
) -> Partner:
    """Its record was wrong."""
    partner = await _own(tx, allow, subject)
    mended, facts = rules.correct(partner, {command.field: command.value}, reason=command.reason)
    must_be_ours(tx, mended, allow)
    return await partners.save(tx, mended, *facts)


async def _own(tx: Transaction, allow: Allow, subject: PartnerId) -> Partner:
    partner = await partners.load(tx, subject)
    allow(partner.unit)
    return partner
