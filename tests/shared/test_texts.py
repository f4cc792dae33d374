"""Words with limits: cleaned first, then measured."""

import sys
import unicodedata
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.texts import CountryCode, IscedField, Line, PersonRef, Text, UnitPath

_LINE: TypeAdapter[str] = TypeAdapter(Line)
_TEXT: TypeAdapter[str] = TypeAdapter(Text)


def _takes(kind: TypeAdapter[str], value: str) -> bool:
    try:
        kind.validate_python(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("words", [_LINE, _TEXT])
@pytest.mark.parametrize("blank", ["", " ", "\n\t ", "\u00a0\u3000", "\u2028"])
def test_a_text_of_blanks_is_no_text(words: TypeAdapter[str], blank: str) -> None:
    with pytest.raises(ValidationError, match="at least 1 character"):
        words.validate_python(blank)


@pytest.mark.parametrize(("words", "most"), [(_LINE, 500), (_TEXT, 8000)])
def test_only_what_is_kept_of_a_text_counts_towards_its_limit(
    words: TypeAdapter[str], most: int
) -> None:
    longest = "ệ" * most
    decomposed = unicodedata.normalize("NFD", f"  {longest}\n")
    assert words.validate_python(decomposed) == longest
    with pytest.raises(ValidationError, match=f"at most {most} characters"):
        words.validate_python(longest + "e")


def test_exactly_control_surrogate_and_override_characters_are_refused() -> None:
    overriding = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    expected, refused = set(), set()
    for character in map(chr, range(sys.maxunicode + 1)):
        control = unicodedata.category(character) in {"Cc", "Cs"} and character not in "\n\t"
        if control or character in overriding:
            expected.add(character)
        if not _takes(_TEXT, f"a{character}b"):
            refused.add(character)
    assert refused == expected


def test_a_text_may_have_paragraphs_and_any_script() -> None:
    text = "Đại học\n\n\t東京\u200f עברית"
    assert _TEXT.validate_python(text) == text


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (CountryCode, "VN", ["vn", "VNM", "V", "VN\n"]),
        (UnitPath, "hust/me-2", ["", "/hust", "hust/", "hust//me", "HUST", "a" * 201, "hust\n"]),
        (PersonRef, "hr:7f3a_09.b-c", ["", "Nguyen Van A", "a@example.org", "a" * 65]),
        (IscedField, "0715", ["715", "07150", "071a"]),
    ],
)
def test_a_code_has_its_form_and_no_other(kind: Any, right: str, wrong: list[str]) -> None:
    kind = TypeAdapter(kind)
    assert _takes(kind, right)
    assert [each for each in wrong if _takes(kind, each)] == []


def test_the_limits_are_published_in_the_schema() -> None:
    assert _LINE.json_schema() == {"type": "string", "minLength": 1, "maxLength": 500}
    assert _TEXT.json_schema() == {"type": "string", "minLength": 1, "maxLength": 8000}


@pytest.mark.parametrize("value", [None, 7, ["a"]])
def test_what_is_no_text_is_refused_as_such(value: object) -> None:
    with pytest.raises(ValidationError, match="valid string"):
        _LINE.validate_python(value)
