"""Files of rows: what a person sees in them, and what is said of those that cannot be read."""

import datetime
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from services.program.registers import REGISTERS
from services.program.spreadsheets import Sheet, SheetUnreadable, xlsx_lines
from shared.sheets.layout import CellUnreadable
from shared.sheets.template import template

PARTNERS = REGISTERS["partners"]
MOBILITIES = REGISTERS["mobilities"]
HEAD = ("ref", "unit", "kind", "name", "country")
LINE = ("A-1", "hust", "university", "Shibaura", "JP")

Write = Callable[[xlsxwriter.Workbook], None]


def text_of(*lines: tuple[str, ...]) -> str:
    return "".join(",".join(line) + "\n" for line in lines)


def read(path: Path) -> list[dict[str, str]]:
    return [dict(row.cells) for row in Sheet(path, PARTNERS)]


@pytest.fixture
def csv_of(tmp_path: Path) -> Callable[..., Path]:
    def make(content: str | bytes, encoding: str = "utf-8") -> Path:
        file = tmp_path / "sheet.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return file

    return make


@pytest.fixture
def xlsx_of(tmp_path: Path) -> Callable[[Write], Path]:
    def make(write: Write) -> Path:
        file = tmp_path / "sheet.xlsx"
        with xlsxwriter.Workbook(str(file)) as book:
            write(book)
        return file

    return make


def test_a_workbook_gives_what_a_person_sees_in_it(xlsx_of: Callable[[Write], Path]) -> None:
    def write(book: xlsxwriter.Workbook) -> None:
        hidden, sheet = book.add_worksheet("old"), book.add_worksheet("rows")
        hidden.write_row(0, 0, ["this", "is", "none", "of", "ours"])
        hidden.hide()
        sheet.activate()
        sheet.set_first_sheet()
        head = ["Ref", "Đơn vị", "Person ref", "DIRECTION", "who", "类型", "Planned From"]
        sheet.write_row(0, 0, [*head, "planned_until", "actual from", "paid", "Virtual days"])
        sheet.write_row(1, 0, [1001, "hust", "s-1", "ra", "student", "exchange-study"])
        day = datetime.datetime(2019, 5, 14)  # noqa: DTZ001 cells have no zone
        for column, code in ((6, "dd/mm/yyyy"), (7, "mmm yyyy"), (8, "yyyy")):
            sheet.write_datetime(1, column, day, book.add_format({"num_format": code}))
        sheet.write_boolean(1, 9, True)
        sheet.write_number(1, 10, 12)

    (row,) = Sheet(xlsx_of(write), MOBILITIES)
    assert row.number == 2
    assert dict(row.cells) == {
        "ref": "1001",
        "unit": "hust",
        "person_ref": "s-1",
        "direction": "ra",
        "who": "student",
        "kind": "exchange-study",
        "planned_from": "2019-05-14",
        "planned_until": "2019-05",
        "actual_from": "2019",
        "paid": "yes",
        "virtual_days": "12",
    }
    body = MOBILITIES.body(row.cells)
    assert (body["direction"], body["planned_until"]) == ("out", "2019-05")


@pytest.mark.parametrize("language", ["en", "vi", "zh"])
def test_a_template_in_any_language_is_read_back_with_all_its_columns(
    tmp_path: Path, language: str
) -> None:
    for name, layout in REGISTERS.items():
        file = tmp_path / f"{name}.xlsx"
        file.write_bytes(template(layout, language))  # type: ignore[arg-type]
        filled = openpyxl.load_workbook(file)
        for at, column in enumerate(layout.columns, start=1):
            filled.worksheets[0].cell(2, at).value = layout.example.get(column)
        assert filled.worksheets[1].max_row > len(layout.columns)
        filled.save(file)
        (row,) = Sheet(file, layout)
        assert dict(row.cells) == dict(layout.example)


def test_openpyxls_workbooks_are_read_with_their_shared_and_inline_texts(tmp_path: Path) -> None:
    file = tmp_path / "sheet.xlsx"
    book = openpyxl.Workbook()
    book.active.append(HEAD)  # type: ignore[union-attr]
    book.active.append((*LINE[:3], "Hà Nội_x000D_ & <b>", "VN"))  # type: ignore[union-attr]
    book.save(file)
    assert read(file)[0]["name"].endswith("& <b>")


def test_comments_and_empty_rows_are_passed_over_and_numbers_stay_those_of_the_file(
    csv_of: Callable[..., Path],
) -> None:
    content = "# of 2019\n" + text_of(HEAD, (), LINE, ("", "", "", "", ""))
    (row,) = Sheet(csv_of("\ufeff" + content), PARTNERS)
    assert (row.number, row.cells["name"]) == (4, "Shibaura")


def test_columns_that_begin_with_a_hash_are_passed_over(csv_of: Callable[..., Path]) -> None:
    (row,) = read(csv_of(text_of((*HEAD, "#error"), (*LINE, "refused"))))
    assert row == dict(zip(HEAD, LINE, strict=True))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_of_other_programs_is_read(
    csv_of: Callable[..., Path], encoding: str, delimiter: str
) -> None:
    content = text_of(HEAD, LINE).replace(",", delimiter)
    assert read(csv_of(content, encoding))[0]["name"] == "Shibaura"


