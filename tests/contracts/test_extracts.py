"""Full extracts of HR and the registrar, as the events that their differences imply."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import xlsxwriter
from sqlalchemy import text

from services.program.client import Client, Unreachable
from services.program.extracts.command import drafted
from services.program.extracts.mapping import Mapping_
from services.program.extracts.running import Outcome, TooMuchMissing, import_extract
from services.program.files import read_yaml
from shared.service import Service
from tests.support.office import at_hand, built, clients_of

EXCHANGES: dict[str, Any] = {
    "system": "registrar",
    "source": "/hust/registrar",
    "rows": "exchange",
    "record": "Exchange No",
    "person": {"column": "Student no", "prefix": "st:"},
    "name": ["Given name", "Family name"],
    "columns": {
        "unit": "Faculty",
        "direction": "Way",
        "partner.name": "University",
        "partner.country": "Country",
        "host_country": "Country",
        "starts_on": "From",
        "ends_on": "To",
        "departed_on": "Left",
        "funding": "Funded by",
    },
    "values": {"unit": {"ME": "hust/me"}, "direction": {"outgoing": "out", "incoming": "in"}},
    "constants": {"kind": "exchange-study", "level": "bachelor"},
    "dates": "%d/%m/%Y",
}
CONTRACTS: dict[str, Any] = {
    "system": "hr",
    "source": "/hust/hr",
    "rows": "contract",
    "record": "Contract",
    "person": {"column": "Employee", "prefix": "hr:"},
    "name": ["Name"],
    "columns": {
        "unit": "Unit",
        "role": "Role",
        "nationality": "Nationality",
        "starts_on": "Starts",
        "ends_on": "Ends",
    },
    "constants": {"term": "long"},
}
HEAD = "Exchange No;Student no;Given name;Family name;Faculty;Way;University;Country;From;To;Left"
A1 = "E-1;2016001;Lan;Canary;ME;outgoing;Shibaura IT;JP;01/10/2025;31/01/2026;"
A2 = "E-2;2016002;Nam;Canary;ME;outgoing;Shibaura IT;JP;01/02/2026;31/05/2026;"
A3 = "E-3;2016003;Ha;Canary;ME;outgoing;Shibaura IT;JP;01/02/2025;31/05/2025;"


@dataclass
class Night:
    """The office's system at night: an extract is written, and imported."""

    service: Service
    client: Client
    http: httpx.AsyncClient
    folder: Path

    async def imports(self, *rows: str, name: str = "exchanges", **options: Any) -> Outcome:
        file = self.folder / "extract.csv"
        file.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
        return await import_extract(self.client, name, file, **options)

    async def stays(self) -> list[Any]:
        answer = (await self.http.get("/mobility/stays")).json()
        return sorted(answer["items"], key=lambda stay: stay["planned_from"])


@pytest.fixture
async def night(
    make_database: Callable[..., Awaitable[str]], tmp_path: Path
) -> AsyncIterator[Night]:
    service = built("mobility", tmp_path, database_url=await make_database("mobility"))
    async with at_hand(service) as service, clients_of(service) as clients:
        http = clients(roles=["coordinator", "upstream"])
        client = Client(http)
        await client.put("/mobility/extracts/exchanges", EXCHANGES)
        await client.put("/mobility/extracts/contracts", CONTRACTS)
        yield Night(service, client, http, tmp_path)


async def test_an_extract_becomes_stays_and_the_same_again_says_nothing(night: Night) -> None:
    first = await night.imports(A1, A2)
    assert (first.difference.counts, first.events) == ({"new": 2}, {"accepted": 2})
    stays = await night.stays()
    assert [stay["status"] for stay in stays] == ["under-way", "confirmed"]
    assert stays[0]["person_ref"].startswith("st:")
    assert "2016001" not in str(stays)
    again = await night.imports(A1, A2)
    assert (again.difference.counts, again.events) == ({"unchanged": 2}, {})
    assert await night.stays() == stays


