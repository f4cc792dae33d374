"""What came of what: visit -> follow-up -> agreement -> mobility, read in both directions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.reporting.incoming import kind_of

__all__ = ["Link", "came_from", "led_to", "title_of"]

_FIELDS = ("agreement", "joint_programme", "supersedes")


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """One record came from another, and by which follow-up of it, if by one."""

    earlier: str
    later: str
    follow_up: str | None = field(default=None, compare=False)


def came_from(subject: str, state: Mapping[str, Any]) -> Iterator[Link]:
    """What this record says it came from; a visit may be named by `ref:` and the office's id."""
    for name in _FIELDS:
        if state.get(name):
            yield Link(str(state[name]), subject)
    follow_up = state.get("follow_up")
    if isinstance(follow_up, Mapping) and follow_up.get("visit"):
        yield Link(str(follow_up["visit"]), subject, follow_up.get("follow_up") or None)


def led_to(subject: str, state: Mapping[str, Any]) -> Iterator[Link]:
    """What this record says it led to: of a visit, what its follow-ups became."""
    for follow_up in state.get("follow_ups") or ():
        if follow_up.get("became"):
            yield Link(subject, str(follow_up["became"]), follow_up.get("id") or None)
    if state.get("merged_into"):
        yield Link(subject, str(state["merged_into"]))


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
