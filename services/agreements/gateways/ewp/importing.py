"""An agreement as it is written becomes one in our words, and the particulars of its conditions."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from services.agreements.events.values import AgreementKind
from services.agreements.gateways.ewp.documents import (
    Element,
    Iia,
    child,
    children,
    is_true,
    local_name,
    text_of,
    written_in,
)
from services.agreements.gateways.ewp.grouping import grouped
from services.agreements.gateways.ewp.meaning import meaning_of
from services.agreements.gateways.ewp.terms import (
    KINDS,
    Area,
    Particulars,
    Skill,
    first_day,
    last_day,
)
from shared.errors import Rejected

__all__ = ["Told", "told_by"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a document says of one agreement, seen from our side."""

    hei: str
    iia_id: str | None
    iia_code: str | None
    our_hei: str
    our_iia_id: str | None
    our_iia_code: str | None
    theirs_first: bool
    """It is the partner's copy: who speaks stands first."""
    in_effect: bool
    terminated: bool
    our_signing_date: str | None
    their_signing_date: str | None
    terms: dict[str, Any]
    """Fields of an agreement: kind, title, places, fields, levels, validity."""
    particulars: tuple[Particulars, ...]
    warnings: tuple[str, ...]


def told_by(iia: Iia, *, our_hei: str, field: str) -> Told:
    """Read an agreement of a document that is valid; `field` says which one of it.

    Raises Rejected (422): `ewp-not-ours` if it is between others, `ewp-value-not-held`.
    """
    try:
        return _told(iia, our_hei=our_hei, field=field)
    except ValueError as error:  # pydantic's too: a number or a year beyond what we keep
        why = str(error.errors()[0]["msg"]) if isinstance(error, ValidationError) else str(error)
        raise Rejected(
            "ewp-value-not-held", f"it says what no record here can: {why}", field=field, status=422
        ) from None


def _told(iia: Iia, *, our_hei: str, field: str) -> Told:
    ours = our_hei.casefold()
    heis = [hei.casefold() for hei in iia.hei_ids]
    if ours not in heis:
        raise Rejected(
            "ewp-not-ours",
            f"it is between {' and '.join(heis)}: none of them is {ours}",
            field=field,
            status=422,
        )
    mine = heis.index(ours)
    us, them = iia.partners[mine], iia.partners[1 - mine]
    meant = meaning_of(iia)
    conditions = [_read(each, ours=ours) for each in iia.conditions]
    name = text_of(them, "iia-code") or text_of(them, "iia-id") or text_of(us, "iia-code") or ""
    return Told(
        hei=heis[1 - mine],
        iia_id=text_of(them, "iia-id"),
        iia_code=text_of(them, "iia-code"),
        our_hei=ours,
        our_iia_id=text_of(us, "iia-id"),
        our_iia_code=text_of(us, "iia-code"),
        theirs_first=mine == 1,
        in_effect=meant.in_effect,
        terminated=meant.terminated,
        our_signing_date=(text_of(us, "signing-date") or "")[:10] or None,
        their_signing_date=(text_of(them, "signing-date") or "")[:10] or None,
        terms={
            "kind": _kind(each.kind for each in conditions),
            "title": " ".join(f"Inter-institutional agreement {name[:200]}".split()),
            "places": [line for group in grouped(conditions) for line in group.lines],
            "fields": sorted({area.code for each in conditions for area in each.areas}),
            "levels": sorted({level for each in conditions for level in each.levels}),
            **_validity(iia.conditions),
        },
        particulars=tuple(conditions),
        warnings=tuple(
            f"{each.kind}, {each.direction}: how many may go is not yet defined"
            for each in conditions
            if each.maximum is None
        ),
    )


def _kind(kinds: Iterable[str]) -> AgreementKind:
    return "internship" if set(kinds) == {"internship"} else "exchange"


def _validity(conditions: Iterable[Element]) -> dict[str, Any]:
    """From the first year of all conditions to the last."""
    years = [_years(condition) for condition in conditions]
    if not years:
        return {}
    return {
        "valid_from": min((first_day(first) for first, _ in years), key=lambda day: day.first),
        "valid_until": max((last_day(last) for _, last in years), key=lambda day: day.last),
    }


def _years(condition: Element) -> tuple[str, str]:
    first = text_of(condition, "receiving-first-academic-year-id") or ""
    return first, text_of(condition, "receiving-last-academic-year-id") or ""


def _read(condition: Element, *, ours: str) -> Particulars:
    sending = (text_of(condition, "sending-hei-id") or "").casefold()
    first, last = _years(condition)
    total = text_of(condition, "total-months-per-year") or text_of(condition, "total-days-per-year")
    number = child(condition, "mobilities-per-year")
    unknown = number is None or is_true(number.get("not-yet-defined"))
    return Particulars(
        direction="out" if sending == ours else "in",
        kind=KINDS[local_name(condition)],
        levels=tuple(sorted({int(written_in(each)) for each in children(condition, "eqf-level")})),
        from_year=int(first[:4]),
        until_year=int(last[:4]),
        maximum=None if number is None or unknown else int(written_in(number)),
        skills=tuple(
            _skill(each)
            for each in children(condition, "recommended-language-skill")
            if not is_true(each.get("not-yet-defined"))
        ),
        areas=tuple(_area(each) for each in children(condition, "subject-area")),
        other=text_of(condition, "other-info-terms") or None,
        total=Decimal(total) if total else None,
        blended=is_true(text_of(condition, "blended")),
        sending_unit=text_of(condition, "sending-ounit-id"),
        receiving_unit=text_of(condition, "receiving-ounit-id"),
    )


def _area(element: Element) -> Area:
    code, note = text_of(element, "isced-f-code"), text_of(element, "isced-clarification")
    return Area(code=code or "", note=note or None)


def _skill(element: Element) -> Skill:
    area = child(element, "subject-area")
    return Skill(
        language=text_of(element, "language") or "",
        level=text_of(element, "cefr-level"),
        area=None if area is None else _area(area),
    )
