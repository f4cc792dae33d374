"""The yard: where lanes of the small service are made."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.driving import Yard
from tests.support.servers import Databases


@pytest.fixture
async def yard(tmp_path: Path, databases: Databases, kafka_servers: str) -> AsyncIterator[Yard]:
    made = Yard(tmp_path, databases, kafka_servers)
    await made.forker.start()
    yield made
    await made.forker.stop()
