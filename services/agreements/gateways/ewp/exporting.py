"""An agreement of ours as the format writes it; or what of it the format cannot hold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lxml import etree

from services.agreements.domain.agreements import Agreement
from services.agreements.domain.partners import Partner
from services.agreements.events.values import AgreementKind, Places
from services.agreements.gateways.ewp.documents import NAMESPACE, Element, read
from services.agreements.gateways.ewp.grouping import grouped
from services.agreements.gateways.ewp.hashing import hash_of
from services.agreements.gateways.ewp.terms import (
    KINDS,
    Area,
    Linked,
    Particulars,
    Skill,
    written_year,
    year_of_first,
    year_of_last,
    year_starts_in_january,
)
from shared.errors import Rejected

__all__ = ["Exported", "hei_id_of", "must_be_holdable", "written"]

_HOLDABLE: tuple[AgreementKind, ...] = ("exchange", "internship", "memorandum-of-understanding")
_SPECS: dict[str, str] = {kind: spec for spec, kind in KINDS.items()}
_ORDER: list[str] = list(KINDS.values())
_NEEDS_LANGUAGE = ("exchange-study", "teaching")
_STUDENTS = ("exchange-study", "internship")
_SIGNED = ("signed", "in-force", "suspended", "lapsed", "terminated", "superseded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What is written beside the agreement's own fields."""

    linked: Linked
    partner_country: str
    our_country: str
    skill: Skill | None
    """Of conditions whose particulars name no language."""
    had_stays: bool


def must_be_holdable(agreement: Agreement, partners: Sequence[Partner]) -> None:
    """Raises Rejected (409) with what the format cannot hold."""
    if len(agreement.parties) != 2:
        raise Rejected(
            "ewp-parties-not-two",
            f"an IIA has exactly two parties, and this agreement has {len(agreement.parties)}",
            field="parties",
        )
    if agreement.kind not in _HOLDABLE:
        raise Rejected(
            "ewp-kind-not-held",
            f"an IIA is about exchange, and this agreement is of the kind {agreement.kind}",
            field="kind",
        )
    if partners[0].kind != "university":
        raise Rejected(
            "ewp-partner-not-a-university",
            f"an IIA is between two universities, and {partners[0].name} is of the kind "
            f"{partners[0].kind}",
            field="parties",
        )
    if not any(places.maximum for places in agreement.places):
        raise Rejected(
            "ewp-places-missing",
            "an IIA says how many may go, and this agreement has no places",
            field="places",
        )
    for index, places in enumerate(agreement.places):
        if places.kind not in _SPECS:
            raise Rejected(
                "ewp-places-not-held",
                "an IIA has places for studies, traineeships, teaching and training, and these are"
                f" for {places.kind or 'any kind'}: say which kind they are for",
                field=f"places.{index}.kind",
            )


def hei_id_of(partner: Partner) -> str:
    """Raises Rejected("ewp-partner-without-hei-id")."""
    for each in partner.identifiers:
        if each.scheme == "schac":
            return each.value
    raise Rejected(
        "ewp-partner-without-hei-id",
        f"{partner.name} has no SCHAC id, by which the network knows it; add it to its identifiers",
        field="parties",
    )


def written(agreement: Agreement, more: Exported) -> bytes:
    """The document, of one agreement, with its hash.

    Raises Rejected (409): `ewp-language-missing`, `ewp-years-open`.
    """
    root = etree.Element(f"{{{NAMESPACE}}}iias-get-response", nsmap={None: NAMESPACE})
    iia = _add(root, "iia")
    signed = {each.party: each.on for each in agreement.signatures if each.on.precision == "day"}
    of = {each.side: signed.get(each.party) for each in agreement.parties}
    linked = more.linked
    _partner(iia, linked.our_hei, linked.our_iia_id, linked.our_iia_code, of.get("ours"))
    _partner(iia, linked.hei, linked.iia_id, linked.iia_code, of.get("theirs"))
    _add(iia, "in-effect", _boolean(agreement.status in _SIGNED))
    conditions = _add(iia, "cooperation-conditions")
    if agreement.status == "terminated" and not more.had_stays:
        conditions.set("terminated-as-a-whole", "true")
    for places, particulars in _with_particulars(agreement, linked.particulars):
        _condition(conditions, agreement, places, particulars, more)
    _add(iia, "iia-hash", "0" * 64)
    made = hash_of(read(_bytes(root)).iias[0])
    iia[-1].text = made
    return _bytes(root)


def _bytes(root: Element) -> bytes:
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _add(parent: Element, name: str, text: str | None = None) -> Element:
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    element.text = text
    return element


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _partner(
    iia: Element, hei: str, iia_id: str | None, code: str | None, signed_on: str | None
) -> None:
    partner = _add(iia, "partner")
    told = {"hei-id": hei, "iia-id": iia_id, "iia-code": code, "signing-date": signed_on}
    for name, text in told.items():
        if text is not None:
            _add(partner, name, text)


# --- conditions ----------------------------------------------------------------------------------


