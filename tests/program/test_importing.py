"""Sheets into a running service: a verdict for each row, and nothing kept that was only tried."""

import csv
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from services.program.client import Client
from services.program.filing import write_result
from services.program.importing import import_file, import_sheet
from services.program.ledger import Ledger, Verdict
from services.program.registers import REGISTERS
from services.program.spreadsheets import Sheet
from tests.support.office import at_hand, built, clients_of

HEAD = "ref,unit,kind,name,country,illustrative"


@pytest.fixture
async def client(
    make_database: Callable[..., Awaitable[str]], tmp_path: Path
) -> AsyncIterator[Client]:
    """A coordinator of all units, before the agreements service on a real database."""
    settings = {"database_url": await make_database("agreements"), "kafka_servers": "127.0.0.1:9"}
    async with (
        at_hand(built("agreements", tmp_path, **settings)) as service,
        clients_of(service) as make,
    ):
        yield Client(make())


@pytest.fixture
def sheet_of(tmp_path: Path) -> Callable[..., Path]:
    def make(*lines: str, name: str = "sheet.csv") -> Path:
        file = tmp_path / name
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return file

    return make


def said(verdicts: list[Verdict]) -> list[tuple[int, str, str]]:
    return [(each.row, each.outcome, each.field) for each in verdicts]


async def partners(client: Client) -> list[dict[str, Any]]:
    return list((await client.get("/agreements/partners", limit=500))["items"])


async def tried(client: Client, kind: str, file: Path) -> list[Verdict]:
    layout = REGISTERS[kind]
    with Ledger() as ledger:
        await import_sheet(client, Sheet(file, layout), layout, ledger, dry_run=True)
        return list(ledger.verdicts())


SEEDED = (
    HEAD,
    "J-1,hust,university,Good University,FI,yes",
    "J-2,hust,castle,Bad Kind,FI,yes",
    "J-3,hust,university,Bad Country,Finland,yes",
    "J-5,hust,university,Bad Flag,FI,perhaps",
    "J-6,nowhere,university,Bad Unit,FI,",
    'J-7,hust,university,"Bad\x01Letter",FI,',
    "J-8,hust,university,,FI,",
    "J-9,hust,university,Good Too,FI,",
)
JUDGED = [
    (2, "created", ""),
    (3, "refused", "kind"),
    (4, "refused", "country"),
    (5, "refused", "illustrative"),
    (6, "refused", "unit"),
    (7, "refused", "name"),
    (8, "refused", "name"),
    (9, "created", ""),
]


async def test_each_bad_row_is_named_and_the_good_ones_are_kept(
    client: Client, sheet_of: Callable[..., Path]
) -> None:
    file = sheet_of(*SEEDED)
    assert said(await tried(client, "partners", file)) == JUDGED
    assert await partners(client) == []
    assert said(await import_file(client, "partners", file)) == JUDGED
    assert [each["ref"] for each in await partners(client)] == ["J-1", "J-9"]
    again = await import_file(client, "partners", file)
    assert {each.outcome for each in again} == {"unchanged", "refused"}
    assert len(await partners(client)) == 2


async def test_a_row_without_a_ref_is_known_by_what_it_says(
    client: Client, sheet_of: Callable[..., Path]
) -> None:
    file = sheet_of(HEAD, ",hust,university,No Ref,FI,", ",hust,university,No Ref,FI,")
    first = await import_file(client, "partners", file)
    assert [each.outcome for each in first] == ["created", "unchanged"]
    assert "has no ref" in first[0].warnings[0]
    again = await import_file(client, "partners", file)
    assert [each.outcome for each in again] == ["unchanged", "unchanged"]
    assert len(await partners(client)) == 1


AGREEMENTS = (
    "ref,unit,kind,title,parties,status,signed_on,valid_from,supersedes",
    "A-3,hust,exchange,Third,hust|ours; ref:P|theirs,in-force,2021,2021,ref:A-2",
    "A-2,hust,exchange,Second,hust|ours; ref:P|theirs,superseded,2019,2019,ref:A-1",
    "A-1,hust,exchange,First,hust|ours; ref:P|theirs,superseded,2017,2017,",
    "A-0,hust,exchange,Lost,hust|ours; ref:P|theirs,in-force,2017,2017,ref:A-9",
)


