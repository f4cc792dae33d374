"""Who visited us, whom we visited, and what we hosted."""

from collections.abc import Callable, Iterator

from services.reporting.domain.measures.asking import Answer, Counted, Measure, Question, count
from services.reporting.domain.measures.mobility import refs
from services.reporting.domain.records import Records
from services.reporting.incoming.visits import Member, Visit, VisitPartner

__all__ = ["MEASURES", "happened", "visits_in"]

_TOOK_PLACE = frozenset({"under-way", "completed", "reported", "closed", "confirmed"})
"""A confirmed visit takes place when its day comes, unless someone says otherwise."""
_READS = frozenset({"visit", "partner"})


def happened(visit: Visit, question: Question) -> bool:
    """True if the visit began in the asked period and took place."""
    return visit.status in _TOOK_PLACE and question.begins(visit.starts_on)


def visits_in(
    question: Question, records: Records, *directions: str
) -> Iterator[tuple[str, Visit]]:
    """The unit's visits of these directions that took place in the asked period."""
    for subject, visit in records.visits.items():
        if visit.direction in directions and question.concerns(visit) and happened(visit, question):
            yield subject, visit


def country_of(member: Member, visit: Visit, records: Records) -> str | None:
    """A member's country: the one that their organization represents, or as said, or that of its
    seat; or that of the one visiting partner."""
    partner = records.partner(member.partner, visit.starts_on)
    if partner is not None and member.country in (None, partner.country):
        return records.country_of(partner)
    if member.country:
        return member.country
    visiting = {each.country for each in visit.partners if each.role == "visitor"}
    return visiting.pop() if len(visiting) == 1 else None


def partner_country(partner: VisitPartner, visit: Visit, records: Records) -> str | None:
    """The country that a partner of a visit comes from."""
    known = records.partner(partner.partner, visit.starts_on)
    return records.country_of(known) if known else partner.country


def _visitors(
    question: Question, records: Records, *, foreign: bool
) -> Iterator[tuple[str, Visit, int, Member, str | None]]:
    for subject, visit in visits_in(question, records, "inbound"):
        for index, member in enumerate(visit.members):
            if member.ours:
                continue
            country = country_of(member, visit, records)
            if not foreign or country not in (None, question.country):
                yield subject, visit, index, member, country


def _visitor(
    subject: str, visit: Visit, index: int, member: Member, country: str | None, records: Records
) -> Counted:
    people = "1 person" if member.count == 1 else f"{member.count} persons"
    return Counted(
        key=member.person_ref or f"{subject}#{index}",
        subject=subject,
        label=f"{visit.title} ({visit.starts_on}): {member.role}, {member.organization}",
        why=f"{people} from {country or 'a country not known'}",
        weight=member.count,
        illustrative=visit.illustrative,
        attributes={
            "country": country,
            "theme": visit.theme,
            "partner": refs(member.partner, records, visit.starts_on),
            "role": member.role,
        },
    )


def _foreign_visitors(question: Question, records: Records) -> Answer:
    items = [
        _visitor(*each, records=records) for each in _visitors(question, records, foreign=True)
    ]
    return count(items, question, groups=("country", "theme"))


def _person_visits(question: Question, records: Records) -> Answer:
    """Like visitors, but whoever comes twice counts twice."""
    items = []
    for subject, visit, index, member, country in _visitors(question, records, foreign=False):
        unnamed = member.model_copy(update={"person_ref": None})
        items.append(_visitor(subject, visit, index, unnamed, country, records))
    return count(items, question, groups=("country", "theme"))


def _visits(*directions: str) -> Callable[[Question, Records], Answer]:
    def compute(question: Question, records: Records) -> Answer:
        return count(
            (
                _whole(subject, visit, records)
                for subject, visit in visits_in(question, records, *directions)
            ),
            question,
            groups=("theme", "country"),
        )

    return compute


def _whole(subject: str, visit: Visit, records: Records) -> Counted:
    countries = {partner_country(each, visit, records) for each in visit.partners}
    countries |= {leg.country for leg in visit.legs}
    partners = [
        ref for each in visit.partners for ref in refs(each.partner, records, visit.starts_on)
    ]
    return Counted(
        key=subject,
        subject=subject,
        label=f"{visit.title} ({visit.starts_on})",
        why=visit.status,
        illustrative=visit.illustrative,
        attributes={
            "theme": visit.theme,
            "direction": visit.direction,
            "country": tuple(sorted(country for country in countries if country)),
            "partner": tuple(dict.fromkeys(partners)),
        },
    )


