"""The hash: of the text as it is written. The expected texts are written out by hand."""

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.agreements.gateways.ewp.documents import read
from services.agreements.gateways.ewp.hashing import hash_of, text_to_hash
from tests.agreements.ewp.documents import (
    OURS,
    THEIRS,
    agreement,
    condition,
    document,
    of,
    partner,
    sample,
)

EVERY_ELEMENT = (
    "_iia-id_1=b6f1c2d0-!~_"
    "_iia-id_2=_"
    "_cooperation-conditions.student-studies-mobility-spec.sending-hei-id=hust.example.vn_"
    "_cooperation-conditions.student-studies-mobility-spec.sending-ounit-id=SME_"
    "_cooperation-conditions.student-studies-mobility-spec.receiving-hei-id=uni.example.de_"
    "_cooperation-conditions.student-studies-mobility-spec.receiving-ounit-id=FB-07_"
    "_cooperation-conditions.student-studies-mobility-spec.mobilities-per-year=02_"
    "_student-studies-mobility-spec.recommended-language-skill.language=EN-gb_"
    "_student-studies-mobility-spec.recommended-language-skill.cefr-level=B2_"
    "_recommended-language-skill.subject-area.isced-f-code=0714_"
    "_recommended-language-skill.subject-area.isced-clarification=_"
    "_student-studies-mobility-spec.recommended-language-skill.language=de_"
    "_student-studies-mobility-spec.subject-area.isced-f-code=0714_"
    "_student-studies-mobility-spec.subject-area.isced-f-code=0061_"
    "_student-studies-mobility-spec.subject-area.isced-clarification= Robots & <arms> _"
    "_cooperation-conditions.student-studies-mobility-spec.other-info-terms="
    "Line one\n  line two\tGr\u00f6\u00dfe_"
    "_cooperation-conditions.student-studies-mobility-spec.total-months-per-year=05.00_"
    "_cooperation-conditions.student-studies-mobility-spec.blended=1_"
    "_cooperation-conditions.student-studies-mobility-spec.eqf-level=7_"
    "_cooperation-conditions.student-studies-mobility-spec.eqf-level=06_"
    "_receiving-first-academic-year-id=2025/2026_"
    "_receiving-last-academic-year-id=2028/2029_"
    "_cooperation-conditions.student-traineeship-mobility-spec.sending-hei-id=uni.example.de_"
    "_cooperation-conditions.student-traineeship-mobility-spec.receiving-hei-id=hust.example.vn_"
    "_cooperation-conditions.student-traineeship-mobility-spec.mobilities-per-year=1_"
    "_cooperation-conditions.student-traineeship-mobility-spec.blended=false_"
    "_receiving-first-academic-year-id=2026/2026_"
    "_receiving-last-academic-year-id=2026/2026_"
    "_cooperation-conditions.staff-teacher-mobility-spec.sending-hei-id=hust.example.vn_"
    "_cooperation-conditions.staff-teacher-mobility-spec.receiving-hei-id=uni.example.de_"
    "_cooperation-conditions.staff-teacher-mobility-spec.mobilities-per-year=3_"
    "_staff-teacher-mobility-spec.recommended-language-skill.language=en_"
    "_staff-teacher-mobility-spec.recommended-language-skill.cefr-level=C1_"
    "_cooperation-conditions.staff-teacher-mobility-spec.total-days-per-year=13.5_"
    "_receiving-first-academic-year-id=2025/2026_"
    "_receiving-last-academic-year-id=2025/2026_"
    "_cooperation-conditions.staff-training-mobility-spec.sending-hei-id=uni.example.de_"
    "_cooperation-conditions.staff-training-mobility-spec.receiving-hei-id=hust.example.vn_"
    "_cooperation-conditions.staff-training-mobility-spec.mobilities-per-year=1_"
    "_receiving-first-academic-year-id=2025/2026_"
    "_receiving-last-academic-year-id=2026/2027_"
)
APPROVED_IN_VERSION_6 = (
    "_iia-id_1=6-1_"
    "_iia-id_2=6-2_"
    "_cooperation-conditions.student-studies-mobility-spec.sending-hei-id=hust.example.vn_"
    "_cooperation-conditions.student-studies-mobility-spec.receiving-hei-id=uni.example.de_"
    "_student-studies-mobility-spec.subject-area.isced-f-code=71_"
    "_cooperation-conditions.student-studies-mobility-spec.blended=false_"
    "_receiving-first-academic-year-id=2021/2022_"
    "_receiving-last-academic-year-id=2027/2028_"
)
TERMINATED = "_@terminated-as-a-whole@__iia-id_1=T1__iia-id_2=_"
THE_ONE_AFTER_IT = (
    "_iia-id_1=T2_"
    "_iia-id_2=U2_"
    "_cooperation-conditions.staff-training-mobility-spec.sending-hei-id=uni.example.de_"
    "_cooperation-conditions.staff-training-mobility-spec.receiving-hei-id=hust.example.vn_"
    "_cooperation-conditions.staff-training-mobility-spec.mobilities-per-year=1_"
    "_receiving-first-academic-year-id=2025/2026_"
    "_receiving-last-academic-year-id=2025/2026_"
)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("every-element", [EVERY_ELEMENT]),
        ("approved-in-version-6", [APPROVED_IN_VERSION_6]),
        ("terminated", [TERMINATED, THE_ONE_AFTER_IT]),
    ],
)
def test_the_hash_is_of_the_text_written_out_here(name: str, texts: list[str]) -> None:
    iias = read(sample(name)).iias
    assert [text_to_hash(iia) for iia in iias] == texts
    hashes = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    assert [hash_of(iia) for iia in iias] == hashes == [iia.stated_hash for iia in iias]


