"""The agreement over HTTP, on a real database: from the proposal to the end."""

from datetime import timedelta
from typing import Any

import pytest

from services.agreements.usecases.agreements import follow_the_clock
from shared.service import Service
from tests.agreements.office import Office


async def test_an_agreement_goes_from_proposal_to_force(office: Office) -> None:
    partner = await office.partner()
    agreement = await office.agreed(partner)
    assert (agreement["status"], agreement["signed_on"], agreement["valid_from"]) == (
        "in-force",
        "2025-11-12",
        "2025-11-12",
    )
    assert await office.get(f"/{agreement['id']}") == agreement
    assert await office.history(agreement["id"]) == [
        "agreement-proposed",
        "agreement-submitted-for-review",
        "agreement-approved",
        "agreement-approved",
        "agreement-signed",
        "agreement-signed",
        "agreement-entered-into-force",
    ]


async def test_a_signature_before_the_approval_of_both_is_refused(office: Office) -> None:
    agreement = await office.proposal(await office.partner())
    await office.post(f"/{agreement}/review", on="2025-10-01")
    await office.post(f"/{agreement}/approvals", side="ours", on="2025-10-06")
    refusal = await office.post(f"/{agreement}/signatures", 409, party="hust/me", on="2025-10-07")
    assert refusal["code"] == "agreement-not-approved"
    assert (await office.get(f"/{agreement}"))["signatures"] == []
    assert len(await office.history(agreement)) == 3


async def test_an_agreement_that_was_in_force_cannot_be_deleted(office: Office) -> None:
    agreement = await office.agreed(await office.partner())
    answer = await office.client.delete(f"/agreements/{agreement['id']}")
    assert answer.status_code == 405
    refusal = await office.post(
        f"/{agreement['id']}/withdrawal", 409, on="2025-11-14", reason="regretted"
    )
    assert refusal["code"] == "agreement-cannot-be-withdrawn"


async def test_an_agreement_rests_goes_on_and_is_terminated(office: Office) -> None:
    agreement = (await office.agreed(await office.partner()))["id"]
    await office.post(f"/{agreement}/suspension", on="2025-11-13", reason="no travel is allowed")
    resumed = await office.post(f"/{agreement}/resumption", on="2025-11-14")
    assert resumed["suspensions"] == [
        {"suspended_from": "2025-11-13", "suspended_until": "2025-11-13"}
    ]
    ended = await office.post(
        f"/{agreement}/termination",
        notice_on="2025-11-15",
        ended_on="2026-08-31",
        reason="the programme was closed",
    )
    assert (ended["status"], ended["notice_on"], ended["ended_on"]) == (
        "terminated",
        "2025-11-15",
        "2026-08-31",
    )
    assert (await office.history(agreement))[-3:] == [
        "agreement-suspended",
        "agreement-resumed",
        "agreement-terminated",
    ]


async def test_an_agreement_is_renewed_by_both(office: Office) -> None:
    terms: dict[str, Any] = {"valid_until": "2026-08-31", "renewal": {"rule": "by-agreement"}}
    agreement = (await office.agreed(await office.partner(), **terms))["id"]
    renewed = await office.post(
        f"/{agreement}/renewals", valid_until="2031-08-31", on="2025-11-15", evidence="letters"
    )
    assert renewed["valid_until"] == "2031-08-31"


async def test_an_agreement_of_three_parties_waits_for_the_third(office: Office) -> None:
    second, third = await office.partner(), await office.partner(name="Griffith University")
    parties = [
        {"party": "hust/me", "side": "ours", "role": "coordinator"},
        {"party": second, "side": "theirs"},
        {"party": third, "side": "theirs", "role": "associate"},
    ]
    agreement = await office.agreed(second, parties=parties)
    assert (agreement["status"], agreement["signed_on"]) == ("approved", None)
    complete = await office.post(
        f"/{agreement['id']}/signatures", party=third, on="2025-11-14", evidence="copy"
    )
    assert (complete["status"], complete["signed_on"]) == ("in-force", "2025-11-14")


