"""Owners of upstream systems see what was refused of theirs; the office chooses partners."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.mobility.usecases.clock import find_references
from services.mobility.usecases.refusals import forget, note_parked, report
from shared.envelope import Record
from shared.parking import ToPark
from shared.security import Role
from shared.service import Service
from tests.mobility.office import Office, an_event
from tests.mobility.test_http_records import SIT, know_partner

REGISTERED = "registrar.exchange-registered"
HR, REGISTRAR = "/hust/hr", "/hust/registrar"


def owner_of(service: Service, source: str, make: Callable[..., Office]) -> Office:
    """A client of the system that calls itself so."""
    office = make(roles=["upstream"], units=[])
    roles = [Role.UPSTREAM]
    token = service.tokens.issue(subject=source, roles=roles, units=[], seconds=10**8)
    office.client.headers["authorization"] = f"Bearer {token}"
    return office


async def refused(office: Office) -> list[Any]:
    items: list[Any] = (await office.get("/upstream/refusals"))["items"]
    return [(each["source"], each["event"], each["code"], each["path"]) for each in items]


async def test_an_owner_sees_what_was_refused_of_its_source_and_nothing_else(
    service: Service, office: Office, office_of: Callable[..., Office]
) -> None:
    hr = owner_of(service, HR, office_of)
    registrar = owner_of(service, REGISTRAR, office_of)
    wrong = an_event(REGISTERED, _id="r-1", _source=REGISTRAR, name="Nguyen Van Canary")
    await registrar.send(wrong, 422)
    nowhere = an_event("hr.employee-hired", _id="h-1", _source=HR, unit="nowhere")
    batch = [nowhere, an_event("hr.employee-hired", _id="h-2", _source=HR)]
    answer = await hr.client.post(
        "/mobility/upstream",
        content=json.dumps(batch),
        headers={"content-type": "application/cloudevents-batch+json"},
    )
    assert [each["outcome"] for each in answer.json()["items"]] == ["refused", "accepted"]
    assert await refused(hr) == [(HR, "h-1", "unit-unknown", "data.unit")]
    assert await refused(registrar) == [(REGISTRAR, "r-1", "data-invalid", "$.data.name")]
    assert len(await refused(office)) == 2
    assert "Canary" not in str(await refused(office))


def parked(value: bytes, **headers: str) -> ToPark:
    kept = tuple((f"ce_{name}", text.encode()) for name, text in headers.items())
    record = Record(
        topic="t",
        partition=0,
        offset=len(value),
        timestamp=0,
        key=None,
        value=value,
        headers=(("content-type", b"application/json"), *kept),
    )
    return ToPark(raw=record, reason="data-invalid:extra_forbidden", path="$.data.Nguyen Van A")


async def test_what_kafka_parked_is_in_the_list_with_what_its_envelope_says(
    service: Service, office_of: Callable[..., Office]
) -> None:
    sound = {"specversion": "1.0", "id": "k-1", "source": HR, "type": "upstream.hr.x.v1"}
    async with service.database.connect() as connection:
        await service.parking.park(
            connection,
            [parked(b'{"a": 1}', **sound), parked(b"not even one")],
            consumer="mobility.upstream.hr",
            topic="upstream.hr",
        )
    for _ in range(2):
        await note_parked(service.parking)(service.database)
    hr = owner_of(service, HR, office_of)
    assert await refused(hr) == [(HR, "k-1", "data-invalid:extra_forbidden", "$.data")]
    assert len(await refused(office_of())) == 2


async def test_once_a_day_is_over_it_is_published_how_many_were_refused_and_why(
    service: Service, office: Office
) -> None:
    for number in range(3):
        await office.send(an_event(REGISTERED, _id=f"r-{number}", name="Canary"), 422)
    await report(service.database)
    async with service.database.read() as tx:
        told = await tx.connection.exec_driver_sql("select data from journal")
        assert told.all() == []
    service.clock.advance(timedelta(days=1))
    for _ in range(2):
        await report(service.database)
    async with service.database.read() as tx:
        [row] = (await tx.connection.exec_driver_sql("select type, data from journal")).all()
    assert row.type == "rapport.mobility.upstream-refused.v1"
    fact = json.loads(row.data)
    assert (fact["source"], fact["refused_on"], fact["count"]) == (
        an_event(REGISTERED)["source"],
        "2025-11-17",
        3,
    )
    assert fact["reasons"][0]["path"] == "$.data.name"
    assert fact["events"] == ["r-0", "r-1", "r-2"]
    service.clock.advance(timedelta(days=91))
    await forget(after_days=90)(service.database)
    assert await refused(office) == []


async def test_the_office_chooses_among_partners_that_are_alike_and_the_choice_is_remembered(
    service: Service, office: Office, office_of: Callable[..., Office]
) -> None:
    await know_partner(service, "SIT", "Shibaura Institute of Technology")
    other = "partner-01k9zv5n3m8q4w7t2r6y0a1b2d"
    await know_partner(service, "NUT", "Nagaoka University of Technology", subject=other)
    async with service.database.connect() as connection:
        for subject, name in ((SIT, "Shibaura Institute of Technology"), (other, "Nagaoka")):
            await connection.exec_driver_sql(
                "update known_partners set document = jsonb_build_object('name', $1::text)"
                " where id = $2",
                (name, subject),
            )
    sent = {"name": "Shibaura Inst. Technol.", "country": "JP"}
    await office.send(an_event(REGISTERED, record="R-1", partner=sent, programme=None))
    [waiting] = (await office.get("/upstream/unresolved", proposals=True))["items"]
    assert [each["partner"] for each in waiting["proposals"]][:1] == [SIT]
    choice = {"sought": waiting["sought"][0], "partner": SIT}
    stranger = office_of(units=["nist"])
    refusal = await stranger.post("/upstream/unresolved/choices", 403, **choice)
    assert refusal["code"] == "unit-not-allowed"
    chosen = await office.post("/upstream/unresolved/choices", **choice)
    assert chosen["waiting"] == 1
    await find_references(service.database)
    assert (await office.get("/stays"))["items"][0]["partner"] == SIT
    assert (await office.get("/upstream/unresolved"))["items"] == []
    later = an_event(REGISTERED, record="R-2", person_ref="st:2", partner=sent, programme=None)
    await office.send(later)
    assert (await office.get("/stays", person_ref="st:2"))["items"][0]["partner"] == SIT


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"partner": "partner-01k9zv5n3m8q4w7t2r6y0a1b2e"}, 422, "partner-unknown"),
        ({"sought": "name:nobody asked"}, 404, "reference-not-waiting"),
    ],
)
async def test_a_choice_of_what_is_not_there_is_refused(
    service: Service, office: Office, changes: dict[str, str], status: int, code: str
) -> None:
    await know_partner(service, "SIT", "Shibaura Institute of Technology")
    await office.send(an_event(REGISTERED, partner={"name": "Elsewhere"}))
    choice = {"sought": "name:elsewhere", "partner": SIT} | changes
    assert (await office.post("/upstream/unresolved/choices", status, **choice))["code"] == code
