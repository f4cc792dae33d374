"""HTTP as every service speaks it: problems, limits, who may, and what is said of what is away."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from shared.errors import Rejected
from shared.http import Context
from shared.limits import MAX_BODY_BYTES
from shared.security import Role
from tests.support.tiny_service import (
    NEAR,
    TRACE,
    Client,
    caller,
    client_of,
    context_of,
    refused,
    things,
)

# --- problems ------------------------------------------------------------------------------------


async def test_a_refusal_of_the_domain_says_code_field_and_changes_nothing(client: Client) -> None:
    answer = await client.post("/tests/things", json={"name": "twice"})
    assert refused(answer, 409, "thing-known", "name")["detail"] == "there is one of that name"
    assert await things(client) == 0


async def test_every_field_that_cannot_be_read_is_named_at_once(client: Client) -> None:
    answer = await client.post("/tests/things", json={"name": 3, "count": 0})
    problem = refused(answer, 422, "invalid-request", "name")
    assert [each["field"] for each in problem["errors"]] == ["name", "count"]


async def test_what_was_sent_is_not_repeated_in_the_refusal(client: Client) -> None:
    answer = await client.post("/tests/things", json={"name": ["lan@example.org"]})
    assert "example.org" not in answer.text


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000])
async def test_a_body_that_is_no_json_is_a_4xx_problem(client: Client, body: bytes) -> None:
    answer = await client.post(
        "/tests/things", content=body, headers={"content-type": "application/json"}
    )
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_unknown_address_and_a_wrong_method_are_problems_too(client: Client) -> None:
    refused(await client.get("/tests/nothing"), 404, "not-found")
    answer = await client.delete("/tests/things")
    refused(answer, 405, "method-not-allowed")
    assert answer.headers["allow"]


async def test_a_bug_answers_500_without_its_text_and_changes_nothing(client: Client) -> None:
    answer = await client.post("/tests/things", json={"name": "bug"})
    refused(answer, 500, "internal-error")
    assert "ZeroDivision" not in answer.text
    assert await things(client) == 0


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", "/tests/things/a%00b"),
        ("GET", "/tests/things?name=a%00b"),
        ("GET", "/tests/things?na%00me=a"),
        ("GET", "/%00"),
        ("POST", "/tests/things?dry=%00"),
    ],
)
async def test_a_nul_in_an_address_is_refused_before_anything_reads_it(
    client: Client, method: str, address: str
) -> None:
    answer = await client.request(method, address, json={"name": "a"})
    refused(answer, 422, "value-unstorable")
    assert await things(client) == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (rb'{"name": "a\u0000b"}', "name"),
        (rb'{"name": "\ud800"}', "name"),
        (rb'{"name": "\udc00\ud800"}', "name"),
        (b'{"name": "\xed\xa0\x80"}', "name"),
        (rb'{"name": "a", "more": ["b", {"c": "\u0000"}]}', "more.1.c"),
        (rb'{"name": "a", "more": {"\u0000": 1}}', "more"),
        (rb'{"name": "a", "more": {"\ud800": "\u0000"}}', "more"),
        (r'{"name": "\u0000"}'.encode("utf-16"), "name"),
    ],
)
async def test_a_text_that_cannot_be_kept_is_refused_with_its_field(
    client: Client, body: bytes, field: str
) -> None:
    answer = await client.post(
        "/tests/things", content=body, headers={"content-type": "application/json"}
    )
    refused(answer, 422, "value-unstorable", field)
    assert await things(client) == 0


@pytest.mark.parametrize("body", [rb'{"name": "\ud83c\udf0d \\ud800 \\u0000"}'])
async def test_what_only_looks_like_such_a_text_is_kept(client: Client, body: bytes) -> None:
    answer = await client.post(
        "/tests/things", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 201
    assert await things(client, name="\U0001f30d \\ud800 \\u0000") == 1


@pytest.mark.parametrize(
    ("query", "value"), [("select :value", "a\0"), ("select cast(:value as jsonb)", r'"\u0000"')]
)
async def test_a_nul_that_reaches_postgresql_by_another_way_is_refused_too(
    context: Context, query: str, value: str
) -> None:
    with pytest.raises(Rejected) as refusal:
        async with context.database.connect() as connection:
            await connection.execute(text(query), {"value": value})
    assert (refusal.value.code, refusal.value.status) == ("value-unstorable", 422)


# --- limits --------------------------------------------------------------------------------------


async def test_a_body_over_the_limit_is_refused_by_its_announced_length(client: Client) -> None:
    answer = await client.post("/tests/things", json={"name": "x" * MAX_BODY_BYTES})
    refused(answer, 413, "body-too-large")


async def test_a_body_over_the_limit_is_refused_where_no_length_was_announced(
    client: Client,
) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'{"name": "'
        while True:
            sent += 1
            yield b"x" * 65_536

    answer = await client.post(
        "/tests/things", content=endless(), headers={"content-type": "application/json"}
    )
    refused(answer, 413, "body-too-large")
    assert sent <= MAX_BODY_BYTES // 65_536 + 1, "it was read on after the limit"


# --- who may -------------------------------------------------------------------------------------


@pytest.mark.parametrize("authorization", [None, "Basic bGFuOng=", "Bearer ", "Bearer x.y.z"])
async def test_without_a_token_that_holds_nothing_is_answered(
    context: Context, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    answer = await client_of(context, **headers).get("/tests/things")
    bearer = authorization == "Bearer x.y.z"
    refused(answer, 401, "token-invalid" if bearer else "token-missing")
    assert answer.headers["www-authenticate"] == "Bearer"


ALLOWED = {
    ("GET", "/tests/things"): {Role.READER, Role.COORDINATOR, Role.OPERATOR},
    ("POST", "/tests/things"): {Role.COORDINATOR},
    ("POST", "/tests/sweep"): {Role.OPERATOR},
    ("POST", "/tests/hand-in"): {Role.UPSTREAM, Role.COORDINATOR},
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("method", "path"), ALLOWED)
async def test_a_role_may_what_is_listed_for_it_and_nothing_else(
    context: Context, role: Role, method: str, path: str
) -> None:
    answer = await caller(context, role).request(method, path, json={"name": "a"})
    if role in ALLOWED[method, path]:
        assert answer.status_code in (200, 201), answer.text
    else:
        refused(answer, 403, "role-not-allowed")


async def test_a_token_without_roles_may_nothing_at_all(context: Context) -> None:
    client = caller(context)
    for method, path in ALLOWED:
        refused(await client.request(method, path, json={"name": "a"}), 403, "role-not-allowed")


@pytest.mark.parametrize(
    ("units", "unit", "status"),
    [
        (["*"], "hust/me", 201),
        (["hust"], "hust/me", 201),
        (["hust/me"], "hust/me", 201),
        (["hust/me"], "hust", 403),
        (["hus"], "hust", 403),
        (["hust/m"], "hust/me", 403),
        ([], "hust", 403),
    ],
)
async def test_a_token_covers_its_units_and_their_parts_only(
    context: Context, units: list[str], unit: str, status: int
) -> None:
    client = caller(context, NEAR, units=units)
    answer = await client.post("/tests/things", json={"name": "a", "unit": unit})
    assert answer.status_code == status
    if status == 403:
        refused(answer, 403, "unit-not-allowed", "unit")
    assert await things(client) == (1 if status == 201 else 0)


async def test_the_cookie_of_the_page_is_a_token_too(context: Context) -> None:
    token = context.tokens.issue(subject="lan", roles=[Role.READER], units=["*"], seconds=60)
    client = client_of(context, cookie=f"rapport_token={token}")
    assert await things(client) == 0


# --- what is away --------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_while_the_database_is_away_the_answer_is_try_again(
    tmp_path: Path, method: str
) -> None:
    context = context_of("postgresql://nobody@127.0.0.1:9/nothing", tmp_path)
    answer = await caller(context, NEAR).request(method, "/tests/things", json={"name": "a"})
    refused(answer, 503, "try-again")
    assert int(answer.headers["retry-after"]) > 0
    await context.database.close()


async def test_a_closed_service_takes_no_command_and_still_answers_questions(
    context: Context, client: Client
) -> None:
    async with context.database.connect() as connection:
        await connection.execute(
            text(
                "insert into publication (topic, epoch, offsets, closed_reason)"
                " values ('tests.events', 1, '{}', 'the database is older than its topic')"
            )
        )
    answer = await client.post("/tests/things", json={"name": "a"})
    assert "older than its topic" in refused(answer, 503, "service-closed")["detail"]
    assert await things(client) == 0


async def test_live_and_metrics_need_no_token_and_ready_says_what_it_waits_for(
    context: Context,
) -> None:
    client = client_of(context)
    assert (await client.get("/live")).json() == {"status": "live"}
    assert (await client.get("/ready")).json() == {"status": "ready", "for": []}
    context.readiness.reasons = ["Kafka is away"]  # type: ignore[attr-defined]
    answer = await client.get("/ready")
    assert (answer.status_code, answer.json()["for"]) == (503, ["Kafka is away"])
    assert "python_info" in (await client.get("/metrics")).text
    assert (await client.get("/tests/openapi.json")).json()["info"]["title"] == "Tests"


async def test_the_trace_of_a_request_goes_on_in_what_it_causes(client: Client) -> None:
    kept = await client.post(
        "/tests/things", json={"name": "traced"}, headers={"traceparent": TRACE}
    )
    assert kept.status_code == 201, kept.text