async def test_the_follow_up_that_it_came_from_can_be_read_back(office: Office) -> None:
    visit = "visit-01k9zv5n3m8q4w7t2r6y0a1b2d"
    came_from = {"visit": visit, "follow_up": "2"}
    partner = await office.partner()
    agreement = await office.proposal(partner, follow_up=came_from)
    await office.proposal(partner)
    assert (await office.get(f"/{agreement}"))["follow_up"] == came_from
    assert await office.ids("", visit=visit) == [agreement]


# --- what it names -------------------------------------------------------------------------------


async def test_a_partner_that_is_not_registered_cannot_be_a_party(office: Office) -> None:
    parties = [
        {"party": "hust", "side": "ours"},
        {"party": "partner-01k9zv5n3m8q4w7t2r6y0a1b2c", "side": "theirs"},
    ]
    refusal = await office.post(
        "", 422, unit="hust", kind="exchange", title="Exchange", parties=parties
    )
    assert (refusal["code"], refusal["field"]) == ("partner-unknown", "parties.1.party")


async def test_nothing_new_is_proposed_to_a_retired_partner(office: Office) -> None:
    partner = await office.partner()
    await office.post(f"/partners/{partner}/retirement", on="2025-11-01", reason="dissolved")
    parties = [{"party": "hust", "side": "ours"}, {"party": partner, "side": "theirs"}]
    refusal = await office.post(
        "", 409, unit="hust", kind="exchange", title="Exchange", parties=parties
    )
    assert refusal["code"] == "partner-retired"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"unit": "hust/ee"}, "unit"),
        ({"shared_with": ["hust", "hust/ee"]}, "shared_with.1"),
        ({"parties": [{"party": "hust/ee", "side": "ours"}]}, "parties.0.party"),
    ],
)
async def test_a_unit_that_the_reference_file_lacks_is_refused(
    office: Office, fields: dict[str, Any], field: str
) -> None:
    partner = await office.partner()
    told: dict[str, Any] = {
        "unit": "hust",
        "kind": "exchange",
        "title": "Exchange",
        "parties": [{"party": "hust", "side": "ours"}],
    } | fields
    told["parties"] = [*told["parties"], {"party": partner, "side": "theirs"}]
    refusal = await office.post("", 422, **told)
    assert (refusal["code"], refusal["field"]) == ("unit-unknown", field)


async def test_an_unknown_agreement_is_not_found(office: Office) -> None:
    refusal = await office.get("/agreement-01k9zv5n3m8q4w7t2r6y0a1b2c", 404)
    assert refusal["code"] == "agreement-unknown"


# --- corrections ---------------------------------------------------------------------------------


async def test_a_correction_is_applied_and_published_with_its_reason(office: Office) -> None:
    agreement = (await office.agreed(await office.partner()))["id"]
    mended = await office.post(
        f"/{agreement}/corrections", field="valid_until", value="2029-08-31", reason="left out"
    )
    assert mended["valid_until"] == "2029-08-31"
    entry = (await office.get(f"/history/{agreement}"))["items"][-1]
    assert entry["data"] == {"changes": {"valid_until": "2029-08-31"}, "reason": "left out"}
    assert entry["actor"] == "lan"


async def test_a_correction_of_what_a_step_sets_changes_nothing(office: Office) -> None:
    agreement = await office.proposal(await office.partner())
    refusal = await office.post(
        f"/{agreement}/corrections", 422, field="status", value="in-force", reason="faster"
    )
    assert (refusal["code"], refusal["field"]) == ("field-not-correctable", "status")
    assert (await office.get(f"/{agreement}"))["version"] == 1


# --- the clock -----------------------------------------------------------------------------------


