"""Checked: what is wrong is named with its line, its path and what to do."""

import re

import pytest

from services.agreements.gateways.ewp.checking import check
from services.agreements.gateways.ewp.documents import NAMESPACE, read
from services.agreements.gateways.ewp.findings import Finding
from services.agreements.gateways.ewp.hashing import hash_of
from tests.agreements.ewp.documents import (
    OURS,
    SAMPLES,
    THEIRS,
    agreement,
    condition,
    document,
    of,
    partner,
    sample,
)

FIRST, LAST = "receiving_first_academic_year_id", "receiving_last_academic_year_id"
CONTACT = "https://github.com/erasmus-without-paper/ewp-specs-types-contact/tree/stable-v1"


def found(received: bytes, *, local: str | None = None) -> list[Finding]:
    """What is found but for the hash, which these documents do not care for."""
    return [each for each in check(read(received), local=local) if each.code != "hash-differs"]


def codes(received: bytes) -> list[str]:
    return [each.code for each in found(received)]


@pytest.mark.parametrize("name", sorted(path.stem for path in SAMPLES.glob("*.xml")))
def test_every_stored_document_is_valid_with_its_hash(name: str) -> None:
    assert check(read(sample(name))) == []


def test_a_document_of_all_kinds_of_conditions_is_valid() -> None:
    kinds = ("student-studies", "student-traineeship", "staff-teacher", "staff-training")
    assert (
        found(
            document(
                agreement(*map(condition, kinds)),
                agreement(partners=(partner(iia_id="2"), partner(THEIRS, None, None))),
            )
        )
        == []
    )


def area(code: str) -> str:
    return f"<isced-f-code>{code}</isced-f-code>"


def skill(language: str, level: str) -> str:
    return f"<language>{language}</language><cefr-level>{level}</cefr-level>"


FORBIDDEN = [
    ("isced-f-not-four-digits", "isced-f-code", {"subject_area": area("714")}),
    ("isced-f-not-four-digits", "isced-f-code", {"subject_area": area("07.14")}),
    (
        "academic-year-malformed",
        "receiving-first-academic-year-id",
        {"receiving_first_academic_year_id": "2025"},
    ),
    ("language-skill-missing", "subject-area", {"recommended_language_skill": None}),
    ("schema-value", "mobilities-per-year", {"mobilities_per_year": "0"}),
    ("schema-value", "mobilities-per-year", {"mobilities_per_year": "two"}),
    ("schema-value", "total-months-per-year", {"total_months_per_year": "1.125"}),
    ("schema-value", "total-months-per-year", {"total_months_per_year": "5,5"}),
    ("schema-value", "blended", {"blended": "yes"}),
    ("schema-value", "eqf-level", {"eqf_level": "9"}),
    ("schema-value", "cefr-level", {"recommended_language_skill": skill("en", "b2")}),
    ("schema-value", "language", {"recommended_language_skill": skill("e n", "B2")}),
    ("schema-value", "sending-ounit-id", {"sending_ounit_id": "M\u00fcller 1"}),
    ("schema-element", "eqf-level", {"blended": None}),
    ("schema-element", "total-days-per-year", {"total_days_per_year": "5"}),
]


@pytest.mark.parametrize(("code", "part", "fields"), FORBIDDEN)
def test_what_the_schemas_forbid_is_named(code: str, part: str, fields: dict[str, str]) -> None:
    must_be_named(code, part, condition(**fields))


@pytest.mark.parametrize(
    ("code", "part", "old", "new"),
    [
        ("schema-attribute", "subject-area/@new", "<subject-area", '<subject-area new="1"'),
        (
            "schema-value",
            "mobilities-per-year/@not-yet-defined",
            "<mobilities-per-year",
            '<mobilities-per-year not-yet-defined="soon"',
        ),
        (
            "schema-value",
            "isced-f-code/@v6-value",
            "<isced-f-code",
            '<isced-f-code v6-value="0714"',
        ),
    ],
)
def test_a_mark_that_the_schemas_forbid_is_named(code: str, part: str, old: str, new: str) -> None:
    must_be_named(code, part, condition().replace(old, new, 1))


def test_teaching_without_a_language_is_named_even_where_nothing_follows() -> None:
    bare = condition(
        "staff-teacher",
        recommended_language_skill=None,
        subject_area=None,
        total_days_per_year=None,
    )
    must_be_named("language-skill-missing", "staff-teacher-mobility-spec", bare)


def must_be_named(code: str, part: str, written: str) -> None:
    finding = next(each for each in found(document(agreement(written))) if each.code == code)
    assert finding.severity == "error"
    assert finding.path.startswith("/iias-get-response/iia/cooperation-conditions/")
    assert re.sub(r"\[\d+\]$", "", finding.path).endswith(f"/{part}")
    assert finding.what
    assert finding.do
    assert "{" not in finding.what + finding.do


def test_a_finding_says_the_line_and_which_of_its_kind_it_is() -> None:
    second = condition(mobilities_per_year="-1").replace("><", ">\n<")
    received = document(agreement(condition(), second))
    [finding] = found(received)
    assert (
        received.splitlines()[finding.line - 1] == b"<mobilities-per-year>-1</mobilities-per-year>"
    )
    assert finding.path == (
        "/iias-get-response/iia/cooperation-conditions/student-studies-mobility-spec[2]"
        "/mobilities-per-year"
    )
    assert finding.what == "'-1' cannot stand in `mobilities-per-year`"


