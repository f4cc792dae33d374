"""The notify service on a real database; see tests/support/desk.py."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import MakeDatabase
from tests.support.desk import Desk, MakeDesk, desks


@pytest.fixture
async def make_desk(make_database: MakeDatabase, tmp_path: Path) -> AsyncIterator[MakeDesk]:
    async with desks(make_database, tmp_path) as make:
        yield make


@pytest.fixture
async def desk(make_desk: MakeDesk) -> Desk:
    return await make_desk()
