"""What the statements of HR and the registrar come to: what a record of ours should say.

Pure, and a function of the set of statements alone: their order of arrival does not matter.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, Field

from services.mobility.domain.names import identifier_key, name_keys, reference_key
from services.mobility.domain.statements import Statement, in_order, standing
from services.mobility.incoming.hr import (
    EmployeeChanged,
    EmployeeDeparted,
    EmployeeHired,
    LeaveApproved,
    LeaveEnded,
    LeaveStarted,
    OtherLeave,
    StayAbroadApproved,
    StayAbroadEnded,
    StayAbroadStarted,
)
from services.mobility.incoming.registrar import (
    CreditsRecognised,
    ExchangeRegistered,
    GraduateDestination,
    Headcount,
    StudentDeparted,
    StudentEnrolled,
    StudentGraduated,
    StudentReturned,
)
from services.mobility.incoming.values import OtherInstitution
from shared.dates import PartialDate
from shared.facts import Value

Family = Literal["stay", "appointment", "application", "headcount"]
CountryOf: TypeAlias = Callable[[str], str]
"""The country of a unit of ours."""

OPENINGS = (StayAbroadApproved, StudentEnrolled, ExchangeRegistered)
"""What a stay begins with; the rest only adds to it."""


class Sought(Value):
    """A record of another service, as the sender named it: the first key that one record has."""

    keys: tuple[str, ...]
    name: str | None = None
    country: str | None = None


class Target(Value):
    """What a record of ours should say, as far as upstream knows. `status` knows nothing of the
    clock: `confirmed` means that the stay takes place on its days."""

    status: str = ""
    fields: dict[str, Any]
    sought: dict[str, Sought] = Field(default_factory=dict)


def unwrapped(data: BaseModel) -> BaseModel:
    """Leave events hold one of two things: leave for a stay abroad, or other leave."""
    if isinstance(data, LeaveApproved | LeaveStarted | LeaveEnded):
        return data.root
    return data


def is_of_interest(data: BaseModel, country_of: CountryOf) -> bool:
    """False for what is not kept: other leave, and people of our own country whom we hire or
    enroll as everybody does. Raises Rejected("unit-unknown")."""
    match data:
        case OtherLeave():
            return False
        case EmployeeHired():
            ours = country_of(data.unit)
            return data.foreign_expert or data.nationality not in (None, ours)
        case StudentEnrolled():
            ours = country_of(data.unit)
            return data.nationality != ours or data.prior_education_country not in (None, ours)
        case _:
            return True


def identity_of(data: BaseModel) -> tuple[Family, str, str]:
    """Of which family it is, its record, and whom it is about."""
    if isinstance(data, Headcount):
        key = f"{data.unit}:{data.year}:{data.level or 'all'}"
        return "headcount", key, key
    family: Family = "stay"
    if isinstance(data, EmployeeHired | EmployeeChanged | EmployeeDeparted):
        family = "appointment"
    elif isinstance(data, GraduateDestination):
        family = "application"
    return family, getattr(data, "record", ""), getattr(data, "person_ref", "")


def target_of(
    family: Family,
    *,
    record: str,
    about: str,
    statements: Sequence[Statement],
    country_of: CountryOf,
) -> Target | None:
    """What they come to for one record and person; None while nothing opens it.

    `statements` are all that are connected with it: of its record, corrections of those from
    anywhere, and the graduations of the person.
    """
    known = {each.id: each for each in statements}
    mine = [s for s in statements if (s.record, s.about) == (record, about)]
    stands = [s for s in standing(statements) if (s.record, s.about) == (record, about)]
    match family:
        case "stay":
            graduations = [
                s.data
                for s in standing(statements)
                if s.about == about and isinstance(s.data, StudentGraduated)
            ]
            return _stay(mine, stands, known, graduations, country_of)
        case "appointment":
            return _appointment(mine, stands, known)
        case "application":
            return _application(mine, stands, known)
        case "headcount":
            return _headcount(mine, stands, known)


def _last(
    kinds: type[BaseModel] | tuple[type[BaseModel], ...],
    *,
    stands: Iterable[Statement],
    mine: Iterable[Statement],
    known: Mapping[str, Statement],
) -> tuple[Statement | None, bool]:
    """The last that stands; or, if all were taken back, the last of those, and True."""
    left = [s for s in stands if isinstance(s.data, kinds)]
    if left:
        return left[-1], False
    taken_back = in_order((s for s in mine if isinstance(s.data, kinds)), known)
    return (taken_back[-1] if taken_back else None), True


def _stay(
    mine: Sequence[Statement],
    stands: Sequence[Statement],
    known: Mapping[str, Statement],
    graduations: Sequence[StudentGraduated],
    country_of: CountryOf,
) -> Target | None:
    opening, taken_back = _last(OPENINGS, stands=stands, mine=mine, known=known)
    if opening is None:
        return None
    said = opening.data
    fields = _opened(said, country_of)
    firsts = [s.data for s in stands if isinstance(s.data, OPENINGS)]
    fields["extended"] = any(_was_extended(first, said) for first in firsts)
    status = getattr(said, "state", "confirmed")
    for each in (s.data for s in stands):
        match each:
            case StudentDeparted() | StayAbroadStarted():
                fields["actual_from"] = str(each.on)
                status = _takes_place(status)
            case StudentReturned() | StayAbroadEnded():
                if isinstance(each, StayAbroadEnded) and not each.taken:
                    status = "no-show"
                    continue
                fields["actual_until"] = str(each.on)
                fields["returned_early"] = each.early
                status = _takes_place(status)
    status = _with_credits(fields, status, [s.data for s in stands])
    _graduated(fields, said, mine, graduations)
    return Target(status="withdrawn" if taken_back else status, fields=fields, sought=_sought(said))


def _opened(said: BaseModel, country_of: CountryOf) -> dict[str, Any]:
    """The fields of a stay as the statement that opens it gives them."""
    told = said.model_dump(mode="json")
    direction = told.get("direction", "in" if isinstance(said, StudentEnrolled) else "out")
    partner = told.get("partner") or {}
    plain = {
        name: told.get(name)
        for name in (
            *("unit", "person_ref", "kind", "level", "field", "funding", "nationality", "paid"),
            *("keynote", "prior_education_country", "residence_country", "highest_degree"),
        )
    }
    here = country_of(told["unit"])
    return plain | {
        "direction": direction,
        "who": told.get("who", "student"),
        "partner_name": partner.get("name"),
        "host_kind": told.get("host_kind", "university"),
        "host_country": told.get("host_country") or here,
        "planned_from": told["starts_on"],
        "planned_until": told["ends_on"],
        "virtual_days": told.get("virtual_days", 0),
        "credits": {
            "planned": told.get("credits_planned"),
            "awarded": None,
            "recognised": None,
        },
        "graduate": None,
        "actual_from": None,
        "actual_until": None,
        "returned_early": False,
        "source": "upstream.hr" if isinstance(said, StayAbroadApproved) else "upstream.registrar",
    }


def _was_extended(first: BaseModel, last: BaseModel) -> bool:
    """The same stay was said to end later, once it was settled: not a correction."""
    return (
        isinstance(first, OPENINGS)
        and isinstance(last, OPENINGS)
        and first.starts_on == last.starts_on
        and first.ends_on < last.ends_on
        and getattr(first, "state", "confirmed") == "confirmed"
    )


def _takes_place(status: str) -> str:
    return "confirmed" if status in ("nominated", "approved") else status


def _with_credits(fields: dict[str, Any], status: str, said: Sequence[BaseModel]) -> str:
    """Credits as last awarded and recognised, and what that makes of the status."""
    for each in said:
        if isinstance(each, CreditsRecognised):
            for name in ("awarded", "recognised"):
                value = getattr(each, name)
                if value is not None:
                    fields["credits"][name] = value
    if status != "confirmed":
        return status
    if fields["credits"]["recognised"] is not None:
        return "recognised"
    return "transcript-received" if fields["credits"]["awarded"] is not None else status


def _graduated(
    fields: dict[str, Any],
    said: BaseModel,
    mine: Sequence[Statement],
    graduations: Sequence[StudentGraduated],
) -> None:
    """A graduation marks the person's earlier stays of that level, and ends an enrolment."""
    records = {s.record for s in mine}
    for each in graduations:
        of_level = None in (each.level, fields["level"]) or each.level == fields["level"]
        if not of_level or each.on.first < PartialDate(fields["planned_from"]).first:
            continue
        fields["graduate"] = True
        if isinstance(said, StudentEnrolled) and each.record in records:
            fields["actual_until"] = fields["actual_until"] or str(each.on)


