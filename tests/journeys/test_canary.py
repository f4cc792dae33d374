"""Names and addresses are planted in every input; then everything that is kept or said is looked
through for them. They stand sealed in one table of a service, and in the mail to themselves."""

import base64
import json
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from confluent_kafka.admin import AdminClient

from services.program.extracts.running import import_extract
from services.program.system import SERVICES
from shared.embedded import Addresses
from tests.journeys.conftest import System
from tests.journeys.test_a_week_of_work import until
from tests.journeys.test_bad_input import send
from tests.support.publishing import read_all

pytestmark = pytest.mark.timeout(300)  # whoever comes first starts the whole system

NAME = "Zebediah Kanarienvogel"
MAIL = "zebediah.kanarienvogel@canary.example"
CANARIES = ("kanarienvogel", "zebediah", "canary.example")
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "source": "/icst/registrar",
    "type": "upstream.registrar.exchange-registered.v1",
    "time": "2024-12-30T02:00:00Z",
    "data": {
        "record": "CANARY-1",
        "person_ref": "icst:canary",
        "unit": "icst",
        "direction": "out",
        "kind": "exchange-study",
        "host_country": "JP",
        "starts_on": "2031-02-01",
        "ends_on": "2031-06-30",
    },
}
EXTRACT = {
    "system": "registrar",
    "source": "/icst/registrar",
    "rows": "exchange",
    "record": "No",
    "person": {"column": "Student", "prefix": "st:"},
    "name": ["Name"],
    "columns": {"unit": "Unit", "starts_on": "From", "ends_on": "To", "host_country": "Country"},
    "constants": {"direction": "out", "kind": "exchange-study"},
}


def has_canary(what: str | bytes) -> bool:
    """As text, in base64 and in escapes, too."""
    text = what.decode("utf-8", "replace") if isinstance(what, bytes) else what
    lower = text.casefold()
    encoded = [base64.b64encode(each.encode()).decode().rstrip("=")[:-1] for each in (NAME, MAIL)]
    hexes = [each.encode().hex() for each in (NAME, MAIL)]
    return any(each in lower for each in CANARIES) or any(
        each in text for each in (*encoded, *hexes)
    )


async def plant(system: System, servers: Addresses, folder: Path) -> None:
    """In every input that a name can come by, sound or not."""
    for service, body in (("mobility", {"unit": "icst"}), ("reporting", {})):
        answer = await system.http.put(
            f"/{service}/persons/icst:canary",
            json=body | {"name": NAME},
            headers={"idempotency-key": f"canary-{service}"},
        )
        assert answer.status_code == 200, answer.text
    visits = (await system.http.get("/visits", params={"unit": "icst"})).json()["items"]
    refs = [m["person_ref"] for v in visits for m in v["members"] if m.get("person_ref")]
    for ref in refs[:1]:
        answer = await system.http.put(f"/visits/persons/{ref}", json={"name": NAME})
        assert answer.status_code == 200, answer.text
    reader = {"email": MAIL, "name": NAME, "units": ["icst"], "period": "daily"}
    assert (await system.http.put("/notify/subscribers/canary", json=reader)).status_code == 201
    data = EVENT["data"]
    faulty: list[dict[str, Any]] = [
        EVENT | {"id": "canary-1", "data": data | {"name": NAME}},
        EVENT | {"id": "canary-2", "data": data | {"funding": f"ask {MAIL}"}},
        EVENT | {"id": MAIL},
        EVENT | {"id": "canary-3", "data": data | {NAME: 1}},
        EVENT | {"id": "canary-4", "data": data | {"unit": NAME}},
        EVENT | {"id": "canary-5", "subject": NAME, "unit": NAME, "data": {NAME: MAIL}},
    ]
    await send(system, servers, *(json.dumps(each).encode() for each in faulty), NAME.encode())
    for event in faulty:
        answer = await system.http.post(
            "/mobility/upstream",
            json=event,
            headers={"content-type": "application/cloudevents+json"},
        )
        assert answer.status_code == 422
        assert not has_canary(answer.text.replace(MAIL, "")) or "unit" in answer.text
    await system.client.put("/mobility/extracts/canary", EXTRACT)
    file = folder / "extract.csv"
    file.write_text(
        f"No,Student,Name,Unit,From,To,Country\nX-1,{MAIL},{NAME},icst,2031-02-01,2031-06-30,JP\n"
    )
    told = await import_extract(system.client, "canary", file)
    assert told.names == {"created": 1}


async def tables(system: System, service: str) -> AsyncIterator[tuple[str, str]]:
    """Every table of a service's database, as text."""
    database = f"{system.topic_prefix.removesuffix('.')}_{service}"
    dsn = system.run.addresses.postgres_dsn.rsplit("/", 1)[0]
    connection = await asyncpg.connect(f"{dsn}/{database}")
    try:
        names = await connection.fetch(
            "select schemaname || '.' || quote_ident(tablename) from pg_tables"
            " where schemaname not in ('pg_catalog', 'information_schema')"
        )
        for [name] in names:
            rows = await connection.fetch(f"select t::text, t.* from {name} t")  # noqa: S608 ours
            yield (
                name.removeprefix("public."),
                "\n".join(
                    part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part)
                    for row in rows
                    for part in row.values()
                ),
            )
    finally:
        await connection.close()


async def test_what_is_personal_is_nowhere_but_sealed_in_one_table(
    system: System, servers: Addresses, tmp_path: Path
) -> None:
    async def parked() -> int:
        return len((await system.client.get("/mobility/parked", limit=1000))["items"])

    before = await parked()
    await plant(system, servers, tmp_path)
    await until("parked", parked, lambda count: count == before + 7, seconds=60)
    named = await system.client.get("/mobility/persons/icst:canary")
    assert named["name"] == NAME
    found = [
        f"{service}.{table}"
        for service in SERVICES
        async for table, text in tables(system, service)
        if has_canary(text)
    ]
    for service in SERVICES:
        answer = await system.http.get(f"/{service}/metrics")
        if answer.status_code == 200 and has_canary(answer.text):
            found.append(f"metrics of {service}")
    found += [
        path.name
        for path in system.run.logs.rglob("*")
        if path.is_file() and has_canary(path.read_bytes())
    ]
    for topic in AdminClient({"bootstrap.servers": servers.kafka_servers}).list_topics().topics:
        ours = topic.startswith(system.topic_prefix)
        if ours and "upstream." not in topic:  # there stands what others wrote, until it ends
            seen = read_all(servers.kafka_servers, topic)
            found += [topic for each in seen if has_canary(each.value + each.key.encode())]
    for path in system.mailbox.rglob("*.eml"):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        if MAIL not in str(message["to"]) and has_canary(path.read_bytes()):
            found.append(path.name)
    for record in (await system.client.get("/mobility/parked", limit=1000))["items"]:
        if has_canary(json.dumps(record)):
            found.append(f"the list of what is parked: {record['reason']}")
    for record in (await system.client.get("/mobility/upstream/refusals", limit=1000))["items"]:
        if has_canary(json.dumps(record)):
            found.append(f"the list of refusals: {record['code']}")
    assert found == []
    with_ref = [table async for table, text in tables(system, "mobility") if "icst:canary" in text]
    assert "persons" in with_ref  # the same look finds the ref, where the name is sealed
