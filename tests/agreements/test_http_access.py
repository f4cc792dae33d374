"""Who may do what: roles, units, and the same request twice."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from shared.service import Service
from tests.agreements.office import TOLD_PARTNER, Office

MakeOffice = Callable[..., Office]

SUBJECT = "agreement-01k9zv5n3m8q4w7t2r6y0a1b2c"


def _changes(service: Service) -> list[tuple[str, str, Any]]:
    """Every route of the office's work that changes something, with the example of its body."""
    described = service.app.openapi()
    changes = []
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            if method == "get" or "operating" in route["tags"]:
                continue
            body = route.get("requestBody", {}).get("content", {}).get("application/json")
            if body is None:
                continue  # a file or none, which its own tests send
            name = body["schema"].get("$ref", "").rpartition("/")[2]
            schema = described["components"]["schemas"].get(name, {})
            places = (body, body["schema"], schema)
            examples = next((each["examples"] for each in places if "examples" in each), [None])
            changes.append((method, path, examples[0]))
    return changes


async def test_every_change_has_an_example_that_its_own_model_accepts(
    service: Service, office: Office
) -> None:
    changes = _changes(service)
    assert len(changes) > 30
    for method, path, example in changes:
        assert example is not None, f"{method} {path} has no example"
        place = path.replace("{", "").replace("}", "")
        answer = await office.client.request(method, place, json=example)
        assert answer.json().get("code") != "invalid-request", f"{path}: {answer.text}"


async def test_a_reader_changes_nothing_and_a_stranger_reads_nothing(
    service: Service, office_of: MakeOffice
) -> None:
    reader = office_of(roles=["reader"])
    for method, path, example in _changes(service):
        answer = await reader.client.request(method, path, json=example)
        assert (answer.status_code, answer.json()["code"]) == (403, "role-not-allowed"), path
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=service.app), base_url="http://rapport.test"
    ) as stranger:
        for path in ("/agreements", "/agreements/partners", f"/agreements/{SUBJECT}"):
            assert (await stranger.get(path)).status_code == 401


async def test_a_coordinator_of_another_unit_is_refused_every_change(
    service: Service, office: Office, office_of: MakeOffice
) -> None:
    """Of a record of nist, every step is refused to hust before its rules are asked."""
    partner = await office.partner(unit="nist")
    subjects = {
        "partner": partner,
        "document": "document-01k9zv5n3m8q4w7t2r6y0a1b2c",
        "other": partner,
        "agreement": await office.proposal(partner, unit="nist"),
        "programme": (
            await office.post(
                "/joint-programmes", 201, unit="nist", title="Media", partners=[partner]
            )
        )["id"],
        "project": (
            await office.post(
                "/joint-projects", 201, unit="nist", title="Vision", partners=[partner]
            )
        )["id"],
        "contribution": (
            await office.post(
                "/contributions",
                201,
                unit="nist",
                donors=[{"partner": partner}],
                amount="1",
                currency="GBP",
                purpose="Books",
                received_on="2022",
            )
        )["id"],
    }
    lan = {"name": "Lan Nguyen", "mail": "lan@example.org"}
    kept = await office.post(f"/partners/{partner}/contacts", 201, **lan)
    subjects["contact"] = kept["id"]
    hust = office_of(units=["hust"])
    for method, path, example in _changes(service):
        if isinstance(example, list):
            continue  # each row is answered with a verdict of its own
        body = dict(example)
        if "unit" in body:
            body["unit"] = "nist"
        if "/records/" in path:
            body = _without_refs(body, partner)
        ref = partner if "rankings" in path else "R-1"
        answer = await hust.client.request(method, path.format(**subjects, ref=ref), json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "unit-not-allowed"), path


def _without_refs(value: Any, partner: str) -> Any:
    if isinstance(value, dict):
        return {key: _without_refs(each, partner) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_refs(each, partner) for each in value]
    return partner if isinstance(value, str) and value.startswith("ref:") else value


async def test_a_coordinator_of_the_school_changes_what_the_school_owns_only(
    office: Office, office_of: MakeOffice
) -> None:
    school, university = office_of(units=["hust/me"]), office_of(units=["hust"])
    partner = await office.partner()
    agreement = await school.proposal(partner)
    await university.post(f"/{agreement}/review", on="2025-11-14")
    refusal = await school.post(
        f"/partners/{partner}/corrections", 403, field="note", value="x", reason="x"
    )
    assert refusal["code"] == "unit-not-allowed"


async def test_nobody_gives_a_record_to_a_unit_that_is_not_his(
    office: Office, office_of: MakeOffice
) -> None:
    school = office_of(units=["hust/me"])
    agreement = await school.proposal(await office.partner())
    refusal = await school.post(
        f"/{agreement}/corrections", 403, field="unit", value="nist", reason="theirs"
    )
    assert refusal["code"] == "unit-not-allowed"
    assert (await school.get(f"/{agreement}"))["unit"] == "hust/me"


async def test_the_same_request_under_the_same_key_is_done_once(office: Office) -> None:
    first = await office.post("/partners", 201, key="k-1", **TOLD_PARTNER)
    assert await office.post("/partners", 201, key="k-1", **TOLD_PARTNER) == first
    assert await office.ids("/partners") == [first["id"]]


async def test_another_request_under_a_used_key_is_refused(office: Office) -> None:
    await office.post("/partners", 201, key="k-1", **TOLD_PARTNER)
    refusal = await office.post("/partners", 422, key="k-1", **TOLD_PARTNER | {"name": "Other"})
    assert refusal["code"] == "idempotency-key-reused"
    assert len(await office.ids("/partners")) == 1


async def test_a_refused_request_leaves_its_key_free(office: Office) -> None:
    await office.post("/partners", 422, key="k-1", **TOLD_PARTNER | {"country": "ZZ"})
    await office.post("/partners", 201, key="k-1", **TOLD_PARTNER)


@pytest.mark.parametrize("path", ["/agreements/partners", "/agreements"])
async def test_a_created_record_says_where_it_is(office: Office, path: str) -> None:
    partner = await office.partner()
    told: dict[str, Any] = TOLD_PARTNER
    if path == "/agreements":
        parties = [{"party": "hust", "side": "ours"}, {"party": partner, "side": "theirs"}]
        told = {"unit": "hust", "kind": "research", "title": "Research", "parties": parties}
    answer = await office.client.post(path, json=told)
    assert answer.headers["location"] == f"{path}/{answer.json()['id']}"
    assert answer.headers["etag"] == '"1"'
    kept = (await office.client.get(answer.headers["location"])).json()
    assert {**answer.json(), **kept} == answer.json()


async def test_a_text_that_cannot_be_stored_is_refused_wherever_it_stands(office: Office) -> None:
    partner = {"party": "partner-\x00", "side": "theirs"}
    parties = [{"party": "hust", "side": "ours"}, partner]
    proposal: dict[str, Any] = {
        "unit": "hust",
        "kind": "research",
        "title": "Research",
        "parties": parties,
    }
    for refusal in (
        await office.get("/partners/%00", 422),
        await office.get("/partners", 422, q="a\x00b"),
        await office.put("/records/partners/a%00b", 422, **TOLD_PARTNER),
        await office.post("/partners", 422, **TOLD_PARTNER | {"ref": "a\x00b"}),
        await office.post("", 422, **proposal),
    ):
        assert refusal["code"] == "value-unstorable"
