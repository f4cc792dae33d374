"""Who counts as abroad or with us, and how long a stay is."""

from datetime import date

import pytest

from services.reporting.domain.measures.definitions import is_erasmus
from services.reporting.domain.measures.lengths import days, lasts_months, semesters
from services.reporting.domain.records import Records
from services.reporting.incoming.mobility import NamedProgramme, Stay
from shared.errors import Rejected
from tests.reporting.making import agreement, answer, named, partner, stay


def of(*stays: Stay) -> Records:
    return Records(stays=named("stay", *stays))


def test_a_person_with_two_stays_is_one_person() -> None:
    records = of(stay(person_ref="hust:s"), stay(person_ref="hust:s", planned_from="2019-09-01"))
    found = answer("mobility.students-out", records)
    assert found.value == 1
    assert len(found.records) == 2


def test_a_doctorate_begun_years_before_counts_and_one_that_ended_before_does_not() -> None:
    doctorate = {"who": "lecturer", "kind": "full-degree"}
    records = of(
        stay(
            planned_from="2016-09-01", planned_until="2020-08-31", status="under-way", **doctorate
        ),
        stay(planned_from="2014-09-01", planned_until="2018-12-31", **doctorate),
    )
    assert answer("mobility.staff-out", records).value == 1


@pytest.mark.parametrize("status", ["nominated", "approved", "rejected", "withdrawn", "no-show"])
def test_who_did_not_go_counts_nowhere(status: str) -> None:
    records = of(stay(status=status))
    for measure in ("mobility.students-out", "mobility.erasmus", "mobility.uis"):
        assert answer(measure, records).records == ()


def test_actual_dates_go_before_planned_ones() -> None:
    records = of(stay(actual_from="2018-03-01", actual_until="2018-07-31"))
    assert answer("mobility.students-out", records, year=2018).value == 1
    assert answer("mobility.students-out", records, year=2019).value == 0


def test_nobody_has_gone_before_the_day() -> None:
    records = of(stay(status="confirmed"))
    assert answer("mobility.students-out", records, on=date(2019, 2, 28)).value == 0
    assert answer("mobility.students-out", records, on=date(2019, 3, 1)).value == 1


def test_conferences_count_where_they_are_asked_for_by_kind() -> None:
    records = of(
        stay(who="lecturer", kind="conference", keynote=True), stay(who="lecturer", kind="postdoc")
    )
    assert answer("mobility.staff-out", records).value == 1
    assert answer("mobility.staff-out", records, kind="conference").value == 1
    assert answer("mobility.staff-out", records, kind="conference", keynote="yes").value == 1
    assert answer("mobility.staff-out", records, kind="conference", keynote="no").value == 0


def test_a_student_is_no_staff_and_in_is_not_out() -> None:
    records = of(stay(), stay(direction="in"), stay(who="administrative", kind="training"))
    assert answer("mobility.students-in", records).value == 1
    assert answer("mobility.staff-out", records, who="administrative").value == 1
    assert answer("mobility.staff-in", records).value == 0


def test_a_measure_refuses_to_be_narrowed_by_what_it_does_not_know() -> None:
    with pytest.raises(Rejected, match="narrowing-unknown"):
        answer("mobility.staff-out", Records(), colour="red")


def test_participants_are_counted_by_programme_whatever_they_do() -> None:
    records = Records(
        stays=named(
            "stay",
            stay(programme="programme-1", kind="project-based"),
            stay(programme="programme-2", kind="camp"),
            stay(),
        ),
        programmes={
            "programme-1": NamedProgramme(unit="hust/me", name="GPBL"),
            "programme-2": NamedProgramme(unit="hust/me", name="Sakura"),
        },
    )
    found = answer("programmes.participants", records)
    assert (found.value, found.groups) == (2, {"programme=GPBL": 1, "programme=Sakura": 1})
    assert answer("programmes.participants", records, programme="Sakura").value == 1


