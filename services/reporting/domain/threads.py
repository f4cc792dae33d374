"""What came of what: visit -> follow-up -> agreement -> mobility, read in both directions."""

from collections.abc import Iterator, Mapping
from typing import Any

from services.reporting.incoming import kind_of

__all__ = ["came_from", "led_to", "title_of"]

_FIELDS = ("agreement", "joint_programme", "supersedes")


def came_from(state: Mapping[str, Any]) -> Iterator[str]:
    """The subjects that this record says it came from."""
    for name in _FIELDS:
        if state.get(name):
            yield str(state[name])
    follow_up = state.get("follow_up")
    if isinstance(follow_up, Mapping) and follow_up.get("visit"):
        yield str(follow_up["visit"])


def led_to(state: Mapping[str, Any]) -> Iterator[str]:
    """The subjects that this record says it led to."""
    for follow_up in state.get("follow_ups") or ():
        if follow_up.get("became"):
            yield str(follow_up["became"])


def title_of(subject: str, state: Mapping[str, Any]) -> str:
    """A record in a line, without naming anybody."""
    kind = kind_of(subject)
    if kind == "stay":
        start = state.get("actual_from") or state.get("planned_from")
        end = state.get("actual_until") or state.get("planned_until")
        what = str(state.get("kind", "stay")).replace("-", " ")
        return f"{state.get('who')}, {what} in {state.get('host_country')}, {start} to {end}"
    if kind == "visit":
        return f"{state.get('title')} ({state.get('starts_on')})"
    if kind == "contribution":
        return f"{state.get('amount')} {state.get('currency')} for {state.get('purpose')}"
    return str(state.get("title") or state.get("name") or subject)
