"""A client that knows the published contract and nothing of our code: another Kafka library, and
HTTP. What it reads is `docs/contracts/asyncapi.json` and the schemas that this names."""

import json
from pathlib import Path
from typing import Any

import httpx
from confluent_kafka import Producer
from jsonschema import Draft202012Validator

import services.mobility
from shared.security import Role
from shared.service import Service
from tests.mobility.office import Office
from tests.mobility.test_kafka import desk, eventually, running

__all__ = ["desk", "running"]

CONTRACT = Path(__file__).parents[2] / "docs" / "contracts" / "asyncapi.json"
SCHEMAS = Path(services.mobility.__file__).parent / "contracts"
"""Where the contract's `$ref`s lead, in the tree or where the package is installed."""


def published() -> list[tuple[str, str, Any]]:
    """Topic, type and example of every message that other systems may send, held to its schema."""
    contract = json.loads(CONTRACT.read_text(encoding="utf-8"))
    found = []
    for channel in contract["channels"].values():
        if not channel["address"].startswith("upstream."):
            continue
        for name in channel["messages"]:
            message = contract["components"]["messages"][name]
            schema = message["payload"]["schema"]["$ref"]
            validator = Draft202012Validator(
                json.loads((SCHEMAS / Path(schema).name).read_text(encoding="utf-8"))
            )
            for example in message["examples"]:
                validator.validate(example["payload"])
                found.append((channel["address"], message["name"], example["payload"]))
    return found


def attributes(number: int, topic: str, type_: str) -> dict[str, str]:
    return {
        "specversion": "1.0",
        "id": f"foreign-{number}",
        "source": f"/foreign/{topic.removeprefix('upstream.')}",
        "type": type_,
        "time": f"2025-01-01T08:{number:02}:00+07:00",
    }


async def test_every_message_of_the_contract_is_taken_over_kafka_and_over_http(
    running: Service,
    desk: Office,
    kafka_servers: str,
    topics: str,
) -> None:
    messages = published()
    assert len(messages) == 14
    producer = Producer({"bootstrap.servers": kafka_servers, "acks": "all"})
    for number, (topic, type_, data) in enumerate(messages):
        headers = [(f"ce_{k}", v.encode()) for k, v in attributes(number, topic, type_).items()]
        producer.produce(
            topics + topic,
            key=str(data.get("record", number)),
            value=json.dumps(data),
            headers=[*headers, ("content-type", b"application/json")],
        )
    producer.flush(30)
    token = running.tokens.issue(
        subject="/foreign/hr", roles=[Role.UPSTREAM], units=[], seconds=10**8
    )
    outcomes: dict[str, int] = {}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=running.app), base_url="http://rapport.test"
    ) as client:
        # the same again by HTTP, in binary mode: by whichever door it came first, it counts once
        for number, (topic, type_, data) in enumerate(messages):
            named = {f"ce-{k}": v for k, v in attributes(number, topic, type_).items()}
            answer = await client.post(
                "/mobility/upstream",
                content=json.dumps(data),
                headers=named
                | {"content-type": "application/json", "authorization": f"Bearer {token}"},
            )
            assert answer.status_code == 200, answer.text
            outcome = answer.json()["outcome"]
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert sum(outcomes.values()) == 14
    assert set(outcomes) <= {"accepted", "duplicate"}
    for register, count in (("stays", 3), ("appointments", 1), ("applications", 1)):
        await eventually(
            lambda register=register: desk.get(f"/{register}"),  # type: ignore[misc]  # as it is now
            lambda page, count=count: len(page["items"]) == count,  # type: ignore[misc]  # the same
        )
    status = await eventually(
        lambda: desk.get("/status"),
        lambda status: all(not each["lag"] for each in status["consumers"]),
    )
    assert all(not each["parked"] for each in status["consumers"])
