"""Visits over HTTP, on a real database: from the request to the closure, and each refusal."""

from datetime import timedelta
from typing import Any

import pytest

from services.visits import usecases
from shared.security import Role
from shared.service import Service


async def test_an_inbound_visit_goes_from_the_request_to_the_closure(
    office: Any, service: Service
) -> None:
    visit = await office.visit()
    await office.post(f"/{visit}/screenings", accepted=True)
    await office.post(
        f"/{visit}/programmes",
        place="C2",
        hosts=["hust/me"],
        agenda=[{"at": "2025-12-15T09:00", "title": "Welcome", "place": "Room 201"}],
    )
    await office.post(f"/{visit}/approvals")
    await office.post(f"/{visit}/confirmations")
    service.clock.advance(timedelta(days=28))
    await usecases.follow_the_clock(service.database)
    assert (await office.get(f"/{visit}"))["status"] == "under-way"
    service.clock.advance(timedelta(days=2))
    again = await office.post(f"/{visit}/reports", text="They came.", outcomes=["A plan"])
    assert (again["status"], again["outcomes"]) == ("reported", ["A plan"])
    closed = await office.post(f"/{visit}/closure")
    assert await office.get(f"/{visit}") == closed
    assert await office.history(visit) == [
        "visit-requested",
        "visit-screened",
        "visit-planned",
        "visit-approved",
        "visit-confirmed",
        "visit-started",
        "visit-completed",
        "visit-reported",
        "visit-closed",
    ]


async def test_a_trip_has_legs_a_decision_and_a_report_that_may_be_late(
    office: Any, service: Service, others: Any
) -> None:
    ukm = await others.partner(ref="P-1", name="Universiti Kebangsaan Malaysia", country="MY")
    trip = await office.post(
        "",
        201,
        unit="icst",
        direction="outbound",
        title="Trip to Malaysia",
        starts_on="2025-11-20",
        ends_on="2025-11-22",
        legs=[{"city": "Bangi", "partners": ["ref:P-1"]}],
        members=[{"role": "Dean", "ours": True}],
    )
    assert trip["legs"][0] == {
        "city": "Bangi",
        "country": "MY",
        "partners": [ukm],
        "starts_on": None,
        "ends_on": None,
    }
    assert [(each["partner"], each["role"]) for each in trip["partners"]] == [(ukm, "host")]
    assert trip["members"][0]["organization"] == "International College"
    visit = trip["id"]
    await office.post(f"/{visit}/programmes")
    refusal = await office.post(f"/{visit}/approvals", 422)
    assert (refusal["code"], refusal["field"]) == ("decision-missing", "decision")
    await office.post(f"/{visit}/approvals", decision={"number": "7/QD", "on": "2025-11-14"})
    await office.post(f"/{visit}/confirmations")
    service.clock.advance(timedelta(days=20))
    assert (await office.post(f"/{visit}/closure", 409))["code"] == "visit-not-reported"
    late = await office.post(f"/{visit}/reports", text="We met two universities.")
    assert late["report_due_on"] == "2025-11-29"
    assert late["warnings"][0].startswith("report-late")


async def test_a_hosted_event_has_organizers_speakers_and_a_topic(office: Any, others: Any) -> None:
    association = await others.partner(name="Association of Universities", kind="association")
    event = await office.post(
        "",
        201,
        unit="hust",
        direction="hosted-event",
        title="Sharing experiences on internationalization",
        topic="Internationalization of universities",
        starts_on="2025-11-20",
        hosts=["hust"],
        partners=[
            {"partner": association, "role": "organizer"},
            {"name": "International Cooperation Club", "kind": "network", "role": "organizer"},
        ],
        members=[
            {
                "person_ref": "p-trung",
                "role": "Head of department",
                "ours": True,
                "speaker": True,
                "talk": "Promoting external cooperation",
            }
        ],
    )
    assert [each["role"] for each in event["partners"]] == ["organizer", "organizer"]
    assert event["members"][0]["talk"] == "Promoting external cooperation"
    assert event["ends_on"] == event["starts_on"]


async def test_a_short_notice_is_refused_unless_it_is_meant(office: Any) -> None:
    soon = {"starts_on": "2025-11-20", "ends_on": "2025-11-20"}
    form = {
        "unit": "hust/me",
        "direction": "inbound",
        "title": "A call",
        "partners": [{"name": "Da Nang City", "country": "VN", "kind": "government"}],
    }
    refusal = await office.post("", 409, **form, **soon)
    assert (refusal["code"], refusal["field"]) == ("lead-time-too-short", "late")
    meant = await office.post("", 201, **form, **soon, late=True)
    assert meant["warnings"][0].startswith("lead-time-too-short")


