"""Units: inherited settings, and errors that name the place in the file."""

from datetime import date
from pathlib import Path

import pytest

from shared.dates import Period
from shared.errors import Rejected
from shared.reference import Reference, ReferenceInvalid

GOOD = """
units:
  - {id: hust, name: University, zone: Asia/Ho_Chi_Minh, country: VN, year: academic}
  - id: hust/me
    name: School of Mechanical Engineering
    names: [{name: Institute of Mechanical Engineering, valid_until: 2021-09}]
  - {id: hust/me/weld, name: Welding, year: calendar}
  - {id: hustle, name: Not a part, zone: Europe/Berlin, country: DE}
"""


def load(folder: Path, text: str) -> Reference:
    path = folder / "units.yaml"
    path.write_text(text, encoding="utf-8")
    return Reference.load(path)


def test_a_part_inherits_what_it_does_not_say(tmp_path: Path) -> None:
    units = load(tmp_path, GOOD)
    assert units.zone("hust/me/weld") == "Asia/Ho_Chi_Minh"
    assert units.year("hust/me", 2024) == Period(date(2024, 9, 1), date(2025, 8, 31))
    assert units.year("hust/me/weld", 2024) == Period.year(2024)


def test_a_unit_covers_its_parts_and_not_its_namesakes(tmp_path: Path) -> None:
    units = load(tmp_path, GOOD)
    assert units.below("hust") == {"hust", "hust/me", "hust/me/weld"}
    assert not units.covers("hust/me", "hust")


def test_a_unit_has_the_name_of_the_day(tmp_path: Path) -> None:
    school = load(tmp_path, GOOD).unit("hust/me")
    assert school.name_on(date(2019, 6, 1)) == "Institute of Mechanical Engineering"
    assert school.name_on(date(2024, 6, 1)) == "School of Mechanical Engineering"


def test_an_unknown_unit_is_refused_with_what_is_known(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="hust/me") as refused:
        load(tmp_path, GOOD).unit("nist", field="units.0")
    assert (refused.value.code, refused.value.field) == ("unit-unknown", "units.0")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("units: {}", "needs a list"),
        ("units: [{id: a, name: A}]", "zone"),
        ("units: [{id: a/b, name: B, zone: UTC, country: DE}]", "put 'a' before"),
        ("units: [{id: a, name: A, zone: Mars/Olympus, country: DE}]", "not a time zone"),
        ("units: [{id: A B, name: A, zone: UTC, country: DE}]", r"units\[0\].id"),
        ("units: [{id: a, name: A, zone: UTC, country: DE, colour: red}]", "colour"),
        ("units: [", "cannot be read"),
    ],
)
def test_a_faulty_file_is_refused_naming_the_place(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ReferenceInvalid, match=says):
        load(tmp_path, text)
