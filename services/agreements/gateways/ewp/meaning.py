"""What an agreement says, whichever way it is written.

Numbers are numbers (`05.00` is 5), booleans have one form, a language is its first part in small
letters, texts are without letter case and blanks, lists have no order, an empty text is no text.
Contacts and hashes are no terms. Where a value is marked as not yet defined, that is what it says.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import TypeAlias

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

__all__ = ["KINDS", "Condition", "Meaning", "Partner", "Said", "Terms", "meaning_of"]

KINDS = {
    "student-studies-mobility-spec": "student studies",
    "student-traineeship-mobility-spec": "student traineeships",
    "staff-teacher-mobility-spec": "staff teaching",
    "staff-training-mobility-spec": "staff training",
}


@dataclass(frozen=True, order=True, slots=True)
class Said:
    """One value: what it means, how it is shown, and the code of version 6 that it stands for."""

    means: str
    shown: str = field(compare=False)
    before: str | None = field(default=None, compare=False)


Terms: TypeAlias = tuple[tuple[str, tuple[Said, ...]], ...]
"""Each field that is said, by its name in words, and its values in one order."""

NOT_YET_DEFINED = Said("not yet defined", "not yet defined")


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner as the agreement names it."""

    hei: str
    unit: str
    iia_id: str
    code: str
    signed_on: str


@dataclass(frozen=True)
class Condition:
    """One direction of one kind of mobility; `number` is where it stands, from 1."""

    number: int
    kind: str
    sending: str
    receiving: str
    terms: Terms

    @property
    def who(self) -> tuple[str, str, str]:
        """What is compared only with its like."""
        return self.kind, self.sending, self.receiving

    @cached_property
    def fields(self) -> dict[str, tuple[Said, ...]]:
        """The terms by the name of the field."""
        return dict(self.terms)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an agreement says; the order of partners and conditions says nothing."""

    partners: dict[str, Partner]
    in_effect: bool
    terminated: bool
    conditions: tuple[Condition, ...]


def meaning_of(iia: Iia) -> Meaning:
    """What this agreement says, whether it is valid or not."""
    partners = [_partner(each) for each in iia.partners]
    around = iia.all_conditions
    return Meaning(
        partners={each.hei: each for each in partners},
        in_effect=is_true(text_of(iia.element, "in-effect")),
        terminated=around is not None and is_true(around.get("terminated-as-a-whole")),
        conditions=tuple(
            _condition(number, each) for number, each in enumerate(iia.conditions, start=1)
        ),
    )


def _partner(element: Element) -> Partner:
    return Partner(
        hei=(text_of(element, "hei-id") or "").casefold(),
        unit=text_of(element, "ounit-id") or "",
        iia_id=text_of(element, "iia-id") or "",
        code=text_of(element, "iia-code") or "",
        signed_on=(text_of(element, "signing-date") or "")[:10],
    )


def _condition(number: int, element: Element) -> Condition:
    said: dict[str, set[Said]] = {}
    for each in children(element):
        known = _FIELDS.get(local_name(each))
        if known is None:
            continue
        name, read = known
        value = NOT_YET_DEFINED if is_true(each.get("not-yet-defined")) else read(each)
        if value.means:
            said.setdefault(name, set()).add(value)
    return Condition(
        number=number,
        kind=KINDS.get(local_name(element), local_name(element)),
        sending=(text_of(element, "sending-hei-id") or "").casefold(),
        receiving=(text_of(element, "receiving-hei-id") or "").casefold(),
        terms=tuple((name, tuple(sorted(said[name]))) for name in sorted(said)),
    )


# --- values --------------------------------------------------------------------------------------


def _as_is(element: Element) -> Said:
    text = written_in(element).strip()
    return Said(text, text)


def _text(element: Element) -> Said:
    words = " ".join(written_in(element).split())
    return Said(words.casefold(), words)


def _number(element: Element) -> Said:
    text = written_in(element).strip()
    try:
        number = f"{Decimal(text).normalize():f}"
    except InvalidOperation:
        return Said(text, text)
    return Said(number, number)


def _boolean(element: Element) -> Said:
    text = written_in(element).strip()
    plain = {"1": "yes", "true": "yes", "0": "no", "false": "no"}.get(text.casefold(), text)
    return Said(plain, plain)


def _subject_area(element: Element) -> Said:
    code = child(element, "isced-f-code")
    if code is None:
        return Said("", "")
    field_, more = written_in(code).strip(), child(element, "isced-clarification")
    note = Said("", "") if more is None else _text(more)
    shown = f"{field_} ({note.shown})" if note.shown else field_
    before = (code.get("v6-value") or "").strip()
    return Said(
        f"{field_} {note.means}".strip(), shown, f"{before} {note.means}" if before else None
    )


def _language_skill(element: Element) -> Said:
    language = (text_of(element, "language") or "").partition("-")[0].casefold()
    level = (text_of(element, "cefr-level") or "").upper()
    area = child(element, "subject-area")
    within = Said("", "") if area is None else _subject_area(area)
    shown = f"{language} {level}".strip()
    return Said(
        f"{shown} {within.means}".strip(),
        f"{shown} for {within.shown}" if within.shown else shown,
        f"{shown} {within.before}" if within.before else None,
    )


_FIELDS: dict[str, tuple[str, Callable[[Element], Said]]] = {
    "sending-ounit-id": ("sending unit", _as_is),
    "receiving-ounit-id": ("receiving unit", _as_is),
    "receiving-first-academic-year-id": ("first academic year", _as_is),
    "receiving-last-academic-year-id": ("last academic year", _as_is),
    "mobilities-per-year": ("mobilities per year", _number),
    "recommended-language-skill": ("language skills", _language_skill),
    "subject-area": ("subject areas", _subject_area),
    "other-info-terms": ("other terms", _text),
    "total-months-per-year": ("months per year", _number),
    "total-days-per-year": ("days per year", _number),
    "blended": ("blended", _boolean),
    "eqf-level": ("EQF levels", _number),
}


def shown(values: tuple[Said, ...]) -> str:
    """The values as a person reads them."""
    return ", ".join(each.shown for each in values)


def named_fields(condition: Condition) -> Iterator[str]:
    """`mobilities per year 2`, and so on: what the condition says, in the order of the format."""
    for name, _ in _FIELDS.values():
        if name in condition.fields:
            yield f"{name} {shown(condition.fields[name])}"
