"""Alembic without an ini file: one folder of migrations and one database per service.

A service's `migrations/env.py` imports `environment` from here and calls it: two lines.
"""

import importlib.util
from pathlib import Path
from typing import Any

from alembic import command, context
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from shared.plumbing_tables import NAMES

__all__ = ["differences", "environment", "upgrade"]

_LOCK = 7_302_026
"""Advisory lock: replicas that start together migrate one after the other."""


def environment() -> None:
    """What a service's env.py runs: migrate on the connection that `upgrade` opened."""
    connection: Connection = context.config.attributes["connection"]
    connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


async def upgrade(service: str, url: str, *, to: str = "head") -> None:
    """Bring the service's database to its newest (or this) migration, all or nothing."""
    config = Config()
    config.set_main_option("script_location", str(_folder(service)))
    config.set_main_option("path_separator", "os")

    def run(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, to)

    engine = create_async_engine(_async(url), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()


async def differences(url: str, metadata: MetaData) -> list[Any]:
    """What the database has and the metadata has not, or the other way; [] if they agree."""

    def ours(name: str | None, kind: str, _parents: Any) -> bool:
        return not (kind == "table" and name in NAMES)

    def compare(connection: Connection) -> list[Any]:
        options = {"compare_type": True, "include_name": ours}
        return list(
            compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
        )

    engine = create_async_engine(_async(url), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(compare)
    finally:
        await engine.dispose()


def _async(url: str) -> Any:
    return make_url(url).set(drivername="postgresql+asyncpg")


def _folder(service: str) -> Path:
    """`agreements` -> the folder of its migrations, found without importing the service."""
    package = importlib.util.find_spec(f"services.{service}")
    if package is None or package.origin is None:
        raise LookupError(f"there is no service {service!r}")
    return Path(package.origin).parent / "migrations"
