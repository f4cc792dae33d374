"""Agreements that come from Erasmus Without Paper and go there, over HTTP, on a real database."""

import base64
import hashlib
from typing import Any

from sqlalchemy import text

from services.agreements.gateways.ewp.checking import check
from services.agreements.gateways.ewp.documents import read
from services.agreements.gateways.ewp.hashing import hash_of
from shared.service import Service
from tests.agreements.conftest import MakeOffice
from tests.agreements.ewp.documents import (
    OURS,
    THEIRS,
    agreement,
    condition,
    document,
    partner,
)
from tests.agreements.office import Office
from tests.support.office import understood

BACK = {"sending_hei_id": THEIRS, "receiving_hei_id": OURS}
THEY_FIRST = (partner(THEIRS, "B-7", "DE 7"), partner(OURS, None, None))
SCHAC = [{"scheme": "schac", "value": THEIRS}]


def theirs(*conditions: str, **more: Any) -> bytes:
    """The partner's copy, which names it first."""
    return document(agreement(*conditions, **({"partners": THEY_FIRST} | more)))


async def a_university(office: Office, **fields: Any) -> str:
    told = {"name": "Universit\u00e4t Seehafen", "country": "DE", "identifiers": SCHAC}
    return await office.partner(**told | fields)


async def received(office: Office, body: bytes, expect: int = 201, **query: str) -> Any:
    answer = await office.client.post(
        "/agreements/ewp/iias",
        params={"unit": "hust/me", "hei": OURS} | query,
        content=body,
        headers={"content-type": "application/xml"},
    )
    return understood(answer, expect)


async def imported(office: Office, body: bytes, expect: int = 201, **query: str) -> dict[str, Any]:
    [one] = (await received(office, body, expect, **query))["agreements"]
    return dict(one)


