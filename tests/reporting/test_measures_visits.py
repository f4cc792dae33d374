"""Who counts as a visitor, a delegation, a partner met."""

from datetime import date

import pytest

from services.reporting.domain.records import Records
from services.reporting.incoming.visits import Visit
from shared.dates import PartialDate
from tests.reporting.making import answer, named, partner, visit


def of(*visits: Visit) -> Records:
    return Records(visits=named("visit", *visits))


GROUP = [
    {"role": "dean", "organization": "Griffith", "country": "AU"},
    {"role": "student", "organization": "Griffith", "country": "AU", "count": 20},
]


def test_a_group_of_unnamed_members_is_as_many_persons_as_were_said() -> None:
    assert answer("visits.foreign-visitors", of(visit(members=GROUP))).value == 21


def test_a_named_person_who_comes_twice_is_one_visitor_and_two_person_visits() -> None:
    guest = [{"person_ref": "v:1", "role": "professor", "organization": "NUT", "country": "JP"}]
    twice = of(visit(members=guest), visit(members=guest, starts_on="2019-09-01"))
    assert answer("visits.foreign-visitors", twice).value == 1
    assert answer("visits.person-visits", twice).value == 2


def test_domestic_guests_and_our_own_members_are_no_foreign_visitors() -> None:
    members = [
        {"role": "lecturer", "organization": "Thuyloi University", "country": "VN", "count": 4},
        {"role": "student", "organization": "us", "country": "JP", "ours": True, "count": 10},
        {"role": "professor", "organization": "Kiel", "country": "DE"},
    ]
    assert answer("visits.foreign-visitors", of(visit(members=members))).value == 1


def test_a_member_without_a_country_comes_from_where_the_one_visiting_partner_is() -> None:
    assert (
        answer(
            "visits.foreign-visitors",
            of(visit(members=[{"role": "engineer", "organization": "NUT"}])),
        ).value
        == 1
    )


@pytest.mark.parametrize("status", ["requested", "declined", "planned", "postponed", "cancelled"])
def test_a_visit_that_did_not_take_place_counts_nowhere(status: str) -> None:
    records = of(visit(status=status))
    for measure in ("visits.foreign-visitors", "visits.delegations", "visits.partners"):
        assert answer(measure, records).value == 0


def test_a_confirmed_visit_counts_once_its_day_has_come() -> None:
    records = of(visit(status="confirmed"))
    assert answer("visits.delegations", records, on=date(2019, 5, 13)).value == 0
    assert answer("visits.delegations", records, on=date(2019, 5, 14)).value == 1


def test_a_visit_over_the_turn_of_the_year_counts_in_the_year_it_began() -> None:
    records = of(visit(starts_on="2018-12-30", ends_on="2019-01-02"))
    assert answer("visits.delegations", records, year=2018).value == 1
    assert answer("visits.delegations", records, year=2019).value == 0


def test_a_day_known_to_the_month_belongs_to_that_year() -> None:
    records = of(visit(starts_on="2019-07", ends_on="2019-07"))
    assert answer("visits.delegations", records).value == 1


def test_trips_are_no_delegations_received() -> None:
    records = of(visit(direction="outbound"), visit(direction="meeting"))
    assert answer("visits.delegations", records).value == 0
    assert answer("visits.trips", records).value == 1
    assert answer("visits.meetings", records).value == 1


def test_a_visit_of_a_school_is_its_universitys_too_and_not_the_other_way_round() -> None:
    records = of(visit(), visit(unit="hust"), visit(unit="hust/ee", shared_with=["hust/me"]))
    assert answer("visits.delegations", records, unit="hust").value == 3
    assert answer("visits.delegations", records, unit="hust/me").value == 2


def test_a_partner_that_was_merged_is_met_once() -> None:
    records = Records(
        visits=named(
            "visit",
            visit(partners=[{"partner": "partner-old", "name": "Tokyo Tech", "role": "visitor"}]),
            visit(partners=[{"partner": "partner-new", "name": "Science Tokyo", "role": "host"}]),
        ),
        partners={
            "partner-old": partner(status="merged", merged_into="partner-new"),
            "partner-new": partner(name="Science Tokyo"),
        },
    )
    assert answer("visits.partners", records).value == 1


SCIENCE_TOKYO = {
    "partner-tmdu": partner(
        name="TMDU",
        status="merged",
        merged_into="partner-left",
        merger={"kind": "institutional", "on": "2024-10-01"},
    ),
    "partner-tech": partner(
        name="Tokyo Tech",
        status="merged",
        merged_into="partner-left",
        merger={"kind": "institutional", "on": "2024-10-01"},
    ),
    "partner-left": partner(name="Science Tokyo", names=[{"name": "Science Tokyo"}]),
}


@pytest.mark.parametrize(("day", "met"), [("2024-09-30", 2), ("2024-10-01", 1)])
def test_two_bodies_that_became_one_are_two_until_that_day(day: str, met: int) -> None:
    visitors = [
        {"partner": subject, "name": "as told", "role": "visitor"}
        for subject in ("partner-tmdu", "partner-tech")
    ]
    visits = named("visit", visit(partners=visitors, starts_on=day, ends_on=day))
    records = Records(visits=visits, partners=SCIENCE_TOKYO)
    assert answer("visits.partners", records, year=2024).value == met
    assert records.partner_name("partner-tmdu", PartialDate(day)) == (
        "TMDU" if met == 2 else "Science Tokyo"
    )


def test_our_own_country_is_not_counted_among_the_countries_met() -> None:
    records = of(
        visit(partners=[{"name": "Thuyloi", "country": "VN", "role": "visitor"}]),
        visit(),
        visit(direction="outbound"),
    )
    assert answer("visits.countries", records).value == 1
    assert answer("visits.countries", records, direction="inbound").value == 1


def test_groups_are_counted_again_and_narrow_the_question() -> None:
    records = of(visit(members=GROUP), visit())
    whole = answer("visits.foreign-visitors", records)
    assert whole.groups == {"country=AU": 21, "country=JP": 1, "theme=academic": 22}
    assert answer("visits.foreign-visitors", records, country=("AU", "DE")).value == 21


def test_every_number_has_its_records() -> None:
    found = answer("visits.foreign-visitors", of(visit(), visit(status="cancelled")))
    assert [each.subject for each in found.records] == ["visit-1"]