def test_lines_are_right_beyond_the_65535th() -> None:
    long = "<!--" + "\n" * 70_000 + "-->"
    received = document(agreement(condition(mobilities_per_year="0")), before=long)
    assert [each.line for each in found(received)] == [70_001]


@pytest.mark.parametrize("partners", [(), (partner(), partner(THEIRS), partner("x.example"))])
def test_two_partners_are_asked_for_no_more_and_no_less(partners: tuple[str, ...]) -> None:
    received = document(agreement(partners=(partner(), *partners)))
    assert "partners-not-two" in codes(received)


@pytest.mark.parametrize("iia_id", ["", "with blank", "x" * 65, "\u00fcber"])
def test_an_id_is_up_to_64_printable_characters_of_ascii(iia_id: str) -> None:
    received = document(agreement(partners=(partner(iia_id=iia_id), partner(THEIRS))))
    assert codes(received)[0] == "iia-id-malformed"


def test_a_finding_repeats_nothing_of_a_person() -> None:
    name = f'<contact-name xmlns="{CONTACT}">A</contact-name>'
    contact = f'{name}<email xmlns="{CONTACT}">Secret Name</email>'
    [finding] = found(document(agreement(condition(sending_contact=contact))))
    assert finding.path.endswith("/sending-contact/email")
    assert "Secret" not in str(finding)


@pytest.mark.parametrize(
    ("root", "says"),
    [
        (f'<iias-get-response xmlns="{NAMESPACE.replace("v7", "v6")}"/>', "version 6"),
        ("<iias-get-response/>", "no namespace"),
        ("<html><body/></html>", "`html`"),
        (f'<iia xmlns="{NAMESPACE}"/>', "`iia`"),
    ],
)
def test_another_document_is_told_what_it_is(root: str, says: str) -> None:
    [finding] = check(read(root.encode()))
    assert (finding.code, finding.severity) == ("schema-document", "error")
    assert says in finding.what


# --- beyond the schemas --------------------------------------------------------------------------


UNUSUAL = "PL WARSZAW01"
BEYOND: list[tuple[str, str, str]] = [
    (
        "partner-twice",
        "error",
        agreement(
            " ",
            partners=(partner(), partner(OURS, "2")),
            mark=' terminated-as-a-whole="true"',
        ),
    ),
    (
        "hei-id-not-schac",
        "warning",
        agreement(condition(sending_hei_id=UNUSUAL), partners=(partner(UNUSUAL), partner(THEIRS))),
    ),
    (
        "first-partner-without-iia-id",
        "error",
        agreement(partners=(partner(iia_id=None), partner(THEIRS))),
    ),
    (
        "first-partner-without-iia-code",
        "error",
        agreement(partners=(partner(code=None), partner(THEIRS))),
    ),
    ("conditions-missing", "warning", agreement(" ")),
    ("condition-partner-unknown", "error", agreement(condition(receiving_hei_id="third.example"))),
    ("condition-without-direction", "error", agreement(condition(receiving_hei_id=OURS))),
    ("academic-year-impossible", "error", agreement(condition(**{LAST: "2026/2028"}))),
    ("academic-years-reversed", "error", agreement(condition(**{LAST: "2024/2025"}))),
    ("academic-years-of-two-schemes", "warning", agreement(condition(**{LAST: "2026/2026"}))),
    (
        "condition-twice",
        "warning",
        agreement(condition(), condition(total_months_per_year="10.0")),
    ),
    ("total-exceeds-the-year", "warning", agreement(condition(total_months_per_year="25"))),
    ("eqf-level-unusual", "warning", agreement(condition(eqf_level="3"))),
    ("isced-f-unknown", "warning", agreement(condition(subject_area=area("1234")))),
    ("mark-not-true", "error", agreement(mark=' terminated-as-a-whole="false"')),
    (
        "mark-on-a-draft",
        "warning",
        agreement(mark=' terminated-as-a-whole="true"', in_effect="false"),
    ),
    ("iia-id-used-again", "error", agreement() + agreement(condition("staff-training"))),
    (
        "local-partner-not-first",
        "warning",
        agreement() + agreement(partners=(partner(THEIRS, "9"), partner())),
    ),
]


@pytest.mark.parametrize(("code", "severity", "written"), BEYOND)
def test_what_practice_asks_is_checked_beyond_the_schemas(
    code: str, severity: str, written: str
) -> None:
    assert [(each.code, each.severity) for each in found(document(written))] == [(code, severity)]


def test_years_of_the_south_are_years() -> None:
    south = {
        "receiving_first_academic_year_id": "2026/2026",
        "receiving_last_academic_year_id": "2028/2028",
    }
    assert found(document(agreement(condition(**south)))) == []


def test_whose_copy_it_is_can_be_asked_for() -> None:
    received = document(agreement())
    assert found(received, local=OURS.upper()) == []
    [finding] = found(received, local=THEIRS)
    assert (finding.code, finding.severity) == ("local-partner-not-first", "error")


def test_a_hash_of_another_text_is_shown_with_the_one_that_is_right() -> None:
    received = document(agreement())
    right = hash_of(of().iias[0])
    [finding] = check(read(received))
    assert (finding.code, finding.severity) == ("hash-differs", "warning")
    assert right in finding.do
    assert check(read(document(agreement(hash_=right)))) == []
