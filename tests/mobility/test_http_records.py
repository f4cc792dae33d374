"""The office's own list: entered once, told again, and never undoing what happened since."""

from typing import Any

import pytest

from services.mobility.domain.names import name_keys
from services.mobility.store import known_partners
from services.mobility.usecases.clock import find_references
from shared.service import Service
from tests.mobility.office import Office, an_event

SIT = "partner-01k9zv5n3m8q4w7t2r6y0a1b2c"


def a_row(**fields: Any) -> dict[str, Any]:
    return {
        "unit": "hust/me",
        "person_ref": "st:1",
        "direction": "out",
        "who": "student",
        "kind": "project-based",
        "partner": "ref:SIT",
        "host_country": "JP",
        "planned_from": "2019-08",
        "planned_until": "2019-08",
    } | fields


async def know_partner(service: Service, ref: str, *names: str, subject: str = SIT) -> None:
    """A partner's facts have arrived."""
    async with service.database.connect() as connection:
        await connection.execute(
            known_partners.insert().values(
                id=subject,
                document={"ref": ref},
                country="JP",
                keys=[f"ref:{ref}", *name_keys(names)],
            )
        )


async def test_the_past_is_entered_in_one_step_and_once(office: Office) -> None:
    entered = await office.record("stays", "S-1", 201, **a_row())
    assert entered["outcome"] == "created"
    assert "ref:SIT is not known here yet" in entered["warnings"][0]
    stay = await office.get(f"/stays/{entered['id']}")
    assert (stay["status"], stay["ref"], stay["planned_from"]) == ("completed", "S-1", "2019-08")
    again = await office.record("stays", "S-1", **a_row())
    assert (again["outcome"], again["changed"]) == ("unchanged", [])
    assert again["version"] == stay["version"]


async def test_a_row_that_changed_is_applied_as_what_it_implies(office: Office) -> None:
    entered = await office.record("stays", "S-1", 201, **a_row(planned_until="2026-03"))
    changed = await office.record(
        "stays",
        "S-1",
        **a_row(
            planned_until="2026-03", actual_until="2025-10-31", returned_early=True, note="ill"
        ),
    )
    assert changed["outcome"] == "changed"
    assert changed["changed"] == ["actual_until", "note", "returned_early", "status"]
    assert (await office.history(entered["id"]))[-2:] == ["stay-corrected", "stay-returned-early"]


async def test_a_row_for_another_person_is_refused_and_changes_nothing(office: Office) -> None:
    entered = await office.record("stays", "S-1", 201, **a_row())
    refusal = await office.record("stays", "S-1", 409, **a_row(person_ref="st:2", note="x"))
    assert (refusal["code"], refusal["field"]) == ("stay-parties-fixed", "person_ref")
    stay = await office.get(f"/stays/{entered['id']}")
    assert (stay["person_ref"], stay["note"]) == ("st:1", None)
    assert (await office.record("stays", "S-1", **a_row()))["outcome"] == "unchanged"


async def test_a_list_undoes_nothing_that_happened_since(office: Office) -> None:
    entered = await office.record("stays", "S-1", 201, **a_row(funding="JST"))
    await office.post(
        f"/stays/{entered['id']}/corrections", field="funding", value="JSPS", reason="asked"
    )
    again = await office.record("stays", "S-1", **a_row(funding="JST", note="new"))
    assert again["changed"] == ["note"]
    assert (await office.get(f"/stays/{entered['id']}"))["funding"] == "JSPS"