async def test_what_changed_is_told_and_what_is_cleared_is_taken_back(night: Night) -> None:
    await night.imports(A1, A2)
    left = A1 + "03/10/2025"
    longer = A2.replace("31/05/2026", "30/06/2026")
    changed = await night.imports(left, longer)
    assert changed.difference.counts == {"changed": 2}
    stays = await night.stays()
    assert [stay["actual_from"] for stay in stays] == ["2025-10-03", None]
    assert (stays[1]["planned_until"], stays[1]["extended"]) == ("2026-06-30", True)
    back = await night.imports(A1, longer)
    assert back.events == {"accepted": 1}
    assert (await night.stays())[0]["actual_from"] is None
    forth = await night.imports(left, longer)
    assert forth.events == {"accepted": 1}
    assert (await night.stays())[0]["actual_from"] == "2025-10-03"


async def test_a_row_that_is_gone_means_what_its_days_say(night: Night) -> None:
    await night.imports(A1, A2, A3)
    gone = await night.imports(allow_missing=2)
    assert gone.difference.counts == {"vanished": 2}
    past, running, coming = await night.stays()
    assert (past["status"], past["returned_early"]) == ("completed", False)
    assert (running["status"], running["returned_early"]) == ("completed", True)
    assert running["actual_until"] == "2025-11-16"
    assert coming["status"] == "withdrawn"
    assert (await night.imports()).events == {}
    back = await night.imports(A1, A2)
    assert back.difference.counts == {"changed": 2}
    _, running, coming = await night.stays()
    assert (running["status"], running["actual_until"]) == ("under-way", None)
    assert coming["status"] == "confirmed"


async def test_an_extract_that_lacks_too_much_is_refused_and_says_nothing(night: Night) -> None:
    rows = [A2.replace("E-2", f"E-{n}").replace("2016002", str(n)) for n in range(10, 30)]
    await night.imports(*rows)
    before = await night.stays()
    with pytest.raises(TooMuchMissing, match=r"lacks 3 of 20 rows .* --allow-missing 3"):
        await night.imports(*rows[:17])
    assert await night.stays() == before
    assert (await night.imports(*rows[:18])).difference.counts["vanished"] == 2
    allowed = await night.imports(*rows[:10], allow_missing=8)
    assert allowed.difference.counts["vanished"] == 8


async def test_a_dry_run_shows_the_difference_and_says_nothing(night: Night) -> None:
    shown = await night.imports(A1, dry_run=True)
    assert [told.type for told in shown.difference.changes[0].told] == [
        "upstream.registrar.exchange-registered.v1"
    ]
    assert await night.stays() == []
    assert (await night.imports(A1)).difference.counts == {"new": 1}


async def test_names_go_to_the_table_of_persons_sealed_and_into_no_event(night: Night) -> None:
    told = await night.imports(A1, A2)
    assert told.names == {"created": 2}
    person = (await night.stays())[0]["person_ref"]
    named = (await night.http.get(f"/mobility/persons/{person}")).json()
    assert named["name"] == "Lan Canary"
    async with night.service.database.connect() as connection:
        for table in ("upstream_events", "extract_rows", "extract_mappings", "journal", "stays"):
            rows = await connection.execute(text(f"select t::text from {table} t"))  # noqa: S608
            everything = str(rows.all())
            assert "Canary" not in everything
            assert "2016001" not in everything


async def test_who_was_erased_stays_erased_whatever_the_next_extract_says(night: Night) -> None:
    await night.imports(A1)
    person = (await night.stays())[0]["person_ref"]
    async with clients_of(night.service) as clients:
        operator = clients(roles=["operator"])
        answer = await operator.post("/mobility/persons/erasures", json={"refs": [person]})
        assert answer.json()["erased"] == 1
    assert (await night.imports(A1)).names == {"erased": 1}
    assert (await night.http.get(f"/mobility/persons/{person}")).status_code == 404


