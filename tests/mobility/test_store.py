"""Tables and migrations agree, and rows keep what readers of the projection need."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select

from services.mobility.incoming import READS
from services.mobility.projections import agreements_known
from services.mobility.store import known_agreements, known_partners, metadata
from shared.consumer import Received
from shared.migrating import differences
from shared.service import Service


async def test_migrations_make_the_tables_that_the_code_uses(
    make_database: Callable[..., Awaitable[str]],
) -> None:
    assert await differences(await make_database("mobility"), metadata) == []


ROR = {"scheme": "ror", "value": "05DQF"}


def a_fact(subject: str, word: str, **data: Any) -> Received:
    event_type = f"rapport.agreements.{word}.v1"
    read: BaseModel = READS[event_type].model_validate(data)
    return Received(
        subject, 1, event_type, datetime.now(UTC), "lan", read, b"", "agreements.events", ""
    )


async def test_facts_of_partners_are_merged_field_by_field(service: Service) -> None:
    batch = [
        a_fact("partner-1", "partner-registered", ref="P-1", name="Tokyo Tech", country="JP"),
        a_fact("agreement-1", "agreement-signed", status="signed", signed_on="2019-01-01"),
        a_fact(
            "partner-1",
            "partner-renamed",
            name="Science Tokyo",
            names=[{"name": "Tokyo Tech", "valid_until": "2024-09"}, {"name": "Science Tokyo"}],
        ),
    ]
    later = [
        a_fact(
            "partner-1", "partner-identified", identifiers=[{"scheme": "ror", "value": "05DQF"}]
        ),
        a_fact("agreement-1", "agreement-corrected", changes={"ref": "A-1"}, reason="late"),
        a_fact("partner-2", "partner-corrected", changes={"identifiers": "nonsense"}, reason="?"),
    ]
    async with service.database.connect() as connection:
        for facts in (batch, later):
            await agreements_known(connection, facts)
        partners = {row.id: row for row in await connection.execute(select(known_partners))}
        agreement = (await connection.execute(select(known_agreements))).one()
    assert partners["partner-1"].country == "JP"
    assert set(partners["partner-1"]._mapping["keys"]) == {
        "ref:P-1",
        "name:tokyo tech",
        "name:science tokyo",
        "ror:05dqf",
    }
    assert partners["partner-2"]._mapping["keys"] == []
    assert (agreement.ref, agreement.document["status"]) == ("A-1", "signed")