def test_an_encoding_that_is_named_is_read(csv_of: Callable[..., Path]) -> None:
    file = csv_of(text_of(HEAD, (*LINE[:3], "清华大学", "CN")), "gb18030")
    (row,) = Sheet(file, PARTNERS, encoding="gb18030")
    assert row.cells["name"] == "清华大学"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        ("ref,name\nA,Hà Nội\n".encode("cp1258", "replace"), "is not UTF-8.*--encoding, as cp1258"),
        ("ref,name\nA,清华\n".encode("gb18030"), "is not UTF-8.*gb18030"),
        (text_of((*HEAD, "Tên"), (*LINE, "B")), "'name' stands twice"),
        (text_of(HEAD, (*LINE, "C")), "more cells than the heading"),
        (text_of(("ref", "unit", "kind", "Naem", "country")), "did you mean .*[Nn]ame"),
        (text_of((*HEAD, "shoe size")), "column F, 'shoe size', is none of partners"),
        (text_of(HEAD[:4]), "'country' is missing"),
        (text_of((*HEAD, "", "note"), (*LINE, "x", "y")), "'x' stands in column F, which has no"),
        (text_of(HEAD, (*LINE[:4], '"JP')), "is a quote not closed"),
        (text_of(HEAD, tuple("x" * 1_000_001)), "at most 1000 columns|a line of over"),
        (b"ref," + b"x" * 2_000_000, "a line of over"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    csv_of: Callable[..., Path], content: str | bytes, says: str
) -> None:
    with pytest.raises(SheetUnreadable, match=says):
        Sheet(csv_of(content), PARTNERS)


def head_and(more: Callable[[xlsxwriter.Workbook, xlsxwriter.worksheet.Worksheet], None]) -> Write:
    def write(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, LINE)
        more(book, sheet)

    return write


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (head_and(lambda _, sheet: sheet.merge_range("D2:D5", "One name")), "D2:D5 are merged"),
        (head_and(lambda _, sheet: sheet.write("XFD2", "x")), "cell in column XFD"),
    ],
)
def test_a_workbook_that_cannot_be_meant_says_why(
    xlsx_of: Callable[[Write], Path], write: Write, says: str
) -> None:
    with pytest.raises(SheetUnreadable, match=says):
        Sheet(xlsx_of(write), PARTNERS)


def test_a_merged_title_over_the_heading_does_no_harm(xlsx_of: Callable[[Write], Path]) -> None:
    def write(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.merge_range("A1:E1", "# Partners of 2025")
        sheet.write_row(1, 0, HEAD)
        sheet.write_row(2, 0, LINE)

    assert len(read(xlsx_of(write))) == 1


@pytest.mark.parametrize("cell", ["=1/0", "#REF!"])
def test_a_cell_that_shows_an_error_is_named(
    xlsx_of: Callable[[Write], Path], csv_of: Callable[..., Path], cell: str
) -> None:
    def more(_: object, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.write_formula("D2", cell, value="#DIV/0!")

    files = (
        [xlsx_of(head_and(more))]
        if cell[0] == "="
        else [csv_of(text_of(HEAD, (*LINE[:3], cell, "JP")))]
    )
    (row,) = Sheet(files[0], PARTNERS)
    with pytest.raises(CellUnreadable, match=r"name: holds #") as refused:
        row.checked()
    assert refused.value.column == "name"


def test_a_zip_that_would_unpack_to_gigabytes_is_refused_unread(
    xlsx_of: Callable[[Write], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    good = xlsx_of(head_and(lambda *_: None))
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(good) as before, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            blanks = b" " * (20 * 2**20) if name.endswith("sheet1.xml") else b""
            after.writestr(name, before.read(name) + blanks)
    assert bomb.stat().st_size < 200_000
    monkeypatch.setattr(xlsx_lines, "MOST_UNPACKED", 10 * 2**20)
    with pytest.raises(SheetUnreadable, match="would be 20 MiB; at most 10 are read"):
        Sheet(bomb, PARTNERS)


def test_what_is_no_spreadsheet_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "sheet.xlsx"
    file.write_bytes(b"this is not a workbook")
    with pytest.raises(SheetUnreadable, match="no XLSX"):
        Sheet(file, PARTNERS)
    with zipfile.ZipFile(file, "w") as empty:
        empty.writestr("hello.txt", "hello")
    with pytest.raises(SheetUnreadable, match="cannot be read"):
        Sheet(file, PARTNERS)
    with pytest.raises(SheetUnreadable, match="cannot be read"):
        Sheet(tmp_path / "missing.xlsx", PARTNERS)
    with pytest.raises(SheetUnreadable, match="cannot be read"):
        Sheet(tmp_path / "missing.csv", PARTNERS)


def test_entities_in_a_workbook_are_not_expanded(
    xlsx_of: Callable[[Write], Path], tmp_path: Path
) -> None:
    good = xlsx_of(head_and(lambda *_: None))
    laughing = tmp_path / "laughing.xlsx"
    with zipfile.ZipFile(good) as before, zipfile.ZipFile(laughing, "w") as after:
        for name in before.namelist():
            text = before.read(name)
            if name.endswith("sharedStrings.xml"):
                dtd = b'<!DOCTYPE sst [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n<sst'
                text = text.replace(b"<sst", dtd, 1).replace(b"Shibaura", b"&a;x")
            after.writestr(name, text)
    assert "root:" not in str([row.cells for row in Sheet(laughing, PARTNERS)])
