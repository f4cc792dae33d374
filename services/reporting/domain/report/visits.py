"""Delegations received, discussions, trips by country, industry, events: one sentence for each."""

from collections.abc import Iterable, Sequence

from services.reporting.domain.measures.visits import visits_in
from services.reporting.domain.report.draft import Material, Section, Sentence, Table, said
from services.reporting.domain.report.wording import (
    counted,
    day,
    days,
    listed,
    number,
    people,
    the,
    when,
    with_article,
)
from services.reporting.incoming.agreements import Agreement
from services.reporting.incoming.visits import Member, Visit
from shared.dates import PartialDate

__all__ = ["events", "industry", "meetings", "received", "trips"]

Found = tuple[str, Visit]


def received(material: Material) -> Section | None:
    """Delegations that came, but for industry's: guests of offices and students, then scholars."""
    everybody = _dated(material, "inbound")
    came = [found for found in everybody if found[1].theme != "industry"]
    if not came:
        return None
    countries = _countries(everybody, material)
    from_industry = len(everybody) - len(came)
    of_these = f", {number(from_industry)} of them from industry" if from_industry else ""
    intro = said(
        f"In {material.year} we received {counted(len(everybody), 'delegation')} from "
        f"{counted(len(countries), 'country')} ({listed(_named(countries, material))}){of_these}",
        *(subject for subject, _ in everybody),
    )
    others = [found for found in came if found[1].theme != "academic"]
    academic = [found for found in came if found[1].theme == "academic"]
    paragraphs: list[tuple[Sentence, ...]] = [(intro,)]
    for lead, group in (
        ("We welcomed", others),
        ("From universities and institutes came", academic),
    ):
        if group:
            guests = listed([_guests(visit, material) for _, visit in group])
            first = said(
                f"{lead} {guests}",
                *(subject for subject, _ in group),
                illustrative=any(visit.illustrative for _, visit in group),
            )
            paragraphs.append((first, *_consequences(group, material)))
    return Section("received", "Delegations received", tuple(paragraphs), (_table(came, material),))


def meetings(material: Material) -> Section | None:
    """Discussions without a visit, but for industry's."""
    held = _dated(material, "meeting", industry=False)
    if not held:
        return None
    paragraphs = [
        (_discussion(subject, visit, material), *_consequences([(subject, visit)], material))
        for subject, visit in held
    ]
    return Section("meetings", "Discussions", tuple(paragraphs))


def trips(material: Material) -> Section | None:
    """Trips made, by country in the order of the first day there."""
    made = _dated(material, "outbound")
    if not made:
        return None
    by_country: dict[str, list[Found]] = {}
    for subject, visit in made:
        for country in dict.fromkeys(_destinations(visit)):
            by_country.setdefault(country, []).append((subject, visit))
    names = listed([with_article(material.country(each)) for each in by_country])
    intro = said(
        f"In {material.year} our delegations made {counted(len(made), 'trip')}, to {names}",
        *(subject for subject, _ in made),
    )
    paragraphs: list[tuple[Sentence, ...]] = [(intro,)]
    told: set[str] = set()
    for country, journeys in by_country.items():
        sentences = [_stay(subject, visit, country, material) for subject, visit in journeys]
        fresh = [found for found in journeys if found[0] not in told]
        told |= {subject for subject, _ in fresh}
        paragraphs.append((*sentences, *_consequences(fresh, material)))
    return Section("trips", "Delegations sent", tuple(paragraphs), (_trip_table(made, material),))


def industry(material: Material) -> Section | None:
    """Visits and discussions with industry."""
    came = _dated(material, "inbound", industry=True)
    held = _dated(material, "meeting", industry=True)
    if not came and not held:
        return None
    paragraphs: list[tuple[Sentence, ...]] = []
    if came:
        guests = listed([_guests(visit, material) for _, visit in came])
        first = said(f"From industry came {guests}", *(subject for subject, _ in came))
        paragraphs.append((first, *_consequences(came, material)))
    for subject, visit in held:
        sentence = _discussion(subject, visit, material)
        paragraphs.append((sentence, *_consequences([(subject, visit)], material)))
    return Section("industry", "Cooperation with industry", tuple(paragraphs))


