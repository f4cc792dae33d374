"""The same test, many times over: for the long run (`make test-faults`) only."""

from typing import Any

import pytest


def often(value: Any, *, seconds: int = 1800) -> Any:
    """A parameter of the long run, which may take so long."""
    return pytest.param(value, marks=[pytest.mark.faults, pytest.mark.timeout(seconds)])
