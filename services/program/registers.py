"""The registers that a spreadsheet can fill: which columns there are, and what a row becomes.

A row becomes the body of `PUT /<service>/records/<register>/<ref>`. A column has the field's name;
`a.b` reaches into an object; several values in one cell are separated by `;`, and the parts of each
by `|`, in the order given below. The service judges the values: here only shapes are read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["REGISTERS", "CellUnreadable", "Register", "body_of"]

Parse = Callable[[str], Any]


class CellUnreadable(ValueError):
    """A cell whose shape is wrong: the column, and what was expected."""

    def __init__(self, column: str, expected: str) -> None:
        super().__init__(f"{column}: {expected}")
        self.column = column
        self.expected = expected


def _yes(cell: str) -> bool:
    known = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    try:
        return known[cell.lower()]
    except KeyError:
        raise ValueError("expected yes or no") from None


def _whole(cell: str) -> int:
    try:
        return int(cell)
    except ValueError:
        raise ValueError("expected a whole number") from None


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise ValueError("expected a number") from None


def _numbers(cell: str) -> list[int]:
    return [_whole(part) for part in cell.split(",")]


def _many(parse: Parse = str) -> Parse:
    return lambda cell: [parse(part.strip()) for part in cell.split(";") if part.strip()]


def _items(**parts: Parse) -> Parse:
    """`a | b; c | d` -> a list of objects; a part that is left out or empty is not set."""

    def one(text: str) -> dict[str, Any]:
        cells = [cell.strip() for cell in text.split("|")]
        if len(cells) > len(parts):
            raise ValueError(f"expected at most {len(parts)} parts: {' | '.join(parts)}")
        return {
            name: parse(cell)
            for (name, parse), cell in zip(parts.items(), cells, strict=False)
            if cell
        }

    return _many(one)


def _object(**parts: Parse) -> Parse:
    several = _items(**parts)

    def one(cell: str) -> Any:
        found = several(cell)
        if len(found) != 1:
            raise ValueError(f"expected one value: {' | '.join(parts)}")
        return found[0]

    return one


@dataclass(frozen=True, slots=True)
class Register:
    """One register: where it lives, and the columns that are not plain text."""

    path: str
    """`<service>/records/<register>`."""
    columns: Mapping[str, Parse] = field(default_factory=dict)
    """All columns it knows, and how each is read."""

    @property
    def service(self) -> str:
        return self.path.partition("/")[0]


_FILED: dict[str, Parse] = {
    "unit": str,
    "shared_with": _many(),
    "illustrative": _yes,
    "note": str,
}


def _text(*names: str) -> dict[str, Parse]:
    return dict.fromkeys(names, str)


REGISTERS: Mapping[str, Register] = {
    "partners": Register(
        "agreements/records/partners",
        _FILED
        | _text("kind", "name", "country", "status", "merged_into")
        | {
            "names": _items(name=str, valid_from=str, valid_until=str, language=str),
            "aliases": _many(),
            "second_country": _object(country=str, relation=str),
            "identifiers": _items(scheme=str, value=str),
            "rankings": _items(
                ranking=str,
                edition=_whole,
                published_on=str,
                position=_whole,
                position_until=_whole,
            ),
        },
    ),
    "rankings": Register(
        "agreements/records/rankings",
        _text("ranking", "published_on")
        | {"edition": _whole, "position": _whole, "position_until": _whole},
    ),
    "agreements": Register(
        "agreements/records/agreements",
        _FILED
        | _text("kind", "title", "status", "proposed_on", "signed_on", "valid_from", "valid_until")
        | _text(
            "ended_on", "notice_on", "coordinator", "supersedes", "superseded_by", "balance_unit"
        )
        | {
            "parties": _items(party=str, side=str, role=str, signatory=str),
            "approvals": _items(side=str, on=str, evidence=str),
            "signatures": _items(party=str, on=str, evidence=str),
            "suspensions": _items(suspended_from=str, suspended_until=str),
            "renewal": _object(rule=str, months=_whole, notice_months=_whole),
            "fields": _many(),
            "levels": _many(_whole),
            "places": _items(
                direction=str,
                maximum=_whole,
                kind=str,
                levels=_numbers,
                from_year=_whole,
                until_year=_whole,
            ),
            "policy_basis": _object(document=str, number=str, on=str, issuer=str),
            "follow_up": _object(visit=str, follow_up=str),
        },
    ),
    "joint-programmes": Register(
        "agreements/records/joint-programmes",
        _FILED
        | _text("title", "agreement", "field", "pattern", "level", "status")
        | _text("approved_on", "established_on", "closed_on")
        | {
            "partners": _many(),
            "degrees": _many(),
            "intakes": _items(year=_whole, students=_whole),
        },
    ),
    "joint-projects": Register(
        "agreements/records/joint-projects",
        _FILED
        | _text("title", "agreement", "leader", "leader_role", "funder", "status")
        | _text("applied_on", "granted_on", "rejected_on", "started_on", "completed_on")
        | {"partners": _many()},
    ),
    "contributions": Register(
        "agreements/records/contributions",
        _FILED
        | _text("amount", "currency", "form", "purpose", "received_on", "received_until")
        | _text("agreement")
        | {"approximate": _yes, "donors": _items(partner=str, amount=str)},
    ),
    "visits": Register(
        "visits/records/visits",
        _FILED
        | _text("direction", "title", "purpose", "theme", "topic", "starts_on", "ends_on")
        | _text("place", "status", "requested_on")
        | {
            "partners": _items(partner=str, role=str, name=str, country=str, kind=str),
            "members": _items(
                count=_whole,
                role=str,
                organization=str,
                country=str,
                partner=str,
                person_ref=str,
                talk=str,
                speaker=_yes,
            ),
            "our_members": _items(count=_whole, role=str, person_ref=str, talk=str, speaker=_yes),
            "legs": _items(
                city=str,
                country=str,
                partners=lambda cell: [part.strip() for part in cell.split(",")],
                starts_on=str,
                ends_on=str,
            ),
            "hosts": _many(),
            "decision": _object(number=str, on=str),
            "agenda": _items(at=str, title=str, place=str, until=str, host=str, partner=str),
            "outcomes": _many(),
            "follow_ups": _items(
                id=str, text=str, owner=str, due_on=str, towards=str, became=str, status=str
            ),
            "report": _object(on=str, text=str),
            "postponements": _items(starts_on=str, ends_on=str, on=str, reason=str),
        },
    ),
    "mobilities": Register(
        "mobility/records/stays",
        _FILED
        | _text("person_ref", "direction", "who", "kind", "level", "field", "partner")
        | _text("partner_name", "host_kind", "host_country", "agreement", "joint_programme")
        | _text("programme", "funding", "nationality", "prior_education_country")
        | _text("residence_country", "highest_degree", "planned_from", "planned_until")
        | _text("actual_from", "actual_until", "visa_until", "permit_until", "status")
        | {
            "paid": _yes,
            "keynote": _yes,
            "graduate": _yes,
            "extended": _yes,
            "returned_early": _yes,
            "virtual_days": _whole,
            "credits.planned": _number,
            "credits.awarded": _number,
            "credits.recognised": _number,
        },
    ),
    "programmes": Register(
        "mobility/records/programmes",
        _FILED | _text("name", "title", "kind") | {"partners": _many()},
    ),
    "applications": Register(
        "mobility/records/applications",
        _FILED
        | _text("person_ref", "level", "destination_country", "partner", "agency", "status")
        | _text("submitted_on", "decided_on", "departed_on")
        | {"graduate": _yes},
    ),
    "appointments": Register(
        "mobility/records/appointments",
        _FILED
        | _text("person_ref", "term", "role", "nationality", "starts_on", "ends_on", "status")
        | _text("visa_until", "permit_until")
        | {"foreign_expert": _yes, "high_level": _yes, "international_background": _yes},
    ),
}


def body_of(register: Register, cells: Mapping[str, str]) -> dict[str, Any]:
    """The body a row becomes. Raises CellUnreadable for the first cell that has a wrong shape."""
    body: dict[str, Any] = {}
    for column, cell in cells.items():
        if column == "ref":
            continue
        parse = register.columns.get(column)
        if parse is None:
            raise CellUnreadable(column, f"no such column; known: {', '.join(register.columns)}")
        try:
            value = parse(cell)
        except ValueError as error:
            raise CellUnreadable(column, str(error)) from None
        _set(body, column, value)
    return body


def _set(body: dict[str, Any], column: str, value: Any) -> None:
    if column == "our_members":
        ours = [member | {"ours": True} for member in value]
        body.setdefault("members", []).extend(ours)
    elif column == "members":
        body.setdefault("members", []).extend(value)
    elif "." in column:
        outer, _, inner = column.partition(".")
        body.setdefault(outer, {})[inner] = value
    else:
        body[column] = value
