"""What a cell means, what is said of one that means nothing, and that writing is reading back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.sheets.cells import Codes, Date, Isced, Kind, Many, Number, One, Parts, Plain, YesNo
from shared.sheets.naming import Words, folded, nearest
from shared.sheets.writing import guarded, signs_of, unguarded

WORDS = Words({"university": ("trường đại học", "大学"), "company": ("doanh nghiệp", "企业")})
KINDS = Codes(("university", "company"), WORDS)
NAMES = Many(Parts({"name": Plain(), "on": Date(), "years": Many(Plain(), ",")}))


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        (Plain(), "a; b | c", "a; b | c"),
        (Plain("country"), "jp", "JP"),
        (YesNo(), "Có", True),
        (YesNo(), "KHÔNG", False),
        (YesNo(), "是", True),
        (Number(whole=True), "2019.0", 2019),
        (Number(), "28.5", 28.5),
        (Date(), "2019", "2019"),
        (Date(), "2019.0", "2019"),
        (Date(), "2019/5/4", "2019-05-04"),
        (Date(), "2019年5月14日", "2019-05-14"),
        (Date(), "2019年", "2019"),
        (Isced(), "0714", "0714"),
        (KINDS, "Truong dai hoc", "university"),
        (KINDS, "企业", "company"),
        (KINDS, "UNIVERSITY", "university"),
        (Many(Plain()), "hust; hust/me;", ["hust", "hust/me"]),
        (Many(Plain()), r"a\; b; c\d; e\\", ["a; b", r"c\d", "e\\"]),
        (
            NAMES,
            "A|2019; B||x, y",
            [{"name": "A", "on": "2019"}, {"name": "B", "years": ["x", "y"]}],
        ),
        (One(Parts({"a": Plain(), "b": Plain()})), r"x\|y | z", {"a": "x|y", "b": "z"}),
    ],
)
def test_a_cell_is_read_as_it_is_meant(kind: Kind, cell: str, value: Any) -> None:
    assert kind.read(cell) == value


@pytest.mark.parametrize(
    ("kind", "cell", "says"),
    [
        (YesNo(), "perhaps", "yes or no"),
        (Number(whole=True), "many", "a whole number"),
        (Number(), "many", "a number"),
        (Date(), "43599", "as Excel counts it .2019-05-14 perhaps"),
        (Date(), "14/05/2019", "2019-05-14, 2019-05 or 2019"),
        (Date(), "2019-02-30", "no day"),
        (Isced(), "711", "0711 perhaps, whose zero was lost"),
        (Isced(), "711.0", "0711 perhaps"),
        (KINDS, "universty", "did you mean university"),
        (NAMES, "A|someday", "on: expected a date"),
        (NAMES, "A|2019|x|y", "at most 3 parts: name . on . years"),
        (One(Parts({"a": Plain()})), "x; y", "one value"),
    ],
)
def test_a_cell_of_a_wrong_shape_says_what_was_expected(kind: Kind, cell: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        kind.read(cell)


TEXTS = st.text(
    st.characters(exclude_categories=("C", "Z")) | st.sampled_from(" \\;|,'"), min_size=1
)
SAID = TEXTS.map(str.strip).filter(bool)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"name": SAID},
            optional={"on": st.just("2019-05"), "years": st.lists(SAID, min_size=1)},
        )
    )
)
def test_what_is_written_into_a_cell_is_read_from_it(items: list[dict[str, Any]]) -> None:
    assert NAMES.read(NAMES.write(items)) == items


@given(st.text())
@pytest.mark.parametrize("column", [0, 1])
def test_no_cell_of_csv_begins_a_formula_and_reading_undoes_the_guard(
    column: int, text: str
) -> None:
    signs = signs_of("csv", column=column)
    written = guarded(text, signs)
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unguarded(written, signs) == text


@pytest.mark.parametrize("text", ["=1+1", "'=1", "-5", "@x", "#1"])
def test_signs_of_formulas_come_back(text: str) -> None:
    signs = signs_of("csv", column=0)
    assert guarded(text, signs) == f"'{text}"
    assert unguarded(f"'{text}", signs) == text


def test_names_are_alike_without_case_accents_and_blanks() -> None:
    assert folded("Đơn vị") == folded("don_vi") == "donvi"
    assert nearest("Contry", ["country", "name", "kind"]) == ["country"]