async def test_rows_that_contradict_each_other_or_cannot_be_read_are_refused_by_number(
    night: Night,
) -> None:
    await night.imports(A1, A2)
    bad = await night.imports(
        A1, A1.replace("31/01/2026", "28/02/2026"), A2.replace("01/02/2026", "February")
    )
    assert [(each.row, each.key, each.field) for each in bad.refused] == [
        (4, "E-2", "starts_on"),
        (3, "E-1", "record"),
    ]
    assert bad.difference.missing == []
    unknown = await night.imports(A1.replace("ME", "Law"), A2, A2)
    [refused] = unknown.refused
    assert (refused.field, "'Law'" in refused.why) == ("unit", True)
    wrong = await night.imports(A1.replace("31/01/2026", "31/01/2020"), A2)
    assert [(each.row, each.key) for each in wrong.refused] == [(2, "E-1")]
    assert (await night.stays())[0]["planned_until"] == "2026-01-31"


async def test_a_row_that_is_numbered_anew_is_the_same_stay(night: Night) -> None:
    await night.imports(A1, A2)
    anew = await night.imports(A1.replace("E-1", "N-1"), A2)
    assert (anew.difference.counts["renumbered"], anew.events) == (1, {})
    left = await night.imports(A1.replace("E-1", "N-1") + "02/10/2025", A2)
    assert left.events == {"accepted": 1}
    stays = await night.stays()
    assert [stay["actual_from"] for stay in stays] == ["2025-10-02", None]


async def test_a_run_that_died_is_finished_by_the_next_and_nothing_is_said_twice(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program dies after the events were taken and before that was noted."""
    put = Client.put

    async def dies(client: Client, path: str, body: Any, **query: Any) -> Any:
        if "items" in body and all(each["announced"] is None for each in body["items"]):
            raise Unreachable("killed here")
        return await put(client, path, body, **query)

    with monkeypatch.context() as patched:
        patched.setattr(Client, "put", dies)
        with pytest.raises(Unreachable):
            await night.imports(A1, A2)
    before = await night.stays()
    assert len(before) == 2
    back = await night.imports(A1.replace("31/01/2026", "28/02/2026"), A2)
    assert back.finished == 2
    assert back.events == {"duplicate": 2, "accepted": 1}
    assert back.difference.counts == {"changed": 1, "unchanged": 1}
    stays = await night.stays()
    assert [stay["id"] for stay in stays] == [stay["id"] for stay in before]
    assert stays[0]["planned_until"] == "2026-02-28"


async def test_of_our_own_countrymen_nothing_is_kept_not_even_the_name(night: Night) -> None:
    file = night.folder / "contracts.xlsx"
    head = ["Contract", "Employee", "Name", "Unit", "Role", "Nationality", "Starts", "Ends"]
    rows = [
        ["C-1", 17, "Ours Canary", "hust/me", "lecturer", "VN", "2024-09-01", ""],
        ["C-2", 18, "Theirs Canary", "hust/me", "lecturer", "JP", "2024-09-01", "2026-08-31"],
    ]
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([head, *rows]):
            sheet.write_row(number, 0, row)
    told = await import_extract(night.client, "contracts", file)
    assert (told.events, told.names) == ({"discarded": 1, "accepted": 1}, {"created": 1})
    again = await import_extract(night.client, "contracts", file)
    assert (again.events, again.names) == ({}, {"unchanged": 1})
    [appointment] = (await night.http.get("/mobility/appointments")).json()["items"]
    assert (appointment["nationality"], appointment["ends_on"]) == ("JP", "2026-08-31")


def test_a_draft_proposes_the_columns_that_are_like_fields_and_can_be_read(tmp_path: Path) -> None:
    text_ = drafted("exchange", ["Exchange No", "Nationality", "Level of study", "Funding body"])
    assert "nationality: Nationality" in text_
    file = tmp_path / "draft.yaml"
    file.write_text(text_.replace("record: ?", "record: No").replace("column: ?", "column: P"))
    assert Mapping_.model_validate(read_yaml(file)).columns["level"] == "Level of study"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"columns": {"surname": "Name"}}, "'surname' is no field"),
        ({"rows": "leave"}, "come from hr"),
        ({"record": None}, "say which columns"),
    ],
)
def test_a_mapping_that_cannot_be_right_is_refused(changes: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Mapping_.model_validate(EXCHANGES | changes)
