"""Partners, joint programmes, joint projects and contributions over HTTP."""

from typing import Any, get_args

from services.agreements.events.values import PartnerKind
from tests.agreements.office import TOLD_PARTNER, Office


async def test_a_partner_is_registered_renamed_identified_ranked_and_retired(
    office: Office,
) -> None:
    partner = await office.partner(name="University of Bolton", country="GB", unit="nist")
    path = f"/partners/{partner}"
    await office.post(f"{path}/names", name="University of Greater Manchester", on="2024-12-02")
    await office.post(f"{path}/identifiers", scheme="schac", value="bolton.ac.uk")
    await office.post(
        f"{path}/rankings", ranking="qs", edition=2025, published_on="2024-06-04", position=1201
    )
    retired = await office.post(f"{path}/retirement", on="2025-11", reason="for the test")
    assert (retired["name"], retired["status"]) == ("University of Greater Manchester", "retired")
    assert await office.history(partner) == [
        "partner-registered",
        "partner-renamed",
        "partner-identified",
        "partner-ranked",
        "partner-retired",
    ]


async def test_partners_of_every_kind_are_registered_foreign_and_domestic(office: Office) -> None:
    for kind in get_args(PartnerKind):
        await office.partner(kind=kind, name=f"Foreign {kind}", country="JP")
        await office.partner(kind=kind, name=f"Domestic {kind}", country="VN")
    assert len(await office.ids("/partners")) == 16
    assert len(await office.ids("/partners", kind="company")) == 2
    assert len(await office.ids("/partners", country="VN")) == 8


async def test_a_partner_may_represent_another_country(office: Office) -> None:
    second = {"country": "ID", "relation": "represents"}
    partner = await office.partner(
        name="Indonesian Economic and Trade Office to Taipei",
        kind="government",
        country="TW",
        second_country=second,
    )
    assert (await office.get(f"/partners/{partner}"))["second_country"] == second


async def test_an_id_of_a_scheme_belongs_to_one_partner(office: Office) -> None:
    code: dict[str, Any] = {"scheme": "erasmus", "value": "D HANNOVE01"}
    owner = await office.partner(identifiers=[code])
    refusal = await office.post(
        "/partners", 409, **TOLD_PARTNER | {"name": "Leibniz", "identifiers": [code]}
    )
    assert refusal["code"] == "identifier-taken"
    assert owner in refusal["detail"]
    other = await office.partner(name="Leibniz")
    again = await office.post(f"/partners/{other}/identifiers", 409, **code)
    assert again["code"] == "identifier-taken"
    assert await office.history(other) == ["partner-registered"]


async def test_an_id_that_was_corrected_away_is_free_again(office: Office) -> None:
    code: dict[str, Any] = {"scheme": "pic", "value": "999865442"}
    wrong = await office.partner(identifiers=[code])
    await office.post(
        f"/partners/{wrong}/corrections", field="identifiers", value=[], reason="another's id"
    )
    right = await office.partner(name="Another", identifiers=[code])
    assert (await office.get(f"/partners/{right}"))["identifiers"] == [code]


async def test_a_search_finds_names_old_and_new_with_or_without_accents(office: Office) -> None:
    hanoi = await office.partner(name="Đại học Thủy lợi", country="VN", aliases=["TLU"])
    bolton = await office.partner(name="University of Bolton", country="GB")
    await office.post(f"/partners/{bolton}/names", name="Greater Manchester", on="2024-12-02")
    assert await office.ids("/partners", q="dai hoc thuy") == [hanoi]
    assert await office.ids("/partners", q="tlu") == [hanoi]
    assert await office.ids("/partners", q="bolton") == [bolton]
    assert await office.ids("/partners", q="100%") == []


async def test_an_unknown_field_is_refused_and_named(office: Office) -> None:
    refusal = await office.post("/partners", 422, **TOLD_PARTNER | {"colour": "red"})
    assert (refusal["code"], refusal["field"]) == ("invalid-request", "colour")


async def test_a_name_with_a_control_character_is_refused(office: Office) -> None:
    refusal = await office.post("/partners", 422, **TOLD_PARTNER | {"name": "Naga\u202eoka"})
    assert (refusal["code"], refusal["field"]) == ("invalid-request", "name")


async def test_a_joint_programme_is_planned_approved_established_and_closed(
    office: Office,
) -> None:
    partner = await office.partner()
    programme = await office.post(
        "/joint-programmes", 201, unit="nist", title="Media", partners=[partner], pattern="3+1"
    )
    path = f"/joint-programmes/{programme['id']}"
    await office.post(f"{path}/approval", on="2024-05-20")
    established = await office.post(f"{path}/establishment", on="2024-11-29")
    assert (established["status"], established["established_on"]) == ("established", "2024-11-29")
    assert await office.ids("/joint-programmes", status="established") == [programme["id"]]
    await office.post(f"{path}/closure", on="2025-09")
    assert await office.ids("/joint-programmes", status="established") == []
    assert (await office.get(path))["status"] == "closed"


async def test_a_joint_project_is_applied_for_granted_run_and_completed(office: Office) -> None:
    partner = await office.partner()
    project = await office.post(
        "/joint-projects",
        201,
        unit="nist",
        title="Vision for workshops",
        partners=[partner],
        leader="staff-2041",
    )
    path = f"/joint-projects/{project['id']}"
    for step in ("grant", "start", "completion"):
        await office.post(f"{path}/{step}", on="2025-11-17")
    assert (await office.get(path))["status"] == "completed"
    refusal = await office.post(f"{path}/rejection", 409, on="2025-11-17")
    assert refusal["code"] == "joint-project-not-applied"
    assert await office.ids("/joint-projects", partner=partner) == [project["id"]]


async def test_a_contribution_names_donors_and_an_agreement_that_exist(office: Office) -> None:
    partner = await office.partner()
    told: dict[str, Any] = {
        "unit": "hust/me",
        "donors": [{"partner": partner}],
        "amount": 3000000,
        "currency": "JPY",
        "approximate": True,
        "purpose": "Construction of a welding laboratory",
        "received_on": "2018",
        "received_until": "2019",
    }
    contribution = await office.post("/contributions", 201, **told)
    assert contribution["amount"] == "3000000"
    assert await office.ids("/contributions", country="JP") == [contribution["id"]]
    stranger: dict[str, Any] = {"donors": [{"partner": "partner-01k9zv5n3m8q4w7t2r6y0a1b2c"}]}
    assert (await office.post("/contributions", 422, **told | stranger))[
        "field"
    ] == "donors.0.partner"
    nothing = {"agreement": "agreement-01k9zv5n3m8q4w7t2r6y0a1b2c"}
    refusal = await office.post("/contributions", 422, **told | nothing)
    assert (refusal["code"], refusal["field"]) == ("agreement-unknown", "agreement")
    mended = await office.post(
        f"/contributions/{contribution['id']}/corrections",
        field="amount",
        value="3100000",
        reason="misread",
    )
    assert mended["amount"] == "3100000"
