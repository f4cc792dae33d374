"""Two copies compared by meaning: what differs is said in words, and spelling is no difference."""

import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.agreements.gateways.ewp.differences import Compared, compare_files
from services.agreements.gateways.ewp.documents import read
from tests.agreements.ewp.documents import (
    OURS,
    THEIRS,
    agreement,
    condition,
    document,
    partner,
)

MINE = (partner(), partner(THEIRS, "B-7", "DE 7"))
OTHER = (partner(THEIRS, "B-7", "DE 7"), partner())
BACK = {"sending_hei_id": THEIRS, "receiving_hei_id": OURS}


def compared(ours: str, theirs: str) -> Compared:
    [found] = compare_files(read(document(ours)), read(document(theirs)))
    return found


def between(mine: list[str], other: list[str]) -> list[str]:
    """What differs between our conditions and the partner's, whose copy names it first."""
    found = compared(
        agreement(*mine, partners=MINE), agreement(*other, partners=OTHER, hash_="1" * 64)
    )
    return [str(each) for each in found.differences]


def skill(language: str, more: str = "<cefr-level>B2</cefr-level>") -> str:
    return f"<language>{language}</language>{more}"


def area(code: str, note: str | None = None) -> str:
    more = "" if note is None else f"<isced-clarification>{note}</isced-clarification>"
    return f"<isced-f-code>{code}</isced-f-code>{more}"


SPELLINGS: list[dict[str, object]] = [
    {},
    {"mobilities_per_year": "002"},
    {"mobilities_per_year": "+2"},
    {"mobilities_per_year": " 2 "},
    {"total_months_per_year": "10.00"},
    {"total_months_per_year": "010.0"},
    {"blended": "0"},
    {"eqf_level": ["07", "6"]},
    {"eqf_level": ["6", "7", "7"]},
    {"sending_hei_id": OURS.upper(), "receiving_hei_id": f" {THEIRS}"},
    {"recommended_language_skill": skill("EN-gb")},
    {"recommended_language_skill": [skill("en"), skill("en-US")]},
    {"subject_area": area("0714", "")},
    {"subject_area": [area("0714"), area("0714")]},
    {"other_info_terms": ""},
    {"sending_contact": "<contact-name>A</contact-name>"},
    {"receiving_contact": ["<contact-name>A</contact-name>", "<contact-name>B</contact-name>"]},
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_another_spelling_is_no_difference(spelling: dict[str, object]) -> None:
    assert between([condition()], [condition(**spelling)]) == []


def test_blanks_and_letter_case_of_a_text_are_no_difference() -> None:
    mine = condition(other_info_terms="Only the School of\n  Engineering")
    other = condition(other_info_terms="only the school of engineering ")
    assert between([mine], [other]) == []


WHERE = f"student studies from {OURS} to {THEIRS} (our condition 1, their condition 1)"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"mobilities_per_year": "3"}, "mobilities per year: ours 2; theirs 3"),
        ({"total_months_per_year": "10.5"}, "months per year: ours 10; theirs 10.5"),
        ({"total_months_per_year": None}, "months per year: ours 10; theirs not said"),
        ({"blended": "true"}, "blended: ours no; theirs yes"),
        ({"eqf_level": ["6"]}, "EQF levels: ours 6, 7; theirs 6"),
        ({"recommended_language_skill": skill("de")}, "language skills: ours en B2; theirs de B2"),
        (
            {"recommended_language_skill": skill("en", "")},
            "language skills: ours en B2; theirs en",
        ),
        ({"subject_area": area("0715")}, "subject areas: ours 0714; theirs 0715"),
        (
            {"subject_area": area("0714", "Welding")},
            "subject areas: ours 0714; theirs 0714 (Welding)",
        ),
        ({"sending_ounit_id": "SME"}, "sending unit: ours not said; theirs SME"),
        ({"other_info_terms": "No Fees"}, "other terms: ours not said; theirs No Fees"),
        (
            {"receiving_last_academic_year_id": "2029/2030"},
            "last academic year: ours 2028/2029; theirs 2029/2030",
        ),
    ],
)
def test_a_difference_is_said_in_words(fields: dict[str, object], says: str) -> None:
    assert between([condition()], [condition(**fields)]) == [f"{WHERE}: {says}"]


