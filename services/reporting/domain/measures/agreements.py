"""Agreements and the partners that they bind, on a day and in a period."""

from collections.abc import Callable, Iterator
from datetime import date

from services.reporting.domain.measures.asking import Answer, Counted, Measure, Question, count
from services.reporting.domain.measures.mobility import refs
from services.reporting.domain.records import Records
from services.reporting.incoming.agreements import Agreement, Partner
from shared.dates import PartialDate, Period

__all__ = ["MEASURES", "RANKINGS", "agreements_of", "in_force", "partners_of"]

_NEVER = frozenset({"", "proposed", "under-review", "approved", "withdrawn"})
_ENDED = frozenset({"lapsed", "terminated", "superseded"})
_READS = frozenset({"agreement", "partner"})
RANKINGS = ("qs", "the", "arwu")


def in_force(agreement: Agreement, on: date) -> bool:
    """True if the agreement binds on that day: by its dates, both ends included.

    It begins on its first day (the day of the last signature, where none was agreed), and ends on
    its last; one that renews itself goes on until somebody ends it. It does not bind while it is
    suspended: on the days that are told, or on no day at all where none are. A date known to the
    month or year begins on its first day and ends on its last.
    """
    if agreement.status in _NEVER or _rests(agreement, on):
        return False
    start = agreement.valid_from or agreement.signed_on
    if start is not None and on < start.first:
        return False
    if agreement.ended_on is not None:
        return on <= agreement.ended_on.last
    if agreement.valid_until is not None:
        renews = agreement.renewal.rule == "tacit" and agreement.status not in _ENDED
        return renews or on <= agreement.valid_until.last
    return agreement.status not in _ENDED and (start is not None or agreement.status == "in-force")


def _rests(agreement: Agreement, on: date) -> bool:
    if agreement.status == "suspended" and not agreement.suspensions:
        return True
    return any(
        on in Period.spanning(each.suspended_from, each.suspended_until)
        for each in agreement.suspensions
    )


def agreements_of(question: Question, records: Records) -> Iterator[tuple[str, Agreement]]:
    """The agreements that the unit or one of its parts owns, shares or is a party of."""
    for subject, agreement in records.agreements.items():
        if question.concerns(agreement) or any(
            each.side == "ours" and each.party in question.units for each in agreement.parties
        ):
            yield subject, agreement


def partners_of(agreement: Agreement, records: Records, on: PartialDate | None) -> list[str]:
    """The ids of the outside parties, each once; merged ones under the id that is left on a day."""
    return list(
        dict.fromkeys(
            records.canonical(each.party, on) for each in agreement.parties if each.side == "theirs"
        )
    )


def _counted(
    subject: str, agreement: Agreement, records: Records, why: str, on: PartialDate | None
) -> Counted:
    partners = partners_of(agreement, records, on)
    known = [records.partners[each] for each in partners if each in records.partners]
    return Counted(
        key=subject,
        subject=subject,
        label=agreement.title or agreement.kind,
        why=why,
        illustrative=agreement.illustrative,
        attributes={
            "kind": agreement.kind,
            "country": tuple(sorted({partner.country for partner in known})),
            "partner_kind": tuple(sorted({partner.kind for partner in known})),
            "partner": tuple(ref for each in partners for ref in refs(each, records, on)),
        },
    )


_GROUPS = ("kind", "country", "partner_kind")


def _in_force(question: Question, records: Records) -> Answer:
    day = PartialDate.of(question.on)
    items = [
        _counted(subject, agreement, records, f"in force: {_validity(agreement)}", day)
        for subject, agreement in agreements_of(question, records)
        if in_force(agreement, question.on)
    ]
    return count(items, question, groups=_GROUPS)


def _signed(question: Question, records: Records) -> Answer:
    items = [
        _counted(subject, agreement, records, f"signed {agreement.signed_on}", agreement.signed_on)
        for subject, agreement in agreements_of(question, records)
        if agreement.status != "withdrawn" and question.begins(agreement.signed_on)
    ]
    return count(items, question, groups=_GROUPS)


def _validity(agreement: Agreement) -> str:
    start: PartialDate | str = agreement.valid_from or agreement.signed_on or "unknown"
    end: PartialDate | str = agreement.ended_on or agreement.valid_until or "open"
    renews = ", renews itself" if agreement.renewal.rule == "tacit" else ""
    return f"{start} to {end}{renews}"


