"""The year in numbers: each said in a sentence that follows from a measure."""

from decimal import Decimal

from services.reporting.domain.measures import MEASURES, Answer, Question, ask
from services.reporting.domain.measures.mobility import STAFF
from services.reporting.domain.report.draft import Material, Number, Section, Sentence, said
from services.reporting.domain.report.wording import (
    counted,
    listed,
    number,
    plural,
    with_article,
)

__all__ = ["answer", "bars", "numbers", "people_section"]

LEARNING = (
    "full-degree",
    "dual-degree",
    "joint-programme",
    "exchange-study",
    "postdoc",
    "research",
    "training",
)
"""Kinds in which a lecturer goes abroad to study, not to teach or to attend."""
_KINDS = {
    "exchange-study": "exchange",
    "joint-programme": "joint programmes",
    "dual-degree": "dual degrees",
    "full-degree": "full degrees",
    "internship": "internships",
    "camp": "camps",
    "project-based": "project-based programmes",
    "conference": "conferences",
    "research": "research",
    "postdoc": "postdoctoral stays",
    "teaching": "teaching",
    "training": "training",
}
_LISTED = (
    "visits.foreign-visitors",
    "visits.delegations",
    "visits.trips",
    "visits.hosted-events",
    "visits.meetings",
    "visits.countries",
    "mobility.students-in",
    "mobility.students-out",
    "mobility.staff-in",
    "mobility.staff-out",
    "programmes.participants",
    "agreements.in-force",
    "agreements.signed",
    "partners.under-agreement",
    "partners.ranked.top-200",
    "partners.ranked.top-500",
    "contributions.received",
)


def answer(material: Material, measure: str, **where: tuple[str, ...]) -> Answer:
    """A measure of the report's unit, year and day, narrowed."""
    asked = material.question
    question = Question(
        unit=asked.unit,
        units=asked.units,
        country=asked.country,
        period=asked.period,
        on=asked.on,
        where=where,
    )
    return ask(MEASURES[measure], question, material.records)


def people_section(material: Material) -> Section | None:
    """Who came, and who went."""
    paragraphs = [
        tuple(sentence for sentence in group if sentence is not None)
        for group in (
            (_visitors(material), _students_in(material), _guest_staff(material)),
            (
                _students_out(material),
                _camps(material),
                _lecturers(material),
                _administrative(material),
                _conferences(material),
            ),
            (_programmes(material),),
        )
    ]
    kept = tuple(group for group in paragraphs if group)
    return Section("people", "Who came and who went", kept) if kept else None


def _visitors(material: Material) -> Sentence | None:
    found = answer(material, "visits.foreign-visitors")
    if not found.value:
        return None
    text = (
        f"In {material.year}, {counted(int(found.value), 'foreign visitor')} came to visit and work"
        f" with us{_from(found, material)}"
    )
    return _said(text, found)


def _students_in(material: Material) -> Sentence | None:
    found = answer(material, "mobility.students-in")
    if not found.value:
        return None
    return _said(
        f"We received {counted(int(found.value), 'international student')} to study and on "
        f"exchange{_kinds(found)}{_from(found, material)}",
        found,
    )


def _guest_staff(material: Material) -> Sentence | None:
    found = answer(material, "mobility.staff-in")
    if not found.value:
        return None
    return _said(
        f"{counted(int(found.value), 'visiting member')} of other institutions' staff stayed with "
        f"us{_kinds(found)}{_from(found, material)}",
        found,
    )


def _students_out(material: Material) -> Sentence | None:
    found = answer(material, "mobility.students-out")
    if not found.value:
        return None
    return _said(
        f"{number(int(found.value))} of our students stayed abroad{_kinds(found)}"
        f"{_to(found, material)}",
        found,
    )


def _camps(material: Material) -> Sentence | None:
    found = answer(material, "mobility.students-out", kind=("camp", "conference"))
    if not found.value:
        return None
    return _said(
        f"{counted(int(found.value), 'student')} took part in camps and conferences abroad"
        f"{_to(found, material)}",
        found,
    )


def _lecturers(material: Material) -> Sentence | None:
    found = answer(material, "mobility.staff-out", who=("lecturer", "researcher"), kind=LEARNING)
    if not found.value:
        return None
    noun = "lecturer" if not found.groups.get("who=researcher") else "lecturer or researcher"
    words = f"{int(found.value)} {noun if found.value == 1 else plural(noun, 2)}"
    words = words.replace("lecturer or researchers", "lecturers and researchers")
    return _said(f"{words} studied abroad{_kinds(found)}{_to(found, material)}", found)


