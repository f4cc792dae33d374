"""Mobility as others define it: the EU benchmark, Erasmus+, QS, UNESCO; and the balance."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from services.reporting.domain.measures.asking import (
    Answer,
    Behind,
    Counted,
    Measure,
    Question,
    count,
    narrowed,
)
from services.reporting.domain.measures.lengths import (
    begin,
    days,
    has_begun,
    lasts_months,
    semesters,
    span,
)
from services.reporting.domain.measures.mobility import STAY_WHERE, counted_stay
from services.reporting.domain.records import Records
from services.reporting.incoming.mobility import Stay
from shared.dates import Period

__all__ = ["MEASURES", "is_erasmus"]

_STUDY = frozenset({"exchange-study", "joint-programme", "dual-degree"})
_TRAINEESHIP = frozenset({"internship"})
_DEGREE = _STUDY | {"full-degree"}
_MONTH = 30  # Erasmus+ counts months of 30 days


def _begun(question: Question, records: Records) -> Iterator[tuple[str, Stay]]:
    """The unit's stays that began in the asked period and took place."""
    for subject, stay in records.stays.items():
        if (
            question.concerns(stay)
            and has_begun(stay, question.on)
            and question.begins(begin(stay))
        ):
            yield subject, stay


def _credit_eu(question: Question, records: Records) -> Answer:
    items = []
    for subject, stay in records.stays.items():
        end = span(stay).last
        asked = question.days
        if (
            stay.direction != "out"
            or stay.who != "student"
            or not stay.graduate
            or asked is None
            or end is None
            or end not in asked
            or not has_begun(stay, question.on)
            or not question.concerns(stay)
        ):
            continue
        earned = stay.credits
        ects = max(earned.recognised or 0, earned.awarded or 0) if earned else 0
        if lasts_months(stay, 3) or ects >= 15:
            items.append(
                counted_stay(subject, stay, records, why=f"{days(stay)} days, {ects:g} ECTS")
            )
    return count(items, question, groups=("level", "country", "kind"))


def is_erasmus(stay: Stay) -> bool:
    """Students 2 to 12 months of 30 days for study or a traineeship, doctoral ones also 5 to 30
    days; staff 2 to 60 days. The dates are those of the activity, without travel."""
    length = days(stay)
    if stay.who == "student":
        if stay.kind not in _STUDY | _TRAINEESHIP | {"research"}:
            return False
        if 2 * _MONTH <= length <= 12 * _MONTH and stay.kind != "research":
            return True
        return stay.level == "doctoral" and 5 <= length <= 30
    return stay.kind in ("teaching", "training") and 2 <= length <= 60


def _erasmus(question: Question, records: Records) -> Answer:
    items = [
        counted_stay(subject, stay, records, why=f"{days(stay)} days")
        for subject, stay in _begun(question, records)
        if is_erasmus(stay)
    ]
    return count(items, question, groups=("direction", "who", "kind", "country"))


def _qs_exchange(question: Question, records: Records) -> Answer:
    items = []
    halves: dict[str, int] = {}
    for subject, stay in _begun(question, records):
        agreement = records.agreements.get(stay.agreement or "")
        partner = records.partner(stay.partner, begin(stay))
        between_universities = (
            agreement is not None
            and partner is not None
            and partner.kind == "university"
            and stay.host_kind == "university"
        )
        length = semesters(stay)
        if stay.who == "student" and stay.kind in _STUDY and between_universities and length:
            item = counted_stay(subject, stay, records, why=f"{length} semester(s)")
            items.append(item)
            halves[subject] = length
    answer = count(items, question, groups=("direction", "country", "level"))
    full_time = sum(halves[each.subject] for each in answer.records)
    return Answer(
        value=answer.value,
        records=answer.records,
        groups=answer.groups,
        keys=answer.keys,
        shown={"fte": float(Decimal(full_time) / 2)},
    )


def _origin(stay: Stay) -> str | None:
    return stay.prior_education_country or stay.residence_country or stay.nationality


def _uis(question: Question, records: Records) -> Answer:
    items = []
    asked = question.days
    for subject, stay in records.stays.items():
        if (
            asked is None
            or stay.who != "student"
            or stay.kind not in _DEGREE
            or not question.concerns(stay)
            or not has_begun(stay, question.on)
            or not span(stay).overlaps(asked)
            or (days(stay) == 0 and stay.virtual_days > 0)
        ):
            continue
        origin = _origin(stay) if stay.direction == "in" else question.country
        if origin is None or origin == stay.host_country:
            continue
        item = counted_stay(subject, stay, records, why=f"{origin} to {stay.host_country}")
        attributes = dict(item.attributes) | {"origin": origin, "destination": stay.host_country}
        items.append(
            Counted(
                key=f"{stay.direction}:{item.key}",
                subject=subject,
                label=item.label,
                why=item.why,
                illustrative=item.illustrative,
                attributes=attributes,
            )
        )
    answer = count(items, question, groups=("direction", "origin", "destination"))
    inward = answer.groups.get("direction=in", 0)
    outward = answer.groups.get("direction=out", 0)
    return Answer(
        value=inward - outward,
        records=answer.records,
        groups=answer.groups,
        shown={"in": inward, "out": outward, "net": "in - out"},
    )