async def exported(office: Office, subject: str, **query: str) -> bytes:
    answer = await office.client.get(f"/agreements/{subject}/ewp", params={"hei": OURS} | query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/xml"
    return answer.content


async def test_an_agreement_in_effect_is_recorded_with_places_fields_levels_and_years(
    office: Office,
) -> None:
    university = await a_university(office)
    body = theirs(
        condition(), condition("staff-teacher", **BACK, receiving_last_academic_year_id="2029/2030")
    )
    told = await imported(office, body)
    known = await office.get(f"/{told['agreement']}")
    assert known["status"] == "in-force"
    assert [each["party"] for each in known["parties"]] == ["hust/me", university]
    assert (known["valid_from"], known["valid_until"]) == ("2025-09", "2030-08")
    assert (known["fields"], known["levels"]) == (["0714"], [6, 7])
    assert known["places"] == [
        {
            "direction": "out",
            "maximum": 2,
            "kind": "exchange-study",
            "levels": [6, 7],
            "from_year": 2025,
            "until_year": 2028,
        },
        {
            "direction": "in",
            "maximum": 2,
            "kind": "teaching",
            "levels": [],
            "from_year": 2025,
            "until_year": 2029,
        },
    ]
    assert told["iia_hash"] == hash_of(read(body).iias[0])
    assert await office.history(told["agreement"]) == ["agreement-recorded"]


async def test_a_draft_is_proposed_and_a_signature_counts_where_it_is_dated(
    office: Office,
) -> None:
    await a_university(office)
    draft = await imported(office, theirs(in_effect="false"))
    assert (await office.get(f"/{draft['agreement']}"))["status"] == "proposed"
    dated = [
        each.replace("</partner>", f"<signing-date>2025-06-0{day}</signing-date></partner>")
        for day, each in enumerate((partner(THEIRS, "B-8"), partner(OURS, "own-8")), start=1)
    ]
    signed = await imported(office, theirs(partners=(dated[0], dated[1])))
    known = await office.get(f"/{signed['agreement']}")
    assert (known["status"], known["signed_on"]) == ("in-force", "2025-06-02")


async def test_what_is_imported_comes_out_the_same_in_meaning_with_both_ids(
    office: Office,
) -> None:
    await a_university(office)
    body = theirs(
        condition(
            recommended_language_skill=[
                "<language>EN-us</language><cefr-level>B2</cefr-level>",
                "<language>de</language><subject-area><isced-f-code>0231</isced-f-code>"
                "</subject-area>",
            ],
            subject_area="<isced-f-code>0714</isced-f-code>"
            "<isced-clarification>Robots</isced-clarification>",
            total_months_per_year="05.50",
            blended="1",
            other_info_terms="Insurance is\n paid by the student",
            sending_ounit_id="SME",
            receiving_ounit_id="FB-7",
        ),
        condition(subject_area="<isced-f-code>0231</isced-f-code>", mobilities_per_year="1"),
        condition("student-traineeship", **BACK, recommended_language_skill=None, eqf_level=None),
        condition("staff-teacher", total_days_per_year="13.5"),
        condition("staff-training", recommended_language_skill=None, total_days_per_year=None),
    )
    subject = (await imported(office, body))["agreement"]
    ours = await exported(office, subject)
    assert check(read(ours), local=OURS) == []
    assert read(ours).iias[0].iia_ids == (subject, "B-7")
    told = await office.get(f"/{subject}/ewp/differences", hei=OURS)
    assert (told["same"], told["differences"]) == (True, [])
    assert told["our_hash"] == read(ours).iias[0].stated_hash != told["their_hash"]


async def test_the_same_document_again_changes_nothing_and_a_newer_one_is_kept_beside(
    office: Office,
) -> None:
    await a_university(office)
    first = await imported(office, theirs())
    again = await imported(office, theirs(), 200)
    assert (first["outcome"], again["outcome"]) == ("created", "unchanged")
    newer = await imported(office, theirs(condition(mobilities_per_year="5")), 200)
    assert (newer["outcome"], newer["agreement"]) == ("received", first["agreement"])
    assert (await office.get(f"/{first['agreement']}"))["places"][0]["maximum"] == 2
    told = await office.get(f"/{first['agreement']}/ewp/differences", hei=OURS)
    assert [each["text"] for each in told["differences"]] == [
        f"student studies from {OURS} to {THEIRS} (our condition 1, their condition 1): "
        "mobilities per year: ours 2; theirs 5"
    ]


async def test_the_partners_bytes_are_handed_out_as_they_came_to_who_may_change(
    office_of: MakeOffice, office: Office
) -> None:
    await a_university(office)
    body = theirs(condition(mobilities_per_year="02<!-- at most -->"))
    subject = (await imported(office, body))["agreement"]
    answer = await office.client.get(f"/agreements/{subject}/ewp/received")
    assert answer.content == body
    assert answer.headers["content-disposition"].startswith("attachment")
    path, reader = f"/agreements/{subject}/ewp/received", office_of(roles=["reader"])
    for method in ("GET", "DELETE"):
        assert understood(await reader.client.request(method, path), 403)
    elsewhere = office_of(units=["nist"])
    assert understood(await elsewhere.client.delete(path), 403)["code"] == "unit-not-allowed"
    gone = understood(await office.client.delete(path), 200)
    assert gone["documents"] == [hashlib.sha256(body).hexdigest()]
    assert understood(await office.client.get(path), 404)["code"] == "ewp-copy-missing"
    assert (await imported(office, body, 200))["outcome"] == "unchanged"
    assert (await office.client.get(path)).content == body


async def test_bytes_that_name_persons_lie_sealed_in_the_database(
    office: Office, service: Service
) -> None:
    await a_university(office)
    contact = "https://github.com/erasmus-without-paper/ewp-specs-types-contact/tree/stable-v1"
    named = f'<contact-name xmlns="{contact}">Nguyen Thi Secret</contact-name>'
    await imported(office, theirs(condition(sending_contact=named)))
    async with service.database.read() as tx:
        rows = await tx.connection.execute(text("select t::text from ewp_documents t"))
        [row] = [str(each[0]) for each in rows]
        links = await tx.connection.scalar(text("select document::text from ewp_links"))
    raw = base64.b64encode(named.encode())[4:-4].decode()
    assert "Secret" not in row + str(links)
    assert raw not in row


async def test_a_partner_that_was_merged_is_met_as_the_one_it_became(office: Office) -> None:
    gone = await a_university(office)
    heir = await office.partner(name="Universit\u00e4t K\u00fcste", country="DE")
    await office.post(
        f"/partners/{gone}/merger", into=heir, kind="duplicate", on="2025-11-01", reason="one body"
    )
    told = await imported(office, theirs())
    parties = (await office.get(f"/{told['agreement']}"))["parties"]
    assert [each["party"] for each in parties] == ["hust/me", heir]


async def test_our_own_agreement_goes_out_comes_back_and_is_the_same_one(office: Office) -> None:
    university = await a_university(office)
    places = [
        {"direction": "out", "maximum": 3, "kind": "exchange-study", "levels": [7]},
        {
            "direction": "in",
            "maximum": 1,
            "kind": "training",
            "from_year": 2026,
            "until_year": 2027,
        },
    ]
    subject = await office.proposal(
        university, places=places, fields=["0714"], valid_from="2025-09", valid_until="2028-08-31"
    )
    refusal = await office.get(f"/{subject}/ewp", 409, hei=OURS)
    assert refusal["code"] == "ewp-language-missing"
    ours = await exported(office, subject, language="EN", cefr_level="B2")
    assert check(read(ours), local=OURS) == []
    [iia] = read(ours).iias
    assert iia.iia_ids == (subject, "")
    assert b"<receiving-last-academic-year-id>2027/2028<" in ours
    partner_s = theirs(
        condition(
            recommended_language_skill="<language>en</language><cefr-level>B2</cefr-level>",
            receiving_last_academic_year_id="2027/2028",
            mobilities_per_year="3",
            total_months_per_year=None,
            eqf_level="7",
        ),
        condition(
            "staff-training",
            **BACK,
            receiving_first_academic_year_id="2026/2027",
            receiving_last_academic_year_id="2027/2028",
            mobilities_per_year="1",
            recommended_language_skill=None,
            total_days_per_year=None,
        ),
        partners=(partner(THEIRS, "B-7"), partner(OURS, subject, None)),
        in_effect="0",
    )
    back = await imported(office, partner_s, 200)
    assert (back["agreement"], back["outcome"]) == (subject, "received")
    told = await office.get(f"/{subject}/ewp/differences", hei=OURS, language="en", cefr_level="B2")
    assert told["differences"] == []
    assert len(await office.history(subject)) == 1


async def test_both_approve_the_others_copy_by_its_hash(office: Office) -> None:
    await a_university(office)
    subject = (await imported(office, theirs(in_effect="false")))["agreement"]
    await office.post(f"/{subject}/review", on="2025-10-01")
    told = await office.get(f"/{subject}/ewp/differences", hei=OURS)
    path = f"/{subject}/ewp/approvals"
    wrong = {"side": "ours", "on": "2025-10-02", "iia_hash": told["our_hash"]}
    assert (await office.post(path, 409, **wrong))["code"] == "ewp-hash-differs"
    await office.post(path, **wrong | {"iia_hash": told["their_hash"]})
    approved = await office.post(path, side="theirs", on="2025-10-03", iia_hash=told["our_hash"])
    assert approved["status"] == "approved"
    assert [each["evidence"] for each in approved["approvals"]] == [
        f"Erasmus Without Paper, iia-hash {told['their_hash']}",
        f"Erasmus Without Paper, iia-hash {told['our_hash']}",
    ]


async def test_what_was_terminated_says_so_and_keeps_its_ids(office: Office) -> None:
    await a_university(office)
    subject = (await imported(office, theirs()))["agreement"]
    await office.post(
        f"/{subject}/termination", notice_on="2025-11-10", ended_on="2026-08-31", reason="closed"
    )
    ours = await exported(office, subject)
    assert b'terminated-as-a-whole="true"' in ours
    assert check(read(ours)) == []


# --- what is refused -----------------------------------------------------------------------------


BETWEEN_OTHERS = (partner(THEIRS), partner("third.example", "C"))
NOT_TAKEN = {
    "ewp-not-xml": b"<x",
    "ewp-doctype": b"<!DOCTYPE x><x/>",
    "ewp-invalid": theirs(condition(blended="perhaps")),
    "ewp-empty": document(),
    "ewp-not-ours": theirs(condition(sending_hei_id="third.example"), partners=BETWEEN_OTHERS),
    "ewp-value-not-held": theirs(condition(mobilities_per_year="99999")),
    "ewp-partner-unknown": theirs(),
}


async def test_a_document_that_cannot_be_taken_is_refused_with_the_reason(office: Office) -> None:
    codes = {code: (await received(office, body, 422))["code"] for code, body in NOT_TAKEN.items()}
    assert codes == {code: code for code in NOT_TAKEN}
    assert await office.ids("") == []


async def test_a_document_is_taken_as_a_whole_or_not_at_all(office: Office) -> None:
    await a_university(office)
    other = agreement(
        condition(sending_hei_id="else.example", receiving_hei_id=OURS),
        partners=(partner("else.example", "E-1"), partner(OURS, None)),
    )
    both = document(agreement(partners=THEY_FIRST), other)
    assert (await received(office, both, 422))["code"] == "ewp-partner-unknown"
    assert await office.ids("") == []


async def test_an_id_does_not_change_and_is_never_used_again(office: Office) -> None:
    await a_university(office)
    first = (await imported(office, theirs()))["agreement"]
    second = (
        await imported(office, theirs(partners=(partner(THEIRS, "B-8"), partner(OURS, None, None))))
    )["agreement"]
    crossed = theirs(partners=(partner(THEIRS, "B-7"), partner(OURS, second)))
    assert (await received(office, crossed, 409))["code"] == "ewp-iia-id-used-again"
    renamed = theirs(partners=(partner(THEIRS, "B-9"), partner(OURS, first)))
    assert (await received(office, renamed, 409))["code"] == "ewp-iia-id-changed"


async def test_the_unit_must_be_known_and_the_callers_and_an_institution(
    office_of: MakeOffice, office: Office
) -> None:
    await a_university(office)
    elsewhere = office_of(units=["nist"])
    assert (await received(elsewhere, theirs(), 403))["code"] == "unit-not-allowed"
    assert (await received(office, theirs(), 422, unit="hust/ee"))["code"] == "unit-unknown"
    answer = await office.client.post(
        "/agreements/ewp/iias", params={"unit": "hust/me"}, content=theirs()
    )
    assert understood(answer, 422)["code"] == "ewp-unit-unknown"


STUDIES = {"direction": "out", "maximum": 3, "kind": "exchange-study"}
YEARS = {"from_year": 2025, "until_year": 2026}


NOT_HELD: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("ewp-kind-not-held", {}, {"kind": "dual-degree", "places": [STUDIES | YEARS]}),
    ("ewp-places-missing", {}, {}),
    ("ewp-places-missing", {}, {"places": [STUDIES | {"maximum": 0} | YEARS]}),
    ("ewp-places-not-held", {}, {"places": [STUDIES | YEARS | {"kind": "full-degree"}]}),
    ("ewp-places-not-held", {}, {"places": [STUDIES | YEARS | {"kind": None}]}),
    ("ewp-years-open", {}, {"places": [STUDIES]}),
    ("ewp-partner-not-a-university", {"kind": "company"}, {"places": [STUDIES | YEARS]}),
    ("ewp-partner-without-hei-id", {"kind": "university"}, {"places": [STUDIES | YEARS]}),
]


