"""Run by shared.migrating.upgrade."""

from shared.migrating import environment

environment()
