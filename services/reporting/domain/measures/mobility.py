"""Persons who stay abroad or with us: students and staff, in and out, and named programmes."""

from collections.abc import Callable, Iterator

from services.reporting.domain.measures.asking import Answer, Counted, Measure, Question, count
from services.reporting.domain.measures.lengths import begin, is_in, span
from services.reporting.domain.records import Records
from services.reporting.incoming.mobility import Stay
from shared.dates import PartialDate

__all__ = ["MEASURES", "STAY_WHERE", "counted_stay", "stays_in"]

STAFF = frozenset({"lecturer", "researcher", "administrative"})
SHORT = frozenset({"conference", "camp"})
"""Kinds that are attended, not stayed for: counted where they are asked for by kind."""

STAY_WHERE = (
    "kind",
    "who",
    "direction",
    "country",
    "partner",
    "programme",
    "agreement",
    "level",
    "highest_degree",
    "paid",
    "keynote",
    "graduate",
    "funding",
    "host_kind",
    "nationality",
    "field",
    "person_ref",
)
_READS = frozenset({"stay", "partner", "programme"})


def label(stay: Stay, records: Records) -> str:
    """What a stay was, without naming anybody."""
    start, end = begin(stay), stay.actual_until or stay.planned_until
    where = (
        records.partner_name(stay.partner, start)
        if stay.partner is not None and stay.partner in records.partners
        else stay.partner_name or stay.host_country
    )
    way = "from" if stay.direction == "in" else "at"
    return f"{stay.who}, {stay.kind.replace('-', ' ')} {way} {where}, {start} to {end}"


def counted_stay(subject: str, stay: Stay, records: Records, *, why: str = "") -> Counted:
    """A stay, counted once per person."""
    partner = records.partner(stay.partner, begin(stay))
    country = stay.host_country
    if stay.direction == "in":
        country = partner.country if partner else stay.nationality or "unknown"
    return Counted(
        key=stay.person_ref or subject,
        subject=subject,
        label=label(stay, records),
        why=why,
        illustrative=stay.illustrative,
        attributes={
            "kind": stay.kind,
            "who": stay.who,
            "direction": stay.direction,
            "country": country,
            "partner": refs(stay.partner, records, begin(stay)),
            "programme": programme_refs(stay.programme, records),
            "agreement": stay.agreement,
            "level": stay.level,
            "highest_degree": stay.highest_degree,
            "paid": stay.paid,
            "keynote": stay.keynote,
            "graduate": stay.graduate,
            "funding": stay.funding,
            "host_kind": stay.host_kind,
            "nationality": stay.nationality,
            "field": stay.field,
            "person_ref": stay.person_ref,
        },
    )


def refs(partner: str | None, records: Records, on: PartialDate | None = None) -> tuple[str, ...]:
    """How a partner of a day can be asked for: by its id or the office's own id of it."""
    if partner is None:
        return ()
    subject = records.canonical(partner, on)
    known = records.partners.get(subject)
    return (subject, known.ref) if known and known.ref else (subject,)


def programme_refs(programme: str | None, records: Records) -> tuple[str, ...]:
    """How a named programme can be asked for: by its name, its id, or the office's id of it."""
    if programme is None:
        return ()
    known = records.programmes.get(programme)
    if known is None:
        return (programme,)
    return tuple(dict.fromkeys((known.name, *((known.ref,) if known.ref else ()), programme)))


def stays_in(question: Question, records: Records) -> Iterator[tuple[str, Stay]]:
    """Stays of the unit that really took place, with a day in the asked period."""
    asked = question.days
    if asked is None:
        return
    for subject, stay in records.stays.items():
        if question.concerns(stay) and is_in(stay, asked, question.on):
            yield subject, stay


def _persons(direction: str, who: frozenset[str]) -> Callable[[Question, Records], Answer]:
    def compute(question: Question, records: Records) -> Answer:
        by_kind = "kind" in question.where
        return count(
            (
                counted_stay(subject, stay, records, why=f"a day in the period: {_days(stay)}")
                for subject, stay in stays_in(question, records)
                if stay.direction == direction
                and stay.who in who
                and (by_kind or stay.kind not in SHORT)
            ),
            question,
            groups=("kind", "who", "country", "level"),
        )

    return compute


def _days(stay: Stay) -> str:
    period = span(stay)
    return f"{period.first} to {period.last or 'today'}"


_PERSONS_RULE = (
    "Distinct persons with at least a day of a stay {where} in the period; a stay begun years "
    "before counts. Kinds are exchange, joint and full studies, internships, project-based "
    "programmes, research, postdoc, teaching and training; conferences and camps are attended, "
    "not stayed for, and count where they are asked for by kind. Nominated, rejected, withdrawn "
    "and no-show stays count nowhere."
)


def _participants(question: Question, records: Records) -> Answer:
    items = []
    for subject, stay in stays_in(question, records):
        if stay.programme is not None:
            items.append(counted_stay(subject, stay, records, why="a day in the period"))
    answer = count(items, question)
    grouped: dict[str, set[str]] = {}
    for item in items:
        names = item.attributes["programme"]
        assert isinstance(names, tuple)  # noqa: S101 - `counted_stay` made it
        grouped.setdefault(f"programme={names[0]}", set()).add(item.key)
    counts = {name: len(keys & answer.keys.keys()) for name, keys in sorted(grouped.items())}
    return Answer(
        value=answer.value,
        records=answer.records,
        groups={name: number for name, number in counts.items() if number},
        keys=answer.keys,
    )


def _measure(name: str, title: str, direction: str, who: frozenset[str], where: str) -> Measure:
    return Measure(
        name=name,
        version=1,
        title=title,
        rule=_PERSONS_RULE.format(where=where),
        counts="persons",
        reads=_READS,
        where=STAY_WHERE,
        compute=_persons(direction, who),
    )


_STUDENTS = frozenset({"student"})

MEASURES = (
    _measure("mobility.students-in", "International students", "in", _STUDENTS, "with us"),
    _measure("mobility.students-out", "Students abroad", "out", _STUDENTS, "abroad"),
    _measure("mobility.staff-in", "Guest staff", "in", STAFF, "with us"),
    _measure("mobility.staff-out", "Staff abroad", "out", STAFF, "abroad"),
    Measure(
        name="programmes.participants",
        version=1,
        title="Participants of named programmes",
        rule=(
            "Distinct persons with at least a day in the period of a stay that belongs to a named "
            "programme, of any kind and direction; by programme."
        ),
        counts="persons",
        reads=_READS,
        where=STAY_WHERE,
        compute=_participants,
    ),
)
