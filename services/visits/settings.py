"""Everything the visits process reads from its environment."""

from pydantic import Field

from shared.settings import Settings

__all__ = ["VisitsSettings"]


class VisitsSettings(Settings):
    """The plumbing's settings, and what the office asks of visits."""

    lead_days: int = Field(default=21, ge=0, le=365, validation_alias="VISITS_LEAD_DAYS")
    """Days between the request for an inbound visit and its first day."""
    report_days: int = Field(default=7, ge=0, le=365, validation_alias="VISITS_REPORT_DAYS")
    """Days between the return from a trip and its report."""
    clock_seconds: float = Field(default=60, gt=0, validation_alias="VISITS_CLOCK_SECONDS")
    """How often the clock looks for visits that begin or are over."""