def _weight(stay: Stay, records: Records) -> int:
    """What a stay weighs in its agreement's own unit."""
    agreement = records.agreements.get(stay.agreement or "")
    heads = agreement is not None and agreement.balance_unit == "students"
    return 1 if heads and days(stay) else semesters(stay)


def _balance(question: Question, records: Records) -> Answer:
    until = Period(None, (question.days or Period(None, question.on)).last)
    items = []
    for subject, stay in records.stays.items():
        start = begin(stay)
        if (
            stay.who == "student"
            and stay.agreement is not None
            and question.concerns(stay)
            and has_begun(stay, question.on)
            and start is not None
            and start.first in until
            and _weight(stay, records)
        ):
            items.append(counted_stay(subject, stay, records))
    value, brought = 0, 0
    groups: dict[str, int] = {}
    behind = []
    for item in narrowed(items, question.where):
        stay = records.stays[item.subject]
        sign = 1 if stay.direction == "in" else -1
        name = f"agreement={stay.agreement}"
        groups[name] = groups.get(name, 0) + sign * _weight(stay, records)
        signed = sign * semesters(stay)
        value += signed
        start = begin(stay)
        first = question.period.first
        earlier = start is not None and first is not None and start.first < first
        brought += signed if earlier else 0
        why = f"{signed:+d} semester(s){', carried forward' if earlier else ''}"
        behind.append(Behind(item.subject, item.label, why, item.illustrative))
    counted = {
        subject: agreement
        for subject, agreement in records.agreements.items()
        if f"agreement={subject}" in groups
    }
    return Answer(
        value=value,
        records=tuple(behind),
        groups=groups,
        shown={
            "unit": "student-semesters, in - out",
            "carried_forward": brought,
            "titles": {subject: agreement.title for subject, agreement in counted.items()},
            "units": {
                subject: agreement.balance_unit
                for subject, agreement in counted.items()
                if agreement.balance_unit != "student-semesters"
            },
        },
    )


def _measure(
    name: str,
    title: str,
    rule: str,
    compute: Callable[[Question, Records], Answer],
    *,
    counts: str = "persons",
    whole_past: bool = False,
) -> Measure:
    return Measure(
        name=name,
        version=1,
        title=title,
        rule=rule,
        counts=counts,
        reads=frozenset({"stay", "partner", "programme", "agreement"}),
        where=STAY_WHERE,
        compute=compute,
        whole_past=whole_past,
    )


MEASURES = (
    _measure(
        "mobility.credit.eu",
        "Credit mobility (EU benchmark)",
        "Graduates who had at least 3 calendar months, or at least 15 ECTS, abroad; each person "
        "once, in the year in which the stay ended, as records say that somebody graduated and not "
        "when.",
        _credit_eu,
    ),
    _measure(
        "mobility.erasmus",
        "Mobility as Erasmus+ counts it",
        "Persons whose stay began in the period: students 2 to 12 months of 30 days for study or a "
        "traineeship, doctoral students also 5 to 30 days, staff 2 to 60 days of teaching or "
        "training. Interruptions and virtual days are subtracted; dates are without travel days.",
        _erasmus,
    ),
    _measure(
        "mobility.qs-exchange",
        "Exchange students as QS counts them",
        "Students whose stay of at least a semester (75 days) began in the period, under a formal "
        "agreement between two universities: no company, no own campus. Full-time equivalents are "
        "half the semesters.",
        _qs_exchange,
    ),
    _measure(
        "mobility.uis",
        "Internationally mobile students (UNESCO)",
        "Students of degree, joint and exchange studies who crossed a border, with a day in the "
        "period; distance study is excluded. Origin is the country of prior education, then of "
        "residence, citizenship last. The value is the net flow: in less out.",
        _uis,
    ),
    _measure(
        "mobility.balance",
        "Balance of exchanges",
        "Student-semesters in less student-semesters out, by agreement, of all stays begun by the "
        "day: what an agreement owed before the period is carried forward. Half a year is one "
        "semester, a full year two. An agreement that counts heads is shown in heads, and added in "
        "semesters.",
        _balance,
        counts="student-semesters",
        whole_past=True,
    ),
)
