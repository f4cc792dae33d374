"""What is decided here reaches Kafka, under the names and headers of the contract."""

import asyncio
import json

import pytest
from aiokafka import AIOKafkaConsumer

from shared.service import Service
from tests.agreements.office import Office


@pytest.fixture
def broker(topics: str, kafka_servers: str) -> dict[str, str]:
    return {"kafka_servers": kafka_servers, "topic_prefix": topics}


async def test_a_registered_partner_is_published_with_its_subject_as_key(
    service: Service, office: Office, topics: str, kafka_servers: str
) -> None:
    consumer = AIOKafkaConsumer(
        f"{topics}agreements.events",
        bootstrap_servers=kafka_servers,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        async with service.running():
            partner = await office.partner(name="Nagaoka University")
            await office.post(f"/partners/{partner}/names", name="Nagaoka Tech", on="2025-04-01")
            records = [
                await asyncio.wait_for(consumer.getone(), timeout=60) for _ in ("first", "second")
            ]
    finally:
        await consumer.stop()
    headers = [dict(record.headers) for record in records]
    assert [record.key for record in records] == [partner.encode()] * 2
    assert [header["ce_type"] for header in headers] == [
        b"rapport.agreements.partner-registered.v1",
        b"rapport.agreements.partner-renamed.v1",
    ]
    assert [header["ce_sequence"] for header in headers] == [b"1", b"2"]
    assert json.loads(records[1].value)["name"] == "Nagaoka Tech"
