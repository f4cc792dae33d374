"""Agreements, partners, rankings, contributions, joint work, applications, appointments."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.reporting.domain.measures.agreements import in_force
from services.reporting.domain.records import Records
from services.reporting.incoming.agreements import Agreement, Partner
from tests.reporting.making import (
    agreement,
    answer,
    application,
    appointment,
    contribution,
    headcount,
    joint_programme,
    joint_project,
    named,
    partner,
)

DAY = date(2019, 12, 31)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, True),
        ({"valid_from": "2019-12-31"}, True),
        ({"valid_from": "2020-01-01"}, False),
        ({"valid_until": "2019-12-31", "status": "lapsed"}, True),
        ({"valid_until": "2019-12-30"}, False),
        ({"valid_until": "2019-06-30", "renewal": {"rule": "tacit"}}, True),
        ({"valid_until": "2019-06-30", "renewal": {"rule": "by-agreement"}}, False),
        ({"valid_until": None}, True),
        ({"valid_until": None, "status": "terminated", "ended_on": "2019-12-31"}, True),
        ({"valid_until": None, "status": "terminated", "ended_on": "2019-12-30"}, False),
        ({"status": "suspended"}, False),
        ({"status": "suspended", "suspensions": [{"suspended_from": "2020-01-01"}]}, True),
        ({"status": "suspended", "suspensions": [{"suspended_from": "2019-12-31"}]}, False),
        ({"suspensions": [{"suspended_from": "2019-12", "suspended_until": "2019-12"}]}, False),
        ({"suspensions": [{"suspended_from": "2019", "suspended_until": "2019-12-30"}]}, True),
        ({"status": "approved"}, False),
        ({"status": "withdrawn"}, False),
        ({"valid_from": None, "signed_on": "2019"}, True),
        ({"valid_from": None, "signed_on": None, "valid_until": None}, True),
        ({"valid_from": "2018", "valid_until": "2019"}, True),
        ({"status": "lapsed", "valid_until": None}, False),
    ],
)
def test_an_agreement_is_in_force_by_its_dates(fields: dict[str, Any], expected: bool) -> None:
    assert in_force(agreement(**fields), DAY) is expected


def of(agreements: list[Agreement], **partners: Partner) -> Records:
    return Records(agreements=named("agreement", *agreements), partners=partners)


def test_a_partner_with_two_agreements_is_one_partner() -> None:
    records = of([agreement("a"), agreement("a", "b")], a=partner(), b=partner(country="VN"))
    found = answer("partners.under-agreement", records)
    assert found.value == 2
    assert found.groups["foreign=no"] == 1
    assert answer("partners.under-agreement", records, country="VN").value == 1
    assert answer("agreements.in-force", records).value == 2


def test_a_school_that_is_only_a_party_has_the_agreement_too() -> None:
    parties = [{"party": "hust/me", "side": "ours"}, {"party": "a", "side": "theirs"}]
    records = of([agreement(unit="hust", parties=parties)], a=partner())
    assert answer("agreements.in-force", records, unit="hust/me").value == 1


def test_signed_by_one_side_is_not_signed() -> None:
    records = of(
        [
            agreement(signed_on="2019-03-04"),
            agreement(signed_on=None, status="approved"),
            agreement(signed_on="2019-05-06", status="withdrawn"),
            agreement(signed_on="2018-12-31"),
        ]
    )
    assert answer("agreements.signed", records).value == 1


def ranked(position: int, *, until: int | None = None, edition: int = 2020) -> dict[str, Any]:
    return {
        "ranking": "qs",
        "edition": edition,
        "published_on": f"{edition - 1}-06-19",
        "position": position,
        "position_until": until,
    }


def test_bands_are_nested_and_a_band_of_positions_counts_by_its_last() -> None:
    records = of(
        [agreement("a", "b", "c", "d")],
        a=partner(rankings=[ranked(200)]),
        b=partner(rankings=[ranked(201)]),
        c=partner(rankings=[ranked(491, until=510)]),
        d=partner(),
    )
    top_200 = answer("partners.ranked.top-200", records)
    top_500 = answer("partners.ranked.top-500", records)
    assert (top_200.value, top_500.value) == (1, 2)
    assert set(top_200.keys) < set(top_500.keys)


def test_the_latest_edition_published_by_the_day_is_taken_and_shown() -> None:
    records = of([agreement("a")], a=partner(rankings=[ranked(150), ranked(250, edition=2021)]))
    then = answer("partners.ranked.top-200", records)
    assert then.value == 1
    assert (then.shown["ranking"], then.shown["edition"]) == ("qs", 2020)
    later = answer("partners.ranked.top-200", records, year=2020)
    assert (later.value, later.shown["edition"]) == (0, 2021)


def test_a_partner_that_fell_out_of_the_latest_edition_has_no_rank() -> None:
    records = of(
        [agreement("a", "b")],
        a=partner(rankings=[ranked(10, edition=2019)]),
        b=partner(rankings=[ranked(20)]),
    )
    assert answer("partners.ranked.top-200", records).value == 1


def test_a_joint_gift_is_listed_once_under_jointly_and_about_is_said() -> None:
    donors = {"partner-jica": partner(name="JICA"), "partner-nut": partner(name="NUT")}
    records = Records(contributions={"contribution-1": contribution()}, partners=donors)
    found = answer("contributions.received", records, year=2018)
    assert found.value == 3_000_000
    assert found.shown["about"] is True
    assert found.groups == {
        "currency=JPY": Decimal(3_000_000),
        "donor=jointly: JICA and NUT (JPY)": Decimal(3_000_000),
    }
    assert answer("contributions.received", records, year=2019).value == 0


def test_currencies_are_never_added() -> None:
    records = Records(
        contributions=named(
            "contribution",
            contribution(received_on="2019-01-01"),
            contribution(received_on="2019-01-02", currency="EUR", amount="10.50"),
        )
    )
    assert answer("contributions.received", records).value is None
    assert answer("contributions.received", records, currency="EUR").value == Decimal("10.50")


def test_known_shares_stand_by_donor() -> None:
    donors = [{"partner": "a", "amount": "2000000"}, {"partner": "b"}]
    given = contribution(donors=donors, received_on="2019")
    records = Records(
        contributions={"contribution-1": given},
        partners={"a": partner(name="A"), "b": partner(name="B")},
    )
    groups = answer("contributions.received", records).groups
    assert (groups["donor=A (JPY)"], groups["donor=B (JPY)"]) == (2_000_000, 1_000_000)


def test_a_programme_that_is_approved_is_not_established() -> None:
    records = Records(
        joint_programmes=named(
            "joint-programme",
            joint_programme(),
            joint_programme(status="approved", approved_on="2019-10-01", established_on=None),
        )
    )
    assert answer("joint-programmes.established", records).value == 1
    assert answer("joint-programmes.prepared", records).value == 1
    early = {"on": date(2019, 12, 9)}
    assert answer("joint-programmes.established", records, **early).value == 0


def test_a_project_is_found_by_its_leader() -> None:
    records = Records(joint_projects={"joint-project-1": joint_project()})
    assert answer("joint-projects.completed", records, leader="hust:giwa").value == 1
    assert answer("joint-projects.completed", records, leader="hust:other").value == 0
    assert answer("joint-projects.running", records, on=date(2019, 6, 30)).value == 1


def test_who_applies_has_not_gone_and_who_withdraws_did_not_apply() -> None:
    records = Records(
        applications=named(
            "application",
            application(),
            application(status="admitted", decided_on="2019-07-01"),
            application(status="departed", decided_on="2019-07-01", departed_on="2019-09-01"),
            application(status="withdrawn"),
        )
    )
    assert answer("applications.submitted", records).value == 3
    assert answer("applications.admitted", records).value == 2
    assert answer("applications.departed", records).value == 1


def test_an_appointment_is_high_level_only_once_somebody_said_so() -> None:
    records = Records(
        appointments=named("appointment", appointment(high_level=True), appointment())
    )
    assert answer("appointments.made", records).value == 2
    assert answer("appointments.made", records, high_level="yes").value == 1
    assert answer("appointments.made", records, high_level="unknown").value == 1


def test_all_levels_together_are_not_added_to_each_level() -> None:
    records = Records(headcounts=named("headcount", headcount(), headcount(level="master")))
    assert answer("headcount.graduates", records).value == 1000
    assert answer("headcount.graduates", Records()).value is None