def events(material: Material) -> Section | None:
    """Seminars and conferences that we hosted: organizers, topic, speakers."""
    hosted = _dated(material, "hosted-event")
    if not hosted:
        return None
    paragraphs = []
    for subject, visit in hosted:
        paragraphs.append(
            (
                _event(subject, visit, material),
                *_speakers(subject, visit, material),
                *_consequences([(subject, visit)], material),
            )
        )
    return Section("events", "Events hosted", tuple(paragraphs))


def _dated(material: Material, direction: str, *, industry: bool | None = None) -> list[Found]:
    """Visits of a direction in the order of their days."""
    found = [
        (subject, visit)
        for subject, visit in visits_in(material.question, material.records, direction)
        if industry is None or (visit.theme == "industry") == industry
    ]
    return sorted(found, key=lambda each: (str(each[1].starts_on), each[0]))


def _partner_names(visit: Visit, material: Material, *roles: str) -> list[str]:
    """The outside bodies with these roles, as they were called on the day."""
    names = []
    for each in visit.partners:
        if each.role in roles or not roles:
            known = each.partner is not None and each.partner in material.records.partners
            name = (
                material.records.partner_name(each.partner, visit.starts_on)
                if known and each.partner is not None
                else each.name
            )
            names.append(name)
    return list(dict.fromkeys(name for name in names if name))


def _guests(visit: Visit, material: Material) -> str:
    """Who came, from where, when, about what."""
    by_organization: dict[str, list[Member]] = {}
    for member in visit.members:
        if not member.ours:
            name = _organization(member, visit, material)
            by_organization.setdefault(name, []).append(member)
    if by_organization:
        who = listed(
            [
                f"{listed([_member(each, material) for each in members])} of {the(organization)}"
                for organization, members in by_organization.items()
            ]
        )
    else:
        names = _partner_names(visit, material, "visitor") or [visit.title]
        who = listed([f"a delegation of {the(name)}" for name in names])
    countries = listed(_named(_countries([("", visit)], material), material))
    place = f"{countries}, " if countries else ""
    about = f", about {visit.purpose}" if visit.purpose else ""
    return f"{who} ({place}{days(visit.starts_on, visit.ends_on)}){about}"


def _organization(member: Member, visit: Visit, material: Material) -> str:
    if member.partner is not None and member.partner in material.records.partners:
        return material.records.partner_name(member.partner, visit.starts_on)
    return member.organization


def _member(member: Member, material: Material) -> str:
    name = material.persons.get(member.person_ref or "")
    return f"{name}, {member.role}" if name else people(member.role, member.count)


def _discussion(subject: str, visit: Visit, material: Material) -> Sentence:
    partners = listed([the(each) for each in _partner_names(visit, material)]) or visit.title
    countries = listed(_named(_countries([(subject, visit)], material), material))
    place = f" ({countries})" if countries else ""
    about = f" about {visit.purpose}" if visit.purpose else ""
    return said(
        f"{when(visit.starts_on, visit.ends_on)} we held a discussion with {partners}"
        f"{place}{about}",
        subject,
        illustrative=visit.illustrative,
    )


def _destinations(visit: Visit) -> list[str]:
    countries = [leg.country for leg in visit.legs]
    return countries or [each.country for each in visit.partners if each.country]


def _stay(subject: str, visit: Visit, country: str, material: Material) -> Sentence:
    """Where a trip went in one country: cities, and whom it met there."""
    stops = []
    for leg in visit.legs:
        if leg.country == country:
            names = [
                the(material.records.partner_name(each, leg.starts_on or visit.starts_on))
                for each in leg.partners
            ]
            stops.append(f"{leg.city} ({listed(names)})" if names else leg.city)
    if not stops:
        stops = _partner_names(visit, material)
    about = f", for {visit.purpose}" if visit.purpose else ""
    where = with_article(material.country(country))
    return said(
        f"In {where} we visited {listed(stops)} {when(visit.starts_on, visit.ends_on)}{about}",
        subject,
        illustrative=visit.illustrative,
    )


def _event(subject: str, visit: Visit, material: Material) -> Sentence:
    hosts = [material.unit_names(unit) for unit in visit.hosts or (visit.unit,)]
    organizers = [the(each) for each in (*_partner_names(visit, material, "organizer"), *hosts)]
    topic = visit.topic if visit.topic and visit.topic not in visit.title else None
    place = f" in {visit.place}" if visit.place else ""
    jointly = " jointly" if len(organizers) > 1 else ""
    on_topic = f", on \u201c{topic}\u201d" if topic else ""
    return said(
        f"{when(visit.starts_on, visit.ends_on)} {listed(organizers)}{jointly} organized: "
        f"{visit.title}{on_topic}{place}",
        subject,
        illustrative=visit.illustrative,
    )


