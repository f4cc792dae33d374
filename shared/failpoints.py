"""Named places between two durable steps, where a test can make this process die, hang or fail.

    RAPPORT_FAILPOINTS="relay.sent=die consumer.projected=error@3"

`die` is SIGKILL, `hang` is SIGSTOP (until somebody sends SIGCONT), `error` is the exception that
this very place can raise by itself. `@n` waits for the n-th time the place is passed; each happens
once. Unset, as it is everywhere but in tests, passing one is the look-up of a name in an empty
dictionary. Why, and what it costs: docs/decisions/0007-failpoints.md.
"""

import os
import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["SETTING", "arm", "failpoint"]

SETTING: Final = "RAPPORT_FAILPOINTS"
_ORDER: Final = re.compile(r"([a-z.-]+)=(die|hang|error)(?:@(\d+))?")


@dataclass(slots=True)
class _Armed:
    mode: str
    passes: int
    """How often the place is still passed before it happens, that time included."""


_armed: dict[str, _Armed] = {}


def failpoint(name: str, error: type[Exception]) -> None:
    """A place with a name of its own in the whole code; `error` is what can go wrong just here."""
    if name in _armed:
        _happen(name, error)


def arm(environment: Mapping[str, str] = os.environ) -> None:
    """Do what the setting says from now on. Raises ValueError if that cannot be understood."""
    _armed.clear()
    for order in environment.get(SETTING, "").split():
        understood = _ORDER.fullmatch(order)
        if understood is None:
            raise ValueError(f"{SETTING}: {order!r} is not NAME=die|hang|error, with or without @N")
        name, mode, nth = understood.groups()
        _armed[name] = _Armed(mode, int(nth or 1))


def _happen(name: str, error: type[Exception]) -> None:
    armed = _armed[name]
    armed.passes -= 1
    if armed.passes > 0:
        return
    del _armed[name]
    # unbuffered, and before it happens: a killed process can say nothing any more
    os.write(2, f"failpoint {name} {armed.mode}\n".encode())
    if armed.mode == "error":
        raise error(f"failpoint {name}")
    os.kill(os.getpid(), signal.SIGKILL if armed.mode == "die" else signal.SIGSTOP)
