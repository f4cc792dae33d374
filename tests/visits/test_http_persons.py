"""Names of those who come along: sealed, in one table, for who met them, until they are erased."""

from typing import Any

import pytest
from sqlalchemy import text

from shared.security import Role
from shared.service import Service

NAME = "Nguyễn Văn Minh"
MEMBERS = [
    {"role": "Dean", "ours": True, "person_ref": "p-dean"},
    {"role": "Mayor", "organization": "Da Nang City", "country": "VN"},
]


@pytest.fixture
async def visit(office: Any) -> str:
    """A visit with the dean, whose name is known."""
    met: str = await office.visit(members=MEMBERS)
    await office.put("/persons/p-dean", name=NAME)
    return met


async def test_a_name_is_sealed_and_in_one_table_only(
    office: Any, service: Service, visit: str
) -> None:
    assert (await office.get(f"/{visit}/persons"))["items"] == [{"ref": "p-dean", "name": NAME}]
    async with service.database.connect() as connection:
        tables = await connection.scalars(
            text("select tablename from pg_tables where schemaname = 'public'")
        )
        for table in tables.all():
            rows = await connection.scalars(text(f"select t::text from {table} t"))  # noqa: S608
            assert "Minh" not in " ".join(rows), table
        sealed = await connection.scalar(text("select sealed from persons"))
    assert NAME.encode() not in bytes(sealed or b"")


async def test_a_name_is_forgotten_and_may_be_told_again(
    office: Any, office_of: Any, visit: str
) -> None:
    elsewhere = office_of(units=["icst"]).client
    refused = await elsewhere.delete("/visits/persons/p-dean")
    assert refused.json()["code"] == "unit-not-allowed"
    for outcome in ("changed", "unchanged"):
        answer = await office.client.delete("/visits/persons/p-dean")
        assert answer.json() == {"ref": "p-dean", "outcome": outcome}
    assert (await office.get(f"/{visit}/persons"))["items"] == []
    assert (await office.put("/persons/p-dean", name=NAME))["outcome"] == "created"


@pytest.mark.usefixtures("visit")
async def test_who_is_erased_has_no_name_and_no_calendar_and_is_counted_as_before(
    office: Any, office_of: Any, visit: str
) -> None:
    made = await office.post("/calendars", 201, person_ref="p-dean")
    before = await office.get(f"/{visit}")
    operator = office_of(roles=[Role.OPERATOR])
    done = await operator.post("/persons/erasures", refs=["p-dean"], why="their request")
    assert (done["refs"], done["erased"]) == (["p-dean"], 1)
    assert (await office.get("/persons/p-dean", 404))["code"] == "person-unknown"
    told = await office.client.put("/visits/persons/p-dean", json={"name": NAME})
    assert (told.status_code, told.json()["code"]) == (410, "person-erased")
    address = await office.client.get(made["url"])
    assert (address.status_code, address.json()["code"]) == (404, "calendar-unknown")
    assert await office.get(f"/{visit}") == before
