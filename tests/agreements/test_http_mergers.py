"""Partners that become one over HTTP: what refers to them is found either way."""

from typing import Any

import pytest

from tests.agreements.office import TOLD_PARTNER, Office

SCHAC = {"scheme": "schac", "value": "nagaokaut.ac.jp"}
DUPLICATE: dict[str, Any] = {"kind": "duplicate", "on": "2025-11-10", "reason": "entered twice"}
BECAME: dict[str, Any] = {"kind": "institutional", "on": "2024-10-01", "reason": "Science Tokyo"}


@pytest.fixture
async def two(office: Office) -> tuple[str, str]:
    """A duplicate (by mistake in another country), and the one that it is a duplicate of."""
    return (
        await office.partner(name="Nagaoka Univ. of Technology", identifiers=[SCHAC], country="CN"),
        await office.partner(name="Nagaoka University of Technology"),
    )


async def test_references_to_a_duplicate_are_found_by_the_one_that_is_left(
    office: Office, two: tuple[str, str]
) -> None:
    gone, left = two
    agreement = await office.proposal(gone)
    programme = await office.post(
        "/joint-programmes", 201, unit="nist", title="Media", partners=[gone]
    )
    await office.post(f"/partners/{gone}/merger", into=left, **DUPLICATE)
    for partner in two:
        assert await office.ids("", partner=partner) == [agreement]
        assert await office.ids("/joint-programmes", partner=partner) == [programme["id"]]
    assert await office.ids("", country="JP") == [agreement]
    assert await office.ids("", country="CN") == []
    assert (await office.get(f"/{agreement}"))["parties"][1]["party"] == gone


async def test_what_a_body_did_before_it_became_another_is_found_by_both(office: Office) -> None:
    tmdu = await office.partner(name="Tokyo Medical and Dental University")
    tech = await office.partner(name="Tokyo Institute of Technology")
    science = await office.partner(name="Institute of Science Tokyo")
    agreements = [await office.proposal(each) for each in (tmdu, tech)]
    for each in (tmdu, tech):
        await office.post(f"/partners/{each}/merger", into=science, **BECAME)
    assert await office.ids("", partner=science) == agreements
    assert await office.ids("", partner=tmdu) == agreements[:1]
    assert await office.ids("/partners", merged_into=science) == [tmdu, tech]
    assert (await office.get(f"/partners/{tmdu}"))["merger"]["kind"] == "institutional"


async def test_ids_move_with_a_duplicate_and_go_back(office: Office, two: tuple[str, str]) -> None:
    gone, left = two
    before = [await office.get(f"/partners/{each}") for each in two]
    await office.post(f"/partners/{gone}/merger", into=left, **DUPLICATE)
    assert (await office.get(f"/partners/{left}"))["identifiers"] == [SCHAC]
    taken = await office.post("/partners", 409, **TOLD_PARTNER | {"identifiers": [SCHAC]})
    assert (taken["code"], left in taken["detail"]) == ("identifier-taken", True)
    back = await office.post(f"/partners/{gone}/merger/reversal", reason="two after all")
    assert back == before[0] | {"version": 3}
    assert await office.get(f"/partners/{left}") == before[1] | {"version": 3}
    assert await office.history(gone) == [
        "partner-registered",
        "partner-merged",
        "partner-unmerged",
    ]


async def test_a_merged_partner_is_not_worked_with_and_says_which_one_is(
    office: Office, two: tuple[str, str]
) -> None:
    gone, left = two
    await office.post(f"/partners/{gone}/merger", into=left, **DUPLICATE)
    parties = [{"party": "hust/me", "side": "ours"}, {"party": gone, "side": "theirs"}]
    told: dict[str, Any] = {"unit": "hust/me", "kind": "exchange", "title": "Exchange"}
    for refusal in (
        await office.post("", 409, parties=parties, **told),
        await office.post(f"/partners/{gone}/names", 409, name="Other", on="2025-01-01"),
        await office.post(f"/partners/{left}/merger", 409, into=gone, **DUPLICATE),
    ):
        assert (refusal["code"], left in refusal["detail"]) == ("partner-merged", True)


async def test_a_merger_with_nobody_or_of_anothers_unit_is_refused(
    office: Office, two: tuple[str, str]
) -> None:
    nobody = "partner-01k9zv5n3m8q4w7t2r6y0a1b2c"
    refusal = await office.post(f"/partners/{two[0]}/merger", 422, into=nobody, **DUPLICATE)
    assert (refusal["code"], refusal["field"]) == ("partner-unknown", "into")
    refusal = await office.post(f"/partners/{two[0]}/merger/reversal", 409, reason="none")
    assert refusal["code"] == "partner-not-merged"


async def test_a_partner_is_retired_and_reinstated(office: Office) -> None:
    partner = await office.partner()
    await office.post(f"/partners/{partner}/retirement", on="2025-03", reason="dissolved")
    again = await office.post(f"/partners/{partner}/reinstatement", on="2025-09", reason="anew")
    assert again["status"] == "active"
    refusal = await office.post(
        f"/partners/{partner}/reinstatement", 409, on="2025-09", reason="anew"
    )
    assert refusal["code"] == "partner-not-retired"


async def test_aliases_in_any_script_come_and_go(office: Office) -> None:
    partner = await office.partner(name="Nagaoka University of Technology")
    named = await office.post(f"/partners/{partner}/aliases", name="長岡技術科学大学")
    assert named["aliases"] == ["長岡技術科学大学"]
    refusal = await office.post(f"/partners/{partner}/aliases", 409, name="長岡技術科学大学")
    assert refusal["code"] == "partner-has-that-name"
    gone = await office.post(f"/partners/{partner}/aliases/removal", name="長岡技術科学大学")
    assert gone["aliases"] == []
    refusal = await office.post(f"/partners/{partner}/aliases/removal", 404, name="x")
    assert refusal["code"] == "partner-alias-unknown"


async def test_a_name_is_in_a_language_that_exists(office: Office) -> None:
    told = TOLD_PARTNER | {"names": [{"name": TOLD_PARTNER["name"], "language": "qq"}]}
    refusal = await office.post("/partners", 422, **told)
    assert (refusal["code"], refusal["field"]) == ("language-unknown", "names.0.language")
    partner = await office.partner()
    renamed = {"name": "長岡", "on": "2024-12-02"}
    refusal = await office.post(f"/partners/{partner}/names", 422, language="xx", **renamed)
    assert refusal["code"] == "language-unknown"
    names = (await office.post(f"/partners/{partner}/names", language="ja-Hani", **renamed))[
        "names"
    ]
    assert names[-1]["language"] == "ja-Hani"
