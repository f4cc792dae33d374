"""From what was said to what is kept: units checked, partners called as they were on the day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import get_args

from services.visits.domain import Visit, free_id
from services.visits.events import (
    AgendaItem,
    FollowUp,
    Leg,
    Member,
    PartnerKind,
    PartnerRole,
    VisitFields,
    VisitPartner,
)
from services.visits.projections import Partner, agreement_called, partners_called
from services.visits.usecases.commands import (
    NamedItem,
    NamedLeg,
    NamedMember,
    NamedPartner,
    NotedFollowUp,
    VisitSaid,
)
from shared.database import Transaction
from shared.errors import Rejected
from shared.identity import is_id

__all__ = [
    "agenda_of",
    "follow_ups_of",
    "legs_of",
    "members_of",
    "must_be_units",
    "partners_known_to",
    "partners_of",
    "what_it_became",
    "with_partners_of_legs",
]

_ROLES: Mapping[str, PartnerRole] = {
    "inbound": "visitor",
    "outbound": "host",
    "hosted-event": "participant",
    "meeting": "counterpart",
}
_BECAME = ("agreement", "joint-programme", "joint-project", "contribution", "visit", "stay")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The partners that were named, by the token that named them, and the day it is about."""

    partners: Mapping[str, Partner]
    day: date

    def partner(self, token: str, *, field: str) -> Partner:
        """Raises Rejected("partner-unknown", 409): it may become known a moment later."""
        try:
            return self.partners[token]
        except KeyError:
            raise Rejected(
                "partner-unknown",
                f"no partner {token!r} is known here (yet): register it, or wait a moment if that"
                " was just done",
                field=field,
            ) from None

    def name(self, partner: Partner) -> str:
        return partner.name_on(self.day)


def must_be_units(tx: Transaction, said: VisitSaid | Visit | VisitFields) -> None:
    """Raises Rejected("unit-unknown", 422) naming the field."""
    tx.reference.unit(said.unit)
    for field, units in (("shared_with", said.shared_with), ("hosts", said.hosts)):
        for index, unit in enumerate(units):
            tx.reference.unit(unit, field=f"{field}.{index}")


async def partners_known_to(
    tx: Transaction,
    *,
    day: date,
    partners: Sequence[NamedPartner] = (),
    members: Sequence[NamedMember] = (),
    legs: Sequence[NamedLeg] = (),
    agenda: Sequence[NamedItem] = (),
) -> Known:
    """One look-up for everything that is named."""
    tokens = [
        *(each.partner for each in agenda),
        *(each.partner for each in partners),
        *(each.partner for each in members),
        *(token for each in legs for token in each.partners),
    ]
    named = [token for token in tokens if token is not None]
    return Known(partners=await partners_called(tx, named, day=day), day=day)


def partners_of(
    said: Sequence[NamedPartner],
    known: Known,
    *,
    direction: str,
    members: Iterable[Member],
    legs: Iterable[Leg],
) -> tuple[VisitPartner, ...]:
    """The partners that were named, and those that members and legs add to them."""
    role = _ROLES[direction]
    found: list[VisitPartner] = []
    for index, each in enumerate(said):
        if each.partner is not None:
            partner = known.partner(each.partner, field=f"partners.{index}.partner")
            found.append(_as_on_the_day(partner, known, role=each.role or role))
        elif each.name is not None:
            found.append(
                VisitPartner(
                    name=each.name,
                    country=each.country,
                    kind=each.kind,
                    role=each.role or role,
                )
            )
    added = [each.partner for each in members if not each.ours]
    added += [partner for leg in legs for partner in leg.partners]
    return _with(found, added, known, role=role)


def with_partners_of_legs(
    visit: Visit, legs: Iterable[Leg], known: Known
) -> tuple[VisitPartner, ...]:
    """The visit's partners, and those that new legs add to them."""
    added = [partner for leg in legs for partner in leg.partners]
    return _with(visit.partners, added, known, role=_ROLES[visit.direction])


def members_of(
    tx: Transaction, said: Sequence[NamedMember], known: Known, *, unit: str
) -> tuple[Member, ...]:
    """The members, each with the organization and country that follow from its partner."""
    found = []
    for index, each in enumerate(said):
        organization, country, partner = each.organization or "", each.country, None
        if each.partner is not None:
            named = known.partner(each.partner, field=f"members.{index}.partner")
            partner = named.id
            organization = organization or known.name(named)
            country = country or named.country
        elif each.ours:
            own = tx.reference.unit(unit)
            organization = organization or own.name_on(known.day)
            country = country or own.country
        found.append(
            Member(
                person_ref=each.person_ref,
                role=each.role,
                partner=partner,
                organization=organization,
                country=country,
                ours=each.ours,
                count=each.count,
                speaker=each.speaker or each.talk is not None,
                talk=each.talk,
            )
        )
    return tuple(found)


