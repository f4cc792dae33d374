"""Names of persons: who may read them, and how they end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from services.mobility.usecases.clock import forget_parked
from shared.envelope import Record
from shared.parking import ToPark
from shared.service import Service
from tests.mobility.office import Office, an_event

NAMED = {"unit": "hust/me", "name": "Nguyen Van Canary (invented)"}
REGISTERED = "registrar.exchange-registered"


async def whole_database(service: Service) -> str:
    """Every row of every table as text, and what is in binary as text too."""
    connection = await asyncpg.connect(service.database.dsn)
    tables = await connection.fetch(
        "select tablename from pg_tables where schemaname = 'public' order by 1"
    )
    found = []
    for [table] in tables:
        rows = await connection.fetch(f'select * from "{table}"')  # noqa: S608 - our own tables
        found += [repr(tuple(row)) for row in rows]
    await connection.close()
    return "\n".join(found)


async def test_a_name_stands_in_no_table_as_text_not_even_among_kept_answers(
    office: Office, service: Service
) -> None:
    headers = {"idempotency-key": "once"}
    for _ in range(2):
        answer = await office.client.put("/mobility/persons/st:1", json=NAMED, headers=headers)
        assert answer.json() == {"ref": "st:1", "unit": "hust/me", "outcome": "created"}
    assert "Canary" not in await whole_database(service)
    assert (await office.get("/persons/st:1"))["name"] == NAMED["name"]


async def test_a_person_is_erased_under_all_refs_and_what_is_counted_stays(
    office: Office, office_of: Callable[..., Office], service: Service
) -> None:
    operator = office_of(roles=["operator"])
    await office.send(an_event(REGISTERED, person_ref="st:1"))
    for ref in ("st:1", "hr:1"):
        await office.put(f"/persons/{ref}", **NAMED)
    before = (await office.get("/stays"))["items"]
    done = await operator.post("/persons/erasures", refs=["st:1", "hr:1"], why="their request")
    assert (done["refs"], done["erased"]) == (["hr:1", "st:1"], 2)
    assert (await office.get("/stays"))["items"] == before
    assert (await office.get("/persons/st:1", 404))["code"] == "person-unknown"
    refused = await office.put("/persons/st:1", 410, **NAMED)
    assert (refused["code"], "Canary" in str(refused)) == ("person-erased", False)
    async with service.database.connect() as connection:
        evidence = (
            await connection.execute(text("select actor, action, details::text from operations"))
        ).one()
    assert evidence[:2] == ("lan", "person-erased")
    assert "their request" in evidence.details
    assert "Canary" not in evidence.details


async def test_only_an_operator_erases(office: Office) -> None:
    assert (await office.post("/persons/erasures", 403, refs=["st:1"]))["code"] == (
        "role-not-allowed"
    )


async def test_who_was_erased_is_erased_again_after_a_back_up_from_before_was_restored(
    office: Office, office_of: Callable[..., Office], service: Service
) -> None:
    """The copy of a database, from before the erasure, takes its place."""
    operator = office_of(roles=["operator"])
    await office.put("/persons/st:1", **NAMED)
    async with service.database.connect() as connection:
        await connection.execute(text("create table back_up as table persons"))
    await operator.post("/persons/erasures", refs=["st:1"])
    listed = [each["ref"] for each in (await operator.get("/persons/erasures"))["items"]]
    async with service.database.connect() as connection:
        await connection.execute(text("insert into persons table back_up"))
        await connection.execute(text("truncate erased_persons"))
    assert (await office.get("/persons/st:1"))["name"] == NAMED["name"]
    done = await operator.post("/persons/erasures", refs=listed)
    assert done["erased"] == 1
    assert (await office.get("/persons/st:1", 404))["code"] == "person-unknown"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "Nguyen Van A"}, "$.data.name"),
        ({"birth_date": "1999-01-01"}, "$.data.birth_date"),
        ({"funding": "ask a.nguyen@example.edu"}, "$.data.funding"),
        ({"partner": {"name": "call +84 24 3869 2008"}}, "$.data.partner.name"),
        ({"_id": "a.nguyen@example.edu"}, "id"),
    ],
)
async def test_personal_data_is_refused_by_its_field_or_by_its_shape_and_not_repeated(
    office: Office, changes: dict[str, Any], field: str
) -> None:
    refusal = await office.send(an_event(REGISTERED, **changes), 422)
    assert refusal["field"] == field
    assert "guyen" not in str(refusal)


async def test_an_upstream_record_that_was_parked_ends_after_its_days_and_others_stay(
    service: Service,
) -> None:
    record = Record(
        topic="t", partition=0, offset=1, timestamp=0, key=None, value=b"Canary", headers=()
    )
    async with service.database.connect() as connection:
        for topic in ("upstream.hr", "agreements.events"):
            await service.parking.park(
                connection,
                [ToPark(raw=record, reason="data-invalid:extra_forbidden")],
                consumer=f"mobility.{topic}",
                topic=topic,
            )
    await forget_parked(after_days=90)(service.database)
    assert len(await service.parking.list()) == 2
    old = service.clock.now() - timedelta(days=91)
    async with service.database.connect() as connection:
        await connection.execute(text("update parked set parked_at = :old"), {"old": old})
    await forget_parked(after_days=90)(service.database)
    assert [each.topic for each in await service.parking.list()] == ["agreements.events"]
