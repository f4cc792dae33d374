"""What was exported can be imported again: nothing changes, and nothing runs in a spreadsheet."""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.program.client import Client
from services.program.importing import import_file
from services.program.registers import REGISTERS
from services.program.spreadsheets import Sheet
from shared.sheets.cells import Codes, Date, Isced, Kind, Many, Number, One, Parts, Plain, YesNo
from shared.sheets.layout import Layout
from shared.sheets.writing import MEDIA, Format, writer
from tests.support.office import at_hand, built, clients_of

TRICKY = st.sampled_from(
    ["=1+1", "-5", "+84 24", "@x", "'", "#1", "a; b|c, d", "\\", "Hà Nội", "x\ny"]
)
TEXTS = TRICKY | st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)


def values(kind: Kind) -> st.SearchStrategy[Any]:
    """What may be in a record, by the kind of its column."""
    simple: dict[type[Any], st.SearchStrategy[Any]] = {
        Plain: TEXTS if kind.name != "country" else st.just("VN"),
        YesNo: st.booleans(),
        Date: st.sampled_from(["2019", "2019-05", "2019-05-14"]),
        Isced: st.just("0714"),
    }
    if isinstance(kind, Number):
        return st.integers(0, 10**6) if kind.whole else st.sampled_from([20, 28.5])
    if isinstance(kind, Codes):
        return st.sampled_from(kind.codes)
    if isinstance(kind, Many):
        return st.lists(values(kind.kind), min_size=1, max_size=3)
    if isinstance(kind, One):
        return values(kind.kind)
    if isinstance(kind, Parts):
        first, *others = kind.parts.items()
        return st.fixed_dictionaries(
            {first[0]: values(first[1])}, optional={name: values(each) for name, each in others}
        )
    return simple[type(kind)]


def records(layout: Layout) -> st.SearchStrategy[dict[str, Any]]:
    plain = {
        column.name: values(column.kind)
        for column in layout.columns.values()
        if not column.where and "." not in column.of and column.name != "ref"
    }
    return st.fixed_dictionaries({"ref": TEXTS}, optional=plain)


@settings(max_examples=60)
@given(data=st.data(), layout=st.sampled_from(list(REGISTERS.values())))
@pytest.mark.parametrize("form", MEDIA)
def test_any_record_comes_back_from_its_row(
    form: Format, data: st.DataObject, layout: Layout, tmp_path_factory: pytest.TempPathFactory
) -> None:
    told = data.draw(st.lists(records(layout), min_size=1, max_size=4))
    folder = tmp_path_factory.mktemp("rows")
    file = folder / f"sheet.{form}"
    rows = writer(form, folder=folder, title="rows")
    with file.open("wb") as out:
        out.write(rows.add([layout.heading("en")]))
        out.write(rows.add(layout.row(record) for record in told))
        out.writelines(rows.end())
    read = [layout.body(row.cells) | {"ref": row.cells["ref"]} for row in Sheet(file, layout)]
    assert read == told


@pytest.fixture
async def http(
    make_database: Callable[..., Awaitable[str]], tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """A coordinator of all units, before the agreements service on a real database."""
    given = {"database_url": await make_database("agreements"), "kafka_servers": "127.0.0.1:9"}
    async with (
        at_hand(built("agreements", tmp_path, **given)) as service,
        clients_of(service) as make,
    ):
        yield make()


async def partner(http: httpx.AsyncClient, name: str, **more: Any) -> None:
    told = {"unit": "hust", "kind": "university", "name": name, "country": "JP"} | more
    answer = await http.post("/agreements/partners", json=told)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("form", MEDIA)
async def test_an_export_imported_again_changes_nothing(
    http: httpx.AsyncClient, tmp_path: Path, form: str
) -> None:
    await partner(http, "=cmd|' /C calc'!A0", aliases=["-1; x", "+2|y"], note="@home")
    await partner(http, "Nagaoka", ref="#7", second_country={"country": "VN", "relation": "parent"})
    answer = await http.get("/agreements/partners", params={"format": form, "language": "vi"})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="partners.{form}"'
    file = tmp_path / f"partners.{form}"
    file.write_bytes(answer.content)
    before = (await http.get("/agreements/partners")).json()
    verdicts = await import_file(Client(http), "partners", file)
    assert [(each.outcome, each.why) for each in verdicts] == [("unchanged", "")] * 2
    assert (await http.get("/agreements/partners")).json() == before


async def test_no_cell_of_an_export_is_a_formula(http: httpx.AsyncClient) -> None:
    await partner(http, "=1+1", note="\u2028-2")
    answer = await http.get("/agreements/partners?format=csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert lines[1][3] == "'=1+1"
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in lines[1])
    answer = await http.get("/agreements/partners?format=xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert (sheet["D2"].value, sheet["D2"].data_type) == ("=1+1", "s")


async def test_an_export_has_what_the_lists_filters_leave_over_all_its_pages(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.sheets.exporting._PAGE", 2)
    for number in range(5):
        await partner(http, f"Partner {number}", ref=f"P-{number}")
    await partner(http, "Elsewhere", country="DE")
    answer = await http.get("/agreements/partners?format=csv&country=JP&limit=1")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines] == ["Ref", *(f"P-{n}" for n in range(5))]
    empty = await http.get("/agreements/partners?format=csv&country=FI")
    assert len(empty.text.splitlines()) == 1


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("format=pdf", 422, "format"),
        ("format=csv&language=fr", 422, "language"),
        ("format=csv&unit=nowhere", 422, "unit"),
        ("format=csv&cuontry=JP", 422, "cuontry"),
    ],
)
async def test_an_export_is_refused_as_its_list_is(
    http: httpx.AsyncClient, query: str, status: int, field: str
) -> None:
    answer = await http.get(f"/agreements/partners?{query}")
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_without_a_token_nothing_is_exported(http: httpx.AsyncClient) -> None:
    answer = await http.get("/agreements/partners?format=csv", headers={"authorization": ""})
    assert answer.status_code == 401


async def test_exports_and_templates_are_described(http: httpx.AsyncClient, tmp_path: Path) -> None:
    document = (await http.get("/agreements/openapi.json")).json()
    operation = document["paths"]["/agreements/partners"]["get"]
    assert {"format", "language"} <= {each["name"] for each in operation["parameters"]}
    assert "text/csv" in operation["responses"]["200"]["content"]
    answer = await http.get("/agreements/templates/partners?language=zh")
    file = tmp_path / "template.xlsx"
    file.write_bytes(answer.content)
    assert Sheet(file, REGISTERS["partners"]).heading[0] == "编号"
    assert (await http.get("/agreements/templates/nothing")).status_code == 404
    assert (await http.get("/agreements/partners?format=json")).json() == {
        "items": [],
        "next": None,
    }