def test_conditions_are_found_again_wherever_they_stand() -> None:
    mine = [condition(), condition(**BACK), condition("staff-teacher"), condition("staff-training")]
    other = [mine[3], mine[1], mine[2], condition(mobilities_per_year="4")]
    assert between(mine, other) == [
        f"student studies from {OURS} to {THEIRS} (our condition 1, their condition 4): "
        "mobilities per year: ours 2; theirs 4"
    ]


def test_a_condition_is_compared_with_the_one_that_it_is_most_like() -> None:
    mine = [condition(subject_area=area("0714")), condition(subject_area=area("0231"))]
    other = [
        condition(subject_area=area("0231"), mobilities_per_year="5"),
        condition(subject_area=area("0714"), mobilities_per_year="6"),
    ]
    assert [said.partition(": ")[2] for said in between(mine, other)] == [
        "mobilities per year: ours 2; theirs 6",
        "mobilities per year: ours 2; theirs 5",
    ]


def test_a_condition_that_only_one_copy_has_is_told_with_what_it_says() -> None:
    [said] = between([condition()], [condition(), condition("staff-training", **BACK)])
    assert said == (
        f"staff training from {THEIRS} to {OURS} (their condition 2): the condition: "
        "ours not said; theirs first academic year 2025/2026; last academic year 2028/2029; "
        "mobilities per year 2; language skills en B2; subject areas 0714; days per year 5"
    )


def test_the_same_condition_twice_is_not_the_same_condition_once() -> None:
    assert len(between([condition()], [condition(), condition()])) == 1


def test_what_is_not_yet_defined_says_just_that() -> None:
    def marked(number: str) -> str:
        return condition(mobilities_per_year=number).replace(
            "<mobilities-per-year", '<mobilities-per-year not-yet-defined="1"'
        )

    assert between([marked("1")], [marked("9")]) == []
    [said] = between([marked("2")], [condition()])
    assert said.endswith("mobilities per year: ours not yet defined; theirs 2")


def test_codes_that_stand_for_the_same_code_of_version_6_are_the_same() -> None:
    def coded(code: str, before: str = "71") -> str:
        return condition(subject_area=f'<isced-f-code v6-value="{before}">{code}</isced-f-code>')

    assert between([coded("0714")], [coded("0719")]) == []
    assert between([coded("0714")], [condition()]) == []
    assert len(between([coded("0714")], [coded("0719", "72")])) == 1


# --- the agreement and its partners --------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs", "says"),
    [
        ({"in_effect": "true"}, {"in_effect": "0"}, "agreement: in effect: ours yes; theirs no"),
        (
            {"mark": ' terminated-as-a-whole="1"'},
            {},
            "agreement: terminated as a whole: ours yes; theirs no",
        ),
        (
            {"partners": MINE},
            {"partners": (partner(THEIRS, "B-7", "DE 7"), partner(OURS, "iia-9"))},
            f"partner {OURS}: iia-id: ours iia-1; theirs iia-9",
        ),
        (
            {"partners": MINE},
            {"partners": (partner(THEIRS, "B-7", "DE 8"), partner())},
            f"partner {THEIRS}: iia-code: ours DE 7; theirs DE 8",
        ),
        (
            {},
            {"partners": (partner("third.example"), partner())},
            f"agreement: partners: ours {OURS}, {THEIRS}; theirs {OURS}, third.example",
        ),
    ],
)
def test_a_difference_of_the_agreement_is_said(
    ours: dict[str, str], theirs: dict[str, str], says: str
) -> None:
    found = compared(agreement(**ours), agreement(**theirs))  # type: ignore[arg-type]
    assert [str(each) for each in found.differences] == [says]


def test_an_id_that_only_one_copy_gives_is_remarked_and_is_no_difference() -> None:
    mine = agreement(partners=(partner(), partner(THEIRS, None, None)))
    other = agreement(partners=(partner(THEIRS, "B-7", None), partner()), in_effect="1")
    found = compared(mine, other)
    assert found.same
    assert found.remarks == [f"partner {THEIRS}: only theirs gives the iia-id: B-7"]


