"""When a line of the programme is: local days and times, as people write them, as far as known."""

import re
from datetime import date, datetime

__all__ = ["moment"]

_SHAPE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?")


def moment(text: str | None) -> datetime | date | None:
    """The local time, or the day, that is meant; None where it is written in no such way."""
    if text is None or _SHAPE.fullmatch(text) is None:
        return None
    try:
        return datetime.fromisoformat(text) if len(text) > 10 else date.fromisoformat(text)
    except ValueError:
        return None
