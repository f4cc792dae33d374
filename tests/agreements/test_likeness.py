"""How alike names are: what must be taken for one, what must not, and how often it goes wrong."""

import pytest

from benchmarks.names import bodies, find, true_pairs
from services.agreements.domain.likeness import PROPOSED, Called, likeness


def score(one: str, other: str) -> int:
    return likeness(Called(one, ("JP",)), Called(other, ("JP",))).score


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nagaoka University of Technology", "Nagoaka Univ. of Technology"),
        ("Nagaoka University of Technology", "Technology, Univ. of Nagaoka"),
        ("Trường Đại học Thủy lợi", "Thuyloi University"),
        ("Politechnika Łódzka", "politechnika lodzka"),
        ("Universität Gießen", "UNIVERSITAET GIESSEN"),
        ("長岡技術科学大学", "长冈技术科学大学"),
        ("서울대학교", "서울 대학교"),
        ("Московский государственный университет", "Московский государственый университет"),
        ("มหาวิทยาลัยเชียงใหม่", "มหาวิทยาลัย เชียงใหม่"),
        ("दिल्ली विश्वविद्यालय", "दिल्ली विश्वविद्यालय."),
        ("جامعة القاهرة", "جامعة القاهره"),
        ("トヨタ自動車株式会社", "(株)トヨタ自動車"),
        ("Hanoi University of Science and Technology", "HUST"),
    ],
)
def test_what_is_one_is_proposed(one: str, other: str) -> None:
    assert score(one, other) >= PROPOSED


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Boston College", "Boston University"),
        ("Universität Hamburg", "Technische Universität Hamburg"),
        ("Université Paris 8", "Université Paris 13"),
        ("長岡技術科学大学", "長岡大学"),
        ("北京大学", "北京师范大学"),
        ("서울대학교", "서울시립대학교"),
        ("Hunan University", "Henan University"),
        ("Hanoi University of Science", "Hanoi University of Science and Technology"),
        ("University of California, Davis", "University of California, Berkeley"),
    ],
)
def test_what_is_two_is_not_proposed(one: str, other: str) -> None:
    assert score(one, other) < PROPOSED


def test_other_ids_of_one_giver_and_another_kind_speak_against_it() -> None:
    def called(kind: str = "university", **ids: str) -> Called:
        given = {scheme: frozenset({value}) for scheme, value in ids.items()}
        return Called("Northeastern University", ("CN",), kind=kind, ids=given)

    one, other = called(ror="03awzbc87"), called(ror="04t5xt781")
    assert likeness(one, one).score == 100
    assert likeness(one, other).score < PROPOSED
    assert "ror ids differ" in likeness(one, other).reason
    assert likeness(called(), called("company")).score == 95


def test_made_up_names_in_many_scripts_are_found_and_few_wrong_ones_are_proposed() -> None:
    entries = bodies(2026, 2_000)
    true = true_pairs(entries)
    proposed = {pair for pair, score in find(entries).items() if score >= PROPOSED}
    right = len(proposed & true.keys())
    assert len(true) > 250
    assert right / len(true) >= 0.90, "recall"
    assert right / len(proposed) >= 0.85, "precision"


def test_the_same_seed_makes_the_same_names() -> None:
    assert bodies(7, 300) == bodies(7, 300)
    assert bodies(7, 300) != bodies(8, 300)
