"""What the system consists of: found in the tree, so that a new service needs no list."""

from importlib.util import find_spec
from pathlib import Path

__all__ = ["SERVICES"]


def _services() -> tuple[str, ...]:
    package = find_spec("services")
    if package is None or not package.submodule_search_locations:
        raise LookupError("the package `services` is not installed")
    folders = Path(next(iter(package.submodule_search_locations))).iterdir()
    return tuple(
        sorted(
            folder.name
            for folder in folders
            if (folder / "wiring.py").is_file() and folder.name != "program"
        )
    )


SERVICES = _services()
"""Names of the services: every package below `services/` that has a wiring."""