async def test_a_refused_step_changes_nothing(office: Any) -> None:
    visit = await office.visit()
    before = await office.get(f"/{visit}")
    assert (await office.post(f"/{visit}/confirmations", 409))["code"] == "visit-not-approved"
    assert await office.get(f"/{visit}") == before
    assert await office.history(visit) == ["visit-requested"]


async def test_the_same_request_under_one_key_asks_only_once(office: Any) -> None:
    visit = await office.visit()
    key = {"idempotency-key": "k-1"}
    body = {"reason": "Typhoon", "starts_on": "2026-02-02"}
    for _ in range(2):
        answer = await office.client.post(f"/visits/{visit}/postponements", json=body, headers=key)
        assert answer.status_code == 200
    assert await office.history(visit) == ["visit-requested", "visit-postponed"]


async def test_postponing_keeps_the_old_days_in_the_record(office: Any) -> None:
    visit = await office.visit()
    after = await office.post(
        f"/{visit}/postponements", starts_on="2026-01-12", ends_on="2026-01-13", reason="Typhoon"
    )
    assert after["postponements"] == [
        {
            "starts_on": "2025-12-15",
            "ends_on": "2025-12-16",
            "on": "2025-11-17",
            "reason": "Typhoon",
        }
    ]
    cancelled = await office.post(f"/{visit}/cancellation", reason="No funds")
    assert cancelled["status"] == "cancelled"


async def test_someone_may_say_that_it_began_and_ended_on_other_days(office: Any) -> None:
    visit = await office.visit()
    await office.post(f"/{visit}/screenings", accepted=True)
    for step in ("programmes", "approvals", "confirmations"):
        await office.post(f"/{visit}/{step}")
    begun = await office.post(f"/{visit}/starts", on="2025-11-16")
    assert (begun["status"], begun["starts_on"]) == ("under-way", "2025-11-16")
    over = await office.post(f"/{visit}/completions", on="2025-11-17")
    assert (over["status"], over["ends_on"]) == ("completed", "2025-11-17")


async def test_the_clock_follows_the_units_own_midnight(office: Any, service: Service) -> None:
    """At 08:00 in Hanoi it is still the day before in Pago Pago."""
    for unit in ("hust", "far-west"):
        await office.put(
            f"/records/visits/{unit}",
            201,
            unit=unit,
            direction="meeting",
            title="A call",
            starts_on="2025-11-17",
            status="planned",
            partners=[{"name": "Somebody"}],
        )
    await usecases.follow_the_clock(service.database)
    statuses = {each["unit"]: each["status"] for each in (await office.get(""))["items"]}
    assert statuses == {"hust": "under-way", "far-west": "planned"}


async def test_members_change_as_a_whole_and_are_counted(office: Any) -> None:
    visit = await office.visit()
    after = await office.put(
        f"/{visit}/members",
        members=[{"role": "student", "organization": "TU/e", "country": "NL", "count": 20}],
    )
    assert [each["count"] for each in after["members"]] == [20]
    refusal = await office.put(f"/{visit}/members", 422, members=[{"role": "student"}])
    assert refusal["code"] == "invalid-request"


async def test_lists_are_filtered_and_paged_by_cursor(office: Any, others: Any) -> None:
    partner = await others.partner(name="TU/e", country="NL")
    first = await office.visit(partners=[{"partner": partner}], members=[])
    second = await office.visit(unit="icst", theme="student", shared_with=["hust"])
    third = await office.visit(unit="icst", starts_on="2026-05-01", ends_on="2026-05-02")

    async def found(**query: Any) -> list[str]:
        return [each["id"] for each in (await office.get("", **query))["items"]]

    assert await found(unit="hust") == [first, second]
    assert await found(unit="icst") == [second, third]
    assert await found(partner=partner) == [first]
    assert await found(country="NL") == [first]
    assert await found(theme="student") == [second]
    assert await found(since="2026-05-02") == [third]
    assert await found(until="2025-12-31") == [first, second]
    assert await found(status=["declined", "planned"]) == []
    assert await found(direction="inbound") == [first, second, third]
    page = await office.get("", limit=2)
    assert [each["id"] for each in page["items"]] == [first, second]
    rest = await office.get("", limit=2, after=page["next"])
    assert ([each["id"] for each in rest["items"]], rest["next"]) == ([third], None)
    assert (await office.get("", 422, unit="nowhere"))["code"] == "unit-unknown"