_ALL = ("inbound", "outbound", "hosted-event", "meeting")


def _met(question: Question, records: Records) -> Iterator[Counted]:
    """Each outside body that a visit, trip, event or meeting brought us together with."""
    for subject, visit in visits_in(question, records, *_ALL):
        for partner in visit.partners:
            country = partner_country(partner, visit, records)
            known = records.partner(partner.partner, visit.starts_on)
            key = partner.name.casefold()
            if partner.partner:
                key = records.canonical(partner.partner, visit.starts_on)
            yield Counted(
                key=key,
                subject=subject,
                label=f"{partner.name}: {visit.title} ({visit.starts_on})",
                why=f"{visit.direction}, as {partner.role}",
                illustrative=visit.illustrative,
                attributes={
                    "country": country,
                    "direction": visit.direction,
                    "theme": visit.theme,
                    "kind": known.kind if known else partner.kind,
                    "foreign": None if country is None else country != question.country,
                    "partner": refs(partner.partner, records, visit.starts_on),
                },
            )


def _partners(question: Question, records: Records) -> Answer:
    return count(
        _met(question, records), question, groups=("direction", "kind", "country", "foreign")
    )


def _countries(question: Question, records: Records) -> Answer:
    items = []
    for met in _met(question, records):
        country = met.attributes["country"]
        if isinstance(country, str) and country != question.country:
            items.append(
                Counted(
                    key=country,
                    subject=met.subject,
                    label=f"{country}: {met.label}",
                    why=met.why,
                    illustrative=met.illustrative,
                    attributes=met.attributes,
                )
            )
    return count(items, question, groups=("direction", "country"))


def _measure(
    name: str,
    title: str,
    rule: str,
    compute: Callable[[Question, Records], Answer],
    *,
    counts: str = "visits",
    where: tuple[str, ...] = ("theme", "country", "partner", "direction"),
) -> Measure:
    return Measure(
        name=name,
        version=1,
        title=title,
        rule=rule + " A visit counts in the period in which it began; declined, postponed and "
        "cancelled ones count nowhere.",
        counts=counts,
        reads=_READS,
        where=where,
        compute=compute,
    )


MEASURES = (
    _measure(
        "visits.foreign-visitors",
        "Foreign visitors",
        "Distinct persons: members from foreign organizations of inbound visits of any size, not "
        "delegations. An office that represents a country belongs to that country. A named person "
        "who comes twice is one; unnamed ones are as many as were said. Our own members and "
        "domestic guests are no foreign visitors.",
        _foreign_visitors,
        counts="persons",
        where=("country", "theme", "partner", "role"),
    ),
    _measure(
        "visits.person-visits",
        "Visits by persons",
        "Members from outside of inbound visits, foreign and domestic; whoever comes twice counts "
        "twice.",
        _person_visits,
        counts="person-visits",
        where=("country", "theme", "partner", "role"),
    ),
    _measure("visits.delegations", "Delegations received", "Inbound visits.", _visits("inbound")),
    _measure("visits.trips", "Trips made", "Outbound visits.", _visits("outbound")),
    _measure("visits.hosted-events", "Events hosted", "Hosted events.", _visits("hosted-event")),
    _measure("visits.meetings", "Meetings", "Meetings without a visit.", _visits("meeting")),
    _measure(
        "visits.partners",
        "Partners met",
        "Distinct outside bodies that took part in visits, trips, hosted events and meetings; a "
        "body that was merged into another is that other: always, if it was entered twice; from "
        "that day on, if two bodies became one.",
        _partners,
        counts="partners",
        where=("direction", "theme", "country", "kind", "foreign", "partner"),
    ),
    _measure(
        "visits.countries",
        "Countries met",
        "Distinct foreign countries of the outside bodies that took part in visits, trips, hosted "
        "events and meetings.",
        _countries,
        counts="countries",
        where=("direction", "theme", "country", "kind", "foreign", "partner"),
    ),
)
