"""What the calendar does to agreements."""

from datetime import date
from typing import Any

import pytest

from services.agreements.domain.agreement_dates import (
    extended,
    follow_the_calendar,
    succession_day,
)
from services.agreements.events.values import Renewal
from tests.agreements.making import TODAY, an_agreement, on, types

TACIT = {"rule": "tacit", "months": 12, "notice_months": 3}


def test_a_signed_agreement_enters_into_force_on_its_first_day_and_not_before() -> None:
    signed = an_agreement("signed", valid_from="2026-09-01")
    assert types(follow_the_calendar(signed, today=date(2026, 8, 31))) == []
    decided = follow_the_calendar(signed, today=date(2026, 9, 1))
    assert types(decided) == ["agreement-entered-into-force"]
    assert decided[0].status == "in-force"


def test_an_agreement_lapses_after_its_last_day_and_not_on_it() -> None:
    agreement = an_agreement(valid_until="2025-11-17")
    assert types(follow_the_calendar(agreement, today=date(2025, 11, 17))) == []
    lapsed, _ = follow_the_calendar(agreement, today=date(2025, 11, 18))
    assert (lapsed.status, lapsed.ended_on) == ("lapsed", "2025-11-17")


def test_an_end_known_to_the_year_comes_when_the_year_is_over() -> None:
    agreement = an_agreement(valid_until="2025")
    assert types(follow_the_calendar(agreement, today=date(2025, 12, 31))) == []
    assert types(follow_the_calendar(agreement, today=date(2026, 1, 1))) == ["agreement-lapsed"]


def test_an_open_ended_agreement_never_lapses() -> None:
    assert types(follow_the_calendar(an_agreement(), today=date(2125, 1, 1))) == []


def test_a_tacit_renewal_extends_instead_of_lapsing_as_often_as_needed() -> None:
    agreement = an_agreement(valid_until="2023-08-31", renewal=TACIT)
    decided = follow_the_calendar(agreement, today=TODAY)
    assert types(decided) == ["agreement-renewed"] * 3
    assert (decided[0].status, decided[0].valid_until) == ("in-force", "2026-08-31")
    assert [fact.model_dump()["on"] for fact in decided[1]] == [
        "2023-09-01",
        "2024-09-01",
        "2025-09-01",
    ]


def test_a_renewal_by_agreement_does_not_happen_by_itself() -> None:
    agreement = an_agreement(valid_until="2025-08-31", renewal={"rule": "by-agreement"})
    assert types(follow_the_calendar(agreement, today=TODAY)) == ["agreement-lapsed"]


def test_a_suspended_agreement_still_ends() -> None:
    agreement = an_agreement("suspended", valid_until="2025-08-31")
    assert types(follow_the_calendar(agreement, today=TODAY)) == ["agreement-lapsed"]


def test_what_was_signed_too_late_enters_into_force_and_lapses_at_once() -> None:
    agreement = an_agreement("signed", valid_from="2025-01-01", valid_until="2025-08-31")
    assert types(follow_the_calendar(agreement, today=TODAY)) == [
        "agreement-entered-into-force",
        "agreement-lapsed",
    ]


@pytest.mark.parametrize(
    "status", ["proposed", "under-review", "approved", "withdrawn", "terminated", "superseded"]
)
def test_the_calendar_leaves_alone_what_is_not_agreed_or_has_ended(status: Any) -> None:
    agreement = an_agreement(status, valid_from="2020", valid_until="2021")
    assert types(follow_the_calendar(agreement, today=TODAY)) == []


@pytest.mark.parametrize(
    ("end", "months", "extended_to"),
    [
        ("2025-08-31", 12, "2026-08-31"),
        ("2025-02-28", 1, "2025-03-31"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2025", 24, "2027-12-31"),
        ("2025-06-14", 3, "2025-09-14"),
    ],
)
def test_an_extension_keeps_the_end_of_a_month(end: str, months: int, extended_to: str) -> None:
    assert extended(on(end), Renewal(rule="tacit", months=months)) == extended_to


def test_the_one_before_ends_the_day_before_its_successor_begins() -> None:
    before = an_agreement(valid_from="2020-01-01")
    assert succession_day(before, successor=an_agreement(), today=TODAY) == "2025-01-31"


def test_the_one_before_never_ends_before_it_began() -> None:
    before = an_agreement(valid_from="2025-02-01")
    assert succession_day(before, successor=an_agreement(), today=TODAY) == "2025-02-01"


@pytest.mark.parametrize(
    ("until", "status", "last"),
    [
        ("2025-11-16", "in-force", "2025-11-16"),
        ("2025-11-17", "suspended", "2025-11-17"),
        ("2025-10", "in-force", "2025-10-31"),
        (None, "suspended", None),
    ],
)
def test_a_suspension_with_a_last_day_is_over_by_the_clock(
    until: str | None, status: str, last: str | None
) -> None:
    rests = [{"suspended_from": "2025-03", "suspended_until": until}]
    after, _ = follow_the_calendar(an_agreement("suspended", suspensions=rests), today=TODAY)
    assert (after.status, after.suspensions[-1].suspended_until) == (status, last)
