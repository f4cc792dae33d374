"""The one source of time. Nothing else in Rapport asks the system for the date."""

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = ["Clock"]


class Clock:
    """Time as the office lives it: real time, or real time shifted so that it began elsewhere.

    `starts_at` (RAPPORT_NOW) is the instant this clock showed at the real moment `set_at`
    (unix seconds; RAPPORT_NOW_SET_AT, so that all processes of one run agree). Tests move a
    clock by hand with `advance`.
    """

    def __init__(self, starts_at: datetime | None = None, set_at: float | None = None) -> None:
        if starts_at is None:
            self._shift = timedelta(0)
            return
        if starts_at.tzinfo is None:
            raise ValueError("RAPPORT_NOW needs an offset, as in 2025-11-17T08:00:00+07:00")
        real = datetime.fromtimestamp(time.time() if set_at is None else set_at, UTC)
        self._shift = starts_at.astimezone(UTC) - real

    def now(self) -> datetime:
        """The instant, aware, in UTC."""
        return datetime.fromtimestamp(time.time(), UTC) + self._shift

    def today(self, zone: str) -> date:
        """The local date in `zone` (an IANA name): deadlines fall at local midnight."""
        return self.now().astimezone(ZoneInfo(zone)).date()

    def advance(self, by: timedelta) -> None:
        """Move this clock; for tests and simulations."""
        self._shift += by
