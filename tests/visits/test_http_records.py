"""The office's own list: visits entered in their present state, and told again."""

from datetime import timedelta
from typing import Any

import pytest

from services.visits import usecases
from shared.service import Service

TRIP = {
    "unit": "icst",
    "direction": "outbound",
    "title": "Trip to Malaysia",
    "starts_on": "2024-05",
    "legs": [{"city": "Bangi", "country": "MY", "partners": ["ref:UKM"]}],
    "decision": {"number": "118/QD", "on": "2024-04-12"},
    "follow_ups": [{"text": "Draft an agreement", "towards": "dual-degree agreement"}],
    "status": "completed",
}


@pytest.fixture
async def ukm(others: Any) -> str:
    partner: str = await others.partner(ref="UKM", name="UKM", country="MY")
    return partner


async def test_a_trip_of_the_past_is_entered_in_one_step(office: Any, ukm: str) -> None:
    recorded = await office.put("/records/visits/V-1", 201, **TRIP)
    assert (recorded["outcome"], recorded["version"], recorded["warnings"]) == ("created", 1, [])
    visit = await office.get(f"/{recorded['id']}")
    assert (visit["ref"], visit["starts_on"], visit["ends_on"]) == ("V-1", "2024-05", "2024-05")
    assert [each["partner"] for each in visit["partners"]] == [ukm]
    assert visit["follow_ups"][0]["id"] == "1"
    assert await office.history(recorded["id"]) == ["visit-recorded"]


@pytest.mark.usefixtures("ukm")
async def test_a_row_that_comes_again_unchanged_changes_nothing(office: Any) -> None:
    first = await office.put("/records/visits/V-1", 201, **TRIP)
    again = await office.put("/records/visits/V-1", **TRIP)
    assert again == first | {"outcome": "unchanged"}
    assert await office.history(first["id"]) == ["visit-recorded"]


@pytest.mark.usefixtures("ukm")
async def test_what_was_done_here_since_is_not_undone_by_the_old_row(
    office: Any, service: Service, others: Any
) -> None:
    row = TRIP | {"status": "confirmed", "starts_on": "2025-12-01", "ends_on": "2025-12-03"}
    visit = (await office.put("/records/visits/V-1", 201, **row))["id"]
    agreement = await others.agreement(follow_up={"visit": visit, "follow_up": "1"})
    await office.post(f"/{visit}/corrections", field="title", value="Trip", reason="Shorter")
    service.clock.advance(timedelta(days=30))
    await usecases.follow_the_clock(service.database)
    again = await office.put("/records/visits/V-1", **row)
    assert again["outcome"] == "unchanged"
    other = await office.put("/records/visits/V-1", **row | {"place": "Bangi"})
    assert (other["outcome"], other["changed"]) == ("changed", ["place"])
    kept = await office.get(f"/{visit}")
    assert (kept["title"], kept["status"]) == ("Trip", "completed")
    assert kept["follow_ups"][0]["became"] == agreement


@pytest.mark.usefixtures("ukm")
async def test_a_row_that_changed_applies_what_it_implies(office: Any) -> None:
    row = TRIP | {"status": "planned", "starts_on": "2025-10-01", "ends_on": "2025-10-02"}
    visit = (await office.put("/records/visits/V-1", 201, **row))["id"]
    changed = await office.put(
        "/records/visits/V-1",
        **row
        | {
            "status": "reported",
            "report": {"on": "2025-10-05", "text": "We met."},
            "place": "Bangi",
            "members": [{"role": "Dean", "ours": True}],
            "follow_ups": [*row["follow_ups"], {"text": "Send thanks"}],
        },
    )
    assert changed["outcome"] == "changed"
    assert changed["changed"] == ["place", "status", "members", "follow_ups", "report"]
    assert await office.history(visit) == [
        "visit-recorded",
        "visit-corrected",
        "visit-members-changed",
        "visit-started",
        "visit-completed",
        "visit-reported",
        "visit-follow-up-added",
    ]


@pytest.mark.usefixtures("ukm")
async def test_a_row_that_cannot_have_happened_is_refused_and_changes_nothing(office: Any) -> None:
    visit = (await office.put("/records/visits/V-1", 201, **TRIP))["id"]
    refusal = await office.put(
        "/records/visits/V-1", 409, **TRIP | {"status": "cancelled", "title": "No trip"}
    )
    assert (refusal["code"], refusal["field"]) == ("visit-began", "status")
    assert await office.history(visit) == ["visit-recorded"]
    assert (await office.put("/records/visits/V-1", **TRIP))["outcome"] == "unchanged"


async def test_a_partner_that_is_not_known_yet_is_named_and_nothing_is_kept(
    office: Any, others: Any
) -> None:
    refusal = await office.put("/records/visits/V-1", 409, **TRIP)
    assert (refusal["code"], refusal["field"]) == ("partner-unknown", "legs.0.partners.0")
    assert (await office.get(""))["items"] == []
    await others.partner(ref="UKM", name="UKM", country="MY")
    await office.put("/records/visits/V-1", 201, **TRIP)


