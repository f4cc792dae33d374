"""Alembic runs this; the work is in shared.migrating."""

from shared.migrating import environment

environment()
