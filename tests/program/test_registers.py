"""Rows of spreadsheets: what a cell means, and what is said of one that means nothing."""

import datetime
import re
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from services.program.registers import REGISTERS, CellUnreadable, body_of
from services.program.spreadsheets import SheetUnreadable, read_rows

PAGE = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", REGISTERS)
def test_the_page_names_every_column_of_every_register(name: str) -> None:
    page = (PAGE / "spreadsheets.md").read_text(encoding="utf-8")
    section = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
    common = {"unit", "shared_with", "illustrative", "note"}
    named = set(re.findall(r"`([a-z_.]+)`", section))
    assert set(REGISTERS[name].columns) - common - named == set()


def visit(**cells: str) -> dict[str, Any]:
    return body_of(REGISTERS["visits"], cells)


def test_several_values_and_their_parts_are_read_in_order() -> None:
    body = visit(members="1 | dean | Griffith University | AU; 3|professor", hosts="hust; hust/me")
    assert body["members"] == [
        {"count": 1, "role": "dean", "organization": "Griffith University", "country": "AU"},
        {"count": 3, "role": "professor"},
    ]
    assert body["hosts"] == ["hust", "hust/me"]


def test_our_own_members_stand_among_the_members() -> None:
    body = visit(members="2|student", our_members="10|student")
    assert [member.get("ours") for member in body["members"]] == [None, True]


def test_an_empty_part_is_not_said() -> None:
    body = body_of(REGISTERS["partners"], {"rankings": "qs|2026|2025-06-19|45|"})
    assert body["rankings"] == [
        {"ranking": "qs", "edition": 2026, "published_on": "2025-06-19", "position": 45}
    ]


def test_a_dotted_column_reaches_into_an_object() -> None:
    stay = body_of(REGISTERS["mobilities"], {"credits.planned": "30", "credits.awarded": "28.5"})
    assert stay == {"credits": {"planned": 30, "awarded": 28.5}}


@pytest.mark.parametrize(
    ("register", "column", "cell", "says"),
    [
        ("partners", "illustrative", "perhaps", "yes or no"),
        ("partners", "rankings", "qs|best", "whole number"),
        ("partners", "second_country", "JP; KR", "one value"),
        ("partners", "color", "red", "no such column"),
        ("mobilities", "credits.planned", "many", "a number"),
        ("visits", "report", "2019|x|y", "at most 2 parts"),
    ],
)
def test_a_cell_of_a_wrong_shape_is_named_with_what_was_expected(
    register: str, column: str, cell: str, says: str
) -> None:
    with pytest.raises(CellUnreadable, match=says) as refused:
        body_of(REGISTERS[register], {column: cell})
    assert refused.value.column == column


def test_a_spreadsheet_gives_what_a_person_sees_in_it(tmp_path: Path) -> None:
    file = tmp_path / "sheet.xlsx"
    book = xlsxwriter.Workbook(str(file), {"default_date_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["Ref", "Starts On", "Illustrative", "Virtual Days"])
    sheet.write(1, 0, "A-1")
    sheet.write_datetime(1, 1, datetime.datetime(2019, 5, 14))  # noqa: DTZ001 cells have no zone
    sheet.write_boolean(1, 2, True)
    sheet.write_number(1, 3, 12)
    book.close()
    (row,) = read_rows(file)
    assert row.number == 2
    assert row.cells == {
        "ref": "A-1",
        "starts_on": "2019-05-14",
        "illustrative": "yes",
        "virtual_days": "12",
    }


def test_comments_and_empty_rows_are_passed_over_and_numbers_stay_those_of_the_file(
    tmp_path: Path,
) -> None:
    file = tmp_path / "sheet.csv"
    file.write_text("# of 2019\nref,name\n\nA-1,Shibaura\n,\n", encoding="utf-8-sig")
    assert [(row.number, row.cells["name"]) for row in read_rows(file)] == [(4, "Shibaura")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"ref,name,ref\nA,B,C\n", "stands twice"),
        (b"ref,name\nA,B,C\n", "more cells than the heading"),
        ("ref,name\nA,Hà Nội\n".encode("cp1258", "replace"), "is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "sheet.csv"
    file.write_bytes(content)
    with pytest.raises(SheetUnreadable, match=says):
        list(read_rows(file))


def test_what_is_no_spreadsheet_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "sheet.xlsx"
    file.write_bytes(b"this is not a workbook")
    with pytest.raises(SheetUnreadable, match="cannot be read"):
        list(read_rows(file))
    with pytest.raises(SheetUnreadable, match="cannot be read"):
        list(read_rows(tmp_path / "missing.xlsx"))