async def test_a_visit_that_is_not_there_is_said_to_be_unknown(office: Any) -> None:
    for path in ("/visit-nowhere", "/visit-nowhere/history"):
        assert (await office.get(path, 404))["code"] == "visit-unknown"
    assert (await office.post("/visit-nowhere/starts", 404))["code"] == "visit-unknown"


# --- follow-ups


async def test_a_follow_up_is_noted_linked_and_closed(office: Any, others: Any) -> None:
    visit = await office.visit()
    for text in ("Draft an agreement", "Send thanks"):
        await office.post(f"/{visit}/follow-ups", 201, text=text, owner="Office")
    agreement = await others.agreement(ref="A-1")
    await office.post(f"/{visit}/follow-ups/1/links", became="ref:A-1")
    after = await office.post(f"/{visit}/follow-ups/2/closure", result="Sent")
    assert [(each["id"], each["status"], each["became"]) for each in after["follow_ups"]] == [
        ("1", "done", agreement),
        ("2", "done", None),
    ]
    twice = await office.post(f"/{visit}/follow-ups", 409, text="Send thanks")
    assert twice["code"] == "follow-up-exists"


@pytest.mark.parametrize(
    ("became", "status", "code"),
    [("ref:A-9", 409, "agreement-unknown"), ("a nice agreement", 422, "subject-invalid")],
)
async def test_a_follow_up_is_not_linked_to_what_is_not_there(
    office: Any, became: str, status: int, code: str
) -> None:
    visit = await office.visit()
    await office.post(f"/{visit}/follow-ups", 201, text="Draft an agreement")
    refusal = await office.post(f"/{visit}/follow-ups/1/links", status, became=became)
    assert (refusal["code"], refusal["field"]) == (code, "became")


# --- corrections


async def test_a_correction_names_partners_as_a_form_does(office: Any, others: Any) -> None:
    visit = await office.visit()
    partner = await others.partner(ref="P-2", name="Ritsumeikan University", country="JP")
    after = await office.post(
        f"/{visit}/corrections",
        field="partners",
        value=[{"partner": "ref:P-2"}],
        reason="It was forgotten",
    )
    assert [(each["partner"], each["name"]) for each in after["partners"]] == [
        (partner, "Ritsumeikan University")
    ]
    entry = (await office.get(f"/{visit}/history"))["items"][-1]
    assert (entry["type"], entry["data"]["reason"]) == (
        "rapport.visits.visit-corrected.v1",
        "It was forgotten",
    )


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("unit", "nowhere", "unit-unknown"),
        ("hosts", ["nowhere"], "unit-unknown"),
        ("members", [{"role": "dean"}], "value-invalid"),
        ("partners", [{"partner": "ref:nobody"}], "partner-unknown"),
        ("ref", "V-1", "visit-exists"),
    ],
)
async def test_a_correction_that_cannot_be_is_refused(
    office: Any, field: str, value: Any, code: str
) -> None:
    await office.visit(ref="V-1")
    visit = await office.visit()
    answer = await office.client.post(
        f"/visits/{visit}/corrections", json={"field": field, "value": value, "reason": "Wrong"}
    )
    assert answer.json()["code"] == code, answer.text
    assert await office.history(visit) == ["visit-requested"]


# --- who may


