"""In and out again: what an agreement says in their words, it says in ours, and back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.agreements.domain.agreements import Agreement, sound
from services.agreements.events.values import Places
from services.agreements.gateways.ewp.checking import check
from services.agreements.gateways.ewp.differences import compare
from services.agreements.gateways.ewp.documents import Iia, read
from services.agreements.gateways.ewp.exporting import Exported, written
from services.agreements.gateways.ewp.importing import Told, told_by
from services.agreements.gateways.ewp.terms import (
    Linked,
    Skill,
    first_day,
    last_day,
    year_of_first,
    year_of_last,
)
from shared.dates import PartialDate
from tests.agreements.ewp.documents import (
    OURS,
    THEIRS,
    agreement,
    condition,
    document,
    partner,
)
from tests.agreements.making import an_agreement

BACK = {"sending_hei_id": THEIRS, "receiving_hei_id": OURS}
ENGLISH = Skill(language="en", level="B2")


def as_ours(told: Told) -> Agreement:
    entered = an_agreement(**told.terms | {"valid_from": told.terms["valid_from"]})
    sound(entered)
    return entered


def exported(entered: Agreement, told: Told | None = None, **more: Any) -> Iia:
    """Our copy of it, which is valid and has the hash of its text."""
    linked = Linked(
        hei=THEIRS,
        iia_id="B-7",
        our_hei=OURS,
        our_iia_id="A-1",
        our_iia_code="1",
        particulars=told.particulars if told else (),
    )
    given_: dict[str, Any] = {"skill": ENGLISH, "had_stays": False} | more
    ours = written(
        entered, Exported(linked=linked, partner_country="DE", our_country="VN", **given_)
    )
    assert {each.code for each in check(read(ours), local=OURS)} <= {"condition-twice"}
    return read(ours).iias[0]


def theirs(*conditions: str) -> Iia:
    partners = (partner(THEIRS, "B-7"), partner(OURS, "A-1", None))
    return read(document(agreement(*conditions, partners=partners))).iias[0]


def areas(codes: list[str]) -> list[str]:
    return [f"<isced-f-code>{code}</isced-f-code>" for code in codes]


def skills(languages: list[str]) -> list[str]:
    return [f"<language>{each}</language><cefr-level>C1</cefr-level>" for each in languages]


@st.composite
def conditions(draw: st.DrawFn) -> str:
    kinds = ("student-studies", "student-traineeship", "staff-teacher", "staff-training")
    kind = draw(st.sampled_from(kinds))
    first = draw(st.integers(2024, 2027))
    last = draw(st.integers(first, 2029))
    fields: dict[str, Any] = {
        "mobilities_per_year": str(draw(st.integers(1, 9))),
        "receiving_first_academic_year_id": f"{first}/{first + 1}",
        "receiving_last_academic_year_id": f"{last}/{last + 1}",
        "subject_area": areas(draw(st.lists(st.sampled_from(["0714", "0231"]), max_size=2))),
        "recommended_language_skill": skills(
            draw(st.lists(st.sampled_from(["en", "DE", "vi-VN"]), min_size=1, max_size=2))
        ),
    }
    if kind.startswith("student"):
        fields["eqf_level"] = draw(st.lists(st.sampled_from("678"), max_size=3))
        fields["total_months_per_year"] = draw(st.sampled_from([None, "5", "05.50"]))
        fields["blended"] = draw(st.sampled_from(["1", "false"]))
    else:
        fields["total_days_per_year"] = draw(st.sampled_from([None, "5.0"]))
    return condition(kind, **fields, **(BACK if draw(st.booleans()) else {}))


@given(st.lists(conditions(), min_size=1, max_size=7))
def test_what_comes_in_goes_out_the_same_in_meaning(written_: list[str]) -> None:
    copy = theirs(*written_)
    told = told_by(copy, our_hei=OURS, field="iia.0")
    ours = exported(as_ours(told), told)
    assert [str(each) for each in compare(ours, copy).differences] == []
    again = told_by(ours, our_hei=OURS, field="iia.0")
    names = ("places", "fields", "levels", "valid_from", "valid_until", "kind")
    for name in names:
        assert sorted(map(str, again.terms[name])) == sorted(map(str, told.terms[name]))


@st.composite
def places(draw: st.DrawFn) -> list[Places]:
    """Lines of which none overlaps another."""
    ways = [
        (direction, kind, level)
        for direction in ("in", "out")
        for kind in ("exchange-study", "internship", "teaching", "training")
        for level in ((6, 7) if kind in ("exchange-study", "internship") else (None,))
    ]
    found = []
    for direction, kind, level in draw(st.lists(st.sampled_from(ways), min_size=1, unique=True)):
        first = draw(st.integers(2024, 2027))
        found.append(
            Places.model_validate(
                {
                    "direction": direction,
                    "kind": kind,
                    "levels": [] if level is None else [level],
                    "maximum": draw(st.integers(1, 50)),
                    "from_year": first,
                    "until_year": draw(st.integers(first, 2029)),
                }
            )
        )
    return found


@given(places())
def test_what_goes_out_comes_in_with_the_same_places(lines: list[Places]) -> None:
    entered = an_agreement(places=[each.model_dump() for each in lines], fields=["0714"])
    again = told_by(exported(entered), our_hei=OURS, field="iia.0")
    assert sorted(map(str, again.terms["places"])) == sorted(map(str, lines))
    assert again.terms["fields"] == ["0714"]


def test_conditions_of_several_fields_are_one_line_of_places_and_come_apart_again() -> None:
    copy = theirs(
        condition(mobilities_per_year="2", subject_area=areas(["0714"])),
        condition(mobilities_per_year="1", subject_area=areas(["0231"])),
    )
    told = told_by(copy, our_hei=OURS, field="iia.0")
    [line] = told.terms["places"]
    assert (line.maximum, line.levels) == (3, (6, 7))
    assert compare(exported(as_ours(told), told), copy).same
    changed = as_ours(told).model_copy(update={"places": (line.model_copy(update={"maximum": 4}),)})
    assert [each.field for each in compare(exported(changed, told), copy).differences] != []


def test_what_is_not_yet_defined_gives_no_places_and_says_so() -> None:
    marked = condition().replace("<mobilities-per-year", '<mobilities-per-year not-yet-defined="1"')
    told = told_by(theirs(marked, condition("staff-teacher")), our_hei=OURS, field="iia.0")
    assert [each.kind for each in told.terms["places"]] == ["teaching"]
    assert told.warnings == ("exchange-study, out: how many may go is not yet defined",)


def test_one_that_had_exchanges_ends_with_its_last_year_and_not_as_a_whole() -> None:
    told = told_by(theirs(condition()), our_hei=OURS, field="iia.0")
    ended = as_ours(told).model_copy(
        update={"status": "terminated", "ended_on": PartialDate("2027-08-31")}
    )
    assert b"terminated-as-a-whole" in _bytes(exported(ended, told))
    cut = exported(ended, told, had_stays=True)
    assert b"terminated-as-a-whole" not in _bytes(cut)
    assert told_by(cut, our_hei=OURS, field="iia.0").terms["places"][0].until_year == 2026


def _bytes(iia: Iia) -> bytes:
    return b" ".join(str(each.attrib).encode() for each in iia.element.iter("{*}*"))


@pytest.mark.parametrize(
    ("written_", "first", "last"),
    [("2025/2026", "2025-09", "2026-08"), ("2026/2026", "2026-01", "2026-12")],
)
def test_a_year_has_a_first_and_a_last_month(written_: str, first: str, last: str) -> None:
    assert (first_day(written_), last_day(written_)) == (first, last)


@pytest.mark.parametrize(
    ("day", "begins", "ends"),
    [
        ("2025-09-01", 2025, 2025),
        ("2025-08-15", 2025, 2024),
        ("2025-02", 2024, 2024),
        ("2025", 2025, 2024),
    ],
)
def test_a_day_lies_in_a_year_of_the_north(day: str, begins: int, ends: int) -> None:
    assert year_of_first(PartialDate(day), january=False) == begins
    assert year_of_last(PartialDate(day), january=False) == ends
    assert year_of_first(PartialDate(day), january=True) == 2025
    assert year_of_last(PartialDate(day), january=True) == 2025