def _with_particulars(
    agreement: Agreement, known: Sequence[Particulars]
) -> list[tuple[Places, Particulars | None]]:
    """Each condition: its places, and what else it says. In the order of the format: by kind.

    Conditions whose places are as they were agreed are written as they were; places that changed
    since are one condition each, with the particulars that go with them best.
    """
    left = [each for each in agreement.places if each.maximum]
    found: list[tuple[Places, Particulars | None]] = []
    for group in grouped(known):
        if group.lines and all(line in left for line in group.lines):
            left = [line for line in left if line not in group.lines]
            found += [(each.places, each) for each in group.conditions if each.places is not None]
    found += [(line, _best(line, known)) for line in left]
    return sorted(found, key=lambda each: _ORDER.index(_kind(each[0])))


def _best(places: Places, known: Sequence[Particulars]) -> Particulars | None:
    best = max(known, key=lambda each: each.is_of(places), default=None)
    return best if best is not None and best.is_of(places) else None


def _kind(places: Places) -> str:
    return str(places.kind)


def _condition(
    conditions: Element,
    agreement: Agreement,
    places: Places,
    particulars: Particulars | None,
    more: Exported,
) -> None:
    kind, linked = _kind(places), more.linked
    condition = etree.SubElement(conditions, f"{{{NAMESPACE}}}{_SPECS[kind]}")
    goes_out = places.direction == "out"
    sender, receiver = (linked.our_hei, linked.hei) if goes_out else (linked.hei, linked.our_hei)
    _add(condition, "sending-hei-id", sender)
    if particulars and particulars.sending_unit:
        _add(condition, "sending-ounit-id", particulars.sending_unit)
    _add(condition, "receiving-hei-id", receiver)
    if particulars and particulars.receiving_unit:
        _add(condition, "receiving-ounit-id", particulars.receiving_unit)
    country = more.partner_country if goes_out else more.our_country
    first, last = _years(agreement, places, january=year_starts_in_january(country), more=more)
    _add(condition, "receiving-first-academic-year-id", first)
    _add(condition, "receiving-last-academic-year-id", last)
    _add(condition, "mobilities-per-year", str(places.maximum))
    for skill in _skills(kind, particulars, more):
        element = _add(condition, "recommended-language-skill")
        _add(element, "language", skill.language)
        if skill.level:
            _add(element, "cefr-level", skill.level)
        if skill.area:
            _area(element, skill.area)
    for area in _areas(agreement, particulars):
        _area(condition, area)
    if particulars and particulars.other:
        _add(condition, "other-info-terms", particulars.other)
    _totals(condition, agreement, places, particulars)


def _totals(
    condition: Element, agreement: Agreement, places: Places, particulars: Particulars | None
) -> None:
    students = places.kind in _STUDENTS
    if particulars and particulars.total is not None:
        name = "total-months-per-year" if students else "total-days-per-year"
        _add(condition, name, f"{particulars.total:f}")
    if students:
        _add(condition, "blended", _boolean(bool(particulars and particulars.blended)))
        for level in places.levels or ((particulars is None and agreement.levels) or ()):
            _add(condition, "eqf-level", str(level))


def _years(
    agreement: Agreement, places: Places, *, january: bool, more: Exported
) -> tuple[str, str]:
    """Raises Rejected("ewp-years-open") where neither the places nor the agreement say them.

    One that was terminated after exchanges ends with the year of its last day.
    """
    first, last = places.from_year, places.until_year
    begins = agreement.valid_from or agreement.signed_on
    if first is None and begins is not None:
        first = year_of_first(begins, january=january)
    if last is None and agreement.valid_until is not None:
        last = year_of_last(agreement.valid_until, january=january)
    if first is None or last is None:
        raise Rejected(
            "ewp-years-open",
            "an IIA names the first and the last academic year of each condition: give the places"
            " `from_year` and `until_year`, or the agreement a first and a last day",
            field="places",
        )
    if agreement.status == "terminated" and agreement.ended_on and more.had_stays:
        last = max(first, min(last, year_of_last(agreement.ended_on, january=january)))
    return written_year(first, january=january), written_year(last, january=january)


def _skills(kind: str, particulars: Particulars | None, more: Exported) -> Sequence[Skill]:
    if particulars and particulars.skills:
        return particulars.skills
    if kind not in _NEEDS_LANGUAGE:
        return ()
    if more.skill is None:
        raise Rejected(
            "ewp-language-missing",
            "an IIA says which language students and teachers need: say it with `language`"
            " (and `cefr_level`)",
            field="language",
        )
    return (more.skill,)


def _areas(agreement: Agreement, particulars: Particulars | None) -> Iterable[Area]:
    """Its own, as far as they still are fields of the agreement; or all of these."""
    if particulars is None:
        return [Area(code=field) for field in agreement.fields]
    return [area for area in particulars.areas if area.code in agreement.fields]


def _area(parent: Element, area: Area) -> None:
    element = _add(parent, "subject-area")
    _add(element, "isced-f-code", area.code)
    if area.note:
        _add(element, "isced-clarification", area.note)
