"""What this process reads from its environment: the plumbing's settings, and none of its own."""

from shared.settings import Settings

__all__ = ["Settings"]
