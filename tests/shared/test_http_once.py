"""A POST is done once: Idempotency-Key, and what is answered with it."""

import asyncio
from typing import Any

import httpx
import pytest

from shared.http import Context
from tests.support.tiny_service import NEAR, Client, caller, go_on, refused, things, working


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
    other = caller(context, NEAR, who="minh")
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
