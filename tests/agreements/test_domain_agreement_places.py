"""Places: how they change, and what stays take of them."""

from datetime import date
from typing import Any

import pytest

from services.agreements.domain.agreement_places import (
    Known,
    PlacesOfYear,
    change_places,
    places_of_year,
    years_of,
)
from services.agreements.domain.agreements import Agreement
from services.agreements.events.values import Places
from services.agreements.incoming import Stay
from shared.dates import Period
from tests.agreements.making import TODAY, an_agreement, on, refused, types


def year_of(day: date) -> int:
    """Years from September on."""
    return day.year - (day.month < 9)


def places(direction: str = "out", maximum: int = 2, **fields: Any) -> Places:
    return Places.model_validate({"direction": direction, "maximum": maximum} | fields)


def changed(agreement: Agreement, *lines: Places, from_year: int = 2026, **more: Any) -> Agreement:
    told: dict[str, Any] = {"on": on("2025-11-14"), "evidence": "letters"} | more
    after, facts = change_places(
        agreement, places=lines, from_year=from_year, today=TODAY, this_year=2025, **told
    )
    assert types((after, facts)) == ["agreement-places-changed"]
    return after


def a_stay(number: int, **fields: Any) -> Known:
    told = {
        "direction": "out",
        "kind": "exchange-study",
        "level": "bachelor",
        "planned_from": "2025-09-10",
        "status": "confirmed",
    }
    return Known(f"stay-{number}", Stay.model_validate(told | fields))


def in_2025(agreement: Agreement, *stays: Known) -> PlacesOfYear:
    days = Period(date(2025, 9, 1), date(2026, 8, 31))
    return places_of_year(agreement, stays, year=2025, days=days, of=year_of)


# --- the step ------------------------------------------------------------------------------------


def test_places_change_from_the_next_year_on_and_stay_as_they_were_until_then() -> None:
    agreement = an_agreement(places=[{"direction": "out", "maximum": 2}])
    after = changed(agreement, places(maximum=4), places("in", 3))
    assert after.places == (
        places(maximum=2, until_year=2025),
        places(maximum=4, from_year=2026),
        places("in", 3, from_year=2026),
    )


def test_what_was_to_begin_later_gives_way_to_what_is_agreed_now() -> None:
    agreement = an_agreement(places=[places(maximum=9, from_year=2027).model_dump()])
    assert changed(agreement, places(maximum=4)).places == (places(maximum=4, from_year=2026),)


@pytest.mark.parametrize("status", ["approved", "signed", "in-force", "suspended"])
def test_the_year_that_is_under_way_is_left_alone(status: str) -> None:
    with refused("agreement-places-too-early", field="from_year"):
        changed(an_agreement(status), places(), from_year=2025)


def test_one_side_alone_changes_no_places() -> None:
    with refused("agreement-evidence-missing", field="evidence"):
        changed(an_agreement(), places(), evidence=None)


def test_a_proposal_changes_its_places_at_will() -> None:
    after = changed(an_agreement("proposed"), places(), from_year=2024, evidence=None)
    assert after.places == (places(from_year=2024),)


@pytest.mark.parametrize("status", ["lapsed", "withdrawn", "terminated", "superseded"])
def test_places_of_what_has_ended_do_not_change(status: str) -> None:
    with refused("agreement-places-are-settled"):
        changed(an_agreement(status), places())


def test_places_of_the_same_kind_and_level_are_given_once_a_year() -> None:
    with refused("agreement-places-twice", field="places.1"):
        changed(an_agreement(), places(levels=[6, 7]), places(levels=[7]))
    with refused("agreement-places-end-before-they-begin", field="places.0.until_year"):
        changed(an_agreement(), places(until_year=2025))
    kept = changed(an_agreement(), places(levels=[6]), places(levels=[7]), places("in"), places())
    assert len(kept.places) == 4


# --- taken and left ------------------------------------------------------------------------------


def test_an_accepted_stay_takes_a_place_and_a_nomination_asks_for_one() -> None:
    agreement = an_agreement(places=[{"direction": "out", "maximum": 3}])
    stays = [
        a_stay(1),
        a_stay(2, status="approved"),
        a_stay(3, status="nominated"),
        *(a_stay(4, status=status) for status in ("rejected", "withdrawn", "no-show")),
    ]
    [line] = in_2025(agreement, *stays).lines
    assert (line.maximum, line.taken, line.nominated, line.left) == (3, 2, 1, 1)
    assert [each.stay for each in line.stays] == ["stay-1", "stay-2", "stay-3"]


def test_a_stay_counts_in_the_year_in_which_it_begins_as_it_really_did() -> None:
    agreement = an_agreement(places=[{"direction": "out", "maximum": 3}])
    stays = [
        a_stay(1, planned_from="2025-08-31"),
        a_stay(2, planned_from="2025-08-31", actual_from="2025-09-01"),
    ]
    [line] = in_2025(agreement, *stays).lines
    assert [each.stay for each in line.stays] == ["stay-2"]
    assert [*years_of(agreement, stays, now=2025, of=year_of)] == [2024, 2025, 2026]


def test_a_stay_takes_the_place_that_says_most_about_it() -> None:
    agreement = an_agreement(
        places=[
            {"direction": "out", "maximum": 5},
            {"direction": "out", "maximum": 2, "kind": "exchange-study"},
            {"direction": "out", "maximum": 1, "kind": "exchange-study", "levels": [7, 8]},
        ]
    )
    stays = [a_stay(1), a_stay(2, level="doctoral"), a_stay(3, kind="internship", level=None)]
    taken = {
        (line.kind, line.levels): [each.stay for each in line.stays]
        for line in in_2025(agreement, *stays).lines
    }
    assert taken == {
        ("exchange-study", (7, 8)): ["stay-2"],
        ("exchange-study", ()): ["stay-1"],
        (None, ()): ["stay-3"],
    }


def test_more_than_the_maximum_is_shown_and_so_is_what_no_line_foresees() -> None:
    agreement = an_agreement(places=[{"direction": "out", "maximum": 1}])
    of_year = in_2025(agreement, a_stay(1), a_stay(2), a_stay(3, direction="in"))
    assert of_year.lines[0].left == -1
    assert [each.stay for each in of_year.unforeseen] == ["stay-3"]
