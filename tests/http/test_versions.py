"""A change can name the version that its sender has seen; a reader hears only what is new."""

import importlib
import json
import re
from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import insert

from shared.documents import Register
from tests.http.conftest import Desk
from tests.http.descriptions import SERVICES, example_of, operations
from tests.support.tiny_service import refused

PARTNER = {"unit": "hust", "kind": "university", "name": "Nagaoka University", "country": "JP"}
_ID = "0" * 26


@pytest.fixture
async def office(desk: Desk) -> httpx.AsyncClient:
    return (await desk("agreements"))[1]


async def _partner(office: httpx.AsyncClient) -> str:
    answer = await office.post("/agreements/partners", json=PARTNER)
    assert answer.headers["etag"] == '"1"'
    return f"/agreements/partners/{answer.json()['id']}"


async def _rename(office: httpx.AsyncClient, partner: str, name: str, **headers: str) -> Any:
    said = {"name": name, "on": "2024-12-02"}
    headers = {key.replace("_", "-"): value for key, value in headers.items()}
    return await office.post(f"{partner}/names", json=said, headers=headers)


async def test_of_two_who_saw_the_same_version_one_is_told_that_it_has_changed(
    office: httpx.AsyncClient,
) -> None:
    partner = await _partner(office)
    seen = (await office.get(partner)).headers["etag"]
    first = await _rename(office, partner, "Nagaoka Tech", if_match=seen)
    assert (first.status_code, first.headers["etag"]) == (200, '"2"')
    second = await _rename(office, partner, "NUT", if_match=seen)
    problem = refused(second, 412, "version-differs", "If-Match")
    assert problem["detail"] == "the partner is at version 2 now: load it, and decide again"
    assert (await office.get(partner)).json()["name"] == "Nagaoka Tech"


@pytest.mark.parametrize("tags", ["*", '"1"', '"7", "1"', 'W/"1"', '"1-gzip"'])
async def test_a_change_is_made_to_any_of_the_versions_named(
    office: httpx.AsyncClient, tags: str
) -> None:
    answer = await _rename(office, await _partner(office), "Nagaoka Tech", if_match=tags)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("headers", "field"),
    [
        ({"if_match": "1"}, "If-Match"),
        ({"if_match": ""}, "If-Match"),
        ({"if_match": '"1" "2"'}, "If-Match"),
        ({"if_match": '"1"', "if_none_match": "*"}, "If-Match"),
        ({"if_none_match": '"1"'}, "If-None-Match"),
    ],
)
async def test_a_precondition_that_cannot_be_read_is_refused_and_not_passed_over(
    office: httpx.AsyncClient, headers: dict[str, str], field: str
) -> None:
    answer = await _rename(office, await _partner(office), "Nagaoka Tech", **headers)
    refused(answer, 400, "precondition-malformed", field)


async def test_a_precondition_where_no_record_is_named_is_refused_and_not_passed_over(
    office: httpx.AsyncClient,
) -> None:
    answer = await office.post("/agreements/partners", json=PARTNER, headers={"if-match": '"1"'})
    refused(answer, 422, "version-not-compared", "If-Match")
    assert (await office.get("/agreements/partners")).json()["items"] == []


async def test_a_record_can_be_put_on_condition_that_it_is_new_or_that_it_is_known(
    office: httpx.AsyncClient,
) -> None:
    path, new, known = "/agreements/records/partners/P-1", {"if-none-match": "*"}, {"if-match": "*"}
    refused(await office.put(path, json=PARTNER, headers=known), 412, "version-differs", "If-Match")
    assert (await office.put(path, json=PARTNER, headers=new)).status_code == 201
    again = await office.put(path, json=PARTNER, headers=new)
    refused(again, 412, "record-exists", "If-None-Match")
    assert (await office.put(path, json=PARTNER, headers=known)).status_code == 200