async def test_a_reference_is_filled_in_when_it_becomes_known(
    office: Office, service: Service
) -> None:
    await office.record(
        "programmes", "GPBL", 201, unit="hust/me", name="GPBL", partners=["ref:SIT"]
    )
    entered = await office.record("stays", "S-1", 201, **a_row(programme="ref:GPBL"))
    path = f"/stays/{entered['id']}"
    programme = (await office.get("/programmes"))["items"][0]
    assert (await office.get(path))["programme"] == programme["id"]
    waiting = (await office.get("/upstream/unresolved"))["items"]
    assert sorted(item["field"] for item in waiting) == ["partner", "partners"]
    await find_references(service.database)
    assert (await office.get(path))["partner"] is None
    await know_partner(service, "SIT")
    await find_references(service.database)
    assert (await office.get(path))["partner"] == SIT
    assert (await office.get(f"/programmes/{programme['id']}"))["partners"] == [SIT]
    assert (await office.get("/upstream/unresolved"))["items"] == []
    assert (await office.record("stays", "S-1", **a_row(programme="ref:GPBL")))[
        "outcome"
    ] == "unchanged"


async def test_the_partner_s_country_is_where_a_stay_takes_place(
    office: Office, service: Service
) -> None:
    await know_partner(service, "SIT")
    row = a_row()
    del row["host_country"]
    entered = await office.record("stays", "S-1", 201, **row)
    assert (await office.get(f"/stays/{entered['id']}"))["host_country"] == "JP"
    odd = await office.record("stays", "S-2", 201, **a_row(person_ref="st:2", host_country="KR"))
    assert odd["warnings"] == ["host_country: KR, but the partner's seat is JP"]


async def test_a_row_that_upstream_had_reported_is_the_same_stay(
    office: Office, service: Service
) -> None:
    await know_partner(service, "SIT", "Shibaura Institute of Technology")
    await office.send(an_event("registrar.exchange-registered", person_ref="st:1"))
    reported = (await office.get("/stays"))["items"][0]
    told = await office.record("stays", "S-1", **a_row(status="confirmed", funding="ours"))
    assert (told["id"], told["outcome"]) == (reported["id"], "changed")
    stay = (await office.get("/stays"))["items"]
    assert [(s["ref"], s["funding"], s["status"]) for s in stay] == [("S-1", "ours", "completed")]
    assert (await office.record("stays", "S-1", **a_row(status="confirmed", funding="ours")))[
        "outcome"
    ] == "unchanged"


async def test_applications_and_appointments_are_recorded_and_told_again(office: Office) -> None:
    application = {
        "unit": "nist",
        "person_ref": "g:1",
        "level": "master",
        "submitted_on": "2024-03",
        "decided_on": "2024-06",
    }
    entered = await office.record("applications", "A-1", 201, **application)
    assert (await office.get(f"/applications/{entered['id']}"))["status"] == "admitted"
    gone = application | {"status": "departed", "departed_on": "2024-09"}
    assert (await office.record("applications", "A-1", **gone))["changed"] == [
        "departed_on",
        "status",
    ]
    back = await office.record("applications", "A-1", 409, **gone | {"status": "submitted"})
    assert back["code"] == "status-went-back"
    appointment = {
        "unit": "nist",
        "person_ref": "e:1",
        "term": "long",
        "role": "professor",
        "starts_on": "2024-03",
    }
    hired = await office.record("appointments", "E-1", 201, **appointment)
    told = await office.record(
        "appointments", "E-1", **appointment | {"high_level": True, "ends_on": "2025-06"}
    )
    assert told["changed"] == ["ends_on", "high_level", "status"]
    assert await office.history(hired["id"]) == [
        "appointment-recorded",
        "appointment-classified",
        "appointment-ended",
    ]
    assert (await office.record("appointments", "E-1", **appointment))["outcome"] == "unchanged"


@pytest.mark.parametrize(
    ("register", "body", "field"),
    [
        ("stays", a_row(planned_until="2019-13"), "planned_until"),
        ("stays", {**a_row(), "planned_from": None, "actual_from": None}, "planned_from"),
        ("stays", a_row(ref="S-2"), "ref"),
        ("applications", {"unit": "nist", "person_ref": "g:1"}, "level"),
    ],
)
async def test_a_row_that_cannot_be_is_refused_naming_the_field(
    office: Office, register: str, body: dict[str, Any], field: str
) -> None:
    refusal = await office.record(register, "X-1", 422, **body)
    assert field in refusal["field"]
