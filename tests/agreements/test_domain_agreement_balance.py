"""The balance of exchanges: what weighs how much, in which year, and what is carried over."""

from datetime import date
from typing import Any

import pytest

from services.agreements.domain.agreement_balance import BalanceStatement, balance_of
from services.agreements.domain.agreement_places import Known
from services.agreements.incoming import Stay
from tests.agreements.making import an_agreement
from tests.agreements.test_domain_agreement_places import year_of


def a_stay(number: int, begins: str, until: str, **fields: Any) -> Known:
    told = {
        "who": "student",
        "direction": "out",
        "kind": "exchange-study",
        "planned_from": begins,
        "planned_until": until,
        "status": "completed",
    }
    return Known(f"stay-{number}", Stay.model_validate(told | fields))


def statement(*stays: Known, on: str = "2026-01-31", **fields: Any) -> BalanceStatement:
    return balance_of(an_agreement(**fields), stays, on=date.fromisoformat(on), of=year_of)


def test_a_full_year_is_two_semesters_and_a_deficit_is_carried_over() -> None:
    found = statement(
        a_stay(1, "2022-09-12", "2023-06-30"),
        a_stay(2, "2022-09-12", "2023-01-31"),
        a_stay(3, "2024-10-01", "2025-02-15", direction="in"),
        a_stay(4, "2025-09-01", "2026-07-15", direction="in", status="under-way"),
    )
    assert found.unit == "student-semesters"
    years = [(each.year, each.carried, each.incoming, each.outgoing) for each in found.years]
    assert years == [(2022, 0, 0, 3), (2023, -3, 0, 0), (2024, -3, 1, 0), (2025, -2, 2, 0)]
    assert [each.balance for each in found.years] == [-3, -3, -2, 0]
    assert found.balance == 0
    assert [(each.stay, each.weight) for each in found.years[0].stays] == [
        ("stay-1", -2),
        ("stay-2", -1),
    ]


def test_an_agreement_that_counts_heads_counts_each_student_once() -> None:
    found = statement(
        a_stay(1, "2022-09-12", "2023-06-30"),
        a_stay(2, "2023-07-01", "2023-07-14", direction="in"),
        a_stay(3, "2023-07-01", "2023-07-14", direction="in"),
        balance_unit="students",
    )
    assert (found.unit, found.balance) == ("students", 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"who": "lecturer"},
        {"status": "nominated"},
        {"status": "approved"},
        {"status": "withdrawn"},
        {"status": "no-show"},
        {"planned_from": "2026-02-01"},
        {"actual_until": "2025-10-31"},
        {"virtual_days": 100},
    ],
)
def test_who_has_not_come_or_not_stayed_long_enough_weighs_nothing(
    fields: dict[str, Any],
) -> None:
    assert statement(a_stay(1, "2025-09-01", "2026-02-01", **fields)).years == []


def test_the_balance_on_a_day_is_of_the_stays_begun_by_then() -> None:
    stays = [a_stay(1, "2022-09-12", "2023-01-31"), a_stay(2, "2023-02-13", "2023-07-14")]
    assert statement(*stays, on="2022-09-11").balance == 0
    assert statement(*stays, on="2023-02-12").balance == -1
    assert statement(*stays, on="2023-02-13").balance == -2