def legs_of(said: Sequence[NamedLeg], known: Known) -> tuple[Leg, ...]:
    """The legs, each with a country."""
    found = []
    for index, each in enumerate(said):
        partners = [
            known.partner(token, field=f"legs.{index}.partners.{place}")
            for place, token in enumerate(each.partners)
        ]
        country = each.country or next((p.country for p in partners if p.country), None)
        if country is None:
            raise Rejected(
                "country-missing",
                f"say in which country {each.city} is",
                field=f"legs.{index}.country",
                status=422,
            )
        found.append(
            Leg(
                city=each.city,
                country=country,
                partners=tuple(partner.id for partner in partners),
                starts_on=each.starts_on,
                ends_on=each.ends_on,
            )
        )
    return tuple(found)


def agenda_of(tx: Transaction, said: Sequence[NamedItem], known: Known) -> tuple[AgendaItem, ...]:
    """The programme, each item with the ids of its host and its partner."""
    found = []
    for index, each in enumerate(said):
        if each.host is not None:
            tx.reference.unit(each.host, field=f"agenda.{index}.host")
        partner = None
        if each.partner is not None:
            partner = known.partner(each.partner, field=f"agenda.{index}.partner").id
        found.append(AgendaItem.model_validate(each.model_dump() | {"partner": partner}))
    return tuple(found)


async def follow_ups_of(
    tx: Transaction, said: Sequence[NotedFollowUp], *, present: Sequence[FollowUp]
) -> tuple[FollowUp, ...]:
    """The follow-ups with ids: those that are there (same id, or same text) keep theirs, and what
    they became meanwhile."""
    by_id = {each.id: each for each in present}
    by_text = {each.text: each for each in present}
    taken = {str(each.id) for each in said if each.id is not None} | {str(each) for each in by_id}
    found = []
    for index, each in enumerate(said):
        before = by_id.get(each.id) if each.id is not None else by_text.get(each.text)
        given = each.id or (before.id if before else free_id(taken))
        taken.add(given)
        became = before.became if before else None
        if each.became is not None:
            became = await what_it_became(tx, each.became, field=f"follow_ups.{index}.became")
        done = "done" in (each.status, before.status if before else "") or became is not None
        found.append(
            FollowUp(
                id=given,
                text=each.text,
                owner=each.owner,
                due_on=each.due_on,
                status="done" if done else "open",
                became=became,
                towards=each.towards,
            )
        )
    return tuple(found)


async def what_it_became(tx: Transaction, token: str, *, field: str) -> str:
    """The subject that a follow-up led to. Agreements must be known here; the rest are ids.

    Raises Rejected("agreement-unknown", 409) or Rejected("subject-invalid", 422).
    """
    agreement = await agreement_called(tx, token)
    if agreement is not None:
        return agreement
    if token.startswith("ref:") or is_id("agreement", token):
        raise Rejected(
            "agreement-unknown",
            f"no agreement {token!r} is known here (yet): propose it, or wait a moment if that was"
            " just done",
            field=field,
        )
    if not any(is_id(kind, token) for kind in _BECAME):
        raise Rejected(
            "subject-invalid",
            f"{token!r} is no id: a follow-up can become {', '.join(_BECAME)}",
            field=field,
            status=422,
        )
    return token


def _with(
    partners: Iterable[VisitPartner],
    added: Iterable[str | None],
    known: Known,
    *,
    role: PartnerRole,
) -> tuple[VisitPartner, ...]:
    found = list(partners)
    listed = {each.partner for each in found}
    by_id = {partner.id: partner for partner in known.partners.values()}
    for subject in dict.fromkeys(added):
        if subject is not None and subject not in listed and subject in by_id:
            found.append(_as_on_the_day(by_id[subject], known, role=role))
    return tuple(found)


def _as_on_the_day(partner: Partner, known: Known, *, role: PartnerRole) -> VisitPartner:
    kinds: tuple[PartnerKind, ...] = get_args(PartnerKind)
    return VisitPartner(
        partner=partner.id,
        name=known.name(partner),
        country=partner.country,
        kind=next((kind for kind in kinds if kind == partner.kind), None),
        role=role,
    )