async def test_what_the_office_asks_is_warned_about_and_not_refused(office: Any) -> None:
    recorded = await office.put(
        "/records/visits/V-2",
        201,
        unit="hust/me",
        direction="inbound",
        title="A delegation",
        starts_on="2019-05-14",
        requested_on="2019-05-10",
        status="closed",
    )
    codes = [warning.partition(":")[0] for warning in recorded["warnings"]]
    assert codes == ["visitors-missing", "lead-time-too-short"]


async def test_a_record_without_a_status_has_the_one_of_its_days(office: Any) -> None:
    meeting = {
        "unit": "hust",
        "direction": "meeting",
        "title": "A call",
        "partners": [{"name": "TU/e"}],
    }
    past = await office.put("/records/visits/V-3", 201, **meeting, starts_on="2019")
    ahead = await office.put("/records/visits/V-4", 201, **meeting, starts_on="2026-02")
    assert (await office.get(f"/{past['id']}"))["status"] == "completed"
    assert (await office.get(f"/{ahead['id']}"))["status"] == "planned"


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"ref": "V-9"}, 422, "ref-differs", "ref"),
        ({"unit": "nowhere"}, 422, "unit-unknown", "unit"),
        ({"hosts": ["nowhere"]}, 422, "unit-unknown", "hosts.0"),
        ({"starts_on": "2024-13"}, 422, "invalid-request", "starts_on"),
        ({"starts_on": "2026-01", "ends_on": "2026-02"}, 409, "visit-lies-ahead", "status"),
        ({"legs": [{"city": "Delhi"}]}, 422, "country-missing", "legs.0.country"),
        ({"guests": 5}, 422, "invalid-request", "guests"),
        ({"title": "a\u202eb"}, 422, "invalid-request", "title"),
        ({"title": "  "}, 422, "invalid-request", "title"),
        ({"agenda": [{"title": "x", "at": "\x00"}]}, 422, "value-unstorable", "agenda.0.at"),
        ({"partners": [{"partner": "ref:\x00"}]}, 422, "value-unstorable", "partners.0.partner"),
        (
            {"members": [{"ours": True, "role": "x", "person_ref": "Nguyen Van A"}]},
            422,
            "invalid-request",
            "members.0.person_ref",
        ),
    ],
)
@pytest.mark.usefixtures("ukm")
async def test_a_bad_row_is_refused_with_its_field(
    office: Any, change: dict[str, Any], status: int, code: str, field: str
) -> None:
    refusal = await office.put("/records/visits/V-1", status, **TRIP | change)
    assert (refusal["code"], refusal["field"]) == (code, field)
    assert (await office.get(""))["items"] == []


@pytest.mark.usefixtures("ukm")
async def test_a_record_as_it_is_read_can_be_sent_back(office: Any) -> None:
    """All public fields but the id are understood, in the shape in which they are answered."""
    visit = (await office.put("/records/visits/V-1", 201, **TRIP))["id"]
    told = await office.get(f"/{visit}")
    for not_said in ("id", "version", "warnings", "report_due_on", "documents"):
        del told[not_said]
    again = await office.put("/records/visits/V-1", **told)
    assert (again["outcome"], again["changed"]) == ("unchanged", [])


async def test_the_fold_of_the_journal_is_the_record(office: Any, ukm: str) -> None:
    """Whoever merges what was published knows of the visit what this service knows."""
    row = TRIP | {"status": "planned", "starts_on": "2025-11-03", "ends_on": "2025-11-04"}
    visit = (await office.put("/records/visits/V-1", 201, **row))["id"]
    await office.post(f"/{visit}/postponements", starts_on="2025-11-10", reason="Typhoon")
    await office.put("/records/visits/V-1", **row | {"status": "completed", "place": "Bangi"})
    await office.post(f"/{visit}/follow-ups", 201, text="Send thanks")
    await office.post(f"/{visit}/follow-ups/2/closure")
    await office.post(f"/{visit}/reports", text="We met.", outcomes=["A plan"])
    await office.post(f"/{visit}/corrections", field="title", value="Trip", reason="Shorter")
    fold: dict[str, Any] = {}
    entries = (await office.get(f"/{visit}/history"))["items"]
    for entry in entries:
        fold |= entry["data"].get("changes", entry["data"])
    record = await office.get(f"/{visit}")
    assert record["version"] == len(entries) == entries[-1]["version"]
    assert {name: fold[name] for name in record.keys() & fold.keys()} == {
        name: value for name, value in record.items() if name in fold
    }
    beside = {"id", "version", "warnings", "report_due_on"}
    assert record.keys() - fold.keys() == beside
    assert ukm in record["legs"][0]["partners"]