async def test_a_request_sent_again_under_its_key_is_answered_the_same_though_the_version_is_past(
    office: httpx.AsyncClient,
) -> None:
    partner = await _partner(office)
    headers = {"if_match": '"1"', "idempotency_key": "k-1"}
    first = await _rename(office, partner, "Nagaoka Tech", **headers)
    again = await _rename(office, partner, "Nagaoka Tech", **headers)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == first.content


@pytest.mark.parametrize(
    ("tags", "status"), [('"1"', 304), ("*", 304), ('W/"1"', 304), ('"2"', 200)]
)
async def test_who_has_the_version_is_told_so_without_the_record(
    office: httpx.AsyncClient, tags: str, status: int
) -> None:
    answer = await office.get(await _partner(office), headers={"if-none-match": tags})
    assert (answer.status_code, answer.headers["etag"]) == (status, '"1"')
    assert bool(answer.content) == (status == 200)


# --- every change of every service ---------------------------------------------------------------


@pytest.mark.parametrize("service", SERVICES)
async def test_every_change_of_a_record_is_refused_where_another_version_is_named(
    desk: Desk, service: str
) -> None:
    at, client = await desk(service)
    async with at.database.connect() as connection:
        for register in _registers(service):
            await connection.execute(insert(register.table).values(_row(register)))
    changes = [each for each in operations(service) if "If-Match" in _headers(each[2])]
    passed_over = {}
    for method, path, operation in changes:
        body = _with_what_is_there(example_of(service, operation))
        answer = await client.request(
            method,
            _filled(service, path),
            params=_needed(operation),
            content=b"%PDF-1.7\n%%EOF\n" if body is None else json.dumps(body),
            headers={"if-match": '"999"', "content-type": "application/json"},
        )
        if answer.status_code != 412:
            passed_over[f"{method} {path}"] = answer.text
    assert changes
    assert not passed_over


def _with_what_is_there(example: Any) -> Any:
    """The example, naming the one partner, and so on, that is there."""
    named = {"P": "partner", "A": "stay"}  # a visit can lead to a stay, of which it need not hear
    said = re.sub(r"ref:([PA])-\d+", lambda ref: f"{named[ref[1]]}-{_ID}", json.dumps(example))
    return json.loads(said)


def _needed(operation: dict[str, Any]) -> dict[str, str]:
    needed = [each for each in operation.get("parameters", ()) if each["required"]]
    values = {"unit": "hust", "year": "2024"}
    return {each["name"]: values.get(each["name"], "x") for each in needed if each["in"] == "query"}


def _headers(operation: dict[str, Any]) -> set[str]:
    return {each["name"] for each in operation.get("parameters", ()) if each["in"] == "header"}


def _registers(service: str) -> list[Register[Any]]:
    store = vars(importlib.import_module(f"services.{service}.store"))
    return list({id(each): each for each in store.values() if isinstance(each, Register)}.values())


_FILLED: dict[str, Any] = {
    "BOOLEAN": False,
    "DATE": date(2024, 1, 1),
    "INTEGER": 2024,
    "JSONB": {},
    "TEXT": "",
}


def _row(register: Register[Any]) -> dict[str, Any]:
    """What can be found and locked; what is in it is read of partners only."""
    needed = {
        column.name: _FILLED.get(type(column.type).__name__.upper(), [])
        for column in register.table.c
        if not column.nullable
    }
    row = {"id": f"{register.kind}-{_ID}", "version": 7, "ref": "R-1", "unit": "hust"}
    return needed | row | ({"document": PARTNER} if register.kind == "partner" else {})


def _filled(service: str, path: str) -> str:
    """The address of the record that is there: `{partner}` -> `partner-0...`."""
    values = {"ref": "R-1", "follow_up": "1", "unit": "hust", "year": "2024"}
    for name in re.findall(r"{(\w+)}", path):
        kinds = [each.kind for each in _registers(service)]
        kind = next((each for each in kinds if each in path.replace("agreements/", "", 1)), name)
        values.setdefault(name, f"{kind}-{_ID}")
    return path.format_map(values)