def _bound(question: Question, records: Records) -> Iterator[Counted]:
    """Each partner of each agreement in force on the day."""
    day = PartialDate.of(question.on)
    for subject, agreement in agreements_of(question, records):
        if not in_force(agreement, question.on):
            continue
        for each in partners_of(agreement, records, day):
            known = records.partners.get(each)
            yield Counted(
                key=each,
                subject=subject,
                label=f"{known.name if known else each}: {agreement.title or agreement.kind}",
                why=f"in force: {_validity(agreement)}",
                illustrative=agreement.illustrative or bool(known and known.illustrative),
                attributes={
                    "kind": known.kind if known else None,
                    "country": known.country if known else None,
                    "foreign": known.country != question.country if known else None,
                    "agreement_kind": agreement.kind,
                    "partner": refs(each, records, day),
                },
            )


def _under_agreement(question: Question, records: Records) -> Answer:
    return count(_bound(question, records), question, groups=("kind", "country", "foreign"))


def _ranked(band: int) -> Callable[[Question, Records], Answer]:
    def compute(question: Question, records: Records) -> Answer:
        ranking, edition = latest_edition(records, question)
        items = []
        for bound in _bound(question, records):
            partner = records.partners.get(bound.key)
            position = position_in(partner, ranking, edition) if partner else None
            if position is not None and position[1] <= band:
                said = (
                    f"{position[0]}" if position[0] == position[1] else "-".join(map(str, position))
                )
                items.append(
                    Counted(
                        key=bound.key,
                        subject=bound.subject,
                        label=bound.label,
                        why=f"{(ranking or '').upper()} {edition}: {said}",
                        illustrative=bound.illustrative,
                        attributes=dict(bound.attributes) | {"ranking": ranking},
                    )
                )
        shown = {"ranking": ranking, "edition": edition, "band": f"top {band}, nested"}
        return count(items, question, groups=("kind", "country"), shown=shown)

    return compute


def latest_edition(records: Records, question: Question) -> tuple[str | None, int | None]:
    """The ranking that is asked for (else the first of QS, THE, ARWU that is known), and its latest
    edition published by the day."""
    wanted = question.where.get("ranking", RANKINGS)
    editions: dict[str, int] = {}
    for partner in records.partners.values():
        for each in partner.rankings:
            if each.published_on <= question.on:
                editions[each.ranking] = max(each.edition, editions.get(each.ranking, 0))
    for ranking in wanted:
        if ranking in editions:
            return ranking, editions[ranking]
    return (wanted[0] if "ranking" in question.where else None), None


def position_in(
    partner: Partner, ranking: str | None, edition: int | None
) -> tuple[int, int] | None:
    """The first and last position a partner can have in an edition; None if it is not in it."""
    for each in partner.rankings:
        if each.ranking == ranking and each.edition == edition:
            return each.position, max(each.position, each.position_until or each.position)
    return None


def _measure(
    name: str,
    title: str,
    rule: str,
    compute: Callable[[Question, Records], Answer],
    *,
    counts: str,
    where: tuple[str, ...],
    stock: bool = True,
) -> Measure:
    return Measure(
        name=name,
        version=1,
        title=title,
        rule=rule,
        counts=counts,
        reads=_READS,
        where=where,
        compute=compute,
        stock=stock,
    )


_AGREEMENT_WHERE = ("kind", "country", "partner_kind", "partner")
_PARTNER_WHERE = ("kind", "country", "foreign", "agreement_kind", "partner")
_RANKED_RULE = (
    "Distinct partners with an agreement in force on the day whose position in the latest edition "
    "of the ranking that was published by that day is {band} or better; of a band of positions the "
    "last one counts. Bands are nested and never added: the top 200 are inside the top 500. The "
    "ranking is `ranking`, by default the first of QS, THE and ARWU that is known."
)

MEASURES = (
    _measure(
        "agreements.in-force",
        "Agreements in force",
        "Agreements in force on the day, by their dates, both ends included; tacit renewals go on, "
        "one that is suspended on it does not count.",
        _in_force,
        counts="agreements",
        where=_AGREEMENT_WHERE,
    ),
    _measure(
        "agreements.signed",
        "Agreements signed",
        "Agreements whose last signature lies in the period. One that was signed by one side only, "
        "or withdrawn, is not signed.",
        _signed,
        counts="agreements",
        where=_AGREEMENT_WHERE,
        stock=False,
    ),
    _measure(
        "partners.under-agreement",
        "Partners under agreement",
        "Distinct partners, foreign and domestic, with at least one agreement in force on the day; "
        "a partner that was merged into another is that other: always, if it was entered twice; "
        "from that day on, if two bodies became one.",
        _under_agreement,
        counts="partners",
        where=_PARTNER_WHERE,
    ),
    *(
        _measure(
            f"partners.ranked.top-{band}",
            f"Partners ranked in the top {band}",
            _RANKED_RULE.format(band=band),
            _ranked(band),
            counts="partners",
            where=(*_PARTNER_WHERE, "ranking"),
        )
        for band in (200, 500)
    ),
)
