"""Partners, agreements, joint programmes, contributions: the network a unit leans on."""

from collections.abc import Callable, Iterable

from services.reporting.domain.measures import Answer
from services.reporting.domain.measures.contributions import shares
from services.reporting.domain.records import name_on
from services.reporting.domain.report.draft import Material, Section, Sentence, Table, said
from services.reporting.domain.report.numbers import answer
from services.reporting.domain.report.wording import (
    amount,
    counted,
    day,
    days,
    listed,
    plural,
    the,
    with_article,
)
from services.reporting.incoming.agreements import Contribution, Partner
from shared.dates import PartialDate, Period

__all__ = ["contributions", "network"]

_PLURALS = {"university": "universities", "company": "companies", "funding-agency": "funders"}


def network(material: Material) -> Section | None:
    """Whom agreements bind us to, which were signed, which programmes are run together."""
    under = answer(material, "partners.under-agreement")
    paragraphs = [
        tuple(sentence for sentence in group if sentence is not None)
        for group in (
            (_universities(under, material), _companies(under, material), _others(under, material)),
            (_domestic(under, material),),
            _signed(material),
            (_joint(material),),
        )
    ]
    kept = tuple(group for group in paragraphs if group)
    return Section("network", "Partners and agreements", kept, _by_kind(under)) if kept else None


def contributions(material: Material) -> Section | None:
    """What came in the year, or in a span of years that it is one of."""
    found = _received(material)
    if not found:
        return None
    sentences = []
    for subject, each in found:
        names = [
            material.records.partner_name(donor.partner, each.received_on) for donor in each.donors
        ]
        jointly = len(names) > 1 and any(donor.amount is None for donor in each.donors)
        sentences.append(
            said(
                f"{'In' if each.received_until or len(str(each.received_on)) < 10 else 'On'} "
                f"{_span(each)} we received "
                f"{amount(each.amount, each.currency, approximate=each.approximate)} from "
                f"{listed([the(name) for name in names])}{' jointly' if jointly else ''}, "
                f"for the {_bare(each.purpose)}",
                subject,
                illustrative=each.illustrative,
            )
        )
    rows = tuple(
        (donor, amount(value, each.currency, approximate=each.approximate), each.purpose)
        for _, each in found
        for donor, value in shares(each, material.records).items()
    )
    table = Table("Contributions", ("donor", "amount", "purpose"), rows)
    return Section("contributions", "Contributions received", (tuple(sentences),), (table,))


def _received(material: Material) -> list[tuple[str, Contribution]]:
    question = material.question
    found = [
        (subject, each)
        for subject, each in material.records.contributions.items()
        if question.concerns(each)
        and each.received_on is not None
        and each.received_on.first <= question.on
        and Period.spanning(each.received_on, each.received_until or each.received_on).overlaps(
            question.period
        )
    ]
    return sorted(found, key=lambda each: (str(each[1].received_on), each[0]))


def _span(each: Contribution) -> str:
    start, end = each.received_on, each.received_until
    if start and end and start.precision == end.precision == "year" and start != end:
        return f"{start} and {end}" if end.first.year - start.first.year == 1 else f"{start}-{end}"
    return days(start, end)


def _bare(purpose: str) -> str:
    return purpose.removeprefix("the ").removeprefix("The ")


def _universities(under: Answer, material: Material) -> Sentence | None:
    number = int(under.groups.get("kind=university", 0))
    if not number:
        return None
    top_500 = answer(material, "partners.ranked.top-500")
    top_200 = answer(material, "partners.ranked.top-200")
    ranked = ""
    if top_500.value:
        ranking = str(top_500.shown["ranking"]).upper()
        ranked = (
            f". Of all partners under agreement {top_500.value} are in the top 500 of "
            f"{ranking} {top_500.shown['edition']}, {top_200.value} of these in the top 200"
        )
    text = (
        f"On {day(material.question.on)} we had agreements in force with "
        f"{counted(number, 'university')}{_such_as('university', under, material)}{ranked}"
    )
    return said(text, *_subjects(under))


def _companies(under: Answer, material: Material) -> Sentence | None:
    number = int(under.groups.get("kind=company", 0))
    if not number:
        return None
    return said(
        f"Agreements were in force with {counted(number, 'company')}"
        f"{_such_as('company', under, material, most=8)}",
        *_subjects(under),
    )


