"""Reviews and amendments over HTTP, on a real database."""

from tests.agreements.office import Office


async def test_a_proposal_is_reviewed_sent_back_changed_and_approved(office: Office) -> None:
    agreement = await office.proposal(await office.partner())
    reviewers = ["Legal office", "Vice-rector for education"]
    await office.post(f"/{agreement}/review", on="2025-10-01", reviewers=reviewers)
    back = await office.post(
        f"/{agreement}/reviews",
        reviewer=reviewers[1],
        verdict="asks-for-changes",
        on="2025-10-02",
        note="Say for which levels",
    )
    assert back["status"] == "proposed"
    revised = await office.post(
        f"/{agreement}/revision", on="2025-10-03", reason="asked for", changes={"levels": [6, 7]}
    )
    assert (revised["levels"], revised["reviews"]) == ([6, 7], [])
    await office.post(f"/{agreement}/review", on="2025-10-03", reviewers=reviewers)
    refusal = await office.post(f"/{agreement}/approvals", 409, side="ours", on="2025-10-04")
    assert refusal["code"] == "agreement-review-open"
    for reviewer in reviewers:
        await office.post(
            f"/{agreement}/reviews", reviewer=reviewer, verdict="agrees", on="2025-10-04"
        )
    await office.post(f"/{agreement}/approvals", side="ours", on="2025-10-06")


async def test_an_amendment_waits_for_both_sides_and_can_be_taken_back(office: Office) -> None:
    agreement = (await office.agreed(await office.partner()))["id"]
    change = {"on": "2025-11-14", "reason": "a second level"}
    waiting = await office.post(f"/{agreement}/amendment", **change, changes={"levels": [7]})
    assert (waiting["levels"], waiting["amendment"]["changed"]) == ([], ["levels"])
    await office.post(f"/{agreement}/amendment/approvals", side="ours", on="2025-11-14")
    amended = await office.post(
        f"/{agreement}/amendment/approvals", side="theirs", on="2025-11-15", evidence="mail"
    )
    assert (amended["levels"], amended["status"]) == ([7], "in-force")
    refusal = await office.post(
        f"/{agreement}/amendment", 422, **change, return_to=1, changes={"levels": [8]}
    )
    assert refusal["code"] == "agreement-changes-and-version"
    await office.post(f"/{agreement}/amendment", **change, return_to=1)
    await office.post(f"/{agreement}/amendment/withdrawal", on="2025-11-16", reason="no answer")
    versions = (await office.get(f"/{agreement}/versions"))["items"]
    assert [(each["number"], each["until"]) for each in versions] == [(1, "2025-11-15"), (2, None)]
    assert versions[1]["changes"] == [{"field": "levels", "before": [], "after": [7]}]


async def test_an_amendment_names_parties_that_are_registered(office: Office) -> None:
    partner = await office.partner()
    agreement = (await office.agreed(partner))["id"]
    parties = [
        {"party": "hust/me", "side": "ours"},
        {"party": partner, "side": "theirs"},
        {"party": "partner-01k9zv5n3m8q4w7t2r6y0a1b2c", "side": "theirs"},
    ]
    refusal = await office.post(
        f"/{agreement}/amendment",
        422,
        on="2025-11-14",
        reason="a third party",
        changes={"parties": parties},
    )
    assert (refusal["code"], refusal["field"]) == ("partner-unknown", "parties.2.party")