async def test_the_clock_lets_it_lapse_at_midnight_of_its_own_unit(
    office: Office, service: Service
) -> None:
    """8:00 on 17 November in Hanoi is still 16 November in Pago Pago."""
    partner = await office.partner()
    here = (await office.agreed(partner, valid_until="2025-11-16", valid_from="2025-11-01"))["id"]
    there = await office.put(
        "/records/agreements/W-1",
        201,
        unit="far-west",
        kind="exchange",
        title="Exchange",
        parties=[{"party": "far-west", "side": "ours"}, {"party": partner, "side": "theirs"}],
        signed_on="2020",
        valid_from="2020",
        valid_until="2025-11-16",
    )
    assert (await office.get(f"/{here}"))["status"] == "lapsed"  # signed late: at once
    assert (await office.get(f"/{there['id']}"))["status"] == "in-force"
    await follow_the_clock(service.database)
    assert (await office.get(f"/{there['id']}"))["status"] == "in-force"
    service.clock.advance(timedelta(hours=10))  # 00:00 on 17 November in Pago Pago
    await follow_the_clock(service.database)
    after = await office.get(f"/{there['id']}")
    assert (after["status"], after["ended_on"]) == ("lapsed", "2025-11-16")
    assert (await office.get(f"/history/{there['id']}"))["items"][-1]["actor"] == "clock"


async def test_the_clock_renews_tacitly_and_enters_into_force(
    office: Office, service: Service
) -> None:
    partner = await office.partner()
    tacit = {"rule": "tacit", "months": 12, "notice_months": 3}
    terms: dict[str, Any] = {
        "valid_from": "2025-12-01",
        "valid_until": "2026-11-30",
        "renewal": tacit,
    }
    agreement = (await office.agreed(partner, **terms))["id"]
    assert (await office.get(f"/{agreement}"))["status"] == "signed"
    service.clock.advance(timedelta(days=14))
    await follow_the_clock(service.database)
    assert (await office.get(f"/{agreement}"))["status"] == "in-force"
    service.clock.advance(timedelta(days=365))
    await follow_the_clock(service.database)
    await follow_the_clock(service.database)
    assert (await office.history(agreement))[-2:] == [
        "agreement-entered-into-force",
        "agreement-renewed",
    ]


async def test_the_clock_ends_a_suspension_with_a_last_day(
    office: Office, service: Service
) -> None:
    agreement = (await office.agreed(await office.partner()))["id"]
    reason = "no travel is allowed"
    await office.post(f"/{agreement}/suspension", on="2025-11-13", until="2025-11", reason=reason)
    await follow_the_clock(service.database)
    assert (await office.get(f"/{agreement}"))["status"] == "suspended"
    service.clock.advance(timedelta(days=14))
    await follow_the_clock(service.database)
    goes_on = await office.get(f"/{agreement}")
    assert (goes_on["status"], goes_on["suspensions"][0]["suspended_until"]) == (
        "in-force",
        "2025-11-30",
    )


async def test_a_successor_in_force_ends_the_one_before(office: Office, service: Service) -> None:
    partner = await office.partner()
    before = (await office.agreed(partner, valid_from="2025-11-12"))["id"]
    after = (await office.agreed(partner, valid_from="2025-11-15", supersedes=before))["id"]
    await follow_the_clock(service.database)
    superseded = await office.get(f"/{before}")
    assert (superseded["status"], superseded["superseded_by"], superseded["ended_on"]) == (
        "superseded",
        after,
        "2025-11-14",
    )
    assert (await office.get(f"/{after}"))["status"] == "in-force"


async def test_a_successor_can_be_named_by_hand(office: Office) -> None:
    partner = await office.partner()
    before, after = await office.agreed(partner), await office.agreed(partner)
    superseded = await office.post(
        f"/{before['id']}/supersession", successor=after["id"], ended_on="2025-11-14"
    )
    assert (superseded["superseded_by"], superseded["ended_on"]) == (after["id"], "2025-11-14")