async def test_a_coordinator_of_another_unit_changes_nothing(office: Any, office_of: Any) -> None:
    visit = await office.visit()
    stranger = office_of(units=["icst"])
    calls = [
        ("POST", "", {"unit": "hust/me", "direction": "meeting", "title": "x",
                      "starts_on": "2026-01-01", "partners": [{"name": "y"}]}),
        ("POST", f"/{visit}/screenings", {"accepted": True}),
        ("POST", f"/{visit}/programmes", {}),
        ("POST", f"/{visit}/approvals", {}),
        ("POST", f"/{visit}/confirmations", {}),
        ("POST", f"/{visit}/starts", {}),
        ("POST", f"/{visit}/completions", {}),
        ("POST", f"/{visit}/reports", {"text": "x"}),
        ("POST", f"/{visit}/closure", {}),
        ("POST", f"/{visit}/postponements", {"reason": "x"}),
        ("POST", f"/{visit}/cancellation", {"reason": "x"}),
        ("PUT", f"/{visit}/members", {"members": []}),
        ("POST", f"/{visit}/follow-ups", {"text": "x"}),
        ("POST", f"/{visit}/follow-ups/1/closure", {}),
        ("POST", f"/{visit}/corrections", {"field": "title", "value": "x", "reason": "y"}),
        ("PUT", "/records/visits/V-1", {"unit": "hust/me", "direction": "meeting", "title": "x",
                                        "starts_on": "2019"}),
        ("GET", f"/{visit}/persons", None),
    ]  # fmt: skip
    for method, path, body in calls:
        answer = await stranger.client.request(method, f"/visits{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "unit-not-allowed"), path
    assert await office.history(visit) == ["visit-requested"]


async def test_a_coordinator_of_the_university_may_act_for_its_schools(office_of: Any) -> None:
    visit = await office_of(units=["hust"]).visit()
    assert visit.startswith("visit-")


async def test_a_visit_cannot_be_corrected_into_a_unit_that_is_not_ones_own(
    office_of: Any,
) -> None:
    ours = office_of(units=["hust"])
    visit = await ours.visit()
    refusal = await ours.post(
        f"/{visit}/corrections", 403, field="unit", value="icst", reason="Theirs"
    )
    assert refusal["code"] == "unit-not-allowed"


async def test_a_reader_reads_and_does_not_write(office: Any, office_of: Any) -> None:
    visit = await office.visit()
    reader = office_of(roles=[Role.READER])
    assert (await reader.get(f"/{visit}"))["id"] == visit
    assert (await reader.post(f"/{visit}/starts", 403))["code"] == "role-not-allowed"
    assert (await reader.get("/persons/p-1", 403))["code"] == "role-not-allowed"
    nobody = await reader.client.get("/visits", headers={"authorization": ""})
    assert nobody.status_code == 401


# --- persons


async def test_a_name_is_kept_here_and_in_no_fact_or_answer_of_a_visit(office: Any) -> None:
    canary = "Zyxwvut Qanary"
    visit = await office.visit(
        members=[
            {"person_ref": "p-8f3a", "role": "Vice Mayor", "organization": "Da Nang City"},
            {"person_ref": "p-none", "role": "Clerk", "organization": "Da Nang City"},
        ]
    )
    answer = await office.client.put(
        "/visits/persons/p-8f3a", json={"name": canary}, headers={"idempotency-key": "k-2"}
    )
    assert answer.json() == {"ref": "p-8f3a", "outcome": "created"}
    assert (await office.put("/persons/p-8f3a", name=canary))["outcome"] == "unchanged"
    assert (await office.get("/persons/p-8f3a"))["name"] == canary
    assert (await office.get(f"/{visit}/persons"))["items"] == [{"ref": "p-8f3a", "name": canary}]
    assert (await office.get("/persons/p-none", 404))["code"] == "person-unknown"
    assert canary not in str(await office.get(f"/{visit}"))
    assert canary not in str(await office.get(f"/{visit}/history"))


async def test_a_person_whom_only_others_met_is_not_ours_to_look_up(
    office: Any, office_of: Any
) -> None:
    await office.visit(members=[{"person_ref": "p-1", "role": "Dean", "organization": "TU/e"}])
    await office.put("/persons/p-1", name="Somebody")
    stranger = office_of(units=["icst"])
    assert (await stranger.get("/persons/p-1", 403))["code"] == "unit-not-allowed"
    assert (await stranger.put("/persons/p-1", 403, name="Me"))["code"] == "unit-not-allowed"
    await stranger.visit(
        unit="icst", members=[{"person_ref": "p-1", "role": "Dean", "organization": "TU/e"}]
    )
    assert (await stranger.get("/persons/p-1"))["name"] == "Somebody"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/visit-%00"),
        ("GET", "/visit-%00/history"),
        ("GET", "?partner=%00"),
        ("GET", "?ref=%00"),
        ("GET", "?after=%00"),
        ("PUT", "/records/visits/a%00"),
        ("PUT", "/persons/a%00"),
    ],
)
async def test_a_control_character_in_an_address_is_refused(
    office: Any, method: str, path: str
) -> None:
    answer = await office.client.request(method, f"/visits{path}", json={"name": "x"})
    assert (answer.status_code, answer.json()["code"]) == (422, "value-unstorable")


# --- the description of the interface


async def test_every_example_of_the_description_is_a_body_that_is_understood(
    service: Service,
) -> None:
    api = service.app.openapi()
    assert "/visits/{visit}/follow-ups/{follow_up}/links" in api["paths"]
    without = [
        name
        for name, schema in api["components"]["schemas"].items()
        if name.endswith(("Visit", "FollowUp", "Members", "Person")) and name != "FollowUp"
        if not schema.get("examples")
        and name not in ("NamedPerson", "NotedFollowUp", "FollowUpOfVisit")
    ]
    assert without == []