def _administrative(material: Material) -> Sentence | None:
    found = answer(material, "mobility.staff-out", who=("administrative",))
    if not found.value:
        return None
    return _said(
        f"{counted(int(found.value), 'member')} of the administration stayed abroad{_kinds(found)}"
        f"{_to(found, material)}",
        found,
    )


def _conferences(material: Material) -> Sentence | None:
    found = answer(material, "mobility.staff-out", who=tuple(STAFF), kind=("conference",))
    if not found.value:
        return None
    speeches = answer(
        material,
        "mobility.staff-out",
        who=tuple(STAFF),
        kind=("conference",),
        keynote=("yes",),
    ).value
    beside = f", {counted(int(speeches), 'of them')} with a keynote speech" if speeches else ""
    beside = beside.replace("of thems", "of them")
    return _said(
        f"{counted(int(found.value), 'member')} of our staff went to international conferences"
        f"{beside}",
        found,
    )


def _programmes(material: Material) -> Sentence | None:
    found = answer(material, "programmes.participants")
    if not found.value:
        return None
    named = []
    for group, participants in found.groups.items():
        name = group.removeprefix("programme=")
        title = next(
            (each.title for each in material.records.programmes.values() if each.name == name), None
        )
        called = f"{title} ({name})" if title and title != name else name
        named.append(f"{called} with {counted(int(participants), 'participant')}")
    return _said(f"Named programmes ran in {material.year}: {listed(named)}", found)


def _from(found: Answer, material: Material) -> str:
    places = _places(found, material)
    return f", from {places}" if places else ""


def _to(found: Answer, material: Material) -> str:
    places = _places(found, material)
    return f", in {places}" if places else ""


def _places(found: Answer, material: Material) -> str:
    """The countries of a group, the largest first, with their numbers."""
    by_country = [
        (code.removeprefix("country="), int(persons))
        for code, persons in found.groups.items()
        if code.startswith("country=") and code != "country=unknown"
    ]
    by_country.sort(key=lambda each: (-each[1], each[0]))
    names = [f"{with_article(material.country(code))} ({n})" for code, n in by_country[:6]]
    if len(by_country) > 6:
        names.append(counted(len(by_country) - 6, "other country"))
    return listed(names)


def _kinds(found: Answer) -> str:
    """What they did, in brackets, where it is more than one thing."""
    kinds = [
        f"{_KINDS.get(name.removeprefix('kind='), name)} {persons}"
        for name, persons in sorted(found.groups.items(), key=lambda each: -each[1])
        if name.startswith("kind=")
    ]
    return f" ({listed(kinds)})" if len(kinds) > 1 else ""


def _said(text: str, found: Answer) -> Sentence:
    return said(
        text,
        *(each.subject for each in found.records),
        illustrative=any(each.illustrative for each in found.records),
    )


def numbers(material: Material) -> tuple[Number, ...]:
    """The table of measures: what was asked, what came out, which definition."""
    rows = []
    for name in _LISTED:
        measure = MEASURES[name]
        found = answer(material, name)
        if not found.value and not found.records:
            continue
        beside = ", ".join(
            f"{key} {value}" for key, value in found.shown.items() if value not in (None, False)
        )
        rows.append(
            Number(
                measure=name,
                version=measure.version,
                title=measure.title,
                value=_written(found.value),
                definition=measure.rule,
                records=len(found.records),
                shown=beside,
            )
        )
    return tuple(rows)


def _written(value: Decimal | int | None) -> str:
    if value is None:
        return "several currencies"
    return f"{int(value):,}" if value == int(value) else f"{value:,}"


def bars(material: Material) -> dict[str, tuple[tuple[str, int], ...]]:
    """Charts by country."""
    charts = {}
    for title, measure in (
        ("Foreign visitors by country", "visits.foreign-visitors"),
        ("International students by country", "mobility.students-in"),
        ("Students abroad by country", "mobility.students-out"),
        ("Partners under agreement by country", "partners.under-agreement"),
    ):
        found = answer(material, measure)
        rows = [
            (material.country(name.removeprefix("country=")), int(things))
            for name, things in found.groups.items()
            if name.startswith("country=") and name != "country=unknown"
        ]
        if len(rows) > 1:
            charts[title] = tuple(sorted(rows, key=lambda each: (-each[1], each[0]))[:10])
    return charts