def _speakers(subject: str, visit: Visit, material: Material) -> list[Sentence]:
    sentences = []
    for member in visit.members:
        if member.speaker:
            organization = (
                material.unit_names(visit.unit)
                if member.ours and not member.organization
                else _organization(member, visit, material)
            )
            name = material.persons.get(member.person_ref or "")
            role = f"{member.role}, {organization}" if organization else member.role
            who = f"{name} ({role})" if name else f"the {role},"
            talk = f" on \u201c{member.talk}\u201d" if member.talk else ""
            sentences.append(said(f"{who} spoke{talk}", subject))
    others = sum(each.count for each in visit.members if not each.speaker)
    if others:
        sentences.append(said(f"{counted(others, 'person')} took part", subject))
    return [
        Sentence(each.text.replace("persons took", "people took"), each.records)
        for each in sentences
    ]


def _consequences(group: Sequence[Found], material: Material) -> list[Sentence]:
    """What came of visits: outcomes, follow-ups, and the agreements that they led towards."""
    sentences = []
    for subject, visit in group:
        which = _which(visit, material)
        if visit.outcomes:
            sentences.append(said(f"Outcome of {which}: {'; '.join(visit.outcomes)}", subject))
        for follow_up in visit.follow_ups:
            towards = follow_up.towards or follow_up.text
            agreement = material.records.agreements.get(follow_up.became or "")
            if agreement is not None and follow_up.became is not None:
                title = f"\u201c{agreement.title}\u201d"
                text = f"{which} led towards {towards}: {title}, {_stands(agreement)}"
                sentences.append(said(text, subject, follow_up.became))
            elif follow_up.towards:
                sentences.append(said(f"{which} is to lead towards {towards}", subject))
    return sentences


def _which(visit: Visit, material: Material) -> str:
    """A visit, named in passing: `the visit of X`, `the trip to India`."""
    names = listed([the(each) for each in _partner_names(visit, material)]) or visit.title
    if visit.direction == "outbound":
        return f"the trip to {listed(_named(dict.fromkeys(_destinations(visit)), material))}"
    words = {"inbound": "the visit of", "meeting": "the discussion with"}
    return f"{words[visit.direction]} {names}" if visit.direction in words else "the event"


def _stands(agreement: Agreement) -> str:
    """How far an agreement is, with its day."""
    if agreement.signed_on is not None:
        return f"signed on {day(agreement.signed_on)}"
    words = {"proposed": "proposed", "withdrawn": "given up", "in-force": "in force"}
    return words.get(agreement.status, agreement.status.replace("-", " "))


def _countries(found: Iterable[Found], material: Material) -> list[str]:
    """Where visiting bodies come from: the country one represents, else that of its seat."""
    codes: dict[str, None] = {}
    for _, visit in found:
        for each in visit.partners:
            partner = material.records.partner(each.partner, visit.starts_on)
            country = material.records.country_of(partner) if partner else each.country
            if country is not None:
                codes[country] = None
    return list(codes)


def _named(countries: Iterable[str], material: Material) -> list[str]:
    return [with_article(material.country(code)) for code in countries]


def _table(found: Sequence[Found], material: Material) -> Table:
    rows = []
    for _, visit in found:
        names = listed(_partner_names(visit, material, "visitor")) or visit.title
        outside = sum(each.count for each in visit.members if not each.ours)
        countries = listed(_named(_countries([("", visit)], material), material))
        size = str(outside) if outside else ""
        rows.append((days(visit.starts_on, visit.ends_on), names, countries, size, visit.theme))
    return Table("Delegations", ("when", "who", "from", "persons", "theme"), tuple(rows))


def _trip_table(found: Sequence[Found], material: Material) -> Table:
    rows: list[tuple[str, ...]] = []
    for _, visit in found:
        for leg in visit.legs:
            start: PartialDate | None = leg.starts_on or visit.starts_on
            names = [material.records.partner_name(each, start) for each in leg.partners]
            rows.append((day(start), leg.city, material.country(leg.country), listed(names)))
    return Table("Trips", ("from", "city", "country", "partners"), tuple(rows))
