"""What this process reads from its environment: the plumbing's settings, and a few of its own."""

from pydantic import Field

from shared.settings import Settings as Plumbing

__all__ = ["Settings"]


class Settings(Plumbing):
    """The plumbing's settings, and what is kept of what HR and the registrar sent."""

    parked_days: int = Field(default=90, ge=1, le=3660, validation_alias="MOBILITY_PARKED_DAYS")
    """Days after which an upstream record that was parked is deleted: it may hold personal data."""
    most_missing: float = Field(
        default=0.1, ge=0, le=1, validation_alias="MOBILITY_EXTRACT_MOST_MISSING"
    )
    """The share of an extract that may be missing from the next one before that is refused."""
