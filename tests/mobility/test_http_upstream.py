"""Events of HR and the registrar by HTTP: what becomes of them on a real database."""

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from services.mobility.contracts import EXAMPLES
from services.mobility.store import upstream_events
from services.mobility.usecases.clock import find_references
from shared.service import Service
from tests.mobility.office import Office, an_event
from tests.mobility.test_http_records import SIT, know_partner

REGISTERED = "registrar.exchange-registered"
DEPARTED = "registrar.student-departed"
RETURNED = "registrar.student-returned"


async def the_stay(office: Office) -> Any:
    stays = (await office.get("/stays"))["items"]
    assert len(stays) == 1
    return stays[0]


async def test_every_example_of_the_contract_is_taken(
    office: Office, office_of: Callable[..., Office]
) -> None:
    sender = office_of(roles=["upstream"])
    for example in EXAMPLES.values():
        assert (await sender.send(example))["outcome"] == "accepted"
    stays = {s["person_ref"]: s for s in (await office.get("/stays"))["items"]}
    assert stays["st:20164107"]["status"] == "recognised"
    assert (stays["st:20164107"]["credits"]["recognised"], stays["st:20164107"]["graduate"]) == (
        4,
        None,
    )
    assert (stays["st:20170093"]["status"], stays["st:20170093"]["graduate"]) == ("completed", True)
    assert stays["st:20170093"]["host_country"] == "VN"
    assert (stays["hr:7f3a09"]["returned_early"], stays["hr:7f3a09"]["who"]) == (True, "lecturer")
    appointment = (await office.get("/appointments"))["items"][0]
    assert (appointment["status"], appointment["ends_on"]) == ("ended", "2021-12-31")
    assert (await office.get("/applications"))["items"][0]["status"] == "submitted"
    assert (await office.get("/headcounts"))["items"][0]["graduates"] == 431
    for example in EXAMPLES.values():
        assert (await sender.send(example))["outcome"] == "duplicate"


async def test_any_order_ends_in_the_same_stay(office: Office) -> None:
    story: list[tuple[str, dict[str, Any]]] = [
        (REGISTERED, {"_id": "a", "_time": "2019-05-01T08:00:00Z", "state": "nominated"}),
        (DEPARTED, {"_id": "b", "_time": "2019-08-06T08:00:00Z"}),
        (
            REGISTERED,
            {"_id": "c", "_time": "2019-06-01T08:00:00Z", "_replaces": "a", "funding": "JST"},
        ),
        (RETURNED, {"_id": "d", "_time": "2019-09-02T08:00:00Z", "early": True}),
    ]
    states = []
    for number, order in enumerate(itertools.permutations(story)):
        person = f"st:{number}"
        for kind, changes in order:
            ids = {k: f"{number}-{v}" for k, v in changes.items() if k in ("_id", "_replaces")}
            await office.send(
                an_event(kind, record=f"R-{number}", person_ref=person, **changes | ids)
            )
        found = (await office.get("/stays", person_ref=person))["items"]
        states += [
            {k: v for k, v in s.items() if k not in {"id", "version", "person_ref"}} for s in found
        ]
    assert len(states) == 24
    assert all(state == states[0] for state in states)
    assert (states[0]["status"], states[0]["funding"], states[0]["returned_early"]) == (
        "completed",
        "JST",
        True,
    )


async def test_events_that_come_all_at_once_make_one_stay(office: Office) -> None:
    events = [an_event(kind) for kind in (REGISTERED, DEPARTED, RETURNED)]
    await asyncio.gather(*(office.send(event) for event in [*events, *events]))
    stay = await the_stay(office)
    assert (stay["actual_from"], stay["actual_until"]) == ("2019-08-04", "2019-08-31")


async def test_a_withdrawn_nomination_and_a_no_show_are_kept_as_such(office: Office) -> None:
    await office.send(an_event(REGISTERED, _id="n1", state="nominated", record="R-1"))
    await office.send(
        an_event(REGISTERED, state="nominated", record="R-1", _replaces="n1", _withdrawn=True)
    )
    await office.send(
        an_event(
            REGISTERED, record="R-2", starts_on="2024-08-01", ends_on="2024-08-20", state="no-show"
        )
    )
    stays = (await office.get("/stays"))["items"]
    assert [stay["status"] for stay in stays] == ["withdrawn", "no-show"]


async def test_a_partner_s_name_that_matches_nothing_waits_and_is_found(
    office: Office, service: Service
) -> None:
    await office.send(an_event(REGISTERED, partner={"name": "SHIBAURA  Institute of Technólogy"}))
    stay = await the_stay(office)
    assert (stay["partner"], stay["partner_name"]) == (None, "SHIBAURA  Institute of Technólogy")
    waiting = (await office.get("/upstream/unresolved", unit="hust"))["items"]
    assert [(w["field"], w["name"]) for w in waiting] == [
        ("partner", "SHIBAURA  Institute of Technólogy"),
        ("programme", None),
    ]
    await know_partner(service, "SIT", "Shibaura Institute of Technology")
    await office.record("programmes", "GPBL", 201, unit="hust/me", name="GPBL")
    await find_references(service.database)
    stay = await the_stay(office)
    assert stay["partner"] == SIT
    assert stay["programme"] is not None
    assert (await office.get("/upstream/unresolved"))["items"] == []