def _others(under: Answer, material: Material) -> Sentence | None:
    kinds = [
        (name.removeprefix("kind="), int(number))
        for name, number in under.groups.items()
        if name.startswith("kind=") and name not in ("kind=university", "kind=company")
    ]
    if not kinds:
        return None
    parts = [
        f"{number} {plural(kind.replace('-', ' '), number)}{_such_as(kind, under, material)}"
        for kind, number in kinds
        if kind != "unknown"
    ]
    return said(f"Other partners are {listed(parts)}", *_subjects(under)) if parts else None


def _domestic(under: Answer, material: Material) -> Sentence | None:
    """Domestic partners stand beside foreign ones."""
    home = int(under.groups.get("foreign=no", 0))
    if not home:
        return None
    country = material.question.country
    names = _names(under, material, lambda partner: partner.country == country, most=5)
    away = int(under.groups.get("foreign=yes", 0))
    return said(
        f"Beside {counted(away, 'foreign partner')} there {'is' if home == 1 else 'are'} "
        f"{counted(home, 'domestic partner')} in {with_article(material.country(country))}"
        f"{_examples(names, home)}",
        *_subjects(under),
    )


def _signed(material: Material) -> tuple[Sentence, ...]:
    signed = answer(material, "agreements.signed")
    if not signed.value:
        return ()
    found = [(each.subject, material.records.agreements[each.subject]) for each in signed.records]
    found.sort(key=lambda each: str(each[1].signed_on))
    lead = f"In {material.year} {counted(int(signed.value), 'agreement')}"
    verb = "was" if signed.value == 1 else "were"
    if len(found) > 12:
        return (said(f"{lead} {verb} signed", *(subject for subject, _ in found)),)
    titles = [f"\u201c{each.title}\u201d ({day(each.signed_on)})" for _, each in found]
    return (said(f"{lead} {verb} signed: {listed(titles)}", *(subject for subject, _ in found)),)


def _joint(material: Material) -> Sentence | None:
    running = answer(material, "joint-programmes.running")
    if not running.value:
        return None
    parts = []
    for each in running.records:
        programme = material.records.joint_programmes[each.subject]
        names = [
            material.records.partner_name(partner, day_of(material))
            for partner in programme.partners
        ]
        pattern = programme.pattern.replace("-", " ")
        title = programme.title
        partners = listed(names)
        named = any(
            name in title for each in programme.partners for name in _all_names(each, material)
        )
        with_whom = f" with {partners}" if partners and not named else ""
        parts.append(f"{title}{with_whom} ({pattern})" if pattern != "other" else title + with_whom)
    return said(
        f"{counted(int(running.value), 'joint programme')} "
        f"{'is' if running.value == 1 else 'are'} run: {listed(parts)}",
        *(each.subject for each in running.records),
    )


def _all_names(partner: str, material: Material) -> set[str]:
    """Also those of the one that it was merged into."""
    records = material.records
    both = (records.partners.get(partner), records.partner(partner))
    return {
        name
        for known in both
        if known is not None
        for name in (known.name, *known.aliases, *(each.name for each in known.names))
    }


def day_of(material: Material) -> PartialDate:
    """The day that the report is about, as names are asked for."""
    return PartialDate.of(material.question.on)


def _such_as(kind: str, under: Answer, material: Material, *, most: int = 4) -> str:
    names = _names(under, material, lambda partner: partner.kind == kind, most=most)
    return _examples(names, int(under.groups.get(f"kind={kind}", 0)))


def _examples(names: list[str], number: int) -> str:
    if not names:
        return ""
    if len(names) >= number:
        return f" ({listed(names)})"
    return f" such as {listed(names)}"


def _names(
    under: Answer, material: Material, wanted: Callable[[Partner], bool], *, most: int
) -> list[str]:
    """Real partners' names, as they were on the day, in the order of the alphabet."""
    records = material.records
    found: dict[str, None] = {}
    for subject in sorted(under.keys, key=lambda each: records.partner_name(each).casefold()):
        partner = records.partners.get(subject)
        if partner is not None and wanted(partner) and not partner.illustrative:
            found[name_on(partner, day_of(material))] = None
    return list(found)[:most]


def _subjects(under: Answer) -> Iterable[str]:
    return (each.subject for each in under.records)


def _by_kind(under: Answer) -> tuple[Table, ...]:
    rows = tuple(
        (_PLURALS.get(name.removeprefix("kind="), name.removeprefix("kind=")), str(number))
        for name, number in under.groups.items()
        if name.startswith("kind=")
    )
    return (Table("Partners under agreement", ("kind", "partners"), rows),) if rows else ()
