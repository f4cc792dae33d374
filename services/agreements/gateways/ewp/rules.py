"""What practice asks and the schemas do not say: one small function for each rule.

An error is what the format forbids in words; a warning is what is odd, or what the other side's
system will stumble over.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation

from services.agreements.gateways.ewp.documents import (
    Document,
    Element,
    Iia,
    child,
    children,
    is_true,
    path_of,
    text_of,
)
from services.agreements.gateways.ewp.findings import Finding
from services.agreements.gateways.ewp.hashing import hash_of
from services.agreements.gateways.ewp.meaning import meaning_of

__all__ = ["against_practice"]

_SCHAC = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_YEAR = re.compile(r"(\d{4})/(\d{4})")
_FIRST, _LAST = "receiving-first-academic-year-id", "receiving-last-academic-year-id"
_BROAD_FIELDS = {f"{number:02}" for number in range(11)} | {"99"}

Found = Iterator[Finding]


def against_practice(document: Document, *, local: str | None = None) -> list[Finding]:
    """What the rules find; `local` is the institution whose copy it should be, if it is known."""
    findings = [finding for iia in document.iias for rule in _RULES for finding in rule(iia)]
    findings += _ids_are_never_used_again(document)
    findings += _one_institution_speaks(document, local)
    return findings


def _error(code: str, element: Element, what: str, do: str) -> Finding:
    return _finding(code, "error", element, what, do)


def _warning(code: str, element: Element, what: str, do: str) -> Finding:
    return _finding(code, "warning", element, what, do)


def _finding(code: str, severity: str, element: Element, what: str, do: str) -> Finding:
    return Finding(
        code=code,
        severity="error" if severity == "error" else "warning",
        line=element.sourceline or 1,
        path=path_of(element),
        what=what,
        do=do,
    )


def _at(element: Element, name: str) -> Element:
    """The element of that name in it, or itself: where a finding points."""
    found = child(element, name)
    return element if found is None else found


# --- the partners --------------------------------------------------------------------------------


def _partners_are_two_institutions(iia: Iia) -> Found:
    ids = [each.casefold() for each in iia.hei_ids]
    for partner, hei in zip(iia.partners[1:], ids[1:], strict=False):
        if hei and hei == ids[0]:
            yield _error(
                "partner-twice",
                partner,
                f"both partners are {hei}",
                "name the other institution: an agreement with oneself is none",
            )


def _hei_ids_are_schac(iia: Iia) -> Found:
    for partner, hei in zip(iia.partners, iia.hei_ids, strict=True):
        if not _SCHAC.fullmatch(hei):
            yield _warning(
                "hei-id-not-schac",
                partner,
                f"{hei[:80]!r} does not look like a SCHAC id",
                "write the institution's domain in small letters, such as uw.edu.pl",
            )


def _the_local_partner_comes_first_with_its_ids(iia: Iia) -> Found:
    for name in ("iia-id", "iia-code"):
        if iia.partners and not text_of(iia.partners[0], name):
            yield _error(
                f"first-partner-without-{name}",
                iia.partners[0],
                f"the first partner has no `{name}`",
                f"the institution whose copy it is comes first, with its own `{name}`",
            )


# --- the conditions ------------------------------------------------------------------------------


def _there_are_conditions(iia: Iia) -> Found:
    if not iia.conditions and not meaning_of(iia).terminated:
        yield _warning(
            "conditions-missing",
            iia.element,
            "it has no cooperation condition",
            "add at least one: nobody can be sent under it",
        )


def _each_condition_goes_from_one_partner_to_the_other(iia: Iia) -> Found:
    partners = {hei.casefold() for hei in iia.hei_ids}
    for condition in iia.conditions:
        ends = []
        for end in ("sending-hei-id", "receiving-hei-id"):
            hei = (text_of(condition, end) or "").casefold()
            ends.append(hei)
            if hei and hei not in partners:
                yield _error(
                    "condition-partner-unknown",
                    _at(condition, end),
                    f"{hei[:80]!r} is not a partner of this agreement",
                    "write the `hei-id` of one of the two partners",
                )
        if ends[0] and ends[0] == ends[1]:
            yield _error(
                "condition-without-direction",
                condition,
                f"{ends[0][:80]!r} sends to itself",
                "a condition has one direction, from one partner to the other; write two for both",
            )


def _the_years_are_years(iia: Iia) -> Found:
    for condition in iia.conditions:
        years = [_year(condition, name) for name in (_FIRST, _LAST)]
        for name, year in zip((_FIRST, _LAST), years, strict=True):
            if year is not None and year[1] not in (year[0], year[0] + 1):
                yield _error(
                    "academic-year-impossible",
                    _at(condition, name),
                    f"{year[0]}/{year[1]} is not an academic year",
                    "the second year is the first plus one, or the same in the south",
                )
        first, last = years
        if first is None or last is None:
            continue
        if last[0] < first[0]:
            yield _error(
                "academic-years-reversed",
                condition,
                f"the last year {last[0]}/{last[1]} precedes the first {first[0]}/{first[1]}",
                "write the earlier one as the first",
            )
        elif (first[0] == first[1]) != (last[0] == last[1]):
            yield _warning(
                "academic-years-of-two-schemes",
                condition,
                f"{first[0]}/{first[1]} and {last[0]}/{last[1]} are of two schemes",
                "write both as the receiving institution writes its years",
            )


def _year(condition: Element, name: str) -> tuple[int, int] | None:
    found = _YEAR.fullmatch(text_of(condition, name) or "")
    return (int(found.group(1)), int(found.group(2))) if found else None


def _no_condition_stands_twice(iia: Iia) -> Found:
    seen: dict[object, int] = {}
    for condition, meant in zip(iia.conditions, meaning_of(iia).conditions, strict=True):
        before = seen.setdefault((meant.who, meant.terms), meant.number)
        if before != meant.number:
            yield _warning(
                "condition-twice",
                condition,
                f"it says the same as condition {before}",
                "remove one, or say with a larger `mobilities-per-year` that more may go",
            )


def _totals_fit_into_a_year(iia: Iia) -> Found:
    for condition in iia.conditions:
        people = _number(condition, "mobilities-per-year")
        for name, longest in (("total-months-per-year", 12), ("total-days-per-year", 366)):
            total = _number(condition, name)
            if people and total and people > 0 and total > people * longest:
                yield _warning(
                    "total-exceeds-the-year",
                    _at(condition, name),
                    f"{total} in a year is more than {people} people can stay",
                    "write the total of all people in one academic year",
                )


def _number(condition: Element, name: str) -> Decimal | None:
    try:
        return Decimal(text_of(condition, name) or "")
    except InvalidOperation:
        return None


def _fields_and_levels_are_of_higher_education(iia: Iia) -> Found:
    for condition in iia.conditions:
        for level in children(condition, "eqf-level"):
            if (level.text or "").strip() in ("1", "2", "3", "4"):
                yield _warning(
                    "eqf-level-unusual",
                    level,
                    f"EQF level {(level.text or '').strip()} is not of higher education",
                    "5 is a short cycle, 6 bachelor, 7 master, 8 doctorate",
                )
        for code in condition.iter("{*}isced-f-code"):
            text = (code.text or "").strip()
            if re.fullmatch(r"\d{4}", text) and text[:2] not in _BROAD_FIELDS:
                yield _warning(
                    "isced-f-unknown",
                    code,
                    f"ISCED-F 2013 has no field {text}",
                    "its first two digits are 00 to 10: look the field up",
                )


# --- marks, and the hash -------------------------------------------------------------------------


def _a_mark_is_true_or_absent(iia: Iia) -> Found:
    for element in iia.element.iter("{*}*"):
        for mark in ("not-yet-defined", "terminated-as-a-whole"):
            if mark in element.attrib and not is_true(element.get(mark)):
                yield _error(
                    "mark-not-true",
                    element,
                    f"`{mark}` is {element.get(mark)!r}",
                    f"leave the attribute out: where it is given it must be true (`{mark}`)",
                )


def _marks_are_for_what_was_approved(iia: Iia) -> Found:
    if is_true(text_of(iia.element, "in-effect")):
        return
    for element in iia.element.iter("{*}*"):
        for mark in ("not-yet-defined", "v6-value", "terminated-as-a-whole"):
            if mark in element.attrib:
                yield _warning(
                    "mark-on-a-draft",
                    element,
                    f"`{mark}` stands in an agreement that is not in effect",
                    "it is only for what both approved before, and has not been changed since",
                )


def _the_hash_is_of_this_text(iia: Iia) -> Found:
    made = hash_of(iia)
    stated = child(iia.element, "iia-hash")
    if stated is not None and iia.stated_hash != made:
        yield _warning(
            "hash-differs",
            stated,
            "the hash is not that of the conditions and ids that stand here",
            f"it would be {made}; who approves the one that is written approves something else",
        )


_RULES: tuple[Callable[[Iia], Found], ...] = (
    _partners_are_two_institutions,
    _hei_ids_are_schac,
    _the_local_partner_comes_first_with_its_ids,
    _there_are_conditions,
    _each_condition_goes_from_one_partner_to_the_other,
    _the_years_are_years,
    _no_condition_stands_twice,
    _totals_fit_into_a_year,
    _fields_and_levels_are_of_higher_education,
    _a_mark_is_true_or_absent,
    _marks_are_for_what_was_approved,
    _the_hash_is_of_this_text,
)


# --- the file as a whole -------------------------------------------------------------------------


def _ids_are_never_used_again(document: Document) -> Found:
    times = Counter((iia.hei_ids[:1], iia.iia_ids[:1]) for iia in document.iias)
    seen: set[object] = set()
    for iia in document.iias:
        key = (iia.hei_ids[:1], iia.iia_ids[:1])
        if times[key] > 1 and any(iia.iia_ids[:1]) and key in seen:
            yield _error(
                "iia-id-used-again",
                iia.element,
                f"another agreement in this file has the iia-id {iia.iia_ids[0]!r}",
                "give it an id of its own: ids are never used again",
            )
        seen.add(key)


def _one_institution_speaks(document: Document, local: str | None) -> Found:
    expected = local or next((iia.hei_ids[0] for iia in document.iias if iia.partners), "")
    for iia in document.iias:
        first = (*iia.hei_ids, "")[0]
        if first.casefold() == expected.casefold():
            continue
        tell = _error if local else _warning
        yield tell(
            "local-partner-not-first",
            iia.partners[0] if iia.partners else iia.element,
            f"the first partner is {first[:80]!r} and not {expected!r}",
            "the institution whose copy it is stands first, in all that it sends",
        )