def hash_with(**fields: object) -> str:
    return hash_of(of(condition(**fields)).iias[0])


PLAIN = hash_with()


@pytest.mark.parametrize(
    "fields",
    [
        {"total_months_per_year": "05.00"},
        {"mobilities_per_year": "02"},
        {"blended": "0"},
        {"sending_hei_id": f" {OURS}"},
        {"sending_hei_id": OURS.upper()},
        {"recommended_language_skill": "<language>EN</language><cefr-level>B2</cefr-level>"},
        {"eqf_level": ["7", "6"]},
        {"receiving_last_academic_year_id": "2029/2030"},
        {"subject_area": "<isced-f-code v6-value='71'>0714</isced-f-code>"},
        {"other_info_terms": ""},
    ],
)
def test_the_hash_changes_with_every_character(fields: dict[str, object]) -> None:
    assert hash_with(**fields) != PLAIN


@pytest.mark.parametrize(
    "fields",
    [
        {"sending_contact": "<contact-name>A</contact-name>"},
        {"receiving_contact": ["<contact-name>A<x/></contact-name>", "<y><z>1</z></y>"]},
        {"mobilities_per_year": "2<!-- at most -->"},
        {"mobilities_per_year": "<![CDATA[2]]>"},
    ],
)
def test_contacts_comments_and_cdata_are_no_part_of_the_hash(fields: dict[str, object]) -> None:
    assert hash_with(**fields) == PLAIN


def test_what_is_not_yet_defined_is_left_out_whatever_it_is() -> None:
    def text(mark: str, number: str) -> str:
        written = condition(mobilities_per_year=number).replace(
            "<mobilities-per-year>", f"<mobilities-per-year{mark}>"
        )
        return text_to_hash(of(written).iias[0])

    marked = [
        text(f' not-yet-defined="{true}"', number) for true in ("true", "1") for number in "39"
    ]
    assert len(set(marked)) == 1
    assert "mobilities-per-year" not in marked[0]
    assert text(' not-yet-defined="false"', "3") == text("", "3") != marked[0]


def test_a_value_of_version_6_stands_for_the_code_that_replaced_it() -> None:
    def coded(code: str) -> str:
        return hash_with(subject_area=f'<isced-f-code v6-value="071">{code}</isced-f-code>')

    assert coded("0714") == coded("0713")


@pytest.mark.parametrize(("mark", "counts"), [("true", 1), ("1", 1), ("false", 0), ("0", 0)])
def test_only_what_is_terminated_says_so_in_its_text(mark: str, counts: int) -> None:
    text = text_to_hash(of(mark=f' terminated-as-a-whole="{mark}"').iias[0])
    assert text.count("_@terminated-as-a-whole@_") == counts


def test_the_ids_of_both_are_in_the_hash_in_their_order() -> None:
    def of_partners(*partners: str) -> str:
        return hash_of(read(document(agreement(partners=(partners[0], partners[1])))).iias[0])

    mine, other = partner(), partner(THEIRS, "B-7")
    hashes = {
        of_partners(mine, other),
        of_partners(other, mine),
        of_partners(mine, partner(THEIRS, None)),
        of_partners(mine, partner(THEIRS, "B-8")),
    }
    assert len(hashes) == 4
    coded = of_partners(partner(code="another code"), other)
    assert coded in hashes  # codes, names and contacts of partners are not


CONTACTS = [f"<contact-name>{name}</contact-name>" for name in "ABCD"]
KINDS = ["student-studies", "student-traineeship", "staff-teacher", "staff-training"]


@given(
    contacts=st.permutations(CONTACTS),
    kinds=st.lists(st.sampled_from(KINDS), min_size=2, max_size=5),
    seed=st.integers(),
)
def test_the_order_of_contacts_is_nothing_and_the_order_of_conditions_is(
    contacts: list[str], kinds: list[str], seed: int
) -> None:
    conditions = [
        condition(kind, mobilities_per_year=str(number), sending_contact=CONTACTS)
        for number, kind in enumerate(kinds, start=1)
    ]
    other_contacts = [
        condition(kind, mobilities_per_year=str(number), sending_contact=contacts)
        for number, kind in enumerate(kinds, start=1)
    ]
    shuffled = random.Random(seed).sample(conditions, len(conditions))
    first = hash_of(of(*conditions).iias[0])
    assert hash_of(of(*other_contacts).iias[0]) == first
    assert (hash_of(of(*shuffled).iias[0]) == first) == (shuffled == conditions)


@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="<&"), max_size=40)
)
def test_a_text_is_hashed_as_it_was_written(text: str) -> None:
    made = text_to_hash(of(condition(other_info_terms=text)).iias[0])
    assert f"_cooperation-conditions.student-studies-mobility-spec.other-info-terms={text}_" in made