def test_agreements_of_two_files_are_matched_by_an_id_and_the_last_by_its_partners() -> None:
    def copies(*pairs: tuple[tuple[str, str | None], tuple[str, str | None]]) -> bytes:
        return document(
            *(agreement(partners=(partner(*one), partner(*other))) for one, other in pairs)
        )

    mine = copies(
        ((OURS, "A0"), (THEIRS, "B0")),
        ((OURS, "A1"), (THEIRS, None)),
        ((OURS, "A2"), (THEIRS, "B2")),
    )
    other = copies(
        ((THEIRS, "B2"), (OURS, None)),
        ((THEIRS, "B9"), (OURS, None)),
        ((THEIRS, "B0"), (OURS, "A0")),
    )
    found = compare_files(read(mine), read(other))
    assert [(each.ours, each.theirs, each.same) for each in found] == [
        ("A0", "B0", True),
        ("A1", "B9", True),
        ("A2", "B2", True),
    ]


def test_agreements_whose_ids_say_that_they_are_others_are_not_matched() -> None:
    mine = document(agreement(partners=MINE), agreement(partners=(partner(), partner("x.example"))))
    other = document(agreement(partners=(partner(THEIRS, "B-8"), partner(OURS, "iia-8"))))
    found = compare_files(read(mine), read(other))
    assert [(each.ours, each.theirs) for each in found] == [
        ("iia-1", None),
        ("iia-1", None),
        (None, "B-8"),
    ]


def test_an_agreement_that_the_other_file_lacks_is_a_difference() -> None:
    mine = document(agreement(), agreement(partners=(partner(iia_id="A2"), partner("x.example"))))
    found = compare_files(read(mine), read(document(agreement())))
    assert [(each.ours, each.theirs, each.same) for each in found] == [
        ("iia-1", "iia-1", True),
        ("A2", None, False),
    ]


def test_thousands_of_conditions_that_all_differ_are_compared_in_time() -> None:
    mine = [condition(mobilities_per_year=str(number)) for number in range(1, 1500)]
    other = [condition(mobilities_per_year=str(number)) for number in range(5001, 6500)]
    before = time.process_time()
    assert len(between(mine, other)) == 1499
    assert time.process_time() - before < 20


# --- properties ----------------------------------------------------------------------------------

CONDITIONS = st.lists(
    st.builds(
        lambda kind, back, people, levels, languages: condition(
            kind,
            mobilities_per_year=str(people),
            recommended_language_skill=[skill(each) for each in languages],
            **({"eqf_level": levels} if kind.startswith("student") else {}),
            **(BACK if back else {}),
        ),
        st.sampled_from(["student-studies", "student-traineeship", "staff-teacher"]),
        st.booleans(),
        st.integers(1, 4),
        st.lists(st.sampled_from("678"), max_size=3),
        st.lists(st.sampled_from(["en", "de", "vi"]), min_size=1, max_size=3),
    ),
    min_size=1,
    max_size=6,
)


def respelt(written: str, seed: int) -> str:
    """The same condition by another hand: other forms of numbers, booleans, languages, ids."""
    rng = random.Random(seed)
    for old, new in (
        (r"<(mobilities-per-year)>(\d)", r"<\1>0\2"),
        (r"<(total-[a-z-]+)>(\d+)<", r"<\1>\2.0<"),
        (r"<blended>false", "<blended>0"),
        (r"<language>(en|de|vi)", lambda found: f"<language>{found[1].upper()}-XX"),
        (re.escape(OURS), OURS.upper()),
    ):
        if rng.random() < 0.7:
            written = re.sub(old, new, written)
    for name in ("recommended-language-skill", "eqf-level"):
        each = re.findall(f"<{name}>.*?</{name}>", written)
        if each:
            written = written.replace("".join(each), "".join(rng.sample(each, len(each))))
    return written


@given(CONDITIONS, st.integers())
def test_whatever_the_order_and_the_spelling_the_meaning_is_the_same(
    mine: list[str], seed: int
) -> None:
    other = [respelt(each, seed) for each in random.Random(seed).sample(mine, len(mine))]
    assert between(mine, other) == []


@given(CONDITIONS, CONDITIONS)
def test_what_differs_from_ours_differs_from_theirs(mine: list[str], other: list[str]) -> None:
    one = compared(agreement(*mine, partners=MINE), agreement(*other, partners=OTHER))
    another = compared(agreement(*other, partners=OTHER), agreement(*mine, partners=MINE))
    said = sorted((each.field, str(each.ours), str(each.theirs)) for each in one.differences)
    back = sorted((each.field, str(each.theirs), str(each.ours)) for each in another.differences)
    assert len(said) == len(back)
    assert one.same == another.same
