"""What this service reads from its environment: the plumbing's settings."""

from shared.settings import Settings

__all__ = ["Settings"]
