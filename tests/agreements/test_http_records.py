"""Recording the past, and the office's list told again."""

import asyncio
from typing import Any

import pytest

from tests.agreements.office import Office

PARTNER: dict[str, Any] = {
    "unit": "nist",
    "kind": "university",
    "name": "University of Bolton",
    "country": "GB",
}
AGREEMENT: dict[str, Any] = {
    "unit": "nist",
    "kind": "memorandum-of-understanding",
    "title": "Cooperation in education",
    "parties": [{"party": "nist", "side": "ours"}, {"party": "ref:P-1", "side": "theirs"}],
    "status": "in-force",
    "signed_on": "2014",
    "valid_from": "2014",
    "valid_until": "2026-12-31",
}


@pytest.fixture
async def recorded(office: Office) -> str:
    """The id of AGREEMENT, recorded as A-1 with its partner P-1."""
    await office.put("/records/partners/P-1", 201, **PARTNER)
    return str((await office.put("/records/agreements/A-1", 201, **AGREEMENT))["id"])


async def test_a_record_of_the_past_is_created_in_one_step(office: Office, recorded: str) -> None:
    partner = (await office.get("/partners"))["items"][0]
    agreement = await office.get(f"/{recorded}")
    assert (agreement["ref"], agreement["status"], agreement["signed_on"]) == (
        "A-1",
        "in-force",
        "2014",
    )
    assert agreement["parties"][1]["party"] == partner["id"]
    assert await office.history(recorded) == ["agreement-recorded"]


async def test_the_same_list_again_changes_nothing(office: Office, recorded: str) -> None:
    for path, told in (("partners/P-1", PARTNER), ("agreements/A-1", AGREEMENT)):
        again = await office.put(f"/records/{path}", **told)
        assert (again["outcome"], again["changed"], again["version"]) == ("unchanged", [], 1)
    assert await office.history(recorded) == ["agreement-recorded"]


async def test_a_list_told_again_does_not_undo_what_was_done_here(
    office: Office, recorded: str
) -> None:
    await office.post(
        f"/{recorded}/termination", notice_on="2025-11-01", ended_on="2025-12-31", reason="closed"
    )
    again = await office.put("/records/agreements/A-1", **AGREEMENT)
    assert again["outcome"] == "unchanged"
    assert (await office.get(f"/{recorded}"))["status"] == "terminated"


async def test_a_changed_list_applies_what_it_implies(office: Office, recorded: str) -> None:
    changed = await office.put(
        "/records/agreements/A-1",
        **AGREEMENT | {"status": "terminated", "ended_on": "2025-06-30", "levels": [6]},
    )
    assert (changed["outcome"], changed["changed"]) == (
        "changed",
        ["ended_on", "levels", "notice_on", "status"],
    )
    assert await office.history(recorded) == [
        "agreement-recorded",
        "agreement-terminated",
        "agreement-corrected",
    ]
    renamed = await office.put(
        "/records/partners/P-1", **PARTNER | {"name": "University of Greater Manchester"}
    )
    assert renamed["changed"] == ["name", "names"]
    assert await office.history(renamed["id"]) == ["partner-recorded", "partner-renamed"]


async def test_an_impossible_change_is_refused_and_nothing_is_changed(
    office: Office, recorded: str
) -> None:
    refusal = await office.put(
        "/records/agreements/A-1", 409, **AGREEMENT | {"status": "proposed", "title": "Other"}
    )
    assert (refusal["code"], refusal["field"]) == ("agreement-cannot-go-back", "status")
    assert "in-force" in refusal["detail"]
    assert (await office.get(f"/{recorded}"))["title"] == AGREEMENT["title"]
    # what was refused was not heard: the list as it was before still says nothing new
    again = await office.put("/records/agreements/A-1", **AGREEMENT)
    assert again["outcome"] == "unchanged"


