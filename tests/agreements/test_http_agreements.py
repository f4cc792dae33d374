"""The agreement over HTTP, on a real database: from the proposal to the end."""

from typing import Any


async def test_an_agreement_goes_from_proposal_to_force(office: Any) -> None:
    partner = await office.partner()
    agreement = await office.proposal(partner, valid_until="2030-08-31")
    await office.post(f"/{agreement}/review", on="2025-10-01")
    await office.post(f"/{agreement}/approvals", side="ours", on="2025-10-06")
    await office.post(f"/{agreement}/approvals", side="theirs", on="2025-10-20", evidence="letter")
    await office.post(f"/{agreement}/signatures", party="hust/me", on="2025-11-10")
    after = await office.post(
        f"/{agreement}/signatures", party=partner, on="2025-11-12", evidence="signed copy"
    )
    assert (after["status"], after["signed_on"], after["valid_from"]) == (
        "in-force",
        "2025-11-12",
        "2025-11-12",
    )
    assert await office.get(f"/{agreement}") == after
    assert await office.history(agreement) == [
        "agreement-proposed",
        "agreement-submitted-for-review",
        "agreement-approved",
        "agreement-approved",
        "agreement-signed",
        "agreement-signed",
        "agreement-entered-into-force",
    ]
