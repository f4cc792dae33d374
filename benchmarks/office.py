"""What the office of the benchmarks writes down: the facts of a visit, a stay, an agreement.

Version 1 is the whole record; later ones change it in turn. Whoever wants another mix changes it
here: the oracle folds whatever it is given.
"""

from datetime import date, timedelta

from services.agreements.events import agreements
from services.agreements.events.values import Approval, Party, PolicyBasis, Renewal, UnitId
from services.mobility.events import StayCorrected, StayExtended, StayNominated
from services.mobility.events.values import Credits
from services.visits.events import (
    AgendaItem,
    Leg,
    Member,
    VisitCorrected,
    VisitMembersChanged,
    VisitPartner,
    VisitPlanned,
    VisitRequested,
)
from shared.dates import PartialDate
from shared.facts import Fact

__all__ = ["agreement", "stay", "visit"]

_COUNTRIES = ("JP", "DE", "FR", "CN", "KR", "BE", "AU", "TW")
_CITIES = ("Nagaoka", "Kiel", "Nantes", "Wuhan", "Daegu", "Gent", "Perth", "Tainan")
_UNITS = ("hust/me", "hust/ee", "hust/soict", "hust/sem")
_WHY = (
    "The partner asked by letter for a later date, as its own term begins in October there; the "
    "school's head agreed, and the office has told everybody involved by mail.",
    "The list that came with the first letter was not complete: the letter of the following week "
    "names those who come in full, and it was compared with the passports that were sent.",
    "What was typed in spring did not follow the minutes of the meeting; it does now, and the "
    "minutes are in the folder of the international office, number 47 of the same year.",
)


def visit(number: int, version: int) -> Fact:
    """A delegation that comes, and whose plan and list of members change."""
    here = number % len(_CITIES)
    partners = (
        VisitPartner(
            partner=f"partner-{number % 900:026d}",
            name=f"{_CITIES[here]} University of Technology",
            country=_COUNTRIES[here],
            kind="university",
            role="visitor",
        ),
    )
    if version == 1:
        return VisitRequested(
            unit=_UNITS[number % 4],
            ref=f"V-{number}",
            direction="inbound",
            title=f"Visit of {_CITIES[here]} University of Technology",
            purpose=_WHY[number % 3],
            theme="academic",
            topic="Double degrees in mechatronics and energy",
            starts_on=_day(number),
            ends_on=_day(number, 2),
            status="requested",
            partners=partners,
            requested_on=_day(number, -90),
        )
    step = version % 3
    if step == 2:
        return VisitPlanned(
            status="planned",
            starts_on=_day(number, version),
            ends_on=_day(number, version + 2),
            place="Hanoi",
            hosts=("hust/me", "hust/ee"),
            agenda=(
                AgendaItem(at="2024-05-14T09:30", title="Meeting with the rectorate", place="C2"),
                AgendaItem(at="2024-05-14T14:00", title="Laboratories of the school", place="D8"),
            ),
            legs=(Leg(city="Hanoi", country="VN", starts_on=_day(number, version)),),
            partners=partners,
            planned_on=_day(number, -30),
        )
    if step == 0:
        roles = ("Vice President", "professor", "head of the international office")
        return VisitMembersChanged(
            members=tuple(
                Member(
                    person_ref=f"guest:{number}.{each}",
                    role=role,
                    organization=f"{_CITIES[here]} University of Technology",
                    country=_COUNTRIES[here],
                    speaker=each == 1,
                )
                for each, role in enumerate(roles[: 2 + version % 2])
            )
        )
    changes = {"purpose": _WHY[version % 3], "place": f"Hanoi, room {version}"}
    return VisitCorrected(changes=changes, reason=_WHY[number % 3])


def stay(number: int, version: int) -> Fact:
    """A student who goes, stays longer, and of whom the registrar learns more."""
    here = number % len(_CITIES)
    if version == 1:
        return StayNominated(
            unit=_UNITS[number % 4],
            person_ref=f"hust:s{number}",
            direction="out",
            who="student",
            kind="exchange-study",
            level="bachelor",
            field="0715",
            partner=f"partner-{number % 900:026d}",
            partner_name=f"{_CITIES[here]} University of Technology",
            host_country=_COUNTRIES[here],
            agreement=f"agreement-{number % 3000:026d}",
            programme="programme-sakura",
            funding="Erasmus+ International Credit Mobility, call of the year before",
            nationality="VN",
            prior_education_country="VN",
            planned_from=_day(number),
            planned_until=_day(number, 150),
            credits=Credits(planned=30.0, awarded=None, recognised=None),
            status="nominated",
        )
    if version % 2:
        return StayExtended(
            status="under-way",
            extended=True,
            planned_until=_day(number, 150 + 7 * version),
            reason=f"{_WHY[number % 3]} {_WHY[(number + version) % 3]}",
        )
    changes = {
        "funding": f"Scholarship {version} of the partner, as its letter of award says",
        "host_country": _COUNTRIES[(here + version) % 8],
        "virtual_days": version,
        "planned_from": _day(number, version),
    }
    reason = f"{_WHY[version % 3][:90]} {_WHY[number % 3][:60]}"
    return StayCorrected(changes=changes, reason=reason)


def agreement(number: int, version: int) -> Fact:
    """An exchange agreement, approved by both sides and corrected."""
    here = number % len(_CITIES)
    if version == 1:
        return agreements.AgreementProposed(
            unit=UnitId(_UNITS[number % 4]),
            ref=f"A-{number}",
            kind="exchange",
            title=f"Student exchange with {_CITIES[here]} University of Technology",
            parties=(
                Party(party=_UNITS[number % 4], side="ours"),
                Party(party=f"partner-{number % 900:026d}", side="theirs"),
            ),
            proposed_on=_day(number, -200),
            valid_from=_day(number),
            valid_until=_day(number, 1800),
            renewal=Renewal(rule="tacit", months=60, notice_months=6),
            fields=("0715", "0713"),
            levels=(6, 7),
            policy_basis=PolicyBasis(document="Resolution", number="59", issuer="The Board"),
            coordinator="International office",
            status="proposed",
        )
    if version % 2 == 0:
        on = _day(number, -version)
        return agreements.AgreementApproved(
            side="ours",
            on=on,
            evidence=_WHY[1],
            approvals=(Approval(side="ours", on=on, evidence=_WHY[0]),),
            status="approved" if version > 2 else "under-review",
        )
    changes = {
        "title": f"Exchange of students and lecturers, wording {version}",
        "valid_until": _day(number, 1800 + version),
        "coordinator": "International office, desk for East Asia",
    }
    reason = f"{_WHY[version % 3]} {_WHY[number % 3]}"
    return agreements.AgreementCorrected(changes=changes, reason=reason)


def _day(number: int, later: int = 0) -> PartialDate:
    """A day that depends on the number alone."""
    return PartialDate((date(2024, 3, 1) + timedelta(days=number % 700 + later)).isoformat())
