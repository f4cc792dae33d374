"""Lists that come again: only what is newly said has an effect."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy import MetaData

from shared.clock import Clock
from shared.database import Database
from shared.lists.memory import Memory
from shared.lists.news import newly_told
from shared.reference import Reference


def test_a_record_that_was_never_told_of_is_told_of_whole() -> None:
    assert newly_told({"name": "A"}, before=None) == {"name": "A"}


def test_what_was_said_before_is_no_news_whatever_happened_since() -> None:
    before = {"name": "A", "status": "in-force"}
    assert newly_told({"name": "B", "status": "in-force"}, before=before) == {"name": "B"}


def test_a_field_that_is_cleared_is_news_and_one_that_is_left_out_is_not() -> None:
    before = {"name": "A", "until": "2020"}
    assert newly_told({"until": None}, before=before) == {"until": None}
    assert newly_told({}, before=before) == {}


async def test_what_was_told_last_is_remembered_by_its_key(
    make_database: Callable[..., Awaitable[str]], tmp_path: Path
) -> None:
    units = tmp_path / "units.yaml"
    units.write_text("units: [{id: hust, name: A, zone: UTC, country: VN}]")
    database = Database(
        await make_database("plumbing"),
        service="tests",
        clock=Clock(),
        reference=Reference.load(units),
    )
    metadata = MetaData()
    memory = Memory("told", metadata, key=("register", "ref"), said="fields")
    async with database.begin(actor="lan", correlation_id="call-1") as tx:
        await tx.connection.run_sync(metadata.create_all)
        assert await memory.before(tx, "partners", "A-1") is None
        await memory.keep(tx, "partners", "A-1", told={"name": "A"})
        await memory.keep(tx, "partners", "A-1", told={"name": "B"})
        assert await memory.before(tx, "partners", "A-1") == {"name": "B"}
        assert await memory.before(tx, "agreements", "A-1") is None
    await database.close()
