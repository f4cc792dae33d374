"""A record that claims to belong to a filling of the topic that its owner never made."""

from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from shared.control import Counts
from shared.journal import bucket_of
from tests.conftest import MakeDatabase
from tests.faults.records import note
from tests.support.consuming import TOPIC, Bench, bench, history, until

FUTURE = 2_147_483_647


@pytest.fixture
async def desk(make_database: MakeDatabase, kafka_servers: str) -> AsyncIterator[Bench]:
    with capture_logs():
        async with bench(await make_database("plumbing"), kafka_servers, partitions=1) as made:
            yield made


async def epoch(desk: Bench) -> list[int]:
    return [row["epoch"] for row in await desk.fetch("select epoch from partitions")]


async def test_an_epoch_from_the_future_costs_one_rereading_and_blinds_nobody(desk: Bench) -> None:
    """Or one forged or broken record would hide every later filling, and end the comparing of
    counts, which finds what was lost."""
    good = history("a", 6)
    [forged] = history("forged", 1)
    await desk.send(*good[:3], forged.but(epoch=FUTURE), *good[3:])
    desk.start()
    await until(lambda: desk.of("a"), [1, 2, 3, 4, 5, 6])
    await until(desk.lag, 0)
    assert await epoch(desk) == [FUTURE]
    counts = Counts(topic=TOPIC, epoch=1, offsets={0: 6}, buckets={bucket_of("lost"): 1})
    await desk.hear(counts)
    assert await epoch(desk) == [1]
    await until(lambda: asked(desk), [(TOPIC, bucket_of("lost"))])
    # the next filling is seen, and read from its start
    await desk.send(*history("b", 2, epoch=2))
    await until(lambda: epoch(desk), [2])
    await until(lambda: desk.of("b"), [1, 2])
    assert await desk.of("a") == [1, 2, 3, 4, 5, 6]
    assert await desk.parked() == []
    note(3, "malformed, hostile, huge", 1, detail="an epoch that its owner never began")


async def asked(desk: Bench) -> list[tuple[str, int]]:
    return desk.asked.buckets