async def test_a_field_that_the_list_does_not_have_is_left_alone(
    office: Office, recorded: str
) -> None:
    await office.post(f"/{recorded}/corrections", field="levels", value=[7], reason="known now")
    shorter = {name: value for name, value in AGREEMENT.items() if name != "valid_until"}
    assert (await office.put("/records/agreements/A-1", **shorter))["outcome"] == "unchanged"
    agreement = await office.get(f"/{recorded}")
    assert (agreement["levels"], agreement["valid_until"]) == ([7], "2026-12-31")


async def test_what_is_odd_in_the_past_is_recorded_with_warnings(office: Office) -> None:
    await office.put("/records/partners/P-1", 201, **PARTNER)
    told = {k: v for k, v in AGREEMENT.items() if k not in ("signed_on", "valid_until")}
    warned = await office.put("/records/agreements/A-2", 201, **told)
    assert warned["warnings"] == [
        "no date of signature is given",
        "no last day is given: it is taken as open-ended",
    ]


async def test_a_reference_to_what_is_not_recorded_is_refused(office: Office) -> None:
    refusal = await office.put("/records/agreements/A-1", 422, **AGREEMENT)
    assert (refusal["code"], refusal["field"]) == ("reference-unknown", "parties")
    assert "P-1" in refusal["detail"]


async def test_a_ref_in_the_record_is_the_one_of_the_path(office: Office) -> None:
    refusal = await office.put("/records/partners/P-1", 422, **PARTNER | {"ref": "P-2"})
    assert (refusal["code"], refusal["field"]) == ("ref-differs", "ref")


async def test_a_record_that_was_entered_by_hand_is_found_by_its_ref(office: Office) -> None:
    partner = await office.partner(**PARTNER | {"ref": "P-9"})
    told = await office.put("/records/partners/P-9", **PARTNER | {"kind": "company"})
    assert (told["id"], told["changed"]) == (partner, ["kind"])
    refusal = await office.post("/partners", 409, **PARTNER | {"ref": "P-9"})
    assert refusal["code"] == "partner-exists"


async def test_every_register_can_be_recorded_and_told_again(office: Office, recorded: str) -> None:
    programme = {
        "unit": "nist",
        "title": "Media, 3+1",
        "partners": ["ref:P-1"],
        "agreement": "ref:A-1",
        "approved_on": "2024-05",
    }
    project = {"unit": "nist", "title": "Vision", "partners": ["ref:P-1"], "granted_on": "2023"}
    gift = {
        "unit": "nist",
        "donors": [{"partner": "ref:P-1"}],
        "amount": "5000",
        "currency": "GBP",
        "purpose": "Books",
        "received_on": "2022",
    }
    told: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
        (
            "joint-programmes/J-1",
            programme,
            {"status": "established", "established_on": "2024-11-29"},
            "joint-programme-established",
        ),
        (
            "joint-projects/R-1",
            project,
            {"status": "completed", "completed_on": "2024-12-20"},
            "joint-project-completed",
        ),
        ("contributions/C-1", gift, {"amount": "5500"}, "contribution-corrected"),
    ]
    for path, first, then, fact in told:
        created = await office.put(f"/records/{path}", 201, **first)
        assert (await office.put(f"/records/{path}", **first))["outcome"] == "unchanged"
        changed = await office.put(f"/records/{path}", **first | then)
        assert (changed["id"], changed["outcome"]) == (created["id"], "changed")
        assert (await office.history(created["id"]))[1:] == [fact]
    programme_id = (await office.get("/joint-programmes"))["items"][0]
    assert programme_id["agreement"] == recorded


async def test_two_imports_of_one_row_at_once_make_one_record(office: Office) -> None:
    answers = await asyncio.gather(
        *(office.client.put("/agreements/records/partners/P-1", json=PARTNER) for _ in range(4))
    )
    codes = [answer.status_code for answer in answers]
    assert codes.count(201) == 1
    assert set(codes) <= {200, 201, 409}
    assert len(await office.ids("/partners")) == 1
