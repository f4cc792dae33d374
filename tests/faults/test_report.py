"""The page of what was tried says what the records say, and nothing else."""

import json

from tests.faults.report import KEPT, PAGE, merged, page

RECORD = {
    "date": "2026-11-24T08:00:00+00:00",
    "promise": 2,
    "fault": "group churn",
    "trials": 30,
    "failures": 0,
    "detail": "1 to 5 | processes",
    "test": "tests/faults/test_churn.py::test_it",
    "command": "make test",
    "commit": "abc",
}


def test_the_page_follows_from_the_records() -> None:
    records = json.loads(KEPT.read_text(encoding="utf-8"))
    assert PAGE.read_text(encoding="utf-8") == page(records), "run `make reliability`"


def test_no_failure_bounds_the_chance_of_one_and_a_failure_does_not() -> None:
    assert "| 30 | 0 | < 0.1 | 2026-11-24 |" in page([RECORD])
    assert "| 30 | 1 | - | 2026-11-24 |" in page([RECORD | {"failures": 1}])


def test_trials_of_one_fault_in_several_tests_are_added() -> None:
    other = RECORD | {"test": "tests/faults/test_churn.py::test_more", "trials": 270}
    assert "| 300 | 0 | < 0.01 |" in page([RECORD, other])


def test_a_newer_run_of_a_test_takes_the_place_of_the_older() -> None:
    newer = RECORD | {"date": "2026-11-25T08:00:00+00:00", "trials": 40}
    assert merged([newer], [RECORD]) == [newer]
