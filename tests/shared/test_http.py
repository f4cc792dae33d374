"""HTTP as every service speaks it, shown by a service of two routes on a real PostgreSQL."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import httpx
import pytest
from fastapi import APIRouter, Response
from fastapi import Path as InPath
from pydantic import BaseModel, Field
from sqlalchemy import text

from shared.clock import Clock
from shared.database import Database, Transaction
from shared.errors import Rejected
from shared.http import Call, Context, Operates, Reads, Sends, Writes, create_app
from shared.limits import MAX_BODY_BYTES
from shared.observing import traceparent
from shared.reference import Reference
from shared.security import Role, Tokens

UNITS = """
units:
  - {id: hust, name: A university, zone: Asia/Ho_Chi_Minh, country: VN}
  - {id: hust/me, name: School of Mechanical Engineering}
"""
NEAR = Role.COORDINATOR
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Thing(BaseModel):
    """What the tiny service keeps."""

    unit: str = "hust"
    name: str
    count: int = Field(default=1, ge=1)
    more: Any = None


class Kept(BaseModel):
    """What it answers."""

    id: int
    version: int = 1


class Count(BaseModel):
    """How many there are."""

    things: int


router = APIRouter()
working = asyncio.Event()
"""Set while a use case stands in its transaction."""
go_on = asyncio.Event()
"""What a slow use case waits for."""


@router.post("/things", status_code=201)
async def keep(thing: Thing, call: Writes) -> Response:
    """Keep a thing; "slow" waits inside its transaction, "twice" is refused after writing."""
    return await call.once(
        lambda tx: _keep(tx, call, thing), status=201, location=lambda kept: f"/things/{kept.id}"
    )


async def _keep(tx: Transaction, call: Call, thing: Thing) -> Kept:
    call.allow(thing.unit)
    added = await tx.connection.execute(
        text("insert into things (name, more) values (:name, cast(:more as jsonb)) returning id"),
        {"name": thing.name, "more": json.dumps(thing.more)},
    )
    if thing.name == "slow":
        working.set()
        await go_on.wait()
    if thing.name == "traced":
        assert (traceparent() or "").split("-")[1] == TRACE.split("-")[1]
    if thing.name == "twice":
        raise Rejected("thing-known", "there is one of that name", field="name")
    if thing.name == "bug":
        raise ZeroDivisionError
    return Kept(id=added.scalar_one())


@router.get("/things")
async def count(call: Reads, name: str | None = None) -> Count:
    """How many there are, or are of that name."""
    query = text("select count(*) from things where name = coalesce(:name, name)")

    async def ask(tx: Transaction) -> Count:
        return Count(things=(await tx.connection.execute(query, {"name": name})).scalar_one())

    return await call.read(ask)


@router.get("/things/{name}")
async def one(name: Annotated[str, InPath(max_length=200)], call: Reads) -> Count:
    """How many there are of that name."""
    return await count(call, name)


@router.post("/sweep")
async def sweep(_call: Operates) -> Count:
    """For operators."""
    return Count(things=0)


@router.post("/hand-in")
async def hand_in(_call: Sends) -> Count:
    """For upstream systems."""
    return Count(things=0)


class Waiting:
    """Readiness as the tests set it."""

    reasons: Sequence[str] = ()

    def not_ready(self) -> list[str]:
        return list(self.reasons)


Client = httpx.AsyncClient
ClientOf = Callable[..., Client]


@pytest.fixture
async def context(
    make_database: Callable[..., Awaitable[str]], tmp_path: Path
) -> AsyncIterator[Context]:
    url = await make_database("plumbing")
    connection = await asyncpg.connect(url)
    await connection.execute(
        "create table things (id bigint generated always as identity, name text, more jsonb)"
    )
    await connection.close()
    made = _context(url, tmp_path)
    yield made
    await made.database.close()


def _context(url: str, folder: Path) -> Context:
    (folder / "units.yaml").write_text(UNITS)
    reference, clock = Reference.load(folder / "units.yaml"), Clock()
    return Context(
        service="tests",
        database=Database(url, service="tests", clock=clock, reference=reference),
        tokens=Tokens("a key of tests, longer than 32 bytes", clock),
        reference=reference,
        readiness=Waiting(),
    )


def _client(context: Context, **headers: str) -> Client:
    app = create_app(context=context, title="Tests", description="Tests.", routers=[router])
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return Client(transport=transport, base_url="http://rapport.test", headers=headers)


def _as(context: Context, *roles: Role, units: Sequence[str] = ("*",), who: str = "lan") -> Client:
    token = context.tokens.issue(subject=who, roles=roles, units=units, seconds=600)
    return _client(context, authorization=f"Bearer {token}")


@pytest.fixture
def client(context: Context) -> Client:
    """A coordinator of all units, who may also read."""
    return _as(context, NEAR)


def refused(answer: httpx.Response, status: int, code: str, field: str | None = None) -> Any:
    """The answer is a problem as RFC 9457 has it; returns it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["code"], body["status"]) == (code, status)
    assert body["type"] == f"urn:rapport:refusal:{code}"
    assert body["title"]
    assert body["detail"]
    assert body.get("field") == field
    return body