async def test_what_the_format_cannot_hold_is_refused_with_the_reason(office: Office) -> None:
    university = await a_university(office)
    found = []
    for number, (_, other, fields) in enumerate(NOT_HELD):
        whose = await office.partner(name=f"Partner {number}", **other) if other else university
        subject = await office.proposal(whose, **fields)
        found.append((await office.get(f"/{subject}/ewp", 409, hei=OURS, language="en"))["code"])
    assert found == [code for code, _, _ in NOT_HELD]


async def test_an_agreement_of_three_parties_is_refused_and_so_is_a_copy_that_never_came(
    office: Office,
) -> None:
    first, second = await a_university(office), await office.partner()
    parties = [
        {"party": "hust/me", "side": "ours"},
        {"party": first, "side": "theirs"},
        {"party": second, "side": "theirs"},
    ]
    subject = await office.proposal(first, parties=parties, places=[STUDIES | YEARS])
    assert (await office.get(f"/{subject}/ewp", 409, hei=OURS))["code"] == "ewp-parties-not-two"
    refusal = await office.get(f"/{subject}/ewp/differences", 404, hei=OURS)
    assert refusal["code"] == "ewp-copy-missing"


async def test_years_of_the_south_go_out_as_the_receiver_writes_them(office: Office) -> None:
    university = await a_university(office, country="AU")
    places = [STUDIES | YEARS, STUDIES | YEARS | {"direction": "in"}]
    subject = await office.proposal(university, places=places)
    ours = await exported(office, subject, language="en")
    assert check(read(ours)) == []
    assert b"<receiving-last-academic-year-id>2026/2026<" in ours
    assert b"<receiving-last-academic-year-id>2026/2027<" in ours