def _sought(said: BaseModel) -> dict[str, Sought]:
    """The records of others that it names."""
    found: dict[str, Sought] = {}
    for field in ("partner", "agency"):
        institution = getattr(said, field, None)
        if isinstance(institution, OtherInstitution):
            found[field] = institution_sought(institution)
    for field in ("agreement", "joint_programme", "programme"):
        reference = getattr(said, field, None)
        if reference is not None:
            found[field] = Sought(keys=(reference_key(reference),))
    return found


def institution_sought(institution: OtherInstitution) -> Sought:
    """By its ids first, by its name last."""
    keys = [f"ref:{institution.ref}"] if institution.ref else []
    for scheme in ("ror", "schac", "erasmus", "pic"):
        value = getattr(institution, scheme)
        if value is not None:
            keys.append(identifier_key(scheme, value))
    names = [institution.name] if institution.name else []
    return Sought(
        keys=(*keys, *name_keys(names)), name=institution.name, country=institution.country
    )


def _appointment(
    mine: Sequence[Statement], stands: Sequence[Statement], known: Mapping[str, Statement]
) -> Target | None:
    hired, taken_back = _last(EmployeeHired, stands=stands, mine=mine, known=known)
    if hired is None:
        return None
    names = ("unit", "person_ref", "term", "role", "foreign_expert", "nationality")
    told = hired.data.model_dump(mode="json")
    fields = {name: told[name] for name in (*names, "starts_on", "ends_on")}
    fields["source"] = "upstream.hr"
    for each in (s.data for s in stands):
        match each:
            case EmployeeChanged():
                changed = each.model_dump(
                    mode="json", exclude={"record", "person_ref", "on"}, exclude_unset=True
                )
                fields |= {
                    name: value
                    for name, value in changed.items()
                    if value is not None or name in ("ends_on", "nationality")
                }
            case EmployeeDeparted():
                fields["ends_on"] = str(each.on)
    return Target(status="withdrawn" if taken_back else "appointed", fields=fields)