async def things(client: Client, **query: str) -> int:
    answer = await client.get("/tests/things", params=query)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["things"])


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
    answer = await _client(context, **headers).get("/tests/things")
    bearer = authorization is not None and authorization.startswith("Bearer")
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
    answer = await _as(context, role).request(method, path, json={"name": "a"})
    if role in ALLOWED[method, path]:
        assert answer.status_code in (200, 201), answer.text
    else:
        refused(answer, 403, "role-not-allowed")


async def test_a_token_without_roles_may_nothing_at_all(context: Context) -> None:
    client = _as(context)
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
    client = _as(context, NEAR, units=units)
    answer = await client.post("/tests/things", json={"name": "a", "unit": unit})
    assert answer.status_code == status
    if status == 403:
        refused(answer, 403, "unit-not-allowed", "unit")
    assert await things(client) == (1 if status == 201 else 0)


async def test_the_cookie_of_the_page_is_a_token_too(context: Context) -> None:
    token = context.tokens.issue(subject="lan", roles=[Role.READER], units=["*"], seconds=60)
    client = _client(context, cookie=f"rapport_token={token}")
    assert await things(client) == 0


# --- once ----------------------------------------------------------------------------------------


async def test_the_answer_names_where_it_is_and_its_version(client: Client) -> None:
    answer = await client.post("/tests/things", json={"name": "a"})
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/things/{answer.json()['id']}"
    assert answer.headers["etag"] == '"1"'


async def test_the_same_request_under_the_same_key_is_done_once(client: Client) -> None:
    key = {"idempotency-key": "k-1"}
    first = await client.post("/tests/things", json={"name": "a"}, headers=key)
    again = await client.post("/tests/things", json={"name": "a"}, headers=key)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for name in ("location", "etag", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert await things(client) == 1


async def test_without_a_key_the_same_request_is_done_each_time(client: Client) -> None:
    for _ in range(2):
        assert (await client.post("/tests/things", json={"name": "a"})).status_code == 201
    assert await things(client) == 2


@pytest.mark.parametrize(
    ("address", "body"), [("/tests/things", {"name": "b"}), ("/tests/things?x=1", {"name": "a"})]
)
async def test_another_request_under_a_used_key_is_refused(
    client: Client, address: str, body: dict[str, Any]
) -> None:
    key = {"idempotency-key": "k-1"}
    await client.post("/tests/things", json={"name": "a"}, headers=key)
    answer = await client.post(address, json=body, headers=key)
    refused(answer, 422, "idempotency-key-reused", "Idempotency-Key")
    assert await things(client) == 1


async def test_a_key_belongs_to_whoever_used_it(context: Context, client: Client) -> None:
    key = {"idempotency-key": "k-1"}
    other = _as(context, NEAR, who="minh")
    for each in (client, other):
        answer = await each.post("/tests/things", json={"name": "a"}, headers=key)
        assert "idempotency-replayed" not in answer.headers
    assert await things(client) == 2


@pytest.mark.parametrize("name", ["twice", "bug"])
async def test_nothing_is_kept_under_the_key_of_a_request_that_failed(
    client: Client, name: str
) -> None:
    key = {"idempotency-key": "k-1"}
    failed = await client.post("/tests/things", json={"name": name}, headers=key)
    assert failed.status_code in (409, 500)
    assert (await client.post("/tests/things", json={"name": "a"}, headers=key)).status_code == 201
    assert await things(client) == 1


async def test_the_same_key_at_the_same_time_is_done_once(client: Client) -> None:
    working.clear()
    go_on.clear()
    key = {"idempotency-key": "k-1"}

    def send() -> asyncio.Task[httpx.Response]:
        return asyncio.create_task(client.post("/tests/things", json={"name": "slow"}, headers=key))

    first = send()
    await asyncio.wait_for(working.wait(), 10)
    others = [send() for _ in range(4)]
    await asyncio.sleep(0.3)
    assert not any(task.done() for task in others), "it was answered before the first was done"
    go_on.set()
    answers = await asyncio.gather(first, *others)
    assert {answer.content for answer in answers} == {answers[0].content}
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 4
    assert await things(client) == 1


@pytest.mark.parametrize("key", ["", "x" * 201])
async def test_a_key_that_is_no_key_is_refused(client: Client, key: str) -> None:
    answer = await client.post(
        "/tests/things", json={"name": "a"}, headers={"idempotency-key": key}
    )
    refused(answer, 422, "invalid-request", "idempotency-key")


# --- what is away --------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_while_the_database_is_away_the_answer_is_try_again(
    tmp_path: Path, method: str
) -> None:
    context = _context("postgresql://nobody@127.0.0.1:9/nothing", tmp_path)
    answer = await _as(context, NEAR).request(method, "/tests/things", json={"name": "a"})
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
    client = _client(context)
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
