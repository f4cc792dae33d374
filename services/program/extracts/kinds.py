"""What a row of an extract is, which events tell it, and what it means that a row is gone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["KINDS", "Fields", "Kind", "Part", "System", "nested", "own"]

Fields = dict[str, Any]
"""A row: by field, as text, number, yes or no; what is not said is left out."""
System = Literal["hr", "registrar"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An event about a stay that is open: said once the row has the field `when`."""

    type: str
    when: tuple[str, ...]
    fields: Mapping[str, str]
    """Field of the event -> field of the row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of rows."""

    system: System
    opens: str
    fields: tuple[str, ...]
    """Of the event that opens it; the row calls them the same."""
    fixed: Mapping[str, Any]
    parts: tuple[Part, ...] = ()
    changes: Part | None = None
    """Tells a change of these fields; without one, what opens it is said again."""
    ends: Part | None = None
    """What is said of a row that vanished between its first and its last day."""
    closing: Mapping[str, Any] | None = None
    """What `ends` says besides the day."""
    first: str = "starts_on"
    last: str = "ends_on"
    key: tuple[str, ...] = ("record",)
    named: bool = True
    """Whether it is about a person."""
    vanished: str = ""
    """In words: what a row that is gone means."""

    @property
    def known(self) -> frozenset[str]:
        """Every field that a row may have."""
        parts = [*self.parts, *filter(None, (self.changes, self.ends))]
        return frozenset(self.fields) | {
            field for part in parts for field in (*part.when, *part.fields.values()) if field
        }


def _part(type_: str, when: str, **more: str) -> Part:
    return Part(type=type_, when=(when,), fields={"on": when} | more)


_PARTNER = ("ref", "ror", "schac", "erasmus", "pic", "name", "country")
_OTHER_SIDE = tuple(f"partner.{each}" for each in _PARTNER)
_STAY = (
    *("unit", "level", "field", *_OTHER_SIDE, "host_kind", "host_country", "agreement"),
    *("programme", "funding", "nationality", "highest_degree", "starts_on", "ends_on"),
)
_ORIGIN = ("prior_education_country", "residence_country")
_STAY_GONE = (
    "before its first day: taken back; between its days: ended early, the day before the extract;"
    " after its last day: nothing, extracts leave out what is over"
)

_CREDITS = Part(
    type="upstream.registrar.credits-recognised.v1",
    when=("credits_awarded", "credits_recognised"),
    fields={"on": "credits_on", "awarded": "credits_awarded", "recognised": "credits_recognised"},
)
_GRADUATED = _part("upstream.registrar.student-graduated.v1", "graduated_on", level="level")
_DEPARTED = _part("upstream.registrar.student-departed.v1", "departed_on")
_RETURNED = _part("upstream.registrar.student-returned.v1", "returned_on", early="returned_early")

KINDS: Mapping[str, Kind] = {
    "exchange": Kind(
        system="registrar",
        opens="upstream.registrar.exchange-registered.v1",
        fields=(
            *_STAY,
            *_ORIGIN,
            *("direction", "kind", "state", "joint_programme", "paid", "keynote"),
            *("credits_planned", "virtual_days"),
        ),
        fixed={},
        parts=(_DEPARTED, _RETURNED, _CREDITS, _GRADUATED),
        ends=_RETURNED,
        closing={"early": True},
        vanished=_STAY_GONE,
    ),
    "enrolment": Kind(
        system="registrar",
        opens="upstream.registrar.student-enrolled.v1",
        fields=(
            *(each for each in _STAY if each not in ("host_kind", "host_country")),
            *_ORIGIN,
            *("kind", "joint_programme"),
        ),
        fixed={},
        parts=(_DEPARTED, _RETURNED, _GRADUATED),
        ends=_RETURNED,
        closing={"early": True},
        vanished=_STAY_GONE,
    ),
    "destination": Kind(
        system="registrar",
        opens="upstream.registrar.graduate-destination.v1",
        fields=(
            *("unit", "state", "on", "submitted_on", "level", "destination_country", "graduate"),
            *_OTHER_SIDE,
            *(f"agency.{each}" for each in _PARTNER),
        ),
        fixed={},
        first="on",
        last="on",
        vanished="nothing: what was applied for stays applied for",
    ),
    "headcount": Kind(
        system="registrar",
        opens="upstream.registrar.headcount.v1",
        fields=("unit", "year", "level", "students", "graduates"),
        fixed={},
        key=("unit", "year", "level"),
        named=False,
        first="",
        last="",
        vanished="nothing: a headcount of a year stays as it was",
    ),
    "contract": Kind(
        system="hr",
        opens="upstream.hr.employee-hired.v1",
        fields=(
            *("unit", "role", "term", "foreign_expert", "nationality", "starts_on", "ends_on"),
        ),
        fixed={},
        parts=(_part("upstream.hr.employee-departed.v1", "departed_on"),),
        changes=Part(
            type="upstream.hr.employee-changed.v1",
            when=(),
            fields={
                name: name
                for name in ("unit", "role", "term", "foreign_expert", "nationality", "ends_on")
            },
        ),
        ends=_part("upstream.hr.employee-departed.v1", "departed_on"),
        closing={},
        vanished="before the first day: taken back; later: departed, the day before the extract;"
        " after the last day: nothing",
    ),
    "leave": Kind(
        system="hr",
        opens="upstream.hr.leave-approved.v1",
        fields=(*_STAY, "who", "kind", "keynote"),
        fixed={"leave_type": "stay-abroad"},
        parts=(
            _part("upstream.hr.leave-started.v1", "started_on"),
            _part("upstream.hr.leave-ended.v1", "ended_on", early="ended_early", taken="taken"),
        ),
        ends=_part("upstream.hr.leave-ended.v1", "ended_on"),
        closing={"early": True},
        vanished=_STAY_GONE,
    ),
}


def own(row: Fields, fields: Mapping[str, str]) -> Fields:
    """These of the row's fields, under the event's names."""
    return {name: row[field] for name, field in fields.items() if field in row}


def nested(flat: Fields) -> Fields:
    """`partner.name` -> {"partner": {"name": ...}}, as events have it."""
    found: Fields = {}
    for name, value in flat.items():
        outer, dot, inner = name.partition(".")
        if dot:
            found.setdefault(outer, {})[inner] = value
        else:
            found[name] = value
    return found