async def test_rows_may_name_later_rows_of_the_same_sheet(
    client: Client, sheet_of: Callable[..., Path]
) -> None:
    await import_file(client, "partners", sheet_of(HEAD, "P,hust,university,Partner,FI,"))
    file = sheet_of(*AGREEMENTS)
    judged = [(2, "created", ""), (3, "created", ""), (4, "created", "")]
    judged.append((5, "refused", "supersedes"))
    assert said(await tried(client, "agreements", file)) == judged
    assert (await client.get("/agreements"))["items"] == []
    assert said(await import_file(client, "agreements", file)) == judged
    kept = {each["ref"]: each for each in (await client.get("/agreements"))["items"]}
    assert kept["A-3"]["supersedes"] == kept["A-2"]["id"]
    assert kept["A-2"]["supersedes"] == kept["A-1"]["id"]


async def test_a_ranking_names_its_partners_by_any_id(
    client: Client, sheet_of: Callable[..., Path]
) -> None:
    await import_file(
        client,
        "partners",
        sheet_of(
            "ref,unit,kind,name,country,identifiers",
            "P,hust,university,Nagaoka,JP,schac|nagaokaut.ac.jp",
        ),
    )
    file = sheet_of(
        "Đối tác,ranking,edition,published_on,position,position_until",
        "schac:nagaokaut.ac.jp,QS,2026,2025-06-19,801,850",
        "P,the,2025,2024-10-09,1201,1500",
        "Q,the,2025,2024-10-09,1,",
    )
    verdicts = await import_file(client, "rankings", file)
    assert said(verdicts) == [(2, "changed", ""), (3, "changed", ""), (4, "refused", "")]
    assert "partner-unknown" in verdicts[2].why
    assert len((await partners(client))[0]["rankings"]) == 2


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_the_result_has_the_rows_as_they_were_and_can_be_mended_and_imported(
    client: Client, sheet_of: Callable[..., Path], tmp_path: Path, form: str
) -> None:
    layout = REGISTERS["partners"]
    sheet = Sheet(sheet_of("# mine", *SEEDED[:4]), layout)
    result = tmp_path / f"result.{form}"
    with Ledger() as ledger:
        await import_sheet(client, sheet, layout, ledger)
        write_result(sheet, ledger, result)
    rows = list(Sheet(result, layout))
    assert [row.line[:6] for row in rows] == [line.split(",") for line in SEEDED[1:4]]
    assert [row.line[6:8] for row in rows] == [
        ["created"],
        ["refused", "kind"],
        ["refused", "country"],
    ]
    assert "expected one of university" in rows[1].line[8]
    if form == "csv":
        lines = list(csv.reader(result.read_text(encoding="utf-8-sig").splitlines()))
        lines[2][2], lines[3][4] = "university", "FI"
        mended = [line[:6] + ["x"] * 4 for line in lines]
        mended[0] = lines[0]
        file = sheet_of(*(",".join(line) for line in mended), name="mended.csv")
        assert [each.outcome for each in await import_file(client, "partners", file)] == [
            "unchanged",
            "created",
            "created",
        ]


async def test_the_examples_of_the_templates_can_be_imported(
    client: Client, sheet_of: Callable[..., Path]
) -> None:
    for name, layout in REGISTERS.items():
        if layout.service != "agreements" or name == "rankings":
            continue
        cells = {"unit": "hust"} | dict(layout.example)
        line = ",".join(f'"{cell}"' for cell in cells.values())
        (verdict,) = await import_file(client, name, sheet_of(",".join(cells), line))
        assert (verdict.outcome, verdict.why) == ("created", ""), name


async def test_a_change_that_was_only_tried_is_not_kept(client: Client) -> None:
    told = {"unit": "hust", "kind": "university", "name": "Tried", "country": "FI"}
    answer = await client.post("/agreements/partners", told, dry_run="true")
    assert answer["name"] == "Tried"
    answer = await client.put("/agreements/records/partners/T-1", told, dry_run="true")
    assert answer["outcome"] == "created"
    assert await partners(client) == []