async def test_a_stay_that_a_coordinator_entered_is_the_one_that_upstream_reports(
    office: Office, service: Service
) -> None:
    await know_partner(service, "SIT", "Shibaura Institute of Technology")
    entered = await office.record(
        "stays",
        "S-1",
        201,
        unit="hust/me",
        person_ref="st:20164107",
        direction="out",
        who="student",
        kind="project-based",
        partner="ref:SIT",
        planned_from="2019-08-01",
        planned_until="2019-08-31",
        status="approved",
    )
    for kind in (REGISTERED, DEPARTED):
        await office.send(an_event(kind))
    stay = await the_stay(office)
    assert (stay["id"], stay["planned_from"], stay["source"]) == (
        entered["id"],
        "2019-08-01",
        "direct",
    )
    assert (stay["status"], stay["actual_from"]) == ("completed", "2019-08-04")


async def test_a_stay_elsewhere_or_at_another_time_is_another_one(office: Office) -> None:
    await office.send(an_event(REGISTERED, record="R-1"))
    await office.send(an_event(REGISTERED, record="R-2", partner={"name": "Nagaoka"}))
    await office.send(
        an_event(REGISTERED, record="R-3", starts_on="2020-08-01", ends_on="2020-08-20")
    )
    assert len((await office.get("/stays"))["items"]) == 3


async def test_other_leave_is_discarded_unread_and_not_kept(
    office: Office, service: Service
) -> None:
    ill = an_event("hr.leave-approved", leave_type="illness", diagnosis="nobody's business")
    assert (await office.send(ill))["outcome"] == "discarded"
    ours = an_event("hr.employee-hired", foreign_expert=False, nationality="VN")
    assert (await office.send(ours))["outcome"] == "discarded"
    async with service.database.connect() as connection:
        assert (await connection.execute(select(upstream_events))).all() == []


async def test_one_who_turns_out_to_be_our_countryman_was_never_appointed(office: Office) -> None:
    await office.send(an_event("hr.employee-hired", _id="h"))
    await office.send(
        an_event("hr.employee-hired", _replaces="h", foreign_expert=False, nationality="VN")
    )
    assert (await office.get("/appointments"))["items"][0]["status"] == "withdrawn"


@pytest.mark.parametrize(
    ("event", "code", "field"),
    [
        (an_event(DEPARTED, name="Nguyen Van A"), "data-invalid", "$.data.name"),
        (an_event(DEPARTED, on="yesterday"), "data-invalid", "$.data.on"),
        (an_event(REGISTERED, unit="nowhere"), "unit-unknown", "data.unit"),
        (an_event(REGISTERED, _type="upstream.registrar.party.v1"), "type-unknown", "$.type"),
        (an_event(REGISTERED, _time=None), "time-missing", "time"),
        (an_event(REGISTERED, _withdrawn="perhaps"), "attribute-invalid", "withdrawn"),
        (an_event(REGISTERED, _specversion="0.3"), "specversion-unknown", "$.specversion"),
        (an_event("hr.leave-approved", without=("leave_type",)), "data-invalid", "$.data"),
    ],
)
async def test_an_event_against_the_contract_is_refused_with_its_place(
    office: Office, event: dict[str, Any], code: str, field: str
) -> None:
    refusal = await office.send({k: v for k, v in event.items() if v is not None}, 422)
    assert (refusal["code"], refusal["field"]) == (code, field)
    assert "Nguyen" not in json.dumps(refusal)
    assert (await office.get("/stays"))["items"] == []


async def test_binary_mode_and_batches_are_taken_too(office: Office) -> None:
    event = an_event(REGISTERED)
    attributes = {f"ce-{k}": v for k, v in event.items() if k not in ("data", "datacontenttype")}
    answer = await office.client.post(
        "/mobility/upstream",
        content=json.dumps(event["data"]),
        headers={"content-type": "application/json"} | attributes,
    )
    assert (answer.status_code, answer.json()["outcome"]) == (200, "accepted")
    batch = [event, an_event(DEPARTED), an_event(RETURNED, on="2019"), "nonsense"]
    answer = await office.client.post(
        "/mobility/upstream",
        content=json.dumps(batch),
        headers={"content-type": "application/cloudevents-batch+json"},
    )
    outcomes = [(item["outcome"], item["code"]) for item in answer.json()["items"]]
    assert outcomes == [
        ("duplicate", None),
        ("accepted", None),
        ("refused", "data-invalid"),
        ("refused", "event-not-object"),
    ]
    assert (await the_stay(office))["actual_from"] == "2019-08-04"


async def test_the_contract_can_be_read_by_those_who_implement_it(
    office_of: Callable[..., Office],
) -> None:
    sender = office_of(roles=["upstream"], units=[])
    schemas = await sender.get("/upstream/schemas")
    assert set(schemas) == set(EXAMPLES)
    leave = await sender.get("/upstream/schemas/upstream.hr.leave-approved.v1")
    assert leave["$id"] == "urn:rapport:schema:upstream.hr.leave-approved.v1"
    assert (await sender.get("/upstream/schemas/nothing", 404))["code"] == "type-unknown"
    assert (await sender.get("/stays", 403))["code"] == "role-not-allowed"
    assert (await office_of(roles=["reader"]).send(an_event(DEPARTED), 403))["code"] == (
        "role-not-allowed"
    )