def _application(
    mine: Sequence[Statement], stands: Sequence[Statement], known: Mapping[str, Statement]
) -> Target | None:
    last, taken_back = _last(GraduateDestination, stands=stands, mine=mine, known=known)
    if last is None or not isinstance(last.data, GraduateDestination):
        return None
    said = last.data
    steps = [s.data for s in stands if isinstance(s.data, GraduateDestination)] or [said]
    days: dict[str, PartialDate] = {}
    for step in steps:
        days[step.state] = step.on
        if step.submitted_on is not None:
            days.setdefault("submitted", step.submitted_on)
    decided = days.get("admitted") or days.get("declined")
    submitted = days.get("submitted") or min(step.on for step in steps)
    fields: dict[str, Any] = {
        "unit": said.unit,
        "person_ref": said.person_ref,
        "level": said.level,
        "destination_country": said.destination_country,
        "partner_name": said.partner.name if said.partner else None,
        "graduate": said.graduate,
        "submitted_on": str(submitted),
        "decided_on": str(decided) if decided else None,
        "departed_on": str(days["departed"]) if "departed" in days else None,
        "source": "upstream.registrar",
    }
    return Target(
        status="withdrawn" if taken_back else said.state, fields=fields, sought=_sought(said)
    )


def _headcount(
    mine: Sequence[Statement], stands: Sequence[Statement], known: Mapping[str, Statement]
) -> Target | None:
    last, taken_back = _last(Headcount, stands=stands, mine=mine, known=known)
    if last is None:
        return None
    fields = last.data.model_dump(mode="json", include=set(Headcount.model_fields))
    if taken_back:
        fields |= {"students": None, "graduates": None}
    return Target(fields=fields | {"source": "upstream.registrar"})