def test_interruptions_and_virtual_days_are_no_days_of_a_stay() -> None:
    gap = [{"from": "2019-03-11", "until": "2019-03-20"}]
    whole = {"planned_from": "2019-03-01", "planned_until": "2019-03-31"}
    assert days(stay(**whole)) == 31
    assert days(stay(**whole, interruptions=gap)) == 21
    assert days(stay(**whole, interruptions=gap, virtual_days=5)) == 16


def test_fifteen_january_to_fourteen_april_is_three_months() -> None:
    assert lasts_months(stay(planned_from="2019-01-15", planned_until="2019-04-14"), 3)
    assert not lasts_months(stay(planned_from="2019-01-15", planned_until="2019-04-13"), 3)


@pytest.mark.parametrize(
    ("until", "expected"),
    [("2019-09-30", 0), ("2020-01-31", 1), ("2020-02-29", 1), ("2020-06-30", 2), ("2020-08-31", 2)],
)
def test_a_full_year_is_two_semesters(until: str, expected: int) -> None:
    assert semesters(stay(planned_from="2019-09-01", planned_until=until)) == expected


def test_credit_mobility_takes_three_months_or_fifteen_credits_of_a_graduate() -> None:
    short = {"planned_from": "2019-03-01", "planned_until": "2019-04-30"}
    records = of(
        stay(graduate=True),
        stay(graduate=True, **short),
        stay(graduate=True, credits={"recognised": 15}, **short),
        stay(graduate=False),
    )
    assert answer("mobility.credit.eu", records).value == 2


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({"planned_from": "2019-03-01", "planned_until": "2019-04-29"}, True),  # 60 days
        ({"planned_from": "2019-03-01", "planned_until": "2019-04-28"}, False),
        ({"planned_from": "2019-01-01", "planned_until": "2019-12-27"}, False),  # 361 days
        ({"planned_from": "2019-03-01", "planned_until": "2019-03-05", "level": "doctoral"}, True),
        ({"kind": "camp"}, False),
        ({"who": "lecturer", "kind": "teaching", "planned_until": "2019-03-02"}, True),
        ({"who": "lecturer", "kind": "teaching", "planned_until": "2019-03-01"}, False),
        ({"who": "lecturer", "kind": "conference", "planned_until": "2019-03-05"}, False),
    ],
)
def test_erasmus_counts_by_days(fields: dict[str, str], counts: bool) -> None:
    assert is_erasmus(stay(**fields)) is counts


def test_qs_wants_a_semester_under_an_agreement_of_two_universities() -> None:
    formal = {"agreement": "agreement-1", "partner": "partner-1"}
    records = Records(
        stays=named(
            "stay",
            stay(**formal),
            stay(partner="partner-1"),
            stay(**formal, host_kind="own-campus"),
            stay(**formal | {"partner": "partner-2"}),
            stay(**formal, planned_until="2019-03-20"),
        ),
        agreements={"agreement-1": agreement()},
        partners={"partner-1": partner(), "partner-2": partner(kind="company")},
    )
    found = answer("mobility.qs-exchange", records)
    assert (found.value, found.shown["fte"]) == (1, 0.5)


def test_uis_takes_prior_education_before_residence_and_citizenship() -> None:
    guest = {"direction": "in", "host_country": "VN", "kind": "full-degree"}
    records = of(
        stay(**guest, nationality="JP", prior_education_country="VN"),
        stay(**guest, nationality="VN", residence_country="DE"),
        stay(**guest, nationality="JP"),
        stay(),
    )
    found = answer("mobility.uis", records)
    assert found.shown == {"in": 2, "out": 1, "net": "in - out"}
    assert found.value == 1
    assert found.groups["origin=DE"] == 1


def test_a_balance_carries_what_was_owed_before() -> None:
    under = {"agreement": "agreement-1"}
    records = Records(
        stays=named(
            "stay",
            stay(**under, planned_from="2018-09-01", planned_until="2019-07-31"),
            stay(**under, direction="in"),
            stay(direction="in"),
        ),
        agreements={"agreement-1": agreement()},
    )
    found = answer("mobility.balance", records)
    assert found.groups == {"agreement=agreement-1": -1}
    assert (found.value, found.shown["carried_forward"]) == (-1, -2)
